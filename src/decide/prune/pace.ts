import { firstIndex } from '../../model/binary-search.ts'
import { DAY, type Instant } from '../../model/instant.ts'
import type { Spec } from '../../model/spec.ts'
import { countOf, RULES, type RuleName } from '../retention/retain.ts'
import { expectationOf } from '../status/freshness.ts'
import { meanBeat } from '../time/warnings.ts'
import type { SeriesHistory } from './series-history.ts'

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

/** How often a point of the series is expected, milliseconds; null: nothing is expected of it. */
export function periodOf({ expect, series: { timezone } }: Spec, series: string): number | null {
  const rhythm = expectationOf(series, expect)?.rhythm
  if (rhythm === undefined || rhythm.kind === 'never') return null
  return meanBeat(rhythm.kind === 'every' ? rhythm : { ...rhythm, timezone }) * 1000
}

/** Null: nothing is expected of the series, or each rule counts no faster than points are expected. */
export function paceOf(spec: Spec, series: string): Pace | null {
  const { retain, expect } = spec
  // Where nothing more is expected, whatever comes all the same lets nothing fall.
  const isEnded = expectationOf(series, expect)?.rhythm.kind === 'never'
  const period = isEnded ? Number.POSITIVE_INFINITY : periodOf(spec, series)
  if (retain === null || period === null) return null
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

export function pacer({ period, rules }: Pace, history: SeriesHistory, owed: ReadonlySet<Instant>): Pacer {
  const { times } = history
  // What comes late of what was owed counts as if it had come in order, where the question is how fast the series goes.
  const all = owed.size === 0 ? times : [...times, ...owed].sort((a, b) => a - b)
  const lived = livedUntil(all, period)
  const livedSince = (time: Instant) => {
    const next = firstAfter(all, time)
    return next === all.length ? 0 : lived.at(-1)! - lived[next]! + Math.min(all[next]! - time, period)
  }
  return {
    slowedBy(time) {
      const held = periodsHeld(period, Math.max(...rules.map(({ count }) => count)), time, times)
      const slow = rules.find(({ count }) => held < count)
      return slow === undefined ? null : { rule: slow.rule, count: slow.count, held }
    },
    fallsAnyway(time) {
      const usual = usualGap(period, time, history)
      return rules.every(({ count, span }) => {
        const step = Math.max(usual, span)
        return periodsHeld(step, count, time, all) >= count || livedSince(time) >= count * step
      })
    },
  }
}

/** How many periods since a point hold one of these, each around a moment at which one is expected; `most`: no need to count further. */
function periodsHeld(period: number, most: number, time: Instant, times: readonly Instant[]): number {
  let held = 0
  let at = firstAfter(times, time + period / 2)
  while (held < most && at < times.length) {
    held++
    const nth = Math.ceil((times[at]! - time) / period - 0.5)
    at = firstAfter(times, time + (nth + 0.5) * period)
  }
  return held
}

/**
 * Times of late points that the series still owed: each is one of a period between two in order that holds none itself. A catch-up that
 * brings the newest first makes such, and nothing is pushed by them.
 */
export function owedOf(period: number, history: SeriesHistory): ReadonlySet<Instant> {
  const { times, passes, late } = history
  const owed = new Set<Instant>()
  const filled = new Set<string>()
  for (const time of [...late.keys()].sort((a, b) => a - b)) {
    const next = firstAfter(times, time)
    const before = times[next - 1]
    const after = times[next]
    // Between two that came together nothing was missing that anybody wanted.
    if (before === undefined || after === undefined || passes[next - 1] === passes[next]) continue
    const usual = usualGap(period, before, history)
    const nth = Math.round((time - before) / usual)
    const slot = `${before} ${nth}`
    if (nth === 0 || after - time < usual / 2 || filled.has(slot)) continue
    filled.add(slot)
    owed.add(time)
  }
  return owed
}

/** How long a series had lived when each of its points came, milliseconds: no gap counts for more than a period. */
function livedUntil(times: readonly Instant[], period: number): readonly number[] {
  let lived = 0
  return times.map((time, i) => {
    if (i > 0) lived += Math.min(time - times[i - 1]!, period)
    return lived
  })
}

/** So many periods show how often a series usually gets a point. */
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
const firstAfter = (times: readonly Instant[], after: number): number =>
  firstIndex(times, (time) => time > after)
