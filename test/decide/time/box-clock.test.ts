import { describe, expect, test } from 'vitest'
import { decideBackup } from '../../../src/decide/plan/backup.ts'
import type { PlanContext } from '../../../src/decide/plan/context.ts'
import { apartFromBox } from '../../../src/decide/status/box-problems.ts'
import { boxClock, leapOf, nextClock } from '../../../src/decide/time/box-clock.ts'
import { clockSanity } from '../../../src/model/clock-sanity.ts'
import type { Holding } from '../../../src/model/holding.ts'
import { type Instant, instant } from '../../../src/model/instant.ts'
import type { BackupOutcome } from '../../../src/model/outcome.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'
import type { Spec } from '../../../src/model/spec.ts'
import { context, NOON, picture, spec } from '../../helpers/picture.ts'
import { policy } from '../../helpers/points.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const YEAR_1970 = instant(7 * HOUR)
const at = (hours: number): Instant => instant(NOON + hours * HOUR)

describe('a clock is', () => {
  test.each([
    ['the same time', NOON, NOON, 'sane'],
    ['set back by a little', NOON, instant(NOON - 60_000), 'sane'],
    ['two days later', NOON, at(48), 'sane'],
    ['an hour back', NOON, at(-1), 'behind'],
    ['1970', NOON, YEAR_1970, 'behind'],
    ['over two days later', NOON, instant(at(48) + 1), 'leapt'],
    ['the first that was ever seen', null, NOON, 'sane'],
    ['1970, and the first that was ever seen', null, YEAR_1970, 'behind'],
    ['right, where 1970 was written down', YEAR_1970, NOON, 'sane'],
    ['1970, where 1970 was written down', YEAR_1970, instant(YEAR_1970 + HOUR), 'behind'],
  ])('%s: measured against the last one', (_, last, now, sanity) => {
    expect(clockSanity(last, now)).toBe(sanity)
  })

  test('given three beats where passes are rare: weekly ones are no leaps', () => {
    const every = (seconds: number) => ({ schedule: { kind: 'every' as const, seconds } })
    expect([3600, 86_400, 7 * 86_400].map((seconds) => leapOf(every(seconds)) / DAY)).toEqual([2, 3, 21])
    const cron = { kind: 'cron' as const, cron: '0 3 * * 1', timezone: 'UTC' }
    expect(leapOf({ schedule: cron }) / DAY).toBe(21)
  })
})

describe('the time that later clocks are measured against', () => {
  const clockAt = (now: Instant) => boxClock(spec(), NOON, context({ asOf: now }))
  const following = (asOf: Instant, over: Partial<Parameters<typeof nextClock>[1]> = {}) =>
    nextClock(clockAt(asOf), { asOf, now: asOf, passed: 0, isHeld: false, ...over })
  test('is that of a pass whose clock was believed, at its end', () => {
    expect(following(at(1), { now: at(3), passed: 2 * HOUR })).toEqual({ clock: at(3), leapt: null })
  })
  test('is none that the clock leapt to in the midst of a pass', () => {
    expect(following(at(1), { now: at(1000), passed: 1000 }).clock).toBeLessThan(at(1.2))
  })
  test('stays where the clock is behind, or leapt; a leap for which nothing is held is there for the next one to believe', () => {
    expect(following(at(-1))).toEqual({ clock: NOON, leapt: null })
    expect(following(at(72), { isHeld: true })).toEqual({ clock: NOON, leapt: null })
    expect(following(at(72))).toEqual({ clock: NOON, leapt: at(72) })
  })
})

const dump = (day: number) => `db-2026-11-${String(day).padStart(2, '0')}.tar`
const DECLARED = spec({
  series: { patterns: ['{series}-{YYYY}-{MM}-{DD}.tar'], timezone: 'UTC' },
  retain: policy({ last: 8 }),
  expect: [{ series: null, rhythm: { kind: 'every', seconds: 86_400 }, grace: 3600, until: null }],
  prune: { mode: 'auto', keepAtLeast: 1, minAge: 0, trashFor: 86_400 },
})

/** Ten days of dumps held, two more at the source, one that waits, and something in the trash for ten days. */
function plannedBy(
  asOf: Instant,
  over: Partial<PlanContext> = {},
  declared: Spec = DECLARED,
  lastTime = NOON,
) {
  const held = Array.from({ length: 10 }, (_, i) => `${dump(13 + i)} 10 A`)
  const drawn = picture(
    [
      ...held.flatMap((one) => [`held ${one}`, `remote ${one}`]),
      `remote ${dump(23)} 10 B`,
      `remote ${dump(10)} 10 B`,
      'remote other.tar 10 -',
    ].join('\n'),
  )
  const old = instant(NOON - 10 * DAY)
  const removal = {
    at: old,
    trash: 'e',
    by: 'policy',
    reason: '',
    series: '',
    point: old,
    planId: null,
  } as const
  const records = new Map(
    [...drawn.destination.records].map(([path, one]) => [path, { ...one, since: old, readAt: at(-1) }]),
  )
  const destination: Holding = {
    ...drawn.destination,
    records,
    pruned: new Map([['z.tar' as RelPath, removal]]),
    lastTime,
    created: old,
    lastPrune: null,
  }
  const seen = new Map([...drawn.destination.seen, ['other.tar' as RelPath, SEEN]])
  const base = context({ asOf, ...over })
  const observation = { ...drawn, destination: { ...destination, seen } }
  const decided = decideBackup(declared, observation, base)
  const { plan } = decided
  return {
    ...decided,
    steps: plan.steps.flatMap(({ action, path }) => (action === 'surplus' ? [] : `${action} ${path}`)),
    codes: plan.problems.map(({ code }) => code),
    holds: plan.holds.map(({ code }) => code),
    late: plan.series.filter(({ state }) => state === 'late').map(({ series }) => series),
  }
}
const SEEN = {
  listed: { size: 10, mtime: 0 },
  marker: { state: 'none' as const },
  readAt: null,
  stagedFor: null,
  gate: null,
  waitingSince: at(-1),
}

describe('I9: by a clock that is not sane nothing is removed, late, ahead or overdue', () => {
  const right = plannedBy(at(1))
  test('as things are when it is right', () => {
    expect(right.steps).toEqual(
      expect.arrayContaining([`pull ${dump(23)}`, 'wait other.tar', 'expire z.tar']),
    )
    expect(right.steps.some((one) => one.startsWith('prune'))).toBe(true)
    expect(right).toMatchObject({ codes: [], holds: [], late: [] })
  })

  test('1970: the same is pulled and no more, and one problem names this clock and both times', () => {
    const wrong = plannedBy(YEAR_1970)
    expect(wrong.steps).toEqual([`pull ${dump(23)}`, 'wait other.tar'])
    expect(wrong).toMatchObject({ codes: ['box-clock'], holds: [], late: [] })
    const [problem] = wrong.plan.problems
    expect(problem?.message).toMatch(/^this box's clock shows 1970-01-01T07.*behind 2026-11-23T12.*\/dest$/)
    expect(problem?.path).toBeUndefined()
    expect(problem?.hint).toContain(`reconcile release ${problem?.release}`)
  })

  test('a leap: the same, and the one question is whether the clock is right', () => {
    const wrong = plannedBy(at(50 * 24))
    expect(wrong.steps).toEqual([`pull ${dump(23)}`, 'wait other.tar'])
    expect(wrong).toMatchObject({ codes: ['box-clock'], holds: ['clock-leap'], late: [] })
    expect(wrong.prune?.remove.size).toBe(0)
    expect([...new Set([...(wrong.prune?.keptBack.values() ?? [])].map(({ why }) => why))]).toContain('held')
  })

  test('1970 where nothing was ever written down', () => {
    const wrong = plannedBy(YEAR_1970, {}, DECLARED, YEAR_1970)
    expect(wrong.steps).toEqual([`pull ${dump(23)}`, 'wait other.tar'])
    expect(wrong.codes).toEqual(['box-clock'])
  })

  test('released, it counts as it is', () => {
    const { plan } = plannedBy(YEAR_1970)
    const released = new Set([plan.problems[0]!.release!])
    expect(plannedBy(YEAR_1970, { released })).toMatchObject({
      clock: { state: 'sane', passed: { code: 'prune-clock-back' } },
    })
    const leapt = plannedBy(at(50 * 24))
    const [hold] = leapt.plan.holds
    const let50 = plannedBy(at(50 * 24), { released: new Set([hold!.id]) })
    expect(let50.steps).toContain('expire z.tar')
    expect(let50.holds).toEqual(['prune-late'])
    expect(let50.clock.passed).toMatchObject({ code: 'clock-leap' })
  })

  test('a time that was given says nothing about it; a suspended backup has no leap, and is late', () => {
    expect(plannedBy(at(50 * 24), { isSupposed: true }).codes).not.toContain('box-clock')
    const suspended = plannedBy(at(50 * 24), { isSuspended: true })
    expect([suspended.codes.includes('box-clock'), suspended.late]).toEqual([false, ['db']])
    expect(plannedBy(at(-24), { isSuspended: true }).codes).toEqual(['box-clock'])
  })
})

test('what several backups met of it is told once, and blames none of them', () => {
  const problem = (hint: string) => ({ code: 'box-clock', message: 'm', hint })
  const other = { code: 'rot', message: 'm', hint: 'h' }
  const outcome = (problems: BackupOutcome['problems']) =>
    ({
      result: 'in-sync',
      exitCode: 1,
      problems,
      conflicts: [],
      lost: [],
      holds: [],
      stale: [],
      late: [],
      halt: null,
    }) as unknown as BackupOutcome
  const { backups, problems } = apartFromBox(
    [outcome([problem('a')]), outcome([problem('b'), other]), outcome([problem('a')])],
    false,
  )
  expect(backups.map(({ exitCode, problems: own }) => [exitCode, own.length])).toEqual([
    [0, 0],
    [6, 1],
    [0, 0],
  ])
  expect(problems).toEqual([problem('a\nb')])
})
