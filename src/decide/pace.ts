import { DAY, type Instant } from '../model/instant.ts'
import type { Spec } from '../model/spec.ts'
import { expectationOf } from './freshness.ts'
import { countOf, RULES, type RuleName } from './retain.ts'
import type { SeriesHistory } from './series-history.ts'
import { meanBeat } from './time-warnings.ts'

/** I9, pace: the rules of one series that count slower than its points may come. */
export interface Pace {
  /** How often a point is expected, milliseconds. */
  readonly period: number
  readonly rules: readonly { readonly rule: RuleName; readonly count: number; readonly span: number }[]
}

/** The rule that a point may not fall by yet, and how many of the periods it counts have held a point. */
export interface Slow {
  readonly rule: RuleName
  readonly count: number
  readonly held: number
}

/** The shortest of each kind, milliseconds; of `last` there is none. */
const SPANS: Readonly<Record<RuleName, number>> = {
  last: 0,
  hourly: DAY / 24,
  daily: DAY,
  weekly: 7 * DAY,
  monthly: 28 * DAY,
  yearly: 365 * DAY,
}

/** Null: nothing is expected of the series, or each rule counts no faster than points are expected. */
export function paceOf({ retain, expect, series: { timezone } }: Spec, series: string): Pace | null {
  const rhythm = expectationOf(series, expect)?.rhythm
  if (retain === null || rhythm === undefined || rhythm.kind === 'never') return null
  const period = meanBeat(rhythm.kind === 'every' ? rhythm : { ...rhythm, timezone }) * 1000
  const rules = RULES.flatMap((rule) => {
    const count = countOf(rule, retain)
    return count === null || SPANS[rule] >= period ? [] : [{ rule, count, span: SPANS[rule] }]
  })
  return rules.length === 0 ? null : { period, rules }
}

/** How fast one series has really gone. */
export interface Pacer {
  /**
   * The rule that keeps a point although it would fall by it: since that point, fewer periods have held one that came in order than the
   * rule counts. Null: none does. Periods are counted from the point itself, each around a moment at which one is expected.
   */
  readonly slowedBy: (time: Instant) => Slow | null
  /**
   * Whether a point would fall by now at the rate at which the series got its points until that one came: then nothing has pushed it, and
   * the expectation is only a patient one.
   */
  readonly fallsAnyway: (time: Instant) => boolean
}

/** It may come by a fifth more often than usual. */
const TOLERANCE = 0.8

export function pacer({ period, rules }: Pace, history: SeriesHistory): Pacer {
  const { times } = history
  const most = Math.max(...rules.map(({ count }) => count))
  const lived = livedUntil(times, period)
  return {
    slowedBy(time) {
      let held = 0
      let at = firstAfter(times, time + period / 2)
      while (held < most && at < times.length) {
        held++
        const nth = Math.round((times[at]! - time) / period)
        at = firstAfter(times, time + (nth + 0.5) * period)
      }
      const slow = rules.find(({ count }) => held < count)
      return slow === undefined ? null : { rule: slow.rule, count: slow.count, held }
    },
    fallsAnyway(time) {
      const next = firstAfter(times, time)
      if (next === times.length) return false
      const since = lived.at(-1)! - lived[next]! + Math.min(times[next]! - time, period)
      const usual = usualGap(period, time, history)
      return rules.every(({ count, span }) => since >= TOLERANCE * count * Math.max(usual, span))
    },
  }
}

/** How long a series had lived when each of its points came, milliseconds: no gap counts for more than a period. */
function livedUntil(times: readonly Instant[], period: number): readonly number[] {
  let lived = 0
  return times.map((time, i) => {
    if (i > 0) lived += Math.min(time - times[i - 1]!, period)
    return lived
  })
}

/** So many periods before a point tell how often the series usually gets one. */
const USUAL_PERIODS = 10

/**
 * The distance of the points before one, and of those that came with it, in which the series has spent half of its time: so neither a
 * flood nor an outage makes it another. At most a period.
 */
function usualGap(period: number, time: Instant, { times, passes }: SeriesHistory): number {
  let last = firstAfter(times, time) - 1
  const pass = passes[last]
  while (pass !== undefined && passes[last + 1] === pass) last++
  const gaps: number[] = []
  let whole = 0
  for (let at = last; at > 0 && whole < USUAL_PERIODS * period; at--) {
    const gap = Math.min(period, times[at]! - times[at - 1]!)
    gaps.push(gap)
    whole += gap
  }
  let half = 0
  for (const gap of gaps.sort((a, b) => b - a)) {
    half += gap
    if (half * 2 >= whole) return gap
  }
  return period
}

/** The index of the first point after a time, or how many there are. */
function firstAfter(times: readonly Instant[], time: number): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (times[middle]! <= time) low = middle + 1
    else high = middle
  }
  return low
}
