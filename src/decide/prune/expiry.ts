import { type Instant, isoTime } from '../../model/instant.ts'
import type { Observation } from '../../model/observation.ts'
import type { Step } from '../../model/plan.ts'
import type { Spec } from '../../model/spec.ts'
import type { Hold } from '../../model/trouble.ts'
import { type BoxClock, clockHold } from '../time/box-clock.ts'
import { expireSteps, strays, trashSteps } from './stray-staging.ts'

/** What has been in trash or staging for its grace, and whether the clock that says so is believed. */
export interface Expiry {
  readonly steps: readonly Step[]
  readonly holds: readonly Hold[]
}

/**
 * Graces count from our own record. They are not over by a clock that is behind it; of one that leapt far past it a person is
 * asked, for a wrong clock would empty the trash at once.
 */
export function decideExpiry(
  spec: Spec,
  observation: Observation,
  { state }: BoxClock,
  asOf: Instant,
): Expiry {
  const { lastTime } = observation.destination
  if (lastTime === null || state === 'behind') return { steps: [], holds: [] }
  const steps = [
    ...expireSteps(strays(spec, observation), observation, asOf),
    ...trashSteps(spec, observation, asOf),
  ]
  if (steps.length === 0 || state === 'sane') return { steps, holds: [] }
  const what = steps.length === 1 ? '1 file is' : `${steps.length} files are`
  const hold: Hold = {
    ...clockHold('leapt', spec, lastTime),
    message: `${what} due to be removed from trash or staging for good, and the clock leapt: it shows ${isoTime(asOf)}, far past ${isoTime(lastTime)}, the last time that was written down here. Release if the clock is right and the box was only off`,
  }
  return { steps: [], holds: [hold] }
}
