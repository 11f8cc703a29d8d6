import { firstPublished, type Holding, type LedgerRecord } from '../model/holding.ts'
import { DAY, type Instant, instant } from '../model/instant.ts'
import type { Spec } from '../model/spec.ts'
import type { Point } from './retention.ts'
import { dateFiles } from './series-pattern.ts'

/** What the ledger knows of the order in which one series came here, also of points that a prune removed since. */
export interface SeriesHistory {
  /** Times of points that came in order and are not dated after now, oldest first. */
  readonly times: readonly Instant[]
  /** The pass in which each of those came: of two the later has the greater number. */
  readonly passes: readonly number[]
  /** Times of points that came after a newer one of their series had come in an earlier pass, each with its own pass. */
  readonly late: ReadonlyMap<Instant, number>
}

/** One file as it first came. */
interface First {
  /** Of its point. */
  readonly time: Instant
  readonly at: Instant
  readonly planId: string | null
}

/** The time of a point without a date in its name: the source's mtime when it was published, else when that was. */
const recordedTime = ({ mtime, since }: LedgerRecord): Instant =>
  mtime === null ? since : instant(mtime * 1000)

/**
 * I9, order: which points of a series came in order. Those of one pass, which its plan's id tells, came together. A point that was
 * dated over a day ahead when it came puts none after it out of order.
 */
export function seriesHistory(
  points: readonly Point[],
  removed: readonly First[],
  asOf: Instant,
): SeriesHistory {
  const firsts = [...points.flatMap(firstOf), ...removed]
  inTurn(firsts, ({ at }) => at)
  const late = new Map<Instant, number>()
  const came: { readonly time: Instant; readonly pass: number }[] = []
  let planId: string | null = null
  let at = Number.NaN
  let pass = 0
  // The newest time that came in earlier passes, and by the end of this one.
  let before = Number.NEGATIVE_INFINITY
  let newest = Number.NEGATIVE_INFINITY
  for (const first of firsts) {
    if (first.planId !== planId && first.at !== at) {
      pass++
      before = newest
    }
    ;({ planId, at } = first)
    const { time } = first
    if (time < before) late.set(time, pass)
    else if (time <= asOf) came.push({ time, pass })
    if (time - first.at <= DAY && time > newest) newest = time
  }
  inTurn(came, ({ time }) => time)
  return { times: came.map(({ time }) => time), passes: came.map((one) => one.pass), late }
}

/** Of a point's files the first counts; none: nothing of it was ever here. */
function firstOf({ time, facts }: Point): readonly First[] {
  let first: First | null = null
  for (const { record } of facts) {
    if (record === undefined) continue
    const { at, planId } = firstPublished(record)
    if (first === null || at < first.at) first = { time, at, planId }
  }
  return first === null ? [] : [first]
}

/** Sorts what mostly is in order already. */
function inTurn<Value>(values: Value[], by: (value: Value) => number): void {
  if (values.some((value, i) => i > 0 && by(values[i - 1]!) > by(value))) values.sort((a, b) => by(a) - by(b))
}

/** The files of each series that a prune removed, as they first came. */
export function removedFirsts(
  spec: Spec,
  { pruned, records }: Pick<Holding, 'pruned' | 'records'>,
): ReadonlyMap<string, readonly First[]> {
  const dated = dateFiles(spec.series)
  const bySeries = new Map<string, First[]>()
  for (const path of pruned.keys()) {
    const record = records.get(path)
    const date = dated(path)
    if (record === undefined || date === null) continue
    const first = { time: date.time ?? recordedTime(record), ...firstPublished(record) }
    const others = bySeries.get(date.series)
    if (others === undefined) bySeries.set(date.series, [first])
    else others.push(first)
  }
  return bySeries
}
