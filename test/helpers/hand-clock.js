// @ts-check
// JavaScript, so that a process of its own can go by it too: node 20 runs no TypeScript.

/**
 * A clock that stands until it is moved by hand.
 * @typedef {import('../../src/model/clock.ts').Clock & HandsOfClock} HandClock
 */
/**
 * @typedef {object} HandsOfClock
 * @property {(milliseconds: number) => Promise<void>} advance Lets so many milliseconds pass, waking who waits on the way, each at its time.
 * @property {(milliseconds: number) => void} leap Sets the wall clock forward or back, as a person or NTP does. Nothing passes.
 * @property {(milliseconds: number) => void} sleep The machine sleeps: the wall goes on, and what is monotonic stands.
 */
/** @typedef {{ readonly at: number, readonly wake: () => void }} Waiter */

/** @returns {HandClock} */
export function handClock(start = Date.UTC(2026, 10, 23, 12)) {
  let wall = start
  let passed = 0
  /** @type {Set<Waiter>} */
  const waiters = new Set()
  return {
    now: () => /** @type {import('../../src/model/instant.ts').Instant} */ (wall),
    monotonic: () => passed,
    wait(milliseconds, signal) {
      if (signal.aborted) return Promise.resolve()
      return new Promise((resolve) => {
        const wake = () => {
          waiters.delete(waiter)
          signal.removeEventListener('abort', wake)
          resolve()
        }
        const waiter = { at: passed + milliseconds, wake }
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
