import pLimit from 'p-limit'
import type { Spec } from '../model/spec.ts'

/**
 * Runs `work` for each backup, at most `concurrency` at once and one per host, and returns the results in the order of the backups.
 * A backup that waits for its host takes no slot.
 */
export async function inParallel<T>(
  specs: readonly Spec[],
  concurrency: number,
  work: (spec: Spec) => Promise<T>,
): Promise<readonly T[]> {
  const limit = pLimit(concurrency)
  const lastOfHost = new Map<string, Promise<unknown>>()
  return Promise.all(
    specs.map((spec) => {
      if (spec.source.kind === 'local') return limit(() => work(spec))
      const before = lastOfHost.get(spec.source.host) ?? Promise.resolve()
      const mine = before.then(() => limit(() => work(spec)))
      lastOfHost.set(
        spec.source.host,
        mine.catch(() => {}),
      )
      return mine
    }),
  )
}
