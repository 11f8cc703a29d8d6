import { isoTime } from '../model/instant.ts'
import type { Observation } from '../model/observation.ts'
import type { Spec } from '../model/spec.ts'
import type { Hold } from '../model/trouble.ts'
import { clockHold } from './box-clock.ts'
import type { PruneDecision } from './prune.ts'
import type { GuardContext } from './prune-guards.ts'

/** I9: by a clock that leapt nothing is removed; a person is asked, where something would be. */
export function heldByClock(
  prune: PruneDecision,
  spec: Spec,
  { destination: { lastTime } }: Observation,
  { asOf, fingerprint }: Pick<GuardContext, 'asOf' | 'fingerprint'>,
): PruneDecision {
  if (prune.remove.size === 0 || lastTime === null) return prune
  const count = prune.remove.size
  const what = count === 1 ? '1 point is' : `${count} points are`
  const hold: Hold = {
    ...clockHold('leapt', spec, lastTime, fingerprint),
    message: `${what} due to be removed, and the clock leapt: it shows ${isoTime(asOf)}, far past ${isoTime(lastTime)}, the last time that was written down here. Release if the clock is right and the box was only off`,
  }
  const stay = new Map(prune.stay)
  for (const point of prune.remove.keys()) stay.set(point, { why: 'held', hold: hold.code })
  return { ...prune, remove: new Map(), stay, holds: [...prune.holds, hold], toRead: [] }
}
