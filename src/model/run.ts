import type { PassEvent } from './event.ts'
import type { Instant } from './instant.ts'

/** What every effect may know of the run it is part of, and no more. */
export interface Run {
  readonly now: () => Instant
  /** Aborted with a Stop as its reason. */
  readonly signal: AbortSignal
  readonly emit: (event: PassEvent) => void
}
