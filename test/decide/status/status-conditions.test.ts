import { describe, expect, test } from 'vitest'
import { backupStatus, faultyStatus } from '../../../src/decide/status/backup.ts'
import { causesOf } from '../../../src/decide/status/causes.ts'
import { isTrouble } from '../../../src/decide/status/conditions.ts'
import type { StatusFacts } from '../../../src/decide/status/facts.ts'
import { type FoldFacts, foldStatus } from '../../../src/decide/status/fold.ts'
import { instant, isoTime } from '../../../src/model/instant.ts'
import { type BackupOutcome, emptyOutcome } from '../../../src/model/outcome.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'
import {
  type BackupStatus,
  CONDITION_TYPES,
  type ConditionType,
  type DestinationStatus,
} from '../../../src/model/status.ts'
import { dated } from '../../helpers/explained.ts'
import { NOON, picture, seen, spec, statusFacts } from '../../helpers/picture.ts'

const HOUR = 3600_000
const at = (hours: number) => instant(NOON + hours * HOUR)
const rel = (path: string) => path as RelPath
const hold = (id: string) => ({ id, code: `code-${id}`, message: `asks about ${id}` })

const fold = (
  outcome: Partial<BackupOutcome> = {},
  {
    before = null,
    time = NOON,
    ...facts
  }: Partial<FoldFacts> & { before?: DestinationStatus | null; time?: typeof NOON } = {},
): DestinationStatus =>
  foldStatus(
    before,
    { ...emptyOutcome('a'), result: 'in-sync', seconds: 0, exitCode: 0, ...outcome },
    {
      listed: null,
      observed: null,
      promised: null,
      schedule: { kind: 'every', seconds: 3600 },
      clock: time,
      source: { completeness: 'complete', failure: null },
      views: [],
      ...facts,
    },
    null,
    time,
  )

const look = (last: DestinationStatus | null, over: Partial<StatusFacts> = {}, now = NOON) =>
  backupStatus(
    statusFacts({ holding: picture('held db-2026-11-22.tar 1 A').destination, last, ...over }),
    now,
  )

type Told = { readonly conditions: DestinationStatus['conditions'] }
const of = (type: ConditionType, { conditions }: Told) => conditions.find((one) => one.type === type)
const short = (type: ConditionType, told: Told) => {
  const found = of(type, told)
  return `${found?.status} ${found?.reason}`
}

test('a disk below its minFree is unwell once something is to come, whatever the last pass said', () => {
  const holding = { ...picture('held db-2026-11-22.tar 1 A').destination, free: 99 }
  const place = { path: '/d', mount: null, rotate: false, minFree: 100, maxSize: null }
  const on = { holding, spec: spec({ destination: place }) }
  const cut = fold({ result: 'incomplete', pending: 2 })
  expect(look(cut, on)).toMatchObject({ state: 'held', exitCode: 7 })
  expect(of('Ready', look(cut, on))).toMatchObject({
    status: 'false',
    reason: 'min-free',
    message: 'files are still to be transferred, 99 B free at /d, and destination.minFree reserves 100 B',
  })
  // Of a pass that was killed only what is staged is left.
  const staged = new Map([[rel('db-2026-11-23.tar'), { size: 5 }]])
  expect(look(fold(), { ...on, holding: { ...holding, staged } }).state).toBe('held')
  expect(look(fold(), on).state).toBe('ok')
  expect(look(cut, { ...on, holding: { ...holding, free: 100 } }).state).toBe('pending')
  // A pass that is under way says it itself.
  expect(look(cut, { ...on, holders: [{ pid: 1, command: 'node' }] }).state).toBe('pending')
})

test('there is one condition of each type, whatever there is to say; of proof only where it is asked for, of symlinks where there are some', () => {
  const several = fold({ exitCode: 7, holds: [hold('a'), hold('b')] })
  for (const told of [
    look(several),
    look(null),
    look(several, { hold: hold('c'), holding: null }),
    faultyStatus('a', [], NOON, null),
  ])
    expect(told.conditions.map(({ type }) => type)).toEqual(
      CONDITION_TYPES.filter((type) => type !== 'Proven' && type !== 'Skipped'),
    )
  expect(of('Held', look(several))).toMatchObject({
    status: 'true',
    reason: 'code-a',
    message: 'asks about a (reconcile release a); asks about b (reconcile release b)',
  })
})

test('what a pass of an earlier version knew nothing of is no trouble, but where it vouches for something', () => {
  const whole = fold()
  const without = (...types: ConditionType[]) =>
    look({ ...whole, conditions: whole.conditions.filter(({ type }) => !types.includes(type)) })
  const shown = (told: BackupStatus) => told.conditions.filter(isTrouble).map(({ type }) => type)
  expect(shown(look(whole))).toEqual([])
  expect(shown(without('Anomalous', 'Pushed', 'Held', 'Stalled'))).toEqual([])
  expect(of('Anomalous', without('Anomalous'))).toMatchObject({ status: 'unknown', reason: 'not-recorded' })
  expect(shown(without('SourceReachable'))).toEqual(['SourceReachable'])
})

describe('of several troubles', () => {
  const problem = (code: string, path?: string) => ({
    code,
    message: `${code} it is`,
    hint: `Mend ${code}.`,
    ...(path === undefined ? {} : { path }),
  })
  const waits = Array.from({ length: 12 }, (_, i) => problem('wait-overdue', `w${i}.tar`))
  const codes = (told: BackupStatus) => causesOf(told).map(({ code, count }) => `${code} ${count}`)

  test('the worst is why it is not ready, and the others are beside it', () => {
    const told = look(
      fold({
        result: 'failed',
        exitCode: 6,
        problems: [
          ...waits,
          problem('marker-odd'),
          problem('checksum-failed', 'b.tar'),
          problem('checksum-failed', 'c.tar'),
        ],
      }),
    )
    expect(of('Ready', told)).toMatchObject({
      reason: 'checksum-failed',
      message: 'b.tar: checksum-failed it is (and 1 more)',
    })
    expect(of('Stalled', told)?.message).toBe(
      'b.tar: checksum-failed it is (and 1 more). Mend checksum-failed.',
    )
    expect(codes(told)).toEqual(['checksum-failed 2', 'marker-odd 1', 'wait-overdue 12'])
    expect(causesOf(told)[2]?.message).toBe('no marker for over a day: w0.tar, w1.tar, w10.tar and 9 more')
  })

  test('a loss comes before the empty source it was found with, and hides nothing that is gone since', () => {
    const holding = picture('held a.tar 1 A\ngone b.tar 1 B\ngone c.tar 1 C').destination
    const last = fold({
      result: 'failed',
      exitCode: 6,
      lost: ['b.tar'],
      problems: [problem('nothing-found')],
    })
    const told = look(last, { holding })
    expect(told.state).toBe('failed')
    expect(short('Ready', told)).toBe('false lost')
    expect(codes(told)).toEqual(['lost 1', 'missing-here 1', 'nothing-found 1'])
    expect(told.troubles?.find(({ code }) => code === 'missing-here')?.names).toEqual(['c.tar'])
  })

  test('what is not whole here is said by what is wrong with it', () => {
    const holding = picture(
      'held a.tar 1!2 A\nours b.tar 1 B\nours c.tar 1 C\nspoilt d.tar 1 D\ngone e.tar 1 E',
    ).destination
    const told = look(fold({}), { holding })
    expect(codes(told)).toEqual(['rot 1', 'missing-here 1', 'marker-missing 2', 'marker-altered 1'])
    const markers = look(fold({}), { holding: picture('ours b.tar 1 B').destination })
    expect([markers.state, short('Ready', markers)]).toEqual(['failed', 'false marker-missing'])
    expect(of('Ready', markers)?.message).toMatch(
      /^the marker of 1 published file is gone from \S+, and the data is there: b\.tar; the next pass reads the data and, if it is sound, writes the marker again$/,
    )
  })

  test('damage comes before a removal that is held, which says what it asks', () => {
    const held = { result: 'applied', exitCode: 7, holds: [hold('a')] } as const
    expect(codes(look(fold(held)))).toEqual(['code-a 1'])
    expect(look(fold(held)).state).toBe('held')
    const both = look(fold({ ...held, result: 'failed', exitCode: 6, problems: [problem('rot', 'r.tar')] }))
    expect([both.state, short('Ready', both)]).toEqual(['failed', 'false rot'])
    expect(codes(both)).toEqual(['rot 1', 'code-a 1'])
  })

  test('a message ends before what to do begins', () => {
    const silent = { ...problem('source-silent'), message: 'nothing came', hint: 'Look.' }
    const told = look(
      fold({ result: 'failed', exitCode: 1 }, { source: { completeness: 'unknown', failure: silent } }),
    )
    expect(of('SourceReachable', told)?.message).toBe('nothing came. Look.')
  })

  test('what is unknown counts only where nothing is known', () => {
    expect(codes(look(null))).toEqual(['never-run 1'])
  })
})

test('files that are not finished are counted, with the one that has waited longest', () => {
  const files = new Map(
    (
      [
        ['a.tar', at(-1), 5],
        ['b.tar', at(-3), 9],
        ['c.tar', at(-3), 7],
        ['d.tar', null, 1],
      ] as const
    ).map(([name, waitingSince, mtime]) => [rel(name), seen({ waitingSince, listed: { size: 1, mtime } })]),
  )
  const holding = { ...picture('held db-2026-11-22.tar 1 A').destination, seen: files }
  expect(look(fold({ waiting: ['a.tar', 'b.tar', 'c.tar'] }), { holding }).waiting).toEqual({
    files: 3,
    path: 'c.tar',
    since: isoTime(at(-3)),
  })
  expect(look(fold(), { holding })).not.toHaveProperty('waiting')
})

describe('what a live daemon says', () => {
  const word = { phase: 'idle', nextRun: isoTime(at(1)), failures: 0, crash: null, lastGood: false } as const

  test('a bug that ended its last pass is a failure, whatever the pass before it came to', () => {
    const told = look(fold({}), { watch: { ...word, failures: 1, crash: 'x is not a function' } })
    expect(told).toMatchObject({ state: 'failed', nextRun: isoTime(at(1)) })
    expect(of('Ready', told)).toMatchObject({
      status: 'false',
      reason: 'crashed',
      message: expect.stringContaining(
        `x is not a function. See the log of watch; watch tries again at ${isoTime(at(1))}`,
      ),
    })
  })

  test('a last good spec is never fine', () => {
    const fault = { file: 'a.yaml', line: 3, column: 1, code: 'unknown-key', message: 'no' }
    const told = look(fold({}), { watch: { ...word, lastGood: true }, specFaults: [fault] })
    expect(told.state).toBe('failed')
    expect(short('Ready', told)).toBe('false spec-invalid')
    expect(of('SpecValid', told)).toMatchObject({
      status: 'false',
      reason: 'unknown-key',
      place: { file: 'a.yaml', line: 3, column: 1 },
      message: 'a.yaml:3:1: no; watch obeys the last good spec',
    })
  })
})

test('a commit that is not taken makes a spec invalid, a repository that is away makes it unknown, since when is kept', () => {
  const spec = dated('last=3')
  const reason = (code: string) => ({ code, message: `${code} it is`, hint: '', since: at(-5) })
  const holding = picture('held db-2026-11-22.tar 1 A').destination
  for (const [code, status] of [
    ['commit-refused', 'false'],
    ['commit-unsigned', 'false'],
    ['git-unreachable', 'unknown'],
  ] as const) {
    const told = look(fold(), { spec, holding, stale: [reason(code)] })
    expect(of('SpecValid', told)).toEqual({
      type: 'SpecValid',
      status,
      reason: code,
      message: `${code} it is`,
      since: isoTime(at(-5)),
    })
    expect(told.state).toBe('ok')
    // A commit counts as a whole: what else a backup has is not mixed with that.
    const conflict = look(fold({ exitCode: 6, conflicts: [{ path: 'a', held: '1', source: '2' }] }), {
      spec,
      holding,
      stale: [reason(code)],
    })
    expect(causesOf(conflict).map((one) => one.code)).toEqual(['conflict'])
  }
})

describe('a hold over all specs', () => {
  const over = { id: 'a1', code: 'history-rewritten', message: 'rewritten' }
  const words = (told: ReturnType<typeof look>) =>
    [told.state, ...(['Ready', 'Stalled', 'Held'] as const).map((type) => short(type, told))].join(', ')
  const HELD = 'held, false history-rewritten, true history-rewritten, true history-rewritten'
  const FINE = 'ok, true in-sync, false not-stalled, false not-held'
  const under = fold({ exitCode: 7, holds: [over] })

  test('is told before any pass has met it, and no more once it is over, before any pass has met that', () => {
    expect(words(look(fold(), { overSpecs: [over] }))).toBe(HELD)
    expect(of('Held', look(fold(), { overSpecs: [over] }))?.message).toBe('rewritten (reconcile release a1)')
    expect(words(look(under, { overSpecs: [over] }))).toBe(HELD)
    expect(words(look(under, { overSpecs: [] }))).toBe(FINE)
  })

  test('whose end nobody can tell of stands', () => {
    expect(words(look(under, { overSpecs: null }))).toBe(
      'held, false held, true history-rewritten, true history-rewritten',
    )
    expect(of('Ready', look(under, { overSpecs: null }))?.message).toBe('newer specs are held')
    const both = fold({ exitCode: 7, holds: [over, hold('b')] })
    expect(of('Ready', look(both, { overSpecs: null }))?.message).toBe(
      'newer specs are held, and a removal is held',
    )
  })

  test('hides nothing that is worse or its own, and takes nothing else with it when it ends', () => {
    const problem = { code: 'source-silent', message: 'm', hint: 'h' }
    const bad = fold({ result: 'failed', exitCode: 7, holds: [over], problems: [problem] })
    expect(look(bad, { overSpecs: [over] }).state).toBe('failed')
    expect(words(look(bad, { overSpecs: [] }))).toBe(
      'failed, false failed, false not-stalled, false not-held',
    )
    const both = fold({ exitCode: 7, holds: [over, hold('b')] })
    expect(words(look(both, { overSpecs: [] }))).toBe('held, false held, true code-b, true code-b')
  })
})

describe('a condition’s time', () => {
  test('moves only when what it says does, across passes and looks', () => {
    const conflict = { path: 'x', held: '', source: '' }
    const first = fold({}, { time: at(0) })
    const second = fold({ result: 'applied' }, { before: first, time: at(1) })
    const third = fold({ exitCode: 6, conflicts: [conflict] }, { before: second, time: at(2) })
    const fourth = fold({ exitCode: 6, conflicts: [conflict, conflict] }, { before: third, time: at(3) })
    expect([first, second, third, fourth].map((one) => of('Ready', one)?.since)).toEqual(
      [at(0), at(0), at(2), at(2)].map(isoTime),
    )
    expect(of('Stalled', fourth)?.since).toBe(isoTime(at(2)))
    expect(of('SourceReachable', fourth)?.since).toBe(isoTime(at(0)))
    expect(of('Ready', look(fourth, {}, at(9)))?.since).toBe(isoTime(at(2)))
  })

  test('stays from one look to the next, whatever the look finds', () => {
    const spec = dated('last=3')
    const over = { id: 'a1', code: 'history-rewritten', message: 'rewritten' }
    const promised = { nextRun: isoTime(at(1)), validUntil: isoTime(at(2)) }
    const found: readonly (readonly [DestinationStatus | null, Partial<StatusFacts>])[] = [
      [fold(), { spec }],
      [fold(), { spec, holders: [{ pid: 1, command: 'x' }] }],
      [fold({}, { promised }), { spec }],
      [fold({}, { promised }), { spec, silentSince: isoTime(at(1)) }],
      [fold({ exitCode: 7, holds: [over] }), { spec, overSpecs: [] }],
      [fold(), { spec, overSpecs: [over] }],
      [fold(), { spec, hold: hold('c'), holding: null }],
      [fold(), { halt: { code: 'not-mounted', message: 'm', hint: 'h' } }],
      [null, { spec, written: at(-1) }],
      [fold(), { spec, specFaults: [{ file: 'a', line: 1, column: 1, code: 'x', message: 'm' }] }],
    ]
    for (const [last, facts] of found) {
      const [first, second] = [at(5), instant(at(5) + 3000)].map((now) => look(last, facts, now).conditions)
      expect(second?.map(({ type, since }) => [type, since])).toEqual(
        first?.map(({ type, since }) => [type, since]),
      )
    }
    const broken = [at(5), at(6)].map((now) => faultyStatus('a', [], now, at(2)).conditions)
    expect(broken[0]).toEqual(broken[1])
  })

  test('of lateness is when the grace ended', () => {
    const expecting = dated('last=3', {
      expect: [{ series: null, rhythm: { kind: 'every', seconds: 24 * 3600 }, grace: 3600, until: null }],
    })
    const { destination: holding } = picture('held db-2026-11-20.tar 1 A')
    const told = look(fold({}, { time: at(-100) }), { spec: expecting, holding })
    // A point that is dated by its day alone ends with it.
    expect(of('Fresh', told)).toMatchObject({
      status: 'false',
      reason: 'late',
      since: '2026-11-22T00:59:59.999Z',
    })
    expect(told.state).toBe('late')
  })
})

describe('stalled: trying again alone mends nothing', () => {
  const problem = (code: string, retryable?: false) => ({
    code,
    message: 'm',
    hint: 'h',
    ...(retryable === undefined ? {} : { retryable }),
  })
  test.each<[string, Partial<BackupOutcome>, string]>([
    ['all is well', {}, 'false not-stalled'],
    [
      'a line that broke',
      { result: 'failed', exitCode: 1, problems: [problem('connection-lost')] },
      'false not-stalled',
    ],
    ['late', { exitCode: 1, late: [{ series: '', message: 'late' }] }, 'false not-stalled'],
    [
      'a bad key',
      { result: 'failed', exitCode: 1, problems: [problem('key-refused', false)] },
      'true key-refused',
    ],
    ['rot', { result: 'failed', exitCode: 6, problems: [problem('rot')] }, 'true rot'],
    ['a conflict', { exitCode: 6, conflicts: [{ path: 'x', held: '', source: '' }] }, 'true conflict'],
    ['a loss', { exitCode: 6, lost: ['x'] }, 'true lost'],
    [
      'a halt',
      { exitCode: 7, result: 'halted', halt: { code: 'min-free', message: 'm', hint: 'h' } },
      'true min-free',
    ],
    ['a hold', { exitCode: 7, holds: [hold('a')] }, 'true code-a'],
  ])('%s', (_, outcome, said) => {
    expect(short('Stalled', fold(outcome))).toBe(said)
    expect(short('Stalled', look(fold(outcome)))).toBe(said)
  })
})

test('whether the source could be reached is what the last pass found', () => {
  const failure = { code: 'host-unreachable', message: 'no route', hint: '' }
  expect(short('SourceReachable', look(fold()))).toBe('true listed')
  expect(
    short('SourceReachable', look(fold({}, { source: { completeness: 'incomplete', failure: null } }))),
  ).toBe('true listing-incomplete')
  expect(short('SourceReachable', look(fold({}, { source: { completeness: 'unknown', failure } })))).toBe(
    'false host-unreachable',
  )
  expect(short('SourceReachable', look(null))).toBe('unknown never-run')
})

test('under way is told by who holds the lock, and not known is not idle', () => {
  const holders = [{ pid: 12, command: 'reconcile watch' }]
  expect(of('Reconciling', look(fold(), { holders }))).toMatchObject({
    status: 'true',
    message: 'pid 12',
  })
  expect(short('Reconciling', look(fold()))).toBe('false idle')
  expect(short('Reconciling', look(fold(), { holders: null }))).toBe('unknown not-visible')
  expect(look(null, { holders }).state).toBe('pending')
})

test('progress counts only while somebody holds the lock; then what is staged is the running pass’s own', () => {
  const progress = {
    format: 'reconcile.progress/1',
    since: isoTime(at(-1)),
    at: isoTime(NOON),
    bytes: 25,
    total: 100,
    rate: 5,
    path: 'x',
    verifying: null,
  } as const
  const holding = {
    ...picture('held db-2026-11-22.tar 1 A').destination,
    staged: new Map([
      [rel('x.tar'), { size: 25 }],
      [rel('y.tar'), { size: 5 }],
      [rel('gone.tar'), { size: 7 }],
      [rel('empty.tar'), { size: 0 }],
    ]),
    abandoned: new Map([[rel('gone.tar'), NOON]]),
    seen: new Map([[rel('x.tar'), seen({ listed: { size: 100, mtime: 1 } })]]),
  }
  const holders = [{ pid: 12, command: 'reconcile' }]
  const running = look(fold(), { holding, progress, holders })
  expect([running.running?.left, running.running?.path, running.staged]).toEqual([15, 'x', null])
  expect(of('Reconciling', running)?.message).toBe(`a pass since ${progress.since} (pid 12)`)
  const stopped = look(fold(), { holding, progress })
  expect([stopped.running, stopped.staged]).toEqual([
    null,
    { files: 2, bytes: 30, size: null, path: 'x.tar' },
  ])
  const slow = look(fold(), { progress: { ...progress, rate: 0 }, holders })
  expect(slow.running?.left).toBeNull()
})

test.each<[string, number, BackupStatus]>([
  ['fine', 0, look(fold())],
  ['a conflict', 6, look(fold({ exitCode: 6, conflicts: [{ path: 'x', held: '', source: '' }] }))],
  ['a hold', 7, look(fold(), { hold: hold('c'), holding: null })],
  ['a halt', 7, look(fold(), { halt: { code: 'not-mounted', message: '', hint: '' }, holding: null })],
  ['a damaged ledger', 6, look(fold(), { halt: { code: 'ledger-damaged', message: '', hint: '' } })],
  ['a failed pass', 1, look(fold({ exitCode: 1, result: 'failed' }))],
  ['rot that the last pass met', 6, look(fold({ exitCode: 6, result: 'failed' }))],
  ['no pass yet', 1, look(null)],
  ['cut short', 0, look(fold({ exitCode: 143, result: 'cancelled' }))],
  ['its spec is faulty', 3, faultyStatus('a', [], NOON, null)],
])('a pass that finds the same exits with its code: %s', (_, code, { exitCode }) => {
  expect(exitCode).toBe(code)
})

describe('a promise that was not kept', () => {
  const promised = { nextRun: isoTime(at(1)), validUntil: isoTime(at(2)) }
  test('counts until it is over; a dead daemon is never ok, nor pending', () => {
    for (const outcome of [{}, { result: 'incomplete' as const, pending: 3 }]) {
      const last = fold(outcome, { promised })
      expect(look(last, {}, at(2)).state).toBe(outcome.result === undefined ? 'ok' : 'pending')
      const late = look(last, {}, instant(at(2) + 1))
      expect([late.state, short('Ready', late)]).toEqual(['unknown', 'unknown overdue'])
      expect(of('Ready', late)?.message).toContain(`nobody has looked since ${isoTime(NOON)}`)
    }
  })
  test('counts for nothing once the daemon that made it is known to be gone; nothing promised, nothing missed', () => {
    const silentSince = isoTime(NOON)
    const told = look(fold({}, { promised }), { silentSince })
    expect([told.state, short('Ready', told)]).toEqual(['unknown', 'unknown watch-gone'])
    expect(of('Ready', told)?.message).toContain(`last heard of at ${silentSince}`)
    expect(look(fold({}), { silentSince }).state).toBe('ok')
    const damaged = look(fold({}, { promised }), { silentSince: 'unknown' })
    expect([damaged.state, short('Ready', damaged)]).toEqual(['unknown', 'unknown watch-gone'])
    expect(of('Ready', damaged)?.message).toContain('watch.json in the state folder, is damaged')
  })
  test('but not while a pass is under way; where that cannot be told, it does', () => {
    const last = fold({}, { promised })
    expect(look(last, { holders: [{ pid: 1, command: 'x' }] }, at(3)).state).toBe('ok')
    expect(look(last, { holders: null }, at(3)).state).toBe('unknown')
  })
  test('makes no known trouble less, and says that it may be worse by now', () => {
    const last = fold({ exitCode: 6, conflicts: [{ path: 'x', held: '', source: '' }] }, { promised })
    const told = look(last, {}, at(3))
    expect([told.state, short('Ready', told)]).toEqual(['conflict', 'false conflict'])
    expect(of('Ready', told)?.message).toMatch(/1 in conflict: x; nobody has looked since/)
  })
})

test('what was written under a clock that is ahead of ours is not ok', () => {
  expect(look(fold({}, { time: at(1) })).state).toBe('unknown')
  expect(short('Ready', look(fold({}, { time: at(1) })))).toBe('unknown box-clock')
  const holding = { ...picture('held a 1 A').destination, lastTime: at(1) }
  expect(look(fold(), { holding }).state).toBe('unknown')
  // Clocks of two boxes differ a little.
  expect(look(fold({}, { time: at(1 / 60) })).state).toBe('ok')
})

test('a spec that has changed since the last pass is told, and what it asks for is not done yet', () => {
  const spec = dated('last=3')
  const seen = { digest: spec.digest, revision: 'abc' }
  const same = look(fold({}, { observed: seen }), { spec })
  expect([same.state, short('SpecValid', same)]).toEqual(['ok', 'true valid'])
  expect(same.observed).toEqual(seen)
  const other = look(fold({}, { observed: { ...seen, digest: 'f'.repeat(64) } }), { spec })
  expect([other.state, short('SpecValid', other)]).toEqual(['pending', 'true spec-changed'])
})

describe('a suspended backup', () => {
  const until = at(5)
  test('is suspended, whatever its last pass came to, and never ok', () => {
    const suspension = { from: 'spec', reason: 'disk swap', until, file: 'a.yaml', line: 1 } as const
    for (const last of [fold(), null, fold({ exitCode: 1, result: 'failed' })]) {
      const told = look(last, { suspension })
      expect([told.state, of('Ready', told)?.message.split(';')[0]]).toEqual([
        'suspended',
        `suspended in the spec (a.yaml:1), until ${isoTime(until)}: disk swap. Take "suspend" out of a.yaml, at line 1.`,
      ])
    }
  })
  test('but hides no conflict and no file that is gone', () => {
    const suspension = { from: 'spec', reason: null, until: null, file: 'a.yaml', line: 1 } as const
    const last = fold({ exitCode: 6, conflicts: [{ path: 'x', held: '', source: '' }] })
    expect(look(last, { suspension }).state).toBe('conflict')
    expect(look(fold(), { suspension, holding: picture('gone a 1 A').destination }).state).toBe('failed')
  })
})

test('a faulty spec is told with its place, and its backup is failed', () => {
  const fault = { file: '/b/pg.yaml', line: 3, column: 5, code: 'unknown-key', message: 'no such key' }
  const told = faultyStatus('pg', [fault], NOON, null)
  expect(told).toMatchObject({ state: 'failed', destination: null, bytes: null })
  expect(of('SpecValid', told)).toMatchObject({
    status: 'false',
    reason: 'unknown-key',
    message: '/b/pg.yaml:3:5: no such key',
  })
})
