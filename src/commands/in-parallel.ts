import pLimit from 'p-limit'
import type { Spec } from '../model/spec.ts'

/**
 * Does something for each backup, at most `concurrency` at once and one a host at a time, and tells the results in the order of the
 * backups. One that waits for its host takes no place from another host's.
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
