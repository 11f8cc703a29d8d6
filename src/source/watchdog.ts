import { performance } from 'node:perf_hooks'

/** `timeout` in seconds, on the monotonic clock. */
export function startWatchdog(timeout: number) {
  let last = performance.now()
  return {
    /** Something arrived. */
    progress: (): void => {
      last = performance.now()
    },
    /** Nothing has arrived for the timeout plus `allowance` seconds. */
    expired: (allowance: number): boolean => performance.now() - last > (timeout + allowance) * 1000,
  }
}

/** Both ends hash what they have again, silently, at least this fast; bytes a second. */
export const REHASH_RATE = 20 * 1024 * 1024

/** Bytes that rsync's receiver buffers before it writes. At a low rate no progress is visible meanwhile. */
export const WRITE_BUFFER = 256 * 1024
