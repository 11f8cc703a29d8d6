import type { Instant } from './instant.ts'

/** Time as a daemon needs it: what the wall shows, which may leap, and what has passed, which does not. */
export interface Clock {
  readonly now: () => Instant
  /** Milliseconds since some moment. Never goes back; it may stand still while the machine sleeps. */
  readonly monotonic: () => number
  /** Comes back after so many milliseconds, or as soon as the signal is aborted. Never throws. */
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>
}
