import type { ClockSanity } from '../../model/clock-sanity.ts'
import { type Seen, seenWith } from '../../model/holding.ts'
import type { Instant } from '../../model/instant.ts'
import type { Observation } from '../../model/observation.ts'
import type { BackupPlan } from '../../model/plan.ts'
import type { RelPath } from '../../model/rel-path.ts'
import { isTransfer } from '../plan/backup.ts'
import { nextSeen } from './next-seen.ts'

/** The cache after the look, with what staging is about to be filled for. */
export function seenAtStart(
  observation: Observation,
  plan: BackupPlan,
  asOf: Instant,
  clock: ClockSanity = 'sane',
): Map<RelPath, Seen | null> {
  const changes = nextSeen(observation, asOf, clock)
  for (const step of plan.steps) {
    if (!isTransfer(step)) continue
    const path = step.path as RelPath
    const seen = changes.get(path) ?? observation.destination.seen.get(path)
    const marker = observation.source.files.get(path)?.marker
    if (seen == null || marker?.state !== 'claimed') continue
    // Bytes of another digest stay known as such until they have been mended.
    const stagedFor = observation.destination.staged.has(path) ? seen.stagedFor : marker.digest
    if (stagedFor !== seen.stagedFor) changes.set(path, seenWith(seen, { stagedFor }))
  }
  return changes
}
