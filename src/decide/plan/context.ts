import type { Instant } from '../../model/instant.ts'
import type { Bandwidth, LastGood } from '../../model/spec.ts'
import type { Halt, Hold } from '../../model/trouble.ts'

/** What stands over the policy itself: meanwhile nothing is removed. */
export interface PolicyState {
  readonly holds: readonly Hold[]
  /** A newer policy is there, and is broken or held; null: what is obeyed is the newest. */
  readonly lastGood: LastGood | null
}

/** What a plan goes by beside the spec and both sides. */
export interface PlanContext {
  readonly asOf: Instant
  /** When this pass began: what was published since is spared by a prune. */
  readonly passBegan: Instant
  /** `planned`: what is on its way will have come, and what is to be read again will be sound. `now`: only what is so by now. */
  readonly when: 'planned' | 'now'
  readonly from: string
  /** What this backup may use of the line. */
  readonly bandwidth: Bandwidth
  /** With `keep` steps: one for each file that stays as it is. */
  readonly all: boolean
  /** A prune was asked for, which `mode: manual` waits for. */
  readonly asked: boolean
  readonly policy: PolicyState
  /** Ids of the holds that a person has released. */
  readonly released: ReadonlySet<string>
  /** Holds that keep the destination from being looked at. */
  readonly holds: readonly Hold[]
  /** Where the destination may not be looked at or written to at all. */
  readonly halt: Halt | null
  /** It does not run: what is late is late because of that. */
  readonly isSuspended?: boolean
  /** `asOf` was given, and says nothing about this box's clock. */
  readonly isSupposed?: boolean
}
