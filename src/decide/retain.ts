import { DAY, type Instant, instant } from '../model/instant.ts'
import type { RetainRules } from '../model/spec.ts'
import type { Zone } from './zone.ts'

/** A point as retention sees it. Of two with the same time the one with the greater name counts as newer. */
export interface DatedPoint {
  readonly time: Instant
  readonly name: string
  /** Kept whatever the rules say, and counted by none of them. */
  readonly pinned: boolean
}

const PINNED = ['pin'] as const
const OLDEST = ['oldest'] as const

/** Numbers that are the same for two wall-clock times in the same period, and follow the clock. */
export const PERIODS = {
  last: null,
  hourly: (local: number) => Math.floor(local / 3_600_000),
  daily: (local: number) => Math.floor(local / DAY),
  // ISO weeks begin on Mondays; 1 January 1970 was a Thursday.
  weekly: (local: number) => Math.floor((Math.floor(local / DAY) + 3) / 7),
  monthly: (local: number) => new Date(local).getUTCFullYear() * 12 + new Date(local).getUTCMonth(),
  yearly: (local: number) => new Date(local).getUTCFullYear(),
} as const satisfies Record<string, ((local: number) => number) | null>

export type RuleName = keyof typeof PERIODS
export const RULES = Object.keys(PERIODS) as readonly RuleName[]

/**
 * The points that the rules keep, each with every reason; a point that is not in the answer is not kept. Pure, and the order of
 * `points` does not matter. The rules are those of `restic forget`: they are independent, and each keeps the newest point of each of
 * its latest N periods that hold a point; a rule that is not filled also keeps the oldest point; `within` counts back from the newest
 * point. With `pick: oldest` the first point of a period stands for it. Periods are cut by the zone's calendar.
 */
export function retain<Point extends DatedPoint>(
  points: readonly Point[],
  rules: RetainRules,
  zone: Zone,
): ReadonlyMap<Point, readonly string[]> {
  const kept = new Map<Point, readonly string[]>()
  // Points that one rule keeps for the same reason share its words.
  const keep = (point: Point, reason: readonly [string]) => {
    const reasons = kept.get(point)
    if (reasons === undefined) kept.set(point, reason)
    else if (!reasons.includes(reason[0])) kept.set(point, [...reasons, ...reason])
  }
  for (const point of points) if (point.pinned) keep(point, PINNED)
  const counted = newestFirst(points.filter((point) => !point.pinned))
  keepWithin(counted, rules, zone, keep)
  const oldest = RULES.map((rule) => keepByRule(counted, rule, rules, zone, keep))
  for (const point of oldest) if (point !== null) keep(point, OLDEST)
  return kept
}

/**
 * How many periods a rule keeps; null: there is no such rule. Without `last` one is implied, but where the oldest are picked only if
 * there is no rule at all, for no policy keeps nothing (I9).
 */
export const countOf = (rule: RuleName, rules: RetainRules): number | null =>
  rules[rule] ?? (rule === 'last' && (rules.pick === 'newest' || isBare(rules)) ? 1 : null)

const isBare = (rules: RetainRules): boolean =>
  rules.within === null && RULES.every((rule) => rules[rule] === null)

/** `last=3 daily=7`: the rules as people wrote them. */
export function policyText(rules: RetainRules): string {
  const counts = RULES.flatMap((rule) => {
    const count = countOf(rule, rules)
    return count === null ? [] : [`${rule}=${count}`]
  })
  const within = rules.within === null ? [] : [`within=${rules.within.text}`]
  return [...counts, ...within].join(' ')
}

/** The order in which rules count. */
export function newestFirst<Point extends DatedPoint>(points: readonly Point[]): readonly Point[] {
  return points.toSorted((a, b) => b.time - a.time || (a.name < b.name ? 1 : a.name > b.name ? -1 : 0))
}

function keepWithin<Point extends DatedPoint>(
  counted: readonly Point[],
  { within }: RetainRules,
  zone: Zone,
  keep: (point: Point, reason: readonly [string]) => void,
): void {
  const newest = counted[0]
  if (within === null || newest === undefined) return
  const since = startOfWithin(within, newest.time, zone)
  const reason = [`within ${within.text}`] as const
  for (const point of counted) if (point.time > since) keep(point, reason)
}

/** What `within` keeps is younger than this; the moment itself is out. */
export function startOfWithin(
  within: NonNullable<RetainRules['within']>,
  newest: Instant,
  zone: Zone,
): Instant {
  return instant(zone.toInstant(zone.toLocal(newest) - within.days * DAY) - within.seconds * 1000)
}

/**
 * Keeps the points of one rule. Tells the oldest point where the rule has room for more periods than there are, and that point does
 * not stand for its period already: so as much history is kept as there is room for.
 */
function keepByRule<Point extends DatedPoint>(
  counted: readonly Point[],
  rule: RuleName,
  rules: RetainRules,
  zone: Zone,
  keep: (point: Point, reason: readonly [string]) => void,
): Point | null {
  const count = countOf(rule, rules)
  if (count === null) return null
  const periodOf = PERIODS[rule]
  let nth = 0
  let period = Number.NaN
  /** Of the period at hand; with `pick: oldest` it is not known before the period ends. */
  let chosen: Point | null = null
  for (const point of counted) {
    const here = periodOf === null ? nth : periodOf(zone.toLocal(point.time))
    if (periodOf === null || here !== period) {
      if (chosen !== null) keep(chosen, [`${rule} ${nth}`])
      if (nth === count) return null
      nth++
      period = here
      chosen = point
    } else if (rules.pick === 'oldest') chosen = point
  }
  if (chosen !== null) keep(chosen, [`${rule} ${nth}`])
  const oldest = counted.at(-1)
  return nth < count && oldest !== undefined && oldest !== chosen ? oldest : null
}
