import { describe, expect, test } from 'vitest'
import type { Look } from '../../../src/decide/explain/explained.ts'
import { explainFile, knownPaths } from '../../../src/decide/explain/file.ts'
import { explainSelection } from '../../../src/decide/files/select.ts'
import type { Holding, PrunedFile } from '../../../src/model/holding.ts'
import { instant, isoTime } from '../../../src/model/instant.ts'
import type { Observation } from '../../../src/model/observation.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'
import type { Spec } from '../../../src/model/spec.ts'
import { dated, lookAt } from '../../helpers/explained.ts'
import { context, md5, NOON, picture, seen } from '../../helpers/picture.ts'

const DAY = 24 * 3_600_000
const path = (text: string) => text as RelPath
const day = (number: number) => `db-2026-11-${number}.tar`

/** Held, a point each, the newest on the 22nd. */
const held = (...days: readonly number[]) =>
  days.map((one) => `held ${day(one)} 10 A\nremote ${day(one)} 10 A`).join('\n')
const explain = (spec: Spec, drawn: string | Observation, of: string, over: Partial<Look> = {}) =>
  explainFile(spec, lookAt(typeof drawn === 'string' ? picture(drawn) : drawn, over), path(of))
const observed = (drawn: string, over: Partial<Holding>): Observation => {
  const { source, destination } = picture(drawn)
  return { source, destination: { ...destination, ...over } }
}

describe('whether the spec selects it', () => {
  const select = { include: ['*.tar', 'x/**'], exclude: ['tmp-*', 'x/*.log'] }
  test.each([
    ['a.tar', { selected: true, include: '*.tar', exclude: null, never: null }],
    ['x/a', { selected: true, include: 'x/**', exclude: null, never: null }],
    ['a.zip', { selected: false, include: null, exclude: null, never: null }],
    ['tmp-a.tar', { selected: false, include: '*.tar', exclude: 'tmp-*', never: null }],
    ['x/a.log', { selected: false, include: 'x/**', exclude: 'x/*.log', never: null }],
    ['x/.a', { selected: false, include: null, exclude: null, never: 'hidden' }],
    ['a.tar.md5', { selected: false, include: null, exclude: null, never: 'sidecar' }],
    ['LIST.tar', { selected: false, include: '*.tar', exclude: null, never: 'list-file' }],
    ['lost+found/a.tar', { selected: false, include: '*.tar', exclude: null, never: 'lost-and-found' }],
  ])('%s', (of, told) => {
    expect(explainSelection({ select, source: { listing: path('LIST.tar') } }, of)).toEqual(told)
  })
})

describe('its point', () => {
  test('has a time, where that is from, and the other files with how they stand', () => {
    const spec = dated('last=1', {
      select: { include: ['**'], exclude: [] },
      series: { patterns: ['{series}-{YYYY}-{MM}-{DD}.{part}'], timezone: 'Europe/Oslo' },
    })
    const drawn =
      'held db-2026-11-22.a 1 A\nremote db-2026-11-22.b 1 B\nremote db-2026-11-22.c 1 -\nbare db-2026-11-22.d 1\ngone db-2026-11-22.e 1 E\nremote db-2026-11-22.e 1 E'
    expect(explain(spec, drawn, 'db-2026-11-22.a').point).toEqual({
      series: 'db',
      time: '2026-11-22T22:59:59.999Z',
      local: '2026-11-22',
      dated: 'name',
      ahead: false,
      standing: 'unfinished',
      others: [
        { path: 'db-2026-11-22.b', standing: 'finished' },
        { path: 'db-2026-11-22.c', standing: 'unfinished' },
        { path: 'db-2026-11-22.e', standing: 'finished' },
        { path: 'db-2026-11-22.d', standing: 'here' },
      ],
    })
  })

  test('is none for a file that fits no pattern, which is told', () => {
    expect(explain(dated('last=1'), 'remote odd.tar 1 A', 'odd.tar')).toMatchObject({
      point: null,
      matches: false,
    })
  })

  test('is dated by the time of its modification where no name does', () => {
    const spec = dated('last=1', { series: { patterns: [], timezone: 'UTC' } })
    expect(explain(spec, 'remote odd.tar 1 A', 'odd.tar').point).toMatchObject({
      series: 'undated',
      dated: 'mtime',
      time: '1970-01-01T00:16:40Z',
      local: '1970-01-01 00:16:40',
    })
  })
})

test('an unfinished point is held against all, a finished one against what counts', () => {
  const drawn = `${held(20, 21)}\nremote ${day(22)} 10 -`
  const last = (of: number) => explain(dated('last=2'), drawn, day(of)).verdicts[0]
  expect(last(22)).toMatchObject({ verdict: 'kept', nth: 1 })
  expect(last(21)).toMatchObject({ verdict: 'kept', nth: 1 })
})

describe('what happens next, and what would change it', () => {
  const removed: PrunedFile = {
    at: instant(NOON - DAY),
    trash: 'e1',
    by: 'policy',
    reason: 'outside last=1',
    series: 'db',
    point: NOON,
    planId: 'p1',
  }
  const auto = { mode: 'auto', keepAtLeast: 1, minAge: 0, trashFor: 7 * 86_400 } as const
  const often = [
    { series: null, rhythm: { kind: 'every', seconds: 86_400 }, grace: 7 * 86_400, until: null } as const,
  ]
  const said = (spec: Spec, drawn: string | Observation, of: string, over?: Partial<Look>) => {
    const { next, advice } = explain(spec, drawn, of, over)
    return [...next, ...advice.map(({ message, command }) => command?.join(' ') ?? message)].join('\n')
  }

  test.each<[case_: string, spec: Spec, drawn: string | Observation, of: string, told: RegExp]>([
    ['pull', dated('last=1'), `remote ${day(22)} 10 A`, day(22), /pulls it, 10 B: last 1/],
    [
      'resume',
      dated('last=1'),
      `remote ${day(22)} 10 A\nstaged ${day(22)} 4`,
      day(22),
      /resumes it; 4 of 10 B is staged/,
    ],
    ['wait', dated('last=1'), `remote ${day(22)} 10 -`, day(22), /It is waiting: no \.md5 yet/],
    ['adopt', dated('last=1'), `bare ${day(22)} 10\nremote ${day(22)} 10 A`, day(22), /hashes it in place/],
    ['repair', dated('last=1'), `gone ${day(22)} 10 A\nremote ${day(22)} 10 A`, day(22), /pulls it again/],
    [
      'lost',
      dated('last=1'),
      `gone ${day(22)} 10 A`,
      day(22),
      new RegExp(`It is lost.*\n.*the digest ${md5('A')}`),
    ],
    [
      'conflict',
      dated('last=1'),
      `held ${day(22)} 10 A\nremote ${day(22)} 10 B`,
      day(22),
      new RegExp(`Nothing is done to either copy.*\n.*${md5('B')}, under acknowledge`),
    ],
    ['keep', dated('last=1'), held(22), day(22), /^It stays as it is: complete; last 1/],
    [
      'unwanted',
      dated('last=1'),
      `${held(22)}\nremote ${day(10)} 10 A`,
      day(10),
      /^It is not pulled: no rule of retain wants it/,
    ],
    [
      'surplus',
      dated('last=1'),
      held(20, 22),
      day(20),
      /prune.mode is never\n.*prune.mode.*\nreconcile prune postgres db-2026-11-20.tar --reason/,
    ],
    [
      'prune',
      dated('last=1', { prune: auto, expect: often }),
      held(20, 22),
      day(20),
      /moves it to the trash: outside last=1\n.*retain.pin/,
    ],
    [
      'a prune that waits for the next day',
      dated('last=1', { prune: auto, expect: often }),
      observed(held(20, 22), { pruned: new Map([[path(day(10)), { ...removed, at: NOON }]]) }),
      day(20),
      /It is surplus: outside last=1; it waits: at most 1 of its series are removed in a day/,
    ],
    [
      'a prune that waits for minAge, and until when',
      dated('last=1', { prune: { ...auto, minAge: 25_000 * 86_400 }, expect: often }),
      held(20, 22),
      day(20),
      /it waits: only at 2095-05-05T12:00:00Z has it been surplus for prune\.minAge/,
    ],
    [
      'one of the last copies',
      dated('last=1', { prune: { ...auto, keepAtLeast: 2 }, expect: often }),
      held(20, 22),
      day(20),
      /it stays: one of the newest 2 points here/,
    ],
    [
      'wanted over the copies here alone',
      dated('last=1 daily=2', { prune: auto, expect: often }),
      `${held(19, 20)}\nremote ${day(21)} 10 A\nremote ${day(22)} 10 A`,
      day(20),
      /it stays: among the copies held here it is last 1, daily 1/,
    ],
    [
      'a prune that nobody has asked for',
      dated('last=1', { prune: { ...auto, mode: 'manual' } }),
      held(21, 22),
      day(21),
      /until a prune is asked for\nIf one were asked for now: it goes to the trash\nreconcile prune postgres\n/,
    ],
    [
      'a hold, with the command that releases it',
      dated('last=1', { prune: auto }),
      held(21, 22),
      day(21),
      /nothing of its series is removed: prune-late\nreconcile release [0-9a-f]{8} --reason …/,
    ],
    [
      'not selected',
      dated('last=1'),
      `held tmp-1.tar 10 A`,
      'tmp-1.tar',
      /left alone and never pruned: the spec does not select it/,
    ],
    [
      'an unreadable marker',
      dated('last=1'),
      `remote ${day(22)} 10 ?`,
      day(22),
      /^Nothing: its marker at the source cannot be used$/,
    ],
  ])('%s', (_, spec, drawn, of, told) => {
    expect(said(spec, drawn, of)).toMatch(told)
  })

  test('what the policy removed may come again; until its time in the trash is over it can be put back', () => {
    const drawn = `${held(22)}\ngone ${day(10)} 10 A`
    const inTrash = observed(drawn, { pruned: new Map([[path(day(10)), removed]]) })
    expect(said(dated('last=1'), inTrash, day(10))).toMatch(
      /pulled again only if retain wants it.*\nreconcile prune postgres --undo db-2026-11-10.tar/,
    )
    const { pruned, ledger } = explain(dated('last=1'), inTrash, day(10))
    expect(pruned).toMatchObject({
      at: isoTime(removed.at),
      until: isoTime(instant(removed.at + 7 * DAY)),
      planId: 'p1',
    })
    expect(ledger).toMatchObject({ md5: md5('A') })
    const gone = observed(drawn, { pruned: new Map([[path(day(10)), { ...removed, trash: null }]]) })
    expect(explain(dated('last=1'), gone, day(10)).pruned?.until).toBeNull()
    expect(said(dated('last=1'), gone, day(10))).not.toContain('--undo')
  })

  test('what a person removed never does, though the source has it', () => {
    const drawn = `${held(22)}\ngone ${day(21)} 10 A\nremote ${day(21)} 10 A`
    const byName = observed(drawn, { pruned: new Map([[path(day(21)), { ...removed, by: 'person' }]]) })
    expect(said(dated('last=9'), byName, day(21))).toMatch(/never pulled again/)
  })

  test('nothing is done while the destination is held or halted, and the way out is told', () => {
    const holds = [{ id: 'abcd1234', code: 'destination-unknown', message: 'another disk' }]
    const stopped = { context: context({ all: true, holds }), isKnown: false }
    expect(said(dated('last=1'), '', day(22), stopped)).toBe(
      'Nothing, for now.\nThe backup is held: another disk\nreconcile release abcd1234 --reason …',
    )
    const halt = { code: 'not-mounted', message: 'no disk', hint: 'Mount it.' }
    expect(said(dated('last=1'), '', day(22), { context: context({ halt }), isKnown: false })).toBe(
      'Nothing, for now.\nThe backup is halted: no disk\nMount it.',
    )
  })

  test('a checksum that failed is told with the day it did', () => {
    const drawn = picture(`remote ${day(22)} 10 A`)
    const gate = { at: NOON, size: 10, mtime: 1000, digest: md5('A') }
    const failed = {
      ...drawn,
      destination: { ...drawn.destination, seen: new Map([[path(day(22)), seen({ gate })]]) },
    }
    expect(explain(dated('last=1'), failed, day(22)).source).toMatchObject({ failedAt: isoTime(NOON) })
    expect(said(dated('last=1'), failed, day(22))).toMatch(
      /changes at the source, or from 2026-11-24T12:00:00Z on/,
    )
  })
})

test('a path is known where either side, the ledger, the trash or a problem names it', () => {
  const drawn = picture('remote a 1 A\nheld b 1 A\ngone c 1 A\nstaged d 1')
  const problem = { code: 'not-regular', path: 'e', message: '', hint: '' }
  const look = lookAt({ ...drawn, source: { ...drawn.source, problems: [problem] } })
  expect([...knownPaths(look, 'x')].sort()).toEqual(['a', 'b', 'c', 'd', 'e'])
  const aside = { listed: { size: 1, mtime: 1 }, marker: { state: 'none' } } as const
  expect([...knownPaths({ ...look, unselected: aside }, 'x')]).toContain('x')
})
