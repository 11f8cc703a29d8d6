import { DAY, instant } from '../../model/instant.ts'
import type { Retained } from '../../model/plan.ts'
import type { Schedule, Spec } from '../../model/spec.ts'
import { meanBeat, type TimeWarning } from '../time/warnings.ts'
import { zoneOf } from '../time/zone.ts'
import { countOf, type DatedPoint, RULES, retain } from './retain.ts'

/**
 * How many points of a series the rules keep once it has come as expected for long, and how many are held with those that wait for
 * `minAge` and for their day (a fifth of the settled ones at most). Null: nothing is removed, or nothing says how often points come.
 */
export function retained({ retain: rules, expect, prune, series: { timezone } }: Spec): Retained | null {
  const rhythm = expect.map((one) => one.rhythm).find(({ kind }) => kind !== 'never')
  if (rules === null || prune.mode === 'never' || rhythm === undefined || rhythm.kind === 'never') return null
  const every: Schedule = rhythm.kind === 'every' ? rhythm : { ...rhythm, timezone }
  const gap = meanBeat(every) * 1000
  const key = JSON.stringify([rules, gap, timezone])
  const wanted = known.get(key) ?? countWanted(rules, gap, timezone)
  known.set(key, wanted)
  const aDay = DAY / gap
  const young = (aDay * prune.minAge) / 86_400
  return { wanted, held: Math.round(young + Math.max(wanted, aDay > 1 ? 5 * aDay : 0)) }
}

const known = new Map<string, number>()

/** A Monday on which a year begins: most periods have but one point then, and the rules go back least. */
const NEW_YEAR = Date.UTC(2029, 0, 1)

/** Where the rules and `minAge` cannot hold points for as long as `expect.reach` asks. */
export function reachWarnings({
  retain: rules,
  expect,
  prune,
  series: { timezone },
}: Pick<Spec, 'retain' | 'expect' | 'prune' | 'series'>): readonly TimeWarning[] {
  if (rules === null || prune.mode === 'never') return []
  return expect.flatMap(({ rhythm, reach }) => {
    if (reach === undefined || rhythm.kind === 'never') return []
    const gap = meanBeat(rhythm.kind === 'every' ? rhythm : { ...rhythm, timezone }) * 1000
    const now = zoneOf(timezone).toInstant(NEW_YEAR) + 60_000
    const oldest = Math.min(...wantedOf(rules, gap, timezone, now).map(({ time }) => time))
    const held = (now - oldest) / 1000 + prune.minAge
    if (held >= reach) return []
    const [wanted, kept] = [reach, held].map((seconds) => `${Math.floor(seconds / 86_400)} days`)
    return [
      {
        key: ['expect'],
        code: 'reach-beyond-retain',
        message: `expect.reach asks for ${wanted}, and with retain and prune.minAge points go back only ${kept} at times`,
        hint: 'Keep more with retain, for example two more monthly points, or make reach shorter.',
      },
    ]
  })
}

/** A Wednesday at noon, so that neither a week, a month nor a year has just begun. */
const NOW = Date.UTC(2026, 5, 17, 12)
/** Days of which each has but its newest point, beyond those of which each point counts. */
const MOST_DAYS = 40 * 366

const countWanted = (rules: NonNullable<Spec['retain']>, gap: number, timezone: string): number =>
  wantedOf(rules, gap, timezone, NOW).length

/** Of points that have come every `gap` milliseconds up to `now`, those that the rules keep. */
function wantedOf(
  rules: NonNullable<Spec['retain']>,
  gap: number,
  timezone: string,
  now: number,
): readonly DatedPoint[] {
  const dense = now - denseSpan(rules, gap)
  const reach = now - Math.min(MOST_DAYS * DAY, coarseSpan(rules, gap))
  const points = []
  for (let time = now; time >= dense; time -= gap) points.push(pointAt(time))
  const step = Math.max(gap, DAY)
  for (let time = Math.floor(dense / step) * step - 1; time >= reach; time -= step) points.push(pointAt(time))
  return [...retain(points, rules, zoneOf(timezone)).keys()]
}

const pointAt = (time: number) => ({ time: instant(time), name: '', pinned: false })

/** As far back as rules reach that count more than one point a day. */
const denseSpan = (rules: NonNullable<Spec['retain']>, gap: number): number =>
  Math.max(
    2 * DAY,
    (countOf('last', rules) ?? 0) * gap,
    (countOf('hourly', rules) ?? 0) * Math.max(gap, DAY / 24),
    rules.within === null ? 0 : rules.within.days * DAY + rules.within.seconds * 1000,
  ) + DAY

const LONGEST = {
  last: 0,
  hourly: 0,
  daily: DAY,
  weekly: 7 * DAY,
  monthly: 31 * DAY,
  yearly: 366 * DAY,
} as const

const coarseSpan = (rules: NonNullable<Spec['retain']>, gap: number): number =>
  Math.max(
    ...RULES.map(
      (rule) => ((countOf(rule, rules) ?? 0) + 2) * (LONGEST[rule] === 0 ? 0 : Math.max(gap, LONGEST[rule])),
    ),
  ) + denseSpan(rules, gap)
