import type { PlanContext } from '../decide/plan/backup.ts'
import { holdOfIdentity } from '../decide/specs/identity-hold.ts'
import type { Box } from '../model/box.ts'
import type { Identity } from '../model/holding.ts'
import type { Instant } from '../model/instant.ts'
import type { Hold } from '../model/trouble.ts'
import type { PassOptions, Ports } from './pass-terms.ts'
import { plannedTerms } from './prune-terms.ts'

/** What a pass plans with. */
export async function contextOf(ports: Ports, options: PassOptions, asOf: Instant): Promise<PlanContext> {
  return contextWith(ports, options, asOf, await ports.box.releases())
}

/** The same where that is known already, or cannot be. */
export function contextWith(
  ports: Pick<Ports, 'source'>,
  options: PassOptions,
  asOf: Instant,
  released: ReadonlySet<string>,
): PlanContext {
  const { bandwidth, all, work, policy, isSupposed = false } = options
  const prune = plannedTerms(asOf, { asked: work === 'prune', released, lastGood: policy.lastGood })
  const from = ports.source.label
  const policyHolds = policy.holds
  return { asOf, from, bandwidth, all, holds: [], policyHolds, halt: null, prune, isSupposed }
}

/** Holds that keep the destination from being looked at, released ones left out. */
export async function openHolds(
  path: string,
  identity: Identity,
  options: PassOptions,
  box: Box,
): Promise<readonly Hold[]> {
  const hold = holdOfIdentity(path, identity)
  if (hold === null || (await box.released(hold.id)) !== null) return options.holds
  return [...options.holds, hold]
}
