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
    failedBefore: destination.seen.get(from)?.gate != null,
  }
}

const MOST_NAMES = 2000
/**
 * The contract's limit is 4 GiB. A smaller batch lets the gate of one run alongside the transfer of the next for more of the time, and
 * a session costs 0.3 s where a gibibyte takes several.
 */
const MOST_BYTES = 1024 ** 3
/** Seconds at the allowed rate, so that a slow line publishes soon. */
const MOST_SECONDS = 15 * 60

/**
 * The order in which files come: those with staged bytes first (I13: a slow line always gets somewhere), then what is missing of points
 * that are here in part, then by `order`, those whose gate failed before last. Ties go by path.
 */
export function inOrder<Item extends InLine>(
  items: readonly Item[],
  order: 'newest' | 'oldest',
): readonly Item[] {
  const sign = order === 'newest' ? -1 : 1
  const rank = (item: Item) => (item.failedBefore ? 3 : item.stagedBytes > 0 ? 0 : item.begun ? 1 : 2)
  return items.toSorted(
    (a, b) => rank(a) - rank(b) || sign * (a.time - b.time) || comparePaths(a.path, b.path),
  )
}

/** The first of ordered files that make a batch at this rate, of one mode. A file larger than a batch is a batch of its own. */
export function nextBatch<Item extends BatchItem>(
  items: readonly Item[],
  rate: number | null,
): readonly Item[] {
  const mostBytes = rate === null ? MOST_BYTES : Math.min(MOST_BYTES, rate * MOST_SECONDS)
  let bytes = 0
  const end = items.findIndex((item, i) => {
    const more = Math.max(0, item.size - item.stagedBytes)
    if (i > 0 && (i >= MOST_NAMES || bytes + more > mostBytes || items[0]!.mode !== item.mode)) return true
    bytes += more
    return false
  })
  return end === -1 ? items : items.slice(0, end)
}
