import stringWidth from 'string-width'
import { describe, expect, it } from 'vitest'
import { zoneOf } from '../../src/decide/time/zone.ts'
import { instant } from '../../src/model/instant.ts'
import type { BackupStatus, Condition } from '../../src/model/status.ts'
import type { Diagnostic } from '../../src/model/trouble.ts'
import { renderStatus, type StatusTextOptions } from '../../src/view/render-status.ts'
import { causeText } from '../../src/view/status-facts.ts'
import { NASTY } from './nasty.ts'
import { GIB } from './sample-documents.ts'

const ready = (status: Condition['status'], reason: string, message: string): Condition => ({
  type: 'Ready',
  status,
  reason,
  message,
  since: '2026-11-23T03:00:00Z',
})
const backup = (more: Partial<BackupStatus>): BackupStatus => ({
  backup: 'postgres',
  state: 'ok',
  destination: '/srv/offsite/postgres',
  series: [],
  conditions: [ready('true', 'in-sync', 'in-sync')],
  lastPass: '2026-11-24T01:00:00Z',
  lastSuccess: '2026-11-24T01:00:00Z',
  counts: null,
  observed: null,
  nextRun: null,
  watch: null,
  validUntil: null,
  bytes: 18 * GIB,
  files: 14,
  free: 912 * GIB,
  running: null,
  staged: null,
  disk: null,
  exitCode: 0,
  ...more,
})
const NOW = instant(Date.UTC(2026, 10, 24, 3))
const screen = (
  backups: readonly BackupStatus[],
  { diagnostics = [], ...options }: Partial<StatusTextOptions> & { diagnostics?: readonly Diagnostic[] } = {},
): string =>
  renderStatus(
    { format: 'reconcile.status/1', orphans: [], stale: [], revision: null, diagnostics, backups },
    { color: false, width: 80, height: 24, now: NOW, zone: zoneOf('Europe/Oslo'), detail: false, ...options },
  )
const widest = (text: string) => Math.max(...text.split('\n').map((line) => stringWidth(line)))
const lines = (text: string) => text.split('\n').length - 1

const daily = (newest: string, due: string, state: 'ok' | 'late' = 'ok') => ({
  series: [{ series: 'db', newest, due, expect: 'every 24h', state, points: 14 }],
})
const fine = (name: string, more: Partial<BackupStatus> = {}) =>
  backup({ backup: name, ...daily('2026-11-24T00:00:00Z', '2026-11-25T01:15:00Z'), ...more })
const many = (count: number) =>
  Array.from({ length: count }, (_, i) => fine(`web${String(i + 1).padStart(3, '0')}`))
const nas = fine('nas', {
  state: 'failed',
  ...daily('2026-11-22T00:00:00Z', '2026-11-23T00:00:00Z', 'late'),
  conditions: [
    ready('false', 'key-refused', 'nas.example.net does not accept the key /etc/reconcile/keys/nas'),
  ],
  lastPass: '2026-11-24T02:48:00Z',
})
const clash = fine('wiki', {
  state: 'conflict',
  conditions: [ready('false', 'conflict', '2 in conflict: wiki-1.tar, wiki-2.tar')],
})
const running = fine('big', {
  state: 'pending',
  conditions: [
    ready('false', 'incomplete', 'incomplete'),
    { ...ready('true', 'in-use', 'pid 12'), type: 'Reconciling' },
  ],
  running: {
    since: '2026-11-24T01:58:00Z',
    at: '2026-11-24T02:59:56Z',
    bytes: 0.9 * GIB,
    total: 1.4 * GIB,
    rate: 25 * 1024,
    left: 21_000,
    path: 'big-2026-11-24.tar',
    verifying: null,
  },
})
const stopped = fine('cut', {
  state: 'pending',
  staged: { files: 1, bytes: 0.9 * GIB, size: 1.4 * GIB, path: 'cut-2026-11-24.tar' },
})
const invalid = {
  ...ready('false', 'unknown-key', '/b/x.yaml:2:1: unknown key "sorce"; /b/x.yaml:3:1: and one more'),
  type: 'SpecValid',
  place: { file: '/b/x.yaml', line: 2, column: 1 },
} as const
const fault: Diagnostic = {
  file: '/b/x.yaml',
  line: 2,
  column: 1,
  severity: 'error',
  code: 'unknown-key',
  message: 'unknown key "sorce"',
}
const faulty = fine('x', {
  state: 'failed',
  conditions: [ready('false', 'spec-invalid', 'its spec is faulty: it does not run'), invalid],
})
const suspended = fine('old', {
  state: 'suspended',
  conditions: [ready('false', 'suspended', 'suspended by anna since 2026-11-23T09:00:00Z: disk swap')],
})

describe('the screen of all backups', () => {
  it('names the one of 20 that needs somebody, with the cause, and fits 24 lines of 80', () => {
    const text = screen([...many(19), nas])
    expect(text).toMatchInlineSnapshot(`
      "1 of 20 needs you: nas (its key is refused)

      BACKUP  STATE   NEWEST     DUE       NEXT  HELD
      nas     failed  2.1 d ago  27 h ago  -     14 files, 18 GiB
        key-refused: nas.example.net does not accept the key /etc/reconcile/keys/nas
      web001  ok      3 h ago    in 22 h   -     14 files, 18 GiB
      web002  ok      3 h ago    in 22 h   -     14 files, 18 GiB
      web003  ok      3 h ago    in 22 h   -     14 files, 18 GiB
      web004  ok      3 h ago    in 22 h   -     14 files, 18 GiB
      web005  ok      3 h ago    in 22 h   -     14 files, 18 GiB
      web006  ok      3 h ago    in 22 h   -     14 files, 18 GiB
      web007  ok      3 h ago    in 22 h   -     14 files, 18 GiB
      web008  ok      3 h ago    in 22 h   -     14 files, 18 GiB
      web009  ok      3 h ago    in 22 h   -     14 files, 18 GiB
      web010  ok      3 h ago    in 22 h   -     14 files, 18 GiB
      web011  ok      3 h ago    in 22 h   -     14 files, 18 GiB
      web012  ok      3 h ago    in 22 h   -     14 files, 18 GiB
      web013  ok      3 h ago    in 22 h   -     14 files, 18 GiB
      web014  ok      3 h ago    in 22 h   -     14 files, 18 GiB
      web015  ok      3 h ago    in 22 h   -     14 files, 18 GiB
      … 4 more are fine; --all shows them

      Sources as the last pass of each saw them: 12 min ago to 2 h ago.
      "
    `)
    expect([lines(text), widest(text) <= 80]).toEqual([23, true])
  })

  it('shows 20 that are fine, with when the next one is due', () => {
    const text = screen(many(20), { height: 50 })
    expect(text.split('\n')[0]).toBe('all 20 fine: newest 3 h ago, nothing due before tomorrow 02:15')
    expect(lines(text)).toBe(25)
  })

  it('says of the only one who it is', () => {
    expect(screen([fine('pg')])).toMatchInlineSnapshot(`
      "pg is fine: newest 3 h ago, nothing due before tomorrow 02:15

      BACKUP  STATE  NEWEST   DUE      NEXT  HELD
      pg      ok     3 h ago  in 22 h  -     14 files, 18 GiB

      Sources as the last pass of each saw them: 2 h ago.
      "
    `)
    expect(screen([nas])).toMatchInlineSnapshot(`
      "1 of 1 needs you: nas (its key is refused)

      BACKUP  STATE   NEWEST     DUE       NEXT  HELD
      nas     failed  2.1 d ago  27 h ago  -     14 files, 18 GiB
        key-refused: nas.example.net does not accept the key /etc/reconcile/keys/nas

      Sources as the last pass of each saw them: 12 min ago.
      "
    `)
  })

  it('folds 200, and names whoever needs somebody, however many they are', () => {
    const two = screen([...many(198), nas, clash])
    expect(two).toMatchInlineSnapshot(`
      "2 of 200 need you: wiki (the source has other bytes), nas (its key is refused)

      BACKUP  STATE     NEWEST     DUE       NEXT  HELD
      wiki    conflict  3 h ago    in 22 h   -     14 files, 18 GiB
        conflict: 2 in conflict: wiki-1.tar, wiki-2.tar
      nas     failed    2.1 d ago  27 h ago  -     14 files, 18 GiB
        key-refused: nas.example.net does not accept the key /etc/reconcile/keys/nas
      web001  ok        3 h ago    in 22 h   -     14 files, 18 GiB
      web002  ok        3 h ago    in 22 h   -     14 files, 18 GiB
      web003  ok        3 h ago    in 22 h   -     14 files, 18 GiB
      web004  ok        3 h ago    in 22 h   -     14 files, 18 GiB
      web005  ok        3 h ago    in 22 h   -     14 files, 18 GiB
      web006  ok        3 h ago    in 22 h   -     14 files, 18 GiB
      web007  ok        3 h ago    in 22 h   -     14 files, 18 GiB
      web008  ok        3 h ago    in 22 h   -     14 files, 18 GiB
      web009  ok        3 h ago    in 22 h   -     14 files, 18 GiB
      web010  ok        3 h ago    in 22 h   -     14 files, 18 GiB
      web011  ok        3 h ago    in 22 h   -     14 files, 18 GiB
      web012  ok        3 h ago    in 22 h   -     14 files, 18 GiB
      web013  ok        3 h ago    in 22 h   -     14 files, 18 GiB
      … 185 more are fine; --all shows them

      Sources as the last pass of each saw them: 12 min ago to 2 h ago.
      "
    `)
    const sick = many(60).map((one) => ({ ...nas, backup: one.backup }))
    const all = screen([...many(200).slice(60), ...sick])
    expect(all).toMatchInlineSnapshot(`
      "60 of 200 need you: web001, web002, web003 and 57 more (its key is refused)

      BACKUP  STATE   NEWEST     DUE       NEXT  HELD
      web001  failed  2.1 d ago  27 h ago  -     14 files, 18 GiB
        web001, web002, web003 and 57 more: key-refused: nas.example.net does not acc…
      web002  failed  2.1 d ago  27 h ago  -     14 files, 18 GiB
      web003  failed  2.1 d ago  27 h ago  -     14 files, 18 GiB
      web004  failed  2.1 d ago  27 h ago  -     14 files, 18 GiB
      web005  failed  2.1 d ago  27 h ago  -     14 files, 18 GiB
      web006  failed  2.1 d ago  27 h ago  -     14 files, 18 GiB
      web007  failed  2.1 d ago  27 h ago  -     14 files, 18 GiB
      web008  failed  2.1 d ago  27 h ago  -     14 files, 18 GiB
      web009  failed  2.1 d ago  27 h ago  -     14 files, 18 GiB
      web010  failed  2.1 d ago  27 h ago  -     14 files, 18 GiB
      … and 50 more need you (reconcile status --all, or NAME): web011, web012,
      web013, web014, web015, web016, web017, web018, web019, web020, web021, web022,
      web023, web024, web025, web026, web027, web028, web029, web030, web031, web032,
      web033, web034, web035, web036, web037, web038, web039, web040, web041, web042,
      web043, web044, web045, web046, web047, web048, web049, web050, web051, web052,
      web053, web054, web055, web056, web057, web058, web059, web060
      … 140 more are fine

      Sources as the last pass of each saw them: 12 min ago to 2 h ago.
      "
    `)
    for (const { backup: name } of sick) expect(all).toContain(name)
    expect(lines(screen(many(200), { height: Number.POSITIVE_INFINITY }))).toBe(205)
    for (const text of [two, all, screen(many(200))])
      expect([lines(text) < 24, widest(text) <= 80]).toEqual([true, true])
  })

  it('shows whoever needs somebody with the cause, as far as there is room, before anything that is fine', () => {
    const sick = many(11).map((one) => ({ ...nas, backup: one.backup }))
    const text = screen([...many(200).slice(11), ...sick])
    expect(text).toMatchInlineSnapshot(`
      "11 of 200 need you: web001, web002, web003 and 8 more (its key is refused)

      BACKUP  STATE   NEWEST     DUE       NEXT  HELD
      web001  failed  2.1 d ago  27 h ago  -     14 files, 18 GiB
        web001, web002, web003 and 8 more: key-refused: nas.example.net does not
        accept the key /etc/reconcile/keys/nas
      web002  failed  2.1 d ago  27 h ago  -     14 files, 18 GiB
      web003  failed  2.1 d ago  27 h ago  -     14 files, 18 GiB
      web004  failed  2.1 d ago  27 h ago  -     14 files, 18 GiB
      web005  failed  2.1 d ago  27 h ago  -     14 files, 18 GiB
      web006  failed  2.1 d ago  27 h ago  -     14 files, 18 GiB
      web007  failed  2.1 d ago  27 h ago  -     14 files, 18 GiB
      web008  failed  2.1 d ago  27 h ago  -     14 files, 18 GiB
      web009  failed  2.1 d ago  27 h ago  -     14 files, 18 GiB
      web010  failed  2.1 d ago  27 h ago  -     14 files, 18 GiB
      web011  failed  2.1 d ago  27 h ago  -     14 files, 18 GiB
      web012  ok      3 h ago    in 22 h   -     14 files, 18 GiB
      web013  ok      3 h ago    in 22 h   -     14 files, 18 GiB
      web014  ok      3 h ago    in 22 h   -     14 files, 18 GiB
      web015  ok      3 h ago    in 22 h   -     14 files, 18 GiB
      … 185 more are fine; --all shows them

      Sources as the last pass of each saw them: 12 min ago to 2 h ago.
      "
    `)
    expect(lines(text)).toBeLessThan(24)
    // Room for nobody.
    for (const count of [60, 200]) {
      const none = screen(
        many(count).map((one) => ({ ...nas, backup: one.backup })),
        { height: 24 },
      )
      expect([lines(none) < 24, widest(none) <= 80]).toEqual([true, true])
      expect(none).toMatch(/key-refused: .*\n… and \d+ more need you/s)
    }
  })

  it('shows a fault that is under several once, above them, and where it is with each', () => {
    const under = { file: '/b/_defaults.yaml', line: 3, column: 1 }
    const common = { ...fault, ...under, message: 'unknown key "retian"' }
    const message = '/b/_defaults.yaml:3:1: unknown key "retian"'
    const faulted = many(20).map((one) => ({
      ...faulty,
      backup: one.backup,
      conditions: [faulty.conditions[0]!, { ...invalid, message, place: under }],
    }))
    const text = screen([...faulted, nas], { diagnostics: [common] })
    expect(text).toMatchInlineSnapshot(`
      "21 of 21 need you: nas (its key is refused); 20 others
      _defaults.yaml:3:1: unknown key "retian"

      BACKUP  STATE   NEWEST     DUE       NEXT  HELD
      nas     failed  2.1 d ago  27 h ago  -     14 files, 18 GiB
        key-refused: nas.example.net does not accept the key /etc/reconcile/keys/nas
      web001  failed  3 h ago    in 22 h   -     14 files, 18 GiB
        web001, web002, web003 and 17 more: spec-invalid: _defaults.yaml:3:1, as above
      web002  failed  3 h ago    in 22 h   -     14 files, 18 GiB
      web003  failed  3 h ago    in 22 h   -     14 files, 18 GiB
      web004  failed  3 h ago    in 22 h   -     14 files, 18 GiB
      web005  failed  3 h ago    in 22 h   -     14 files, 18 GiB
      web006  failed  3 h ago    in 22 h   -     14 files, 18 GiB
      web007  failed  3 h ago    in 22 h   -     14 files, 18 GiB
      web008  failed  3 h ago    in 22 h   -     14 files, 18 GiB
      web009  failed  3 h ago    in 22 h   -     14 files, 18 GiB
      web010  failed  3 h ago    in 22 h   -     14 files, 18 GiB
      … and 10 more need you (reconcile status --all, or NAME): web011, web012,
      web013, web014, web015, web016, web017, web018, web019, web020

      Sources as the last pass of each saw them: 12 min ago to 2 h ago.
      1 fault in specs or settings: faulty backups do not run, and ages go by the
      times of files. See reconcile validate.
      "
    `)
    expect(text.match(/retian/g)).toHaveLength(1)
    expect(lines(text)).toBeLessThan(24)
    // Also where it is under one alone.
    expect(screen(faulted.slice(0, 1), { diagnostics: [common] })).toMatchInlineSnapshot(`
      "1 of 1 needs you: web001 (_defaults.yaml is faulty)
      _defaults.yaml:3:1: unknown key "retian"

      BACKUP  STATE   NEWEST   DUE      NEXT  HELD
      web001  failed  3 h ago  in 22 h  -     14 files, 18 GiB
        spec-invalid: _defaults.yaml:3:1, as above

      Sources as the last pass of each saw them: 2 h ago.
      1 fault in specs or settings: faulty backups do not run, and ages go by the
      times of files. See reconcile validate.
      "
    `)
    // Two faults of its own, and one that is not.
    const own = [fault, { ...fault, line: 5 }, common]
    expect(screen([faulty, faulted[0]!], { diagnostics: own })).toMatchInlineSnapshot(`
      "2 of 2 need you: web001 (_defaults.yaml is faulty), x (its spec is faulty)
      _defaults.yaml:3:1: unknown key "retian"

      BACKUP  STATE   NEWEST   DUE      NEXT  HELD
      web001  failed  3 h ago  in 22 h  -     14 files, 18 GiB
        spec-invalid: _defaults.yaml:3:1, as above
      x       failed  3 h ago  in 22 h  -     14 files, 18 GiB
        unknown-key: x.yaml:2:1: unknown key "sorce", and 1 more

      Sources as the last pass of each saw them: 2 h ago.
      3 faults in specs or settings: faulty backups do not run, and ages go by the
      times of files. See reconcile validate.
      "
    `)
  })

  it('shows all that is wrong with one, the worst first, and how much is left out', () => {
    const several = fine('db', {
      state: 'failed',
      conditions: [
        ready('false', 'checksum-failed', 'b.tar: what the source sends does not match its marker, twice'),
        { ...ready('false', 'late', 'db: one was due'), type: 'Fresh' },
      ],
      troubles: [
        { code: 'checksum-failed', count: 1, names: ['b.tar'] },
        { code: 'nothing-found', count: 0, names: [] },
        { code: 'rot', count: 2, names: ['c.tar', 'd.tar'] },
        { code: 'wait-overdue', count: 12, names: ['a1.tar', 'a2.tar', 'a3.tar'] },
      ],
    })
    expect(screen([several])).toMatchInlineSnapshot(`
      "1 of 1 needs you: db (a file fails its checksum)

      BACKUP  STATE   NEWEST   DUE      NEXT  HELD
      db      failed  3 h ago  in 22 h  -     14 files, 18 GiB
        checksum-failed: b.tar: what the source sends does not match its marker, twice
        rot: a file is rotten: c.tar, d.tar
        late: db: one was due
        nothing-found: its source is empty
        wait-overdue: no marker for over a day: a1.tar, a2.tar, a3.tar and 9 more

      Sources as the last pass of each saw them: 2 h ago.
      "
    `)
    expect(screen([several, nas, clash])).toMatchInlineSnapshot(`
      "3 of 3 need you: wiki (the source has other bytes), db, nas

      BACKUP  STATE     NEWEST     DUE       NEXT  HELD
      wiki    conflict  3 h ago    in 22 h   -     14 files, 18 GiB
        conflict: 2 in conflict: wiki-1.tar, wiki-2.tar
      db      failed    3 h ago    in 22 h   -     14 files, 18 GiB
        checksum-failed: b.tar: what the source sends does not match its marker, twice
        and 4 more: rot, late, nothing-found, wait-overdue
      nas     failed    2.1 d ago  27 h ago  -     14 files, 18 GiB
        key-refused: nas.example.net does not accept the key /etc/reconcile/keys/nas

      Sources as the last pass of each saw them: 12 min ago to 2 h ago.
      "
    `)
    expect(
      screen([several, ...many(5).map((one) => ({ ...nas, backup: one.backup }))]),
    ).toMatchInlineSnapshot(`
      "6 of 6 need you: db (a file fails its checksum); 5 others

      BACKUP  STATE   NEWEST     DUE       NEXT  HELD
      db      failed  3 h ago    in 22 h   -     14 files, 18 GiB
        checksum-failed: b.tar: what the source sends does not match its marker, twice
        rot: a file is rotten: c.tar, d.tar
        and 3 more: late, nothing-found, wait-overdue
      web001  failed  2.1 d ago  27 h ago  -     14 files, 18 GiB
        web001, web002, web003 and 2 more: key-refused: nas.example.net does not
        accept the key /etc/reconcile/keys/nas
      web002  failed  2.1 d ago  27 h ago  -     14 files, 18 GiB
      web003  failed  2.1 d ago  27 h ago  -     14 files, 18 GiB
      web004  failed  2.1 d ago  27 h ago  -     14 files, 18 GiB
      web005  failed  2.1 d ago  27 h ago  -     14 files, 18 GiB

      Sources as the last pass of each saw them: 12 min ago to 2 h ago.
      "
    `)
    expect(screen([several], { detail: true })).toMatchInlineSnapshot(`
      "1 of 1 needs you: db (a file fails its checksum)

      BACKUP  STATE   NEWEST   DUE      NEXT  HELD
      db      failed  3 h ago  in 22 h  -     14 files, 18 GiB
        destination   /srv/offsite/postgres
        last success  2026-11-24 02:00 +01:00 (2 h ago)
        last pass     2026-11-24 02:00 +01:00 (2 h ago)
        db            ok, 14 points, newest 2026-11-24 01:00 +01:00 (3 h ago),
                      expected every 24h, due 2026-11-25 02:15 +01:00 (in 22 h)
        Ready false since 2026-11-23 04:00 +01:00: checksum-failed: b.tar: what the
          source sends does not match its marker, twice
        rot: a file is rotten: c.tar, d.tar
        Fresh false since 2026-11-23 04:00 +01:00: late: db: one was due
        nothing-found: its source is empty
        wait-overdue: no marker for over a day: a1.tar, a2.tar, a3.tar and 9 more

      Sources as the last pass of each saw them: 2 h ago.
      "
    `)
  })

  it('says when watch tries again, and not how much is verified in time where no spec says what that is', () => {
    const nextRun = '2026-11-24T03:10:00Z'
    const watch = { phase: 'idle', nextRun, failures: 2, crash: null, lastGood: false } as const
    const oldest = '2026-11-23T03:00:00Z'
    const verified = { every: 9, assumed: true, overdue: 1, oldest, damaged: 0, foreign: 0 } as const
    const one = screen([fine('pg', { watch, verified })], { detail: true })
    expect(one).toMatch(
      /watch +waiting to retry at 2026-11-24 04:10 \+01:00 \(in 10 min\), after 2\s+failures in a row/,
    )
    expect(one).toMatch(/verified +the oldest 24 h ago; how often/)
    expect(screen([fine('pg', { verified })])).not.toContain('erified')
  })

  it('orders names as people count', () => {
    const names = ['web10', 'web2', 'web1', 'db'].map((name) => fine(name))
    expect(screen(names).match(/^(?:web|db)\d*/gm)).toEqual(['db', 'web1', 'web2', 'web10'])
  })

  it('says on which day the next one is due', () => {
    const due = (at: string) => screen([fine('pg', daily('2026-11-24T00:00:00Z', at))]).split('\n')[0]
    expect([due('2026-11-24T22:59:00Z'), due('2026-11-24T23:00:00Z'), due('2026-11-26T03:00:00Z')]).toEqual([
      'pg is fine: newest 3 h ago, nothing due before 23:59',
      'pg is fine: newest 3 h ago, nothing due before tomorrow 00:00',
      'pg is fine: newest 3 h ago, nothing due before 2026-11-26 04:00',
    ])
  })

  it('shows how far a running pass is, and what a stopped one has staged', () => {
    expect(screen([fine('pg'), running, stopped])).toMatchInlineSnapshot(`
      "1 fine, 1 running, 1 pending: newest 3 h ago, nothing due before tomorrow 02:15

      BACKUP  STATE    NEWEST   DUE      NEXT     HELD
      big     pending  3 h ago  in 22 h  running  14 files, 18 GiB
        running since 02:58: 0.9 of 1.4 GiB, 25 KiB/s, 5.8 h left (just now): …-24.tar
      cut     pending  3 h ago  in 22 h  -        14 files, 18 GiB
        stopped: 0.9 of 1.4 GiB staged of cut-2026-11-24.tar; the next pass goes on
      pg      ok       3 h ago  in 22 h  -        14 files, 18 GiB

      Sources as the last pass of each saw them: 2 h ago.
      "
    `)
    const verifying = { ...running.running!, bytes: 1.4 * GIB, verifying: { files: 1, bytes: 1.4 * GIB } }
    expect(screen([{ ...running, running: verifying }])).toContain(
      'running since 02:58: 1.4 of 1.4 GiB, verifying 1 file, 1.4 GiB (just now)',
    )
    expect(screen([{ ...running, running: { ...running.running!, rate: 0, left: null } }])).toContain(
      'nothing is coming in',
    )
  })

  it('says what a pending backup waits for', () => {
    const waiting = { files: 12, path: '2025/a.jpg', since: '2026-11-24T02:00:00Z' }
    const lines = (more: object) => screen([{ ...fine('pg'), state: 'pending', ...more }]).split('\n')
    expect(lines({ waiting })[4]).toBe('  12 files not finished at the source, longest waiting: 2025/a.jpg')
    expect(lines({ waiting: { ...waiting, files: 1 } })[4]).toBe(
      '  1 file not finished at the source, 2025/a.jpg',
    )
    expect(lines({})[4]).toBe('')
    // What is fine needs no words: a file that has just come waits for a while.
    expect(lines({ waiting, state: 'ok' })[4]).toBe('')
  })

  it('of a first pass that was stopped shows first what is staged', () => {
    const message = 'no pass has finished here; run reconcile cut'
    const killed = {
      ...stopped,
      state: 'unknown',
      conditions: [ready('unknown', 'never-run', message)],
    } as const
    expect(screen([killed]).split('\n').slice(4, 6)).toEqual([
      '  stopped: 0.9 of 1.4 GiB staged of cut-2026-11-24.tar; the next pass goes on',
      `  never-run: ${message}`,
    ])
    // That no point has come goes without saying.
    const fresh = { ...ready('unknown', 'no-point-yet', 'no point has come yet'), type: 'Fresh' } as const
    const first = { ...killed, staged: null, conditions: [...killed.conditions, fresh] }
    expect(screen([first])).not.toContain('no-point-yet')
  })

  it('keeps the id that releases a hold, however little room there is', () => {
    const ids = ['1a2b3c4d', '2a2b3c4d', '3a2b3c4d']
    const long = `its disk is another one: ${'so and so '.repeat(40)}`
    const held = (name: string, i: number, own = '') =>
      fine(name, {
        state: 'held',
        conditions: [
          ready('false', 'held', ''),
          {
            ...ready(
              'true',
              'destination-other-id',
              `${long}${own}(reconcile release ${ids[i] ?? 'ffffffff'})`,
            ),
            type: 'Held',
          },
          { ...ready('false', 'late', 'db: one was due'), type: 'Fresh' },
        ],
      })
    for (const count of [1, 3, 8]) {
      const own = screen(many(count).map(({ backup: name }, i) => held(name, i, `of ${name} `)))
      expect(own.match(/\(reconcile release \w{8}\)/g)).toHaveLength(count)
      // One question is asked once.
      const same = screen(many(count).map(({ backup: name }, i) => held(name, i)))
      const release =
        count > 4
          ? '(reconcile -n shows the release)'
          : `(reconcile release ${ids.slice(0, count).join(' ')})`
      expect(same.split(release)).toHaveLength(2)
      for (const text of [own, same]) expect(widest(text)).toBeLessThanOrEqual(80)
    }
  })

  it('keeps the first reason where many differ', () => {
    const [verdict] = screen(
      many(12).map((one, i) => (i % 2 ? { ...nas, backup: one.backup } : { ...clash, backup: one.backup })),
    ).split('\n')
    expect(verdict).toBe('12 of 12 need you: web001 and 5 more (the source has other bytes); 6 others')
  })

  it('shows one fault of many specs once, with their names', () => {
    const shown = (names: readonly string[]) => {
      const at = (name: string) => ({ file: `/b/${name}.yaml`, line: 2, column: 1 })
      const backups = names.map((name) => ({
        ...faulty,
        backup: name,
        conditions: [faulty.conditions[0]!, { ...invalid, place: at(name) }],
      }))
      return screen(backups, { diagnostics: names.map((name) => ({ ...fault, ...at(name) })) })
    }
    const many = shown(['a', 'b', 'c', 'd', 'e'])
    expect(many.match(/unknown-key/g)).toHaveLength(1)
    expect(many).toContain('  a, b, c and 2 more: unknown-key: a.yaml:2:1: unknown key "sorce"\n')
    expect(shown(['a', 'b']).match(/unknown-key/g)).toHaveLength(2)
  })

  it('never says a code twice', () => {
    const none = { own: [], common: [] }
    const text = (code: string, message: string) => causeText({ code, message }, none)
    expect(text('cancelled', 'cancelled')).toBe('cancelled')
    expect(text('cancelled', '')).toBe('cancelled')
    expect(text('late', 'late: db was due')).toBe('late: db was due')
    expect(text('late', 'db was due')).toBe('late: db was due')
    expect(text('late', 'lateral files')).toBe('late: lateral files')
  })

  it('of a faulty spec shows what its destination shows, and tells the fault in one line', () => {
    expect(screen([fine('pg'), faulty], { diagnostics: [fault] })).toMatchInlineSnapshot(`
      "1 of 2 needs you: x (its spec is faulty)

      BACKUP  STATE   NEWEST   DUE      NEXT  HELD
      x       failed  3 h ago  in 22 h  -     14 files, 18 GiB
        unknown-key: x.yaml:2:1: unknown key "sorce"
      pg      ok      3 h ago  in 22 h  -     14 files, 18 GiB

      Sources as the last pass of each saw them: 2 h ago.
      1 fault in specs or settings: faulty backups do not run, and ages go by the
      times of files. See reconcile validate.
      "
    `)
    const word = { phase: 'idle', nextRun: '', failures: 0, crash: null, lastGood: true } as const
    const last = (...backups: readonly BackupStatus[]) =>
      screen(backups, { diagnostics: [fault] })
        .split('\n')
        .slice(-3)
        .join(' ')
    const obeyed = { ...faulty, watch: word }
    expect(last(fine('pg'), obeyed)).toContain('watch uses the last good specs instead')
    expect(last(fine('pg'), obeyed)).not.toContain('not run')
    expect(last(obeyed, faulty)).toContain('the others do not run')
    // Of no backup that is shown.
    expect(
      screen([fine('pg')], { diagnostics: [{ ...fault, file: '/b/_hosts.yaml' }] }),
    ).toMatchInlineSnapshot(`
      "pg is fine, 1 fault in specs or settings
      _hosts.yaml:2:1: unknown key "sorce"

      BACKUP  STATE  NEWEST   DUE      NEXT  HELD
      pg      ok     3 h ago  in 22 h  -     14 files, 18 GiB

      Sources as the last pass of each saw them: 2 h ago.
      1 fault in specs or settings: faulty backups do not run. See reconcile validate.
      "
    `)
  })

  it('counts suspended ones apart', () => {
    expect(screen([...many(3), suspended])).toMatchInlineSnapshot(`
      "3 fine, 1 suspended: newest 3 h ago, nothing due before tomorrow 02:15

      BACKUP  STATE      NEWEST   DUE      NEXT  HELD
      old     suspended  3 h ago  in 22 h  -     14 files, 18 GiB
        suspended by anna since 2026-11-23 10:00 +01:00: disk swap
      web001  ok         3 h ago  in 22 h  -     14 files, 18 GiB
      web002  ok         3 h ago  in 22 h  -     14 files, 18 GiB
      web003  ok         3 h ago  in 22 h  -     14 files, 18 GiB

      Sources as the last pass of each saw them: 2 h ago.
      "
    `)
    expect(screen([suspended]).split('\n')[0]).toBe('1 suspended')
    const all = screen(many(30).map((one) => ({ ...suspended, backup: one.backup })))
    expect(lines(all)).toBeLessThan(24)
    expect(all).toContain('… 22 more: 22 suspended; --all shows them')
  })

  it('says free space once a disk', () => {
    const disk = { mountPoint: '/srv/offsite', source: '/dev/sdb1', type: 'ext4', size: 4096 * GIB }
    const bind = { ...disk, mountPoint: '/srv/other' }
    const nfs = { mountPoint: '/nas', source: 'nas:/b', type: 'nfs', size: null }
    const text = screen([fine('a', { disk }), fine('b', { disk: bind }), fine('c', { disk: nfs, free: GIB })])
    expect(text.split('\n').filter((line) => line.includes('free'))).toEqual([
      '/nas: 1.0 GiB free',
      '/srv/offsite: 912 GiB free of 4.0 TiB',
    ])
  })

  const verified = (overdue: number, damaged = 0, every = 30 * 86_400) => ({
    verified: { every, overdue, damaged, foreign: 0, oldest: '2026-11-01T00:00:00Z' },
  })
  const nothing = { verified: { ...verified(0).verified, oldest: null } }
  it.each([
    ['all', [verified(0), verified(0), nothing], 'All files of 2 backups verified within 30 d.'],
    ['all, each its own', [verified(0), verified(0, 0, 86_400)], 'All files verified in time.'],
    ['some of one', [verified(0), verified(3)], '3 files not verified within 30 d: b1.'],
    [
      'what the ledger does not know',
      [verified(0), { verified: { ...verified(0).verified, foreign: 2 } }],
      '2 files not from here: b1.',
    ],
    [
      'damage, and one that nobody could look at',
      [verified(0, 1), verified(1), {}],
      '1 file damaged, 1 file not verified within 30 d: b0, b1.',
    ],
    ['nothing held', [nothing], null],
  ])('says how the files stand by verification: %s', (_, all, said) => {
    const text = screen(all.map((more, i) => fine(`b${i}`, more)))
    expect(text.split('\n').filter((line) => /verified|damaged|not from here/.test(line))).toEqual(
      said === null ? [] : [said],
    )
    expect(widest(text)).toBeLessThanOrEqual(80)
  })

  it('of one that holds nothing does not say that all is verified', () => {
    expect(screen([fine('a', nothing)], { detail: true })).toMatch(/verified +nothing is held\n/)
    const lost = { verified: { ...nothing.verified, damaged: 2 } }
    expect(screen([fine('a', lost)], { detail: true })).toMatch(/verified +2 damaged\n/)
  })

  it('gives up columns, then ends of sentences, on a narrow terminal', () => {
    const long = fine('a-backup-with-quite-a-long-name')
    for (const width of [100, 60, 40])
      expect(widest(screen([long, nas, running], { width }))).toBeLessThanOrEqual(width)
    expect(screen([long, nas, running], { width: 48 })).toMatchInlineSnapshot(`
      "1 of 3 needs you: nas (its key is refused)

      BACKUP                STATE    NEWEST     HELD
      nas                   failed   2.1 d ago  18 GiB
        key-refused: nas.example.net does not accept
        the key /etc/reconcile/keys/nas
      big                   pending  3 h ago    18 GiB
        running since 02:58: 0.9 of 1.4 GiB, 25 KiB/s…
      …h-quite-a-long-name  ok       3 h ago    18 GiB

      Sources as the last pass of each saw them: 12 m…
      "
    `)
  })

  it('never shows an unknown number as none', () => {
    const blank = fine('mail', {
      state: 'unknown',
      conditions: [ready('unknown', 'never-run', 'no pass has finished here yet')],
      series: [],
      lastPass: null,
      files: null,
      bytes: null,
      free: null,
    })
    expect(screen([blank])).toMatchInlineSnapshot(`
      "1 of 1 needs you: mail (no pass yet)

      BACKUP  STATE    NEWEST   DUE  NEXT  HELD
      mail    unknown  unknown  -    -     unknown
        never-run: no pass has finished here yet
      "
    `)
    expect(screen([])).toBe('No backup is declared.\n')
  })

  it('moves no cursor, and lines up wide names', () => {
    const nasty = '\u001b[2J\u202e\n'
    const odd = fine(nasty, {
      destination: nasty,
      conditions: [ready('false', nasty, nasty)],
      state: 'failed',
      staged: { files: 1, bytes: 1, size: 2, path: nasty },
      running: { ...running.running!, path: nasty },
      disk: { mountPoint: nasty, source: nasty, type: nasty, size: 1 },
    })
    for (const detail of [true, false])
      expect(screen([odd], { detail }).replaceAll('\n', '')).not.toMatch(NASTY)
    const rows = screen([fine('日本'), fine('wiki')]).split('\n')
    // Two characters that are two columns wide each.
    expect([rows[3]?.indexOf('ok'), rows[4]?.indexOf('ok')]).toEqual([8, 6])
  })
})

describe('what stops several backups', () => {
  const stoppedBy = (name: string, code: string, message: string, more: Partial<BackupStatus> = {}) =>
    fine(name, {
      state: 'failed',
      destination: `/srv/offsite/${name}`,
      conditions: [ready('false', code, message)],
      ...more,
    })
  const dead = (name: string) => stoppedBy(name, 'host-unreachable', 'cannot reach db1.example.net: no route')
  const verdict = (backups: readonly BackupStatus[]) => screen(backups).split('\n')[0]

  it('is one line that names them, and the verdict says it once', () => {
    const text = screen([dead('db1'), dead('db2'), dead('db3'), ...many(17)])
    expect(text).toContain('3 of 20 need you: db1, db2, db3 (cannot reach db1.example.net)\n')
    expect(text).toContain('  db1, db2, db3: host-unreachable: cannot reach db1.example.net: no route\ndb2 ')
    expect(text.match(/host-unreachable/g)).toHaveLength(1)
    expect(verdict([dead('db1')])).toBe('1 of 1 needs you: db1 (its source is unreachable)')
    expect(verdict(many(20))).toMatch(/^all 20 fine/)
    expect(verdict([...many(189), ...many(11).map((_, i) => dead(`db${i}`))])).toBe(
      '11 of 200 need you: db0, db1, db2 and 8 more (cannot reach db1.example.net)',
    )
  })

  it('is told apart by host and code, and what only one of them has stays with it', () => {
    const refused = (name: string) => stoppedBy(name, 'key-refused', 'db1.example.net refuses the key')
    const late = { type: 'Fresh', status: 'false', reason: 'late', message: 'late: b', since: '' } as const
    const second = { ...dead('db2'), conditions: [...dead('db2').conditions, late] }
    const text = screen([dead('db1'), second, refused('db3'), refused('db4')])
    expect(text).toMatch(/^db2 .*\n {2}late: b\n/m)
    expect(text).toContain('\n  db3, db4: key-refused: db1.example.net refuses the key\n')
    const gone = (name: string, on: string) =>
      stoppedBy(name, 'not-mounted', `nothing is mounted at /mnt/${on}`)
    expect(verdict([gone('a', 'x'), gone('b', 'x'), gone('c', 'y')])).toBe(
      '3 of 3 need you (each: its disk is not mounted): a, b, c',
    )
    // Names come before how many more there are, also where it is over all.
    const lost = (name: string) => ({ ...stoppedBy(name, 'state-lost', 'x'), shared: 'state-lost' })
    expect(verdict([...['db1', 'db2', 'db3', 'web1', 'web2', 'web3'].map(lost), refused('nas')])).toBe(
      '7 of 7 need you: db1, db2, db3 and 3 more (the state folder is lost); 1 other',
    )
    expect(verdict([lost('a'), lost('b'), refused('nas')])).toBe(
      '3 of 3 need you: a, b (the state folder is lost); nas (its key is refused)',
    )
  })

  it('is a full disk whatever had no room, and no conflict, however alike', () => {
    const disk = { mountPoint: '/srv', source: '/dev/sdb1', type: 'ext4', size: 9 * GIB }
    const full = (name: string) =>
      stoppedBy(name, 'disk-full', `${name}.tar: the disk here is full`, { disk })
    expect(screen([full('a'), full('b')]).match(/disk-full/g)).toHaveLength(1)
    expect(
      screen([full('a'), { ...full('b'), disk: { ...disk, mountPoint: '/b', source: '/dev/sdc' } }]),
    ).toMatch(/disk-full[\s\S]*disk-full/)
    expect(screen([clash, { ...clash, backup: 'web' }]).match(/ {2}conflict: 2 in/g)).toHaveLength(2)
  })
})

describe('the screen of one backup', () => {
  it('shows conditions only where they are not well, each cause once, and times of the wall clock here', () => {
    const stalled = { ...ready('true', 'conflict', '1 in conflict: db-1.tar'), type: 'Stalled' } as const
    const told = {
      ...running,
      state: 'conflict',
      nextRun: '2026-11-24T04:00:00Z',
      observed: { digest: 'ab'.repeat(32), revision: null },
      conditions: [
        ready('false', 'conflict', '1 in conflict: db-1.tar'),
        { ...ready('true', 'in-use', 'a pass since 2026-11-24T01:58:00Z (pid 12, 13)'), type: 'Reconciling' },
        stalled,
        { ...ready('true', 'listed', ''), type: 'SourceReachable' },
      ],
    } as const
    expect(screen([told], { detail: true })).toMatchInlineSnapshot(`
      "1 of 1 needs you: big (the source has other bytes)

      BACKUP  STATE     NEWEST   DUE      NEXT     HELD
      big     conflict  3 h ago  in 22 h  running  14 files, 18 GiB
        destination   /srv/offsite/postgres
        last success  2026-11-24 02:00 +01:00 (2 h ago)
        last pass     2026-11-24 02:00 +01:00 (2 h ago)
        spec obeyed   abababababab
        under way     a pass since 2026-11-24 02:58 +01:00 (pid 12, 13)
        next run      2026-11-24 05:00 +01:00 (in 60 min)
        db            ok, 14 points, newest 2026-11-24 01:00 +01:00 (3 h ago),
                      expected every 24h, due 2026-11-25 02:15 +01:00 (in 22 h)
        running since 02:58: 0.9 of 1.4 GiB, 25 KiB/s, 5.8 h left (just now):
          big-2026-11-24.tar
        Ready false, Stalled true since 2026-11-23 04:00 +01:00: conflict: 1 in
          conflict: db-1.tar

      Sources as the last pass of each saw them: 2 h ago.
      "
    `)
  })

  it('shows what waits for its marker', () => {
    const waiting = { files: 12, path: 'db-1.tar', since: '2026-11-23T23:00:00Z' }
    expect(screen([fine('pg', { waiting })], { detail: true })).toContain(
      '  waiting       12 files not finished at the source, longest waiting: db-1.tar:\n' +
        '                since 2026-11-24 00:00 +01:00 (4 h ago)\n',
    )
    expect(
      screen([fine('pg', { waiting: { files: 1, path: null, since: null } })], { detail: true }),
    ).toContain('  waiting       1 file not finished at the source\n')
  })

  it('leaves a time that is part of a name as it is', () => {
    const named = fine('pg', {
      state: 'failed',
      conditions: [ready('false', 'rot', 'db-2026-11-23T03:00:00Z.tar of 2026-11-23T03:00:00Z: rotten')],
    })
    expect(screen([named], { detail: true, width: 120 })).toContain(
      'db-2026-11-23T03:00:00Z.tar of 2026-11-23 04:00 +01:00: rotten',
    )
  })
})
