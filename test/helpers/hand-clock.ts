import type { Clock } from '../../src/model/clock.ts'
import { type Instant, instant } from '../../src/model/instant.ts'

/** A clock that stands until it is moved by hand. */
export interface HandClock extends Clock {
  /** Lets so many milliseconds pass, waking who waits on the way, each at its time. */
  advance(milliseconds: number): Promise<void>
  /** Sets the wall clock forward or back, as a person or NTP does. Nothing passes. */
  leap(milliseconds: number): void
  /** The machine sleeps: the wall goes on, and what is monotonic stands. */
  sleep(milliseconds: number): void
}

interface Waiter {
  readonly at: number
  readonly wake: () => void
}

export function handClock(start = Date.UTC(2026, 10, 23, 12)): HandClock {
  let wall = start
  let passed = 0
  const waiters = new Set<Waiter>()
  return {
    now: (): Instant => instant(wall),
    monotonic: () => passed,
    wait(milliseconds, signal) {
      if (signal.aborted) return Promise.resolve()
      return new Promise((resolve) => {
        const wake = (): void => {
          waiters.delete(waiter)
          signal.removeEventListener('abort', wake)
          resolve()
        }
        const waiter: Waiter = { at: passed + milliseconds, wake }
        waiters.add(waiter)
        signal.addEventListener('abort', wake, { once: true })
      })
    },
    async advance(milliseconds) {
      const end = passed + milliseconds
      for (;;) {
        // What was woken gets its turn before time goes on.
        await new Promise((done) => setImmediate(done))
        const next = [...waiters].sort((a, b) => a.at - b.at)[0]
        if (next === undefined || next.at > end) break
        wall += Math.max(0, next.at - passed)
        passed = Math.max(passed, next.at)
        next.wake()
      }
      wall += end - passed
      passed = end
    },
    leap(milliseconds) {
      wall += milliseconds
    },
    sleep(milliseconds) {
      wall += milliseconds
    },
  }
}
