import { performance } from 'node:perf_hooks'

export interface Watchdog {
  /** Something came. */
  progress(): void
  /** Nothing has come for the timeout and, on top of it, for `allowance` seconds. */
  expired(allowance: number): boolean
}

/** `timeout` in seconds, on the monotonic clock. */
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

/** Bytes that rsync's receiver buffers before it writes. At a low rate no progress is visible meanwhile. */
export const WRITE_BUFFER = 256 * 1024
