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
        const nth = Math.ceil((times[at]! - time) / period - 0.5)
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

/** So many periods tell how often a series usually gets a point. */
const USUAL_PERIODS = 10
/** Points that are closer together than this part of the usual distance count as one. */
const TOO_CLOSE = 0.25

/**
 * How far apart the points before one are, and those that came with it; where that is too little to go by, those that came next too.
 * Neither a flood nor an outage makes it another: what counts is the distance in which the series has spent half of its time, and of
 * the distances around that one their mean. At most a period.
 */
function usualGap(period: number, time: Instant, { times, passes }: SeriesHistory): number {
  let last = firstAfter(times, time) - 1
  const pass = passes[last]
  while (pass !== undefined && passes[last + 1] === pass) last++
  const gaps: number[] = []
  let whole = 0
  const add = (at: number) => {
    const gap = Math.min(period, times[at]! - times[at - 1]!)
    gaps.push(gap)
    whole += gap
  }
  const isEnough = () => whole >= USUAL_PERIODS * period
  for (let at = last; at > 0 && !isEnough(); at--) add(at)
  for (let at = Math.max(1, last + 1); at < times.length && !isEnough(); at++) add(at)
  const middle = middleOf(gaps, whole)
  if (middle === null) return period
  const near = gaps.filter((gap) => gap >= TOO_CLOSE * middle)
  return near.reduce((sum, gap) => sum + gap, 0) / near.length
}

/** The distance in which half of all time was spent; null: there is none. */
function middleOf(gaps: readonly number[], whole: number): number | null {
  let half = 0
  for (const gap of gaps.toSorted((a, b) => b - a)) {
    half += gap
    if (half * 2 >= whole) return gap
  }
  return null
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
