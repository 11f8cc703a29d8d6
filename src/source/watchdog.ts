import { performance } from 'node:perf_hooks'

export interface Watchdog {
  /** Something came. */
  progress(): void
  /** Nothing has come for the timeout and, on top of it, for `allowance` seconds. */
  expired(allowance: number): boolean
}

/** Seconds on a clock that nobody can set. */
export function startWatchdog(timeout: number): Watchdog {
  let last = performance.now()
  return {
    progress: () => {
      last = performance.now()
    },
    expired: (allowance) => performance.now() - last > (timeout + allowance) * 1000,
  }
}

/** A prefix that is staged already is hashed again at both ends, in silence, at no less than this; bytes a second. */
export const REHASH_RATE = 20 * 1024 * 1024

/** What rsync's receiver keeps to itself before it writes; bytes. Under a low rate nothing is seen to move meanwhile. */
export const WRITE_BUFFER = 256 * 1024
