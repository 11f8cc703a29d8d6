import type { Anomaly } from '../../model/anomaly.ts'
import { DAY, type Instant } from '../../model/instant.ts'

/** A point of a series, as far as its size and its bytes are compared. */
export interface Weighed {
  readonly time: Instant
  /** Bytes of all its files. */
  readonly size: number
  /** The same for the same bytes. */
  readonly print: string
  /** The first of its files. */
  readonly path: string
  readonly files: number
  /** Something about it was called odd when it came. */
  readonly isOdd: boolean
}

/**
 * A median of fewer says nothing: a week of dailies has seen a full backup among its increments, and an idle weekend. So has a series that
 * comes more often only after as long.
 */
const LEAST = 7
const SPAN = 6 * DAY
const WEEK = 7 * DAY
/** Whose median counts: the newest, as a series grows. */
const RECENT = 31
/** So far back another of the same size is looked for: a quarter's full backup comes again within it. */
const CYCLE = 100 * DAY
/** How many of its own usual deviations a size may be off: what always varies much is not odd for it. */
const SPREAD = 6

/** The points before one, by time, where they are enough to compare with. */
const isEnough = ({ time }: Weighed, before: readonly Weighed[]): boolean =>
  before.length >= LEAST && time - before[0]!.time >= SPAN

/**
 * Whether a point's size is odd: beyond `least` or `most` times the median of its series, further off than its sizes usually are, and further
 * than the series goes from time to time, as with full backups between increments. Null: it is not, or too little is known. `before`:
 * the points before it, by time.
 */
export function oddSize(
  point: Weighed,
  before: readonly Weighed[],
  [least, most]: readonly [number, number],
): Anomaly | null {
  if (!isEnough(point, before)) return null
  const recent = before.slice(-RECENT)
  const median = medianOf(recent.map(({ size }) => size))
  const usual =
    SPREAD * (1 + LEAST / recent.length) * medianOf(recent.map(({ size }) => Math.abs(offBy(size, median))))
  const sideOf = (size: number, spread: number): number => {
    const off = offBy(size, median)
    return off < Math.min(Math.log(least), -spread) ? -1 : off > Math.max(Math.log(most), spread) ? 1 : 0
  }
  const side = sideOf(point.size, usual)
  if (side === 0) return null
  // Of a point whose files come one by one not all may be known.
  if (side < 0 && point.files < medianOf(recent.map(({ files }) => files))) return null
  // Whether the series has been as far off before, or nearly so.
  const isAsFar = ({ size }: Weighed): boolean =>
    sideOf(size, 0) === side && (side < 0 ? size * least <= point.size : size * most >= point.size)
  // A dump that failed once may fail again: of small ones it takes two to make a habit, or a week between them.
  let missing = side < 0 ? 2 : 1
  for (let i = before.length - 1; i >= 0; i--) {
    const one = before[i]!
    const ago = point.time - one.time
    if (i < before.length - RECENT && ago > CYCLE) break
    if (!isAsFar(one)) continue
    missing -= !one.isOdd && Math.abs(ago - WEEK) < DAY / 2 ? 2 : 1
    if (missing <= 0) return null
  }
  return { kind: 'size', size: point.size, median: Math.round(median), points: recent.length }
}

/** Whether a point has the bytes of the one before, where no two of its series ever had the same. */
export function sameBytes(point: Weighed, before: readonly Weighed[]): Anomaly | null {
  const last = before.at(-1)
  if (last?.print !== point.print || !isEnough(point, before)) return null
  return new Set(before.map(({ print }) => print)).size < before.length
    ? null
    : { kind: 'same', as: last.path }
}

/** How far a size is off another one, as the logarithm of their ratio. */
const offBy = (size: number, from: number): number => Math.log(Math.max(1, size) / Math.max(1, from))

function medianOf(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
