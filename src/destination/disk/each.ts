import pLimit from 'p-limit'
import type { Problem } from '../../model/trouble.ts'
import { AT_ONCE, diskProblem } from '../publish/site.ts'

/** The verdict that every step may come to. */
export interface Trouble {
  readonly verdict: 'problem'
  readonly problem: Problem
}

/**
 * Does one step for each file, `atOnce` at a time, and gives back the files for which it went well, in their order. A step that
 * comes to a verdict, or meets a disk's error, takes its file out of the batch and leaves the others in.
 */
export async function each<T extends { readonly path: string }, V>(
  items: readonly T[],
  doing: string,
  verdicts: Map<string, V | Trouble>,
  step: (item: T) => Promise<V | Trouble | null>,
  atOnce = AT_ONCE,
): Promise<readonly T[]> {
  const limit = pLimit(atOnce)
  const ended = await Promise.all(
    items.map((item) =>
      limit(async (): Promise<V | Trouble | null> => {
        try {
          return await step(item)
        } catch (error) {
          return { verdict: 'problem', problem: diskProblem(error, doing, item.path) }
        }
      }),
    ),
  )
  return items.filter((item, i) => {
    const verdict = ended[i]
    if (verdict != null) verdicts.set(item.path, verdict)
    return verdict == null
  })
}
