import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../model/clock.ts'
import { instant } from '../model/instant.ts'

/** Milliseconds, about 25 days: a longer timer would fire at once. Callers woken early wait again. */
const LONGEST_TIMER = 2 ** 31 - 1

export const realClock: Clock = {
  now: () => instant(Date.now()),
  monotonic: () => performance.now(),
  // An aborted wait rejects; the caller checks the signal.
  wait: (milliseconds, signal) =>
    sleep(Math.min(milliseconds, LONGEST_TIMER), undefined, { signal }).catch(() => {}),
}
