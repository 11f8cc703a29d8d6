import { describe, expect, test } from 'vitest'
import { retain } from '../../../src/decide/retention/retain.ts'
import { zoneOf } from '../../../src/decide/time/zone.ts'
import { instant } from '../../../src/model/instant.ts'
import type { SourceView } from '../../../src/model/observation.ts'
import type { Spec } from '../../../src/model/spec.ts'
import { spec } from '../../helpers/picture.ts'
import { policy } from '../../helpers/points.ts'
import {
  DAY,
  dayOf,
  digestFor,
  HOUR,
  listing,
  offered,
  simulate,
  UNREACHABLE,
} from '../../helpers/simulated-backup.ts'

const START = Date.UTC(2024, 0, 1)
const YEARS = 2 * 366 * DAY

const daily: Spec = spec({
  series: { patterns: ['{series}-{YYYY}-{MM}-{DD}.tar'], timezone: 'UTC' },
  retain: policy({ daily: 7, weekly: 4, monthly: 12 }),
  expect: [{ series: null, rhythm: { kind: 'every', seconds: 86_400 }, grace: 7200, until: null }],
  prune: { mode: 'auto', keepAtLeast: 3, minAge: 7 * 86_400, trashFor: 7 * 86_400 },
})

/** A stretch of time, in days from the start. */
interface Outage {
  readonly from: number
  readonly days: number
}

const within = (outages: readonly Outage[], at: number): boolean =>
  outages.some(({ from, days }) => at >= START + from * DAY && at < START + (from + days) * DAY)

/** Dumps of each day, made at half past two that night and kept at the source for 40 days; none while the producer is dead. */
function sourceAt(now: number, dead: readonly Outage[]): SourceView {
  const files = []
  for (let day = Math.max(START, now - 40 * DAY); day <= now; day += DAY) {
    const midnight = Math.floor(day / DAY) * DAY
    const made = midnight + 2.5 * HOUR
    if (made > now || within(dead, made)) continue
    files.push(offered(`db-${dayOf(midnight)}.tar`, instant(made), digestFor(midnight / DAY)))
  }
  return listing(files)
}

interface Case {
  /** How long after a pass the next one is made. */
  readonly every: (now: number) => number
  readonly dead: readonly Outage[]
  readonly cut: readonly Outage[]
}

/** A dead series is late until two passes after it has come back. */
const isOutage = ({ dead, cut }: Case, at: number) =>
  within(
    [...dead, ...cut].map(({ from, days }) => ({ from, days: days + 4 })),
    at,
  )

/** So many wait for their minAge: of daily dumps that of each day, and the one of the pass in between. */
const WAITING = 10

/** Two years of passes. Tells when they were held, how much surplus there was, day by day, and what is held in the end. */
function twoYears({ every, dead, cut }: Case) {
  const backup = simulate(daily, instant(START))
  const heldAt: number[] = []
  const surplus: number[] = []
  let passes = 0
  let last = START
  for (let now = START + 3 * HOUR; now < START + YEARS; now += every(now)) {
    const pass = backup.pass(within(cut, now) ? UNREACHABLE : sourceAt(now, dead), instant(now))
    passes++
    last = now
    if (pass.holds.length > 0) heldAt.push(now)
    surplus.push(pass.plan.summary.surplus)
  }
  const surplusOn = (day: number) => surplus[Math.floor((day * passes * DAY) / YEARS) - 1] ?? 0
  return { passes, heldAt, surplusOn, last, held: [...backup.destination.files.keys()].sort() }
}

/** What the policy alone would keep of all dumps that were ever made. */
function byPolicy(dead: readonly Outage[], until: number): readonly string[] {
  const points = []
  for (let midnight = START; midnight + 2.5 * HOUR < until; midnight += DAY) {
    if (within(dead, midnight + 2.5 * HOUR)) continue
    points.push({ name: `db-${dayOf(midnight)}.tar`, time: instant(midnight + DAY - 1), pinned: false })
  }
  return [...retain(points, daily.retain!, zoneOf('UTC')).keys()].map(({ name }) => name).sort()
}

const DEAD = [
  { from: 100, days: 3 },
  { from: 300.1, days: 21 },
]
const CUT = [
  { from: 200.5, days: 3 },
  { from: 500.9, days: 21 },
]
const RARELY = () => 2 * DAY
/** The box is only switched on every second day in the fourth quarter of each year. */
const PARTLY = (now: number) => (Math.floor((now - START) / (92 * DAY)) % 4 === 3 ? 2 * DAY : 3 * HOUR)

describe('two years of daily dumps under daily 7, weekly 4, monthly 12', () => {
  test.each<[string, Case]>([
    [
      'with a pass every 3 hours, for a quarter of the time only one every 2 days, and outages of 3 and 21 days of producer and line',
      { every: PARTLY, dead: DEAD, cut: CUT },
    ],
    ['with passes only every 2 days', { every: RARELY, dead: [], cut: [] }],
  ])('%s: outside outages under 1 %% of the passes are held, and the set returns to policy', (_, one) => {
    const { passes, heldAt, last, held } = twoYears(one)
    expect(heldAt.filter((at) => !isOutage(one, at)).length / passes).toBeLessThan(0.01)
    const wanted = byPolicy(one.dead, last)
    expect(held.filter((name) => wanted.includes(name))).toEqual(wanted)
    expect(held.length - wanted.length).toBeLessThanOrEqual(WAITING)
  })

  test('with passes only every 2 days and outages: only outages hold, and after each the set returns to policy', () => {
    const one: Case = { every: RARELY, dead: DEAD, cut: CUT }
    const { heldAt, surplusOn, last, held } = twoYears(one)
    expect(heldAt.filter((at) => !isOutage(one, at))).toEqual([])
    for (const day of [99, 120, 199, 220, 299, 340, 499, 545, 730])
      expect(surplusOn(day), `day ${day}`).toBeLessThanOrEqual(WAITING)
    const wanted = byPolicy(DEAD, last)
    expect(held.filter((name) => wanted.includes(name))).toEqual(wanted)
    expect(held.length - wanted.length).toBeLessThanOrEqual(WAITING)
  })
})
