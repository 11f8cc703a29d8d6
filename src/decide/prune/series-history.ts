import { groupBy } from '../../model/group-by.ts'
import { firstPublished, type Holding } from '../../model/holding.ts'
import { DAY, type Instant } from '../../model/instant.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { Spec } from '../../model/spec.ts'
import { recordedTime } from '../retention/file-time.ts'
import { dateFiles } from '../retention/series-pattern.ts'
import type { Point } from '../retention/series-points.ts'

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
  /** The position of its first line in the ledger. */
  readonly nth: number
  readonly at: Instant
  readonly planId: string | null
}

/**
 * I9, order: which points of a series came in order, by the order of the ledger's lines and by no clock. Those of one pass, known by its
 * plan's id, came together. A point that was dated over a day ahead when it came puts none after it out of order.
 */
export function seriesHistory(
  points: readonly Point[],
  removed: readonly First[],
  nthOf: (path: RelPath) => number,
  asOf: Instant,
): SeriesHistory {
  const firsts = [...points.flatMap((point) => firstOf(point, nthOf)), ...removed]
  inTurn(firsts, ({ nth }) => nth)
  const late = new Map<Instant, number>()
  const came: { readonly time: Instant; readonly pass: number }[] = []
  let planId: string | null = null
  let pass = 0
  // The newest time that came in earlier passes, and by the end of this one.
  let before = Number.NEGATIVE_INFINITY
  let newest = Number.NEGATIVE_INFINITY
  for (const first of firsts) {
    if (first.planId !== planId) {
      pass++
      before = newest
    }
    planId = first.planId
    const { time } = first
    if (time < before) late.set(time, pass)
    else if (time <= asOf) came.push({ time, pass })
    if (time - first.at <= DAY && time > newest) newest = time
  }
  inTurn(came, ({ time }) => time)
  return { times: came.map(({ time }) => time), passes: came.map((one) => one.pass), late }
}

/** Of a point's files the first counts; none: nothing of it was ever here. */
function firstOf({ time, facts }: Point, nthOf: (path: RelPath) => number): readonly First[] {
  let first: First | null = null
  for (const { path, record } of facts) {
    if (record === undefined) continue
    const nth = nthOf(path)
    if (first === null || nth < first.nth) first = { time, nth, ...firstPublished(record) }
  }
  return first === null ? [] : [first]
}

/** Sorts what mostly is in order already. */
function inTurn<Value>(values: Value[], by: (value: Value) => number): void {
  if (values.some((value, i) => i > 0 && by(values[i - 1]!) > by(value))) values.sort((a, b) => by(a) - by(b))
}

/** The position of each record's first line: the ledger's records are in the order of those. */
export function ledgerOrder({ records }: Pick<Holding, 'records'>): (path: RelPath) => number {
  const nth = new Map<RelPath, number>()
  for (const path of records.keys()) nth.set(path, nth.size)
  return (path) => nth.get(path) ?? nth.size
}

/** Each file with a date that a prune removed, as far as the ledger knows it. */
export function removedFiles(spec: Spec, { pruned, records }: Pick<Holding, 'pruned' | 'records'>) {
  const dated = dateFiles(spec.series)
  return [...pruned.keys()].flatMap((path) => {
    const record = records.get(path)
    const date = dated(path)
    if (record === undefined || date === null) return []
    return { path, series: date.series, time: date.time ?? recordedTime(record), record }
  })
}

/** The files of each series that a prune removed, as they first came. */
export function removedFirsts(
  spec: Spec,
  holding: Pick<Holding, 'pruned' | 'records'>,
  nthOf: (path: RelPath) => number,
): ReadonlyMap<string, readonly First[]> {
  const firsts = removedFiles(spec, holding).map(({ path, series, time, record }) => {
    return { series, time, nth: nthOf(path), ...firstPublished(record) }
  })
  return groupBy(firsts, ({ series }) => series)
}
