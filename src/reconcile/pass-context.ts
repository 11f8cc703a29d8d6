import type { PlanContext, PlanRequest } from '../decide/plan/context.ts'
import type { SavedPart } from '../decide/plan/saved.ts'
import type { DrillGround } from '../decide/restore/proof.ts'
import { holdOfIdentity } from '../decide/specs/identity-hold.ts'
import type { Box } from '../model/box.ts'
import type { Identity } from '../model/holding.ts'
import type { Instant } from '../model/instant.ts'
import type { CodedOutcome } from '../model/outcome.ts'
import type { Destination, LockedDestination, Source } from '../model/ports.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import type { Promised } from '../model/status.ts'
import type { Halt, Hold } from '../model/trouble.ts'
import type { Tally } from './tally.ts'

export interface Ports {
  readonly source: Source
  readonly destination: Destination
  readonly box: Box
}

/** What is asked of one backup. */
export interface PassOptions extends PlanRequest {
  /** Seconds to wait for a destination that another run holds. */
  readonly lockWait: number
  readonly revision: string | null
  /** The backup was asked for by name. */
  readonly named: boolean
  /** Holds over all backups of this pass, without released ones. */
  readonly holds: readonly Hold[]
  /** This backup's part of the saved plan that is applied instead of a plan made now; null: none. */
  readonly saved: SavedPart | null
  /**
   * From the outcome, when the next pass is due and how long its report is valid. `keep`: leave the last promise as it is; `drop`: nothing
   * runs that would keep one.
   */
  readonly promise: ((outcome: CodedOutcome) => Promised) | 'keep' | 'drop'
  /** `prune`: only what may be removed is looked for, and removed. */
  readonly work: 'all' | 'prune'
  /** Called once the destination's lock is held. */
  readonly onLocked?: () => void
  /** What this box has for drills; left out: proof is no matter of this pass. */
  readonly proving?: DrillGround
}

/** One backup whose destination's lock is held. */
export interface Opened {
  readonly source: Source
  /** The destination as it was before its lock was taken. */
  readonly place: Destination
  readonly destination: LockedDestination
  readonly identity: Identity
  readonly box: Box
  readonly spec: Spec
  readonly options: PassOptions
  readonly run: Run
}

/** One pass over it: what all of its phases share. */
export interface Pass extends Opened {
  readonly context: PlanContext
  /** What the ledger keeps of where a file came from. */
  readonly origin: { readonly planId: string; readonly revision: string | null }
  readonly tally: Tally
}

/** The context of a plan made at this time. */
export function contextOf(
  { label }: Pick<Source, 'label'>,
  { bandwidth, all, work, policy, isSupposed = false }: PlanRequest & Pick<PassOptions, 'work'>,
  asOf: Instant,
  released: ReadonlySet<string> = new Set(),
): PlanContext {
  const now = { asOf, passBegan: asOf, when: 'planned', released, holds: [], halt: null } as const
  return { ...now, from: label, bandwidth, all, asked: work === 'prune', policy, isSupposed }
}

/** Whether this disk is the one that is meant, before anything of it is looked at or written to. */
export interface Identified {
  readonly identity: Identity
  /** What keeps the destination from being looked at, released holds left out. */
  readonly blockedBy: { readonly halt: Halt | null; readonly holds: readonly Hold[] } | null
}

export async function identifyDestination(
  { destination, box }: Ports,
  options: PassOptions,
  run: Run,
): Promise<Identified> {
  const { identity, halt } = await destination.identify(run)
  if (halt !== null) return { identity, blockedBy: { halt, holds: [] } }
  const hold = holdOfIdentity(destination.path, identity)
  const isOpen = hold === null || (await box.released(hold.id)) !== null
  const holds = isOpen ? options.holds : [...options.holds, hold]
  return { identity, blockedBy: holds.length > 0 ? { halt, holds } : null }
}

/** Holds that a person has released are passed once, and the ledger says so. */
export async function useReleases(
  passed: readonly Hold[],
  { box, destination, run }: Pick<Pass, 'box' | 'destination' | 'run'>,
): Promise<void> {
  for (const { id, code } of passed) {
    const release = await box.released(id)
    if (release === null) continue
    const { reason, by } = release
    await destination.record([{ event: 'released', hold: id, code, reason, by }], run)
    await box.consume(id)
  }
}
