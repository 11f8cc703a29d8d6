import { setTimeout as sleep } from 'node:timers/promises'
import type { Pace } from '../model/verified.ts'

/** Milliseconds of one rest at most. */
const REST = 1000

/**
 * Lets so many bytes a second through (null: all), and none while `rests` says so. Measured by a clock that nobody sets; time that was rested
 * is not made up for.
 */
export function paceOf(rate: number | null, signal: AbortSignal, rests: () => boolean = () => false): Pace {
  let free = performance.now()
  return async (bytes) => {
    signal.throwIfAborted()
    while (rests()) await sleep(REST, undefined, { signal }).catch(() => signal.throwIfAborted())
    if (rate === null) return
    const now = performance.now()
    free = Math.max(free, now - REST) + (bytes / rate) * 1000
    for (let wait = free - now; wait > 0; wait = free - performance.now())
      await sleep(Math.min(wait, REST), undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}
