import type { Observation } from '../../model/observation.ts'
import type { Step } from '../../model/plan.ts'
import { comparePaths, type RelPath } from '../../model/rel-path.ts'
import { nameAtSource } from '../files/versions.ts'

/** What decides when a file's turn comes. */
export interface InLine {
  readonly path: RelPath
  readonly stagedBytes: number
  /** Of its point: milliseconds since 1970. */
  readonly time: number
  /** Some of its point is here. */
  readonly begun: boolean
  /** Its point is the newest of its series that is to come. */
  readonly newest: boolean
  /** It failed its gate before, a day or more ago. */
  readonly failedBefore: boolean
}

/** What a batch is made of: one file to bring. Sizes in bytes. */
export interface BatchItem extends InLine {
  readonly size: number
  readonly mode: 'append' | 'mend'
}

/** A transfer's place among the others. `from`: the source's name for it, and that in staging. */
export function inLine(
  step: Step,
  { source, destination }: Observation,
): InLine & { readonly from: RelPath } {
  const path = step.path as RelPath
  const from = nameAtSource(path, source.files.get(path))
  return {
    path,
    from,
    stagedBytes: destination.staged.get(from)?.size ?? 0,
    time:
      step.time === undefined ? (source.files.get(path)?.listed?.mtime ?? 0) * 1000 : Date.parse(step.time),
    begun: step.begun === true,
    newest: step.newest === true,
    failedBefore: destination.seen.get(from)?.gate != null,
  }
}

const MOST_NAMES = 2000
/**
 * The contract's limit is 4 GiB. A smaller batch lets the gate of one run alongside the transfer of the next for more of the time, and
 * a session costs 0.3 s where a gibibyte takes several.
 */
const MOST_BYTES = 1024 ** 3
/**
 * Seconds at the pace of the line. Within a batch rsync goes by name, so this is how far the order may be out, and how long a whole file
 * waits to be published; a session costs a slow line a hundredth of it.
 */
const MOST_SECONDS = 2 * 60
/** Bytes a second where nothing is known of the line: a first batch of many small files is one session all the same. */
const UNKNOWN_PACE = 512 * 1024
/** Seconds. A session that took less says little of the line: most of it was setting up. */
const TOO_SHORT = 10

/** Bytes a second to reckon with, by what a session of new bytes brought in so many seconds. */
export const paceOf = (bytes: number, seconds: number): number =>
  seconds < TOO_SHORT ? Math.max(UNKNOWN_PACE, bytes / Math.max(seconds, 0.1)) : bytes / seconds

/**
 * The order in which files come: those with staged bytes first (I13: a slow line always gets somewhere), then what is missing of points
 * that are here in part, then the newest of each series, then by `order`, those whose gate failed before last. Ties go by path.
 */
export function inOrder<Item extends InLine>(
  items: readonly Item[],
  order: 'newest' | 'oldest',
): readonly Item[] {
  const sign = order === 'newest' ? -1 : 1
  const rank = (item: Item) =>
    item.failedBefore ? 4 : item.stagedBytes > 0 ? 0 : item.begun ? 1 : item.newest ? 2 : 3
  return items.toSorted(
    (a, b) => rank(a) - rank(b) || sign * (a.time - b.time) || comparePaths(a.path, b.path),
  )
}

/**
 * The first of ordered files that make a batch, of one mode. A file larger than a batch is a batch of its own, and what is newest waits
 * for nothing older. Bytes a second: `rate` is allowed, null: any; `pace` was measured, null: not yet.
 */
export function nextBatch<Item extends BatchItem>(
  items: readonly Item[],
  rate: number | null,
  pace: number | null,
): readonly Item[] {
  const mostBytes = Math.min(
    MOST_BYTES,
    Math.min(rate ?? Number.POSITIVE_INFINITY, pace ?? UNKNOWN_PACE) * MOST_SECONDS,
  )
  let bytes = 0
  const end = items.findIndex((item, i) => {
    const more = Math.max(0, item.size - item.stagedBytes)
    const isOther = items[0]!.mode !== item.mode || (items[i - 1]?.newest === true && !item.newest)
    if (i > 0 && (i >= MOST_NAMES || bytes + more > mostBytes || isOther)) return true
    bytes += more
    return false
  })
  return end === -1 ? items : items.slice(0, end)
}

/** What hashing, syncing and publishing are sure to be done with in the seconds that a stop may take. */
const QUICK = { names: 100, bytes: 64 * 1024 * 1024 }

/** The first of ordered files that are judged and published even when a pass is being stopped. */
export function quickPart<Item extends Pick<BatchItem, 'size'>>(items: readonly Item[]): readonly Item[] {
  let bytes = 0
  const end = items.findIndex(({ size }, i) => {
    bytes += size
    return i >= QUICK.names || bytes > QUICK.bytes
  })
  return end === -1 ? items : items.slice(0, end)
}
