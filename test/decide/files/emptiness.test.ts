import { describe, expect, test } from 'vitest'
import { decideBackup, newerOf } from '../../../src/decide/plan/backup.ts'
import { backupStatus } from '../../../src/decide/status/backup.ts'
import { codeOfPlan } from '../../../src/decide/status/exit-code.ts'
import { type FoldFacts, foldStatus } from '../../../src/decide/status/fold.ts'
import { instant, isoTime } from '../../../src/model/instant.ts'
import type { Instead, Observation } from '../../../src/model/observation.ts'
import { emptyOutcome } from '../../../src/model/outcome.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'
import type { Expectation, Schedule, Spec } from '../../../src/model/spec.ts'
import { dated } from '../../helpers/explained.ts'
import { context, NOON, picture, spec, statusFacts } from '../../helpers/picture.ts'

const HOUR = 3600_000
const at = (hours: number) => instant(NOON + hours * HOUR)
const never: Expectation = { series: null, rhythm: { kind: 'never' }, grace: 0, until: null }

const beside = (suffixes: Readonly<Record<string, string>>, sums: string | null = null): Instead => ({
  suffixes: new Map(Object.entries(suffixes).map(([path, suffix]) => [path as RelPath, suffix])),
  sums: sums as RelPath | null,
})
function seen(drawn: string, instead: Instead = beside({})): Observation {
  const { source, destination } = picture(drawn)
  return { source: { ...source, instead }, destination }
}
const decide = (observation: Observation, over: Partial<Spec> = {}, hours = 0) =>
  decideBackup(spec(over), observation, context({ asOf: at(hours) }))
const problems = (observation: Observation, over: Partial<Spec> = {}) =>
  decide(observation, over).plan.problems

describe('I14: a backup that holds nothing complete while its source shows something', () => {
  const WAITING = 'remote a.tar 10 -\nremote b.tar 10 -'
  test.each<[string, Instead, Partial<Spec>, RegExp, RegExp]>([
    [
      'nothing beside them',
      beside({}),
      {},
      /2 files are selected .* none is finished: expected a\.tar\.md5 next to a\.tar \(checksum: md5\); there is no checksum file next to them/,
      /md5sum X > X\.md5/,
    ],
    [
      'only .sha256 under checksum: md5',
      beside({ 'a.tar': '.sha256', 'b.tar': '.sha256' }),
      {},
      /expected a\.tar\.md5 .* there is only a\.tar\.sha256/,
      /^Set checksum: sha256 in the spec; or have the job /,
    ],
    [
      'only .MD5SUM under checksum: sha256',
      beside({ 'b.tar': '.MD5SUM' }),
      { checksum: 'sha256' },
      /expected a\.tar\.sha256 .* there is only b\.tar\.MD5SUM/,
      /^Set checksum: md5 in the spec/,
    ],
    [
      'a kind that nobody reads here',
      beside({ 'a.tar': '.sha512' }),
      {},
      /there is only a\.tar\.sha512/,
      /^Have the job that makes the files write/,
    ],
    [
      'MD5SUMS',
      beside({}, 'MD5SUMS'),
      {},
      /there is only MD5SUMS, which finishes files only with finished: \{ sums: MD5SUMS \}/,
      /md5sum X/,
    ],
  ])(
    'is told in one line, with what is looked for, what stands there and what to do: %s',
    (_, instead, over, message, hint) => {
      const { plan } = decide(seen(WAITING, instead), over)
      expect(plan.problems).toEqual([
        { code: 'empty', message: expect.stringMatching(message), hint: expect.stringMatching(hint) },
      ])
      expect(plan.problems[0]!.message).not.toContain('\n')
      const whole = {
        format: 'reconcile.plan/1',
        backups: [plan],
        diagnostics: [],
        summary: plan.summary,
      } as const
      expect(codeOfPlan({ ...whole, planId: '', asOf: '', revision: null }, false)).toBe(1)
    },
  )

  test.each<[string, string, Partial<Spec>, readonly string[]]>([
    ['the plan brings something', 'remote a.tar 10 A\nremote b.tar 10 -', {}, []],
    ['it goes on with something', 'remote a.tar 10 A\nstaged a.tar 4\nremote b.tar 10 -', {}, []],
    ['it takes over something', 'pair a.tar 10 A\nremote b.tar 10 -', {}, []],
    ['something is held', 'held a.tar 10 A\nremote b.tar 10 -', {}, []],
    [
      'what is held is not what the spec selects',
      'held z 10 A\nremote b.tar 10 -',
      { select: { include: ['*.tar'], exclude: [] } },
      ['empty'],
    ],
    ['what is held is rotten', 'held a.tar 10!9 A\nremote b.tar 10 -', {}, ['empty']],
    ['nothing is expected any more', 'remote b.tar 10 -', { expect: [never] }, []],
    [
      'its end is over',
      'remote b.tar 10 -',
      { expect: [{ ...never, rhythm: { kind: 'every', seconds: 1 }, until: at(-1) }] },
      [],
    ],
    ['an empty source, and nothing is expected any more', '', { expect: [never] }, []],
    [
      'an empty source, and the series held has ended',
      'held db-2026-11-01.tar 1 A',
      { ...dated('last=1'), expect: [{ ...never, series: 'db' }] },
      [],
    ],
    [
      'an empty source, and another series has ended',
      'held db-2026-11-01.tar 1 A',
      { ...dated('last=1'), expect: [{ ...never, series: 'x' }] },
      ['nothing-found'],
    ],
    ['an empty source', '', {}, ['nothing-found']],
  ])('%s', (_, drawn, over, codes) => {
    expect(problems(seen(drawn), over).map(({ code }) => code)).toEqual(codes)
  })
})

describe('a file that waits', () => {
  test('names the marker that it waits for', () => {
    const because = (over: Partial<Spec>) => decide(seen('remote a 1 -'), over).plan.steps[0]?.because
    expect(because({})).toEqual(['no .md5 yet'])
    expect(because({ checksum: 'sha256' })).toEqual(['no .sha256 yet'])
  })
  test('I14: with a checksum of another form beside it, is a problem at once; without one, or unwanted, none', () => {
    const drawn = 'held z 1 A\nremote a 1 -\nremote b 1 -\nremote c 1 -'
    expect(problems(seen(drawn))).toEqual([])
    expect(problems(seen(drawn, beside({ a: '.sha256' })))).toMatchObject([
      {
        code: 'other-checksum',
        path: 'a',
        message: expect.stringContaining('no .md5 next to it at the source, only .sha256'),
      },
    ])
    const several = problems(seen(drawn, beside({ a: '.sha256', b: '.b2', z: '.sha1' })))
    expect(several).toMatchObject([
      {
        code: 'other-checksum',
        message: expect.stringMatching(/^2 files have no \.md5 .*: a\.sha256; b\.b2$/),
      },
    ])
    expect(several[0]).not.toHaveProperty('path')
    expect(problems(seen(drawn, beside({ a: '.sha256' })), { expect: [never] })).toEqual([])
  })
})

describe('I14: a new series beside others', () => {
  const over = {
    ...dated('last=1'),
    expect: [{ ...never, rhythm: { kind: 'every' as const, seconds: 3600 } }],
  }
  const NEW = 'held db-2026-11-23.tar 1 A\nremote wiki-2026-11-23.tar 1 -'
  const seenSince = (hours: number | null) => {
    const { source, destination } = seen(NEW)
    const awaited = new Map(hours === null ? [] : [['wiki', at(hours)] as const])
    return { source, destination: { ...destination, awaited } }
  }
  const look = (hours: number | null, expected: Spec['expect'] = over.expect) => {
    const { plan } = decide(seenSince(hours), { ...over, expect: expected })
    return [
      ...plan.series.flatMap(({ series, state }) => (series === 'wiki' ? state : [])),
      ...plan.problems.map(({ code }) => code),
    ]
  }
  test('has a day for its first finished file, however often more are expected', () => {
    expect(look(null)).toEqual(['ok'])
    expect(look(-24)).toEqual(['due'])
    expect(look(-25)).toEqual(['late', 'series-empty'])
    expect(look(-25, [])).toEqual(['unknown', 'series-empty'])
    expect(look(-25, [never])).toEqual(['ended'])
  })

  const fold = (before: ReturnType<typeof foldStatus> | null, observation: Observation, hours: number) => {
    const { views, retention } = decide(observation, over, hours)
    const facts: FoldFacts = {
      listed: null,
      observed: null,
      promised: null,
      schedule: { kind: 'every', seconds: 3600 },
      clock: at(hours),
      source: { completeness: observation.source.completeness, failure: null },
      views: views.map((view) => ({ ...view, newer: newerOf(view, retention, observation.source) })),
    }
    return foldStatus(
      before,
      { ...emptyOutcome('a'), result: 'in-sync', exitCode: 0 },
      facts,
      null,
      at(hours),
    )
  }
  test('is awaited since it was first seen, until something of it is held or it is gone', () => {
    const first = fold(null, seenSince(null), 0)
    expect(first.awaited).toEqual([{ series: 'wiki', since: isoTime(NOON) }])
    expect(fold(first, seenSince(null), 5).awaited).toEqual(first.awaited)
    const unseen = {
      ...seen('held db-2026-11-23.tar 1 A'),
      source: { completeness: 'unknown', files: new Map(), problems: [] },
    } as const
    expect(fold(first, unseen, 5).awaited).toEqual(first.awaited)
    expect(fold(first, seen('held db-2026-11-23.tar 1 A'), 5).awaited).toEqual([])
    expect(fold(first, seen(`${NEW}\nheld wiki-2026-11-22.tar 1 A`), 5).awaited).toEqual([])
  })
  test('is told by status too, from what the last pass saw', () => {
    const { destination } = seenSince(-30)
    const last = fold(null, seenSince(null), 0)
    const told = backupStatus(statusFacts({ spec: spec(over), holding: destination, last }), NOON)
    expect(told.series).toMatchObject([
      { series: 'db' },
      { series: 'wiki', points: 0, newest: null, state: 'late' },
    ])
    expect(told.state).toBe('late')
  })
})

describe('I14: status', () => {
  const facts = (over: Partial<FoldFacts> = {}): FoldFacts => ({
    listed: null,
    observed: null,
    promised: null,
    schedule: { kind: 'every', seconds: 3600 },
    clock: NOON,
    source: { completeness: 'complete', failure: null },
    views: [],
    ...over,
  })
  const left = (outcome: object, over: Partial<FoldFacts> = {}) =>
    foldStatus(
      null,
      { ...emptyOutcome('a'), result: 'in-sync', exitCode: 0, ...outcome },
      facts(over),
      null,
      NOON,
    )
  const problem = (code: string) => ({ code, message: code, hint: '' })
  const failed = (code: string) => ({ result: 'failed', exitCode: 1, problems: [problem(code)] })
  const look = (drawn: string, last: ReturnType<typeof left>, over: Partial<Spec> | null = {}, hours = 0) =>
    backupStatus(
      statusFacts({ spec: over === null ? null : spec(over), holding: picture(drawn).destination, last }),
      at(hours),
    )

  test.each<[string, string, object, Partial<Spec> | null, string]>([
    ['nothing held', '', failed('empty'), {}, 'empty'],
    ['nothing held, of a folder alone', '', failed('empty'), null, 'empty'],
    ['nothing held and nothing found', '', failed('nothing-found'), {}, 'empty'],
    ['nothing held, for the list is no list', '', failed('list-fits-nothing'), {}, 'empty'],
    ['nothing held, whatever the last pass thought', '', {}, {}, 'empty'],
    [
      'nothing held of what is selected',
      'held z 1 A',
      {},
      { select: { include: ['*.tar'], exclude: [] } },
      'empty',
    ],
    ['something held since', 'held a 1 A', failed('empty'), {}, 'failed'],
    ['nothing held, for the source is away', '', failed('host-unreachable'), {}, 'failed'],
    [
      'nothing held, and the first pass was cut short',
      '',
      { result: 'incomplete', pending: 3 },
      {},
      'pending',
    ],
    ['nothing held, and nothing expected any more', '', {}, { expect: [never] }, 'ok'],
  ])('%s: %s', (_, drawn, outcome, over, state) => {
    expect(look(drawn, left(outcome), over).state).toBe(state)
  })

  const cron = (text: string): Schedule => ({ kind: 'cron', cron: text, timezone: 'UTC' })
  const every = (hours: number): Schedule => ({ kind: 'every', seconds: hours * 3600 })
  test.each<[string, Schedule, number]>([
    ['the default: 26 hours', every(1), 26],
    ['three times a day', every(8), 26],
    ['daily: three days', every(24), 72],
    ['cron hourly', cron('0 * * * *'), 26],
    ['cron at noon', cron('0 12 * * *'), 72],
    // NOON is a Monday.
    ['cron on Fridays, and on Mondays', cron('0 12 * * mon,fri'), 11 * 24],
  ])(
    'of one that nobody has looked at for too long is never ok, without expect too: %s',
    (_, schedule, hours) => {
      const last = left({}, { schedule })
      expect(look('held a 1 A', last, { schedule }, hours).state).toBe('ok')
      for (const over of [{ schedule }, null]) {
        const told = look('held a 1 A', last, over, hours + 0.01)
        expect(told.state).toBe('unknown')
        expect(told.conditions.find(({ type }) => type === 'Ready')).toMatchObject({
          status: 'unknown',
          reason: 'overdue',
          message: expect.stringContaining('say so in schedule'),
          since: isoTime(at(hours)),
        })
      }
    },
  )
  test('one that a pass is at now is pending, and one that passes cut short is looked at all the same', () => {
    const holders = [{ pid: 1, command: 'reconcile' }]
    const base = { spec: spec(), holding: picture('held a 1 A').destination }
    expect(backupStatus(statusFacts({ ...base, last: left({}), holders }), at(30)).state).toBe('pending')
    const cut = left({ result: 'incomplete', pending: 1 })
    expect(backupStatus(statusFacts({ ...base, last: cut }), at(25)).state).toBe('pending')
    expect(backupStatus(statusFacts({ ...base, last: cut }), at(27)).state).toBe('unknown')
  })
  test('of one that does worse stays what it is', () => {
    expect(look('held a 1 A', left(failed('host-unreachable')), {}, 900).state).toBe('failed')
    expect(look('', left(failed('empty')), {}, 900).state).toBe('empty')
  })
})
