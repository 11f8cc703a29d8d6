import { DAY, type Instant, instant } from '../../model/instant.ts'
import type { RetainRules } from '../../model/spec.ts'
import type { Zone } from '../time/zone.ts'

/** A point as retention sees it. Of two with the same time the one with the greater name counts as newer. */
export interface DatedPoint {
  readonly time: Instant
  readonly name: string
  /** Kept whatever the rules say, and counted by none of them. */
  readonly pinned: boolean
}

const HOUR = 3_600_000
const PINNED = ['pin'] as const
const OLDEST = ['oldest'] as const
const NONE: readonly string[] = []

/** Numbers that are the same for two wall-clock times in the same period, and follow the clock. */
export const PERIODS = {
  last: null,
  hourly: (local: number) => Math.floor(local / HOUR),
  daily: (local: number) => Math.floor(local / DAY),
  // ISO weeks begin on Mondays; 1 January 1970 was a Thursday.
  weekly: (local: number) => Math.floor((Math.floor(local / DAY) + 3) / 7),
  monthly(local: number) {
    const date = new Date(local)
    return date.getUTCFullYear() * 12 + date.getUTCMonth()
  },
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
  forEachKept(points, rules, zone, (point, reasons) => kept.set(point, reasons))
  return kept
}

/** The same, point by point: who has a place of his own for the reasons needs no map of a million of them. */
export function forEachKept<Point extends DatedPoint>(
  points: readonly Point[],
  rules: RetainRules,
  zone: Zone,
  visit: (point: Point, reasons: readonly string[]) => void,
): void {
  for (const point of points) if (point.pinned) visit(point, PINNED)
  const counted = newestFirst(points.filter((point) => !point.pinned))
  const local = counted.map(({ time }) => zone.toLocal(time))
  const kept: (readonly string[])[] = counted.map(() => NONE)
  // Points that one rule keeps for the same reason share its words.
  const keep: Keep = (index, reason) => {
    const reasons = kept[index]!
    if (reasons === NONE) kept[index] = reason
    else if (!reasons.includes(reason[0])) kept[index] = [...reasons, ...reason]
  }
  keepWithin(counted, rules, zone, keep)
  const hasRoom = RULES.map((rule) => keepByRule(local, rule, rules, keep))
  if (hasRoom.includes(true)) keep(counted.length - 1, OLDEST)
  for (let index = 0; index < kept.length; index++) {
    const reasons = kept[index]!
    if (reasons !== NONE) visit(counted[index]!, reasons)
  }
}

/** Keeps one of the counted points. */
type Keep = (index: number, reason: readonly [string]) => void

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

function keepWithin(counted: readonly DatedPoint[], { within }: RetainRules, zone: Zone, keep: Keep): void {
  const newest = counted[0]
  if (within === null || newest === undefined) return
  const since = startOfWithin(within, newest.time, zone)
  const reason = [`within ${within.text}`] as const
  for (let index = 0; index < counted.length && counted[index]!.time > since; index++) keep(index, reason)
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
 * Keeps the points of one rule; `local`: their times by the wall clock. Returns whether the oldest point is to be kept as well, because the
 * rule has room for more periods than there are, and that point does not stand for its period already: so as much history is kept as
 * there is room for.
 */
function keepByRule(local: readonly number[], rule: RuleName, rules: RetainRules, keep: Keep): boolean {
  const count = countOf(rule, rules)
  if (count === null) return false
  const exact = PERIODS[rule]
  const periodOf = exact === null || rule === 'hourly' ? exact : onceADay(exact)
  let nth = 0
  let period = Number.NaN
  /** Of the period at hand; with `pick: oldest` it is not known before the period ends. */
  let chosen: number | null = null
  for (let index = 0; index < local.length; index++) {
    const here = periodOf === null ? nth : periodOf(local[index]!)
    if (periodOf === null || here !== period) {
      if (chosen !== null) keep(chosen, [`${rule} ${nth}`])
      if (nth === count) return false
      nth++
      period = here
      chosen = index
    } else if (rules.pick === 'oldest') chosen = index
  }
  if (chosen !== null) keep(chosen, [`${rule} ${nth}`])
  return nth < count && local.length > 0 && chosen !== local.length - 1
}

/** The same answers, with the calendar looked into once for each day: no period but an hour begins within one. */
function onceADay(periodOf: (local: number) => number): (local: number) => number {
  let day = Number.NaN
  let period = Number.NaN
  return (local) => {
    const today = Math.floor(local / DAY)
    if (today !== day) period = periodOf(local)
    day = today
    return period
  }
}
