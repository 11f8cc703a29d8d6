import { describe, expect, it } from 'vitest'
import { instant } from '../../src/model/instant.ts'
import type { BackupStatus, Condition } from '../../src/model/status.ts'
import type { Diagnostic } from '../../src/model/trouble.ts'
import { renderStatus } from '../../src/view/render-status.ts'
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
const text = (
  detail: boolean,
  diagnostics: readonly Diagnostic[],
  ...backups: readonly BackupStatus[]
): string =>
  renderStatus(
    { format: 'reconcile.status/1', orphans: [], stale: [], revision: null, diagnostics, backups },
    { color: false, width: 100, now: instant(Date.UTC(2026, 10, 24, 3)), detail },
  )

describe('the status table', () => {
  const clash = backup({
    backup: 'wiki',
    state: 'conflict',
    conditions: [ready('false', 'conflict', '2 in conflict')],
    series: [{ series: 'wiki', newest: '2026-11-22T03:00:00Z', expect: null, state: 'ok', points: 14 }],
  })
  const blank = backup({
    backup: 'mail',
    state: 'unknown',
    conditions: [ready('unknown', 'never-run', 'no pass has finished yet')],
    lastSuccess: null,
    bytes: null,
    free: null,
  })

  it('has a line for each backup, and says why one is not well', () => {
    expect(text(false, [], backup({}), clash, blank)).toMatchInlineSnapshot(`
      "BACKUP     STATE      LAST SUCCESS   HELD      FREE      DESTINATION
      postgres   ok         2 h ago        18 GiB    912 GiB   /srv/offsite/postgres
      wiki       conflict   2 h ago        18 GiB    912 GiB   /srv/offsite/postgres
        conflict: 2 in conflict
      mail       unknown    never          unknown   unknown   /srv/offsite/postgres
        never-run: no pass has finished yet
      "
    `)
  })

  it('says of faults what comes of them: who goes on by a last good spec, and who does not run', () => {
    const invalid = { ...ready('false', 'unknown-key', 'no'), type: 'SpecValid' } as const
    const obeyed = backup({ state: 'failed', conditions: [invalid] })
    const bare = backup({ backup: 'x', state: 'failed', destination: null, conditions: [invalid] })
    const fault = {
      file: 'a',
      line: 1,
      column: 1,
      severity: 'error',
      code: 'unknown-key',
      message: 'no',
    } as const
    const last = (...backups: readonly BackupStatus[]) =>
      text(false, [fault], ...backups)
        .split('\n')
        .at(-2)
    expect(last(backup({}), obeyed)).toContain('watch uses the last good specs instead')
    expect(last(backup({}), obeyed)).not.toContain('not run')
    expect(last(backup({}), bare)).toContain('faulty backups do not run')
    expect(last(obeyed, bare)).toContain('the others do not run')
  })

  it('tells all about one backup', () => {
    expect(text(true, [], clash)).toMatchInlineSnapshot(`
      "BACKUP   STATE      LAST SUCCESS   HELD     FREE      DESTINATION
      wiki     conflict   2 h ago        18 GiB   912 GiB   /srv/offsite/postgres
        last success   2026-11-24T01:00:00Z (2 h ago)
        last pass      2026-11-24T01:00:00Z (2 h ago)
        wiki           ok, 14 points, newest 2026-11-22T03:00:00Z (2 d ago)
        Ready: false since 2026-11-23T03:00:00Z (24 h ago). conflict: 2 in conflict
      "
    `)
  })

  it('never shows an unknown number as none', () => {
    expect(text(false, [], blank)).toMatch(/mail +unknown +never +unknown +unknown/)
    expect(text(false, [])).toBe('No backup is declared.\n')
  })

  it('moves no cursor, and lines up wide names', () => {
    const nasty = '\u001b[2J\u202e\n'
    const odd = backup({
      backup: nasty,
      destination: nasty,
      conditions: [ready('false', nasty, nasty)],
      state: 'failed',
    })
    expect(text(true, [], odd).replaceAll('\n', '')).not.toMatch(NASTY)
    const [, first, second] = text(false, [], backup({ backup: '日本' }), backup({ backup: 'wiki' })).split(
      '\n',
    )
    // Two characters that are two columns wide each.
    expect([first?.indexOf('ok'), second?.indexOf('ok')]).toEqual([7, 9])
  })
})
