import type { Instant } from '../../model/instant.ts'
import type { RefusedNames } from '../../model/ports.ts'
import type { Bandwidth, LastGood } from '../../model/spec.ts'
import type { Halt, Hold } from '../../model/trouble.ts'

/** Holds and faults of the policy itself: meanwhile nothing is removed. */
export interface PolicyState {
  readonly holds: readonly Hold[]
  /** A newer policy is there, and is broken or held; null: what is obeyed is the newest. */
  readonly lastGood: LastGood | null
}

/** What is asked of a plan. */
export interface PlanRequest {
  /** What this backup may use of the line: its own, within its share of the box's cap. */
  readonly bandwidth: Bandwidth
  /** With `keep` steps: one for each file that stays as it is. */
  readonly all: boolean
  readonly policy: PolicyState
  /** The time that is planned for was given, and says nothing about this box's clock. */
  readonly isSupposed?: boolean
}

/** What a plan goes by besides the spec and both sides: what is asked, and what is known. */
export interface PlanContext extends PlanRequest {
  readonly asOf: Instant
  /** When this pass began: what was published since is spared by a prune. */
  readonly passBegan: Instant
  /** `planned`: what is on its way will have come, and what is to be read again will be sound. `now`: only what is so by now. */
  readonly when: 'planned' | 'now'
  readonly from: string
  /** A prune was asked for, which `mode: manual` waits for. */
  readonly asked: boolean
  /** Ids of the holds that a person has released. */
  readonly released: ReadonlySet<string>
  /** Holds that keep the destination from being looked at. */
  readonly holds: readonly Hold[]
  /** Where the destination may not be looked at or written to at all. */
  readonly halt: Halt | null
  /** Names at the source that the destination's file system does not take; left out or null: none is known of. */
  readonly refused?: RefusedNames | null
  /** It does not run: what is late is late because of that. */
  readonly isSuspended?: boolean
}
