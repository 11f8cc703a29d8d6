import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../model/clock.ts'
import { instant } from '../model/instant.ts'

export const realClock: Clock = {
  now: () => instant(Date.now()),
  monotonic: () => performance.now(),
  // An aborted wait rejects; whoever waits looks at the signal itself.
  wait: (milliseconds, signal) => sleep(milliseconds, undefined, { signal }).catch(() => {}),
}
