import type { Instant } from '../model/instant.ts'

/** A clock further than this past the last time we wrote down is not believed. Milliseconds. */
export const LEAP = 48 * 3600 * 1000

/**
 * The time that later clocks are measured against: that of a pass whose clock was believed. A clock that leapt, or went back, moves
 * nothing until a person lets it count, or the ledger has got a line by it.
 */
export const nextClock = (last: Instant | null, at: Instant, isReleased: boolean): Instant =>
  last === null || isReleased || (at >= last && at - last <= LEAP) ? at : last
