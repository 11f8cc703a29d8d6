import pLimit from 'p-limit'
import type { Problem } from '../../model/trouble.ts'
import { AT_ONCE, diskProblem } from '../publish/site.ts'
import { type Folders, failedAbove } from './folders.ts'

/** The verdict that any step may return. */
export interface Trouble {
  readonly verdict: 'problem'
  readonly problem: Problem
}

export type Verdicts<V> = Map<string, V | Trouble>

/** The result of one step for one file: a verdict, a problem (which is a verdict too), or null: the file stays in the batch. */
export type StepEnd<V> = V | Problem | null

/**
 * Does one step for each file, `atOnce` at a time, and returns the files that stay in the batch, in order. A step that returns a verdict
 * or a problem, or throws a disk's error, takes its own file out and no other.
 */
export async function forEachFile<
  T extends { readonly path: string },
  V extends { readonly verdict: string },
>(
  items: readonly T[],
  doing: string,
  verdicts: Verdicts<V>,
  step: (item: T) => Promise<StepEnd<V>>,
  atOnce = AT_ONCE,
): Promise<readonly T[]> {
  const limit = pLimit(atOnce)
  const ends = await Promise.all(
    items.map((item) =>
      limit(() => step(item).catch((error: unknown) => diskProblem(error, doing, item.path))),
    ),
  )
  return items.filter((item, i) => {
    const end = ends[i] ?? null
    if (end !== null) verdicts.set(item.path, isVerdict(end) ? end : { verdict: 'problem', problem: end })
    return end === null
  })
}

const isVerdict = <V extends { readonly verdict: string }>(end: V | Problem): end is V => 'verdict' in end

/** Makes the folders durable; files with a place in or below one that failed leave the batch. Absolute places. */
export async function synced<V, T extends { readonly path: string }>(
  items: readonly T[],
  seen: Folders,
  verdicts: Verdicts<V>,
  places: (item: T) => readonly string[],
): Promise<readonly T[]> {
  const failed = await seen.sync()
  return items.filter((item) => {
    const above = places(item)
      .map((place) => failedAbove(failed, place))
      .find((found) => found !== null)
    if (above == null) return true
    const problem = diskProblem(above.error, 'sync the folder of', item.path)
    verdicts.set(item.path, { verdict: 'problem', problem })
    return false
  })
}
