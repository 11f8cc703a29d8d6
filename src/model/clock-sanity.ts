import { type Instant, instant } from './instant.ts'

/** What a clock's time is, measured against the last one that we wrote down and believed. */
export type ClockSanity = 'sane' | 'behind' | 'leapt'

/** A clock further than this past the last time we wrote down is not believed, where passes come more often. Milliseconds. */
export const LEAP = 48 * 3600 * 1000

/** Clocks are adjusted a little, also backwards, and that is not a problem. Milliseconds. */
export const SKEW = 5 * 60_000

/** No clock that is right shows a time before this: nothing of ours was there yet. */
export const OLDEST = instant(Date.UTC(2020, 0))

/**
 * `last`: the latest time that was written down by a clock that was believed; null, or older than anything of ours: there is none. `leap`:
 * milliseconds past it that are believed.
 */
export function clockSanity(last: Instant | null, at: Instant, leap = LEAP): ClockSanity {
  if (at < OLDEST) return 'behind'
  if (last === null || last < OLDEST) return 'sane'
  if (at < last - SKEW) return 'behind'
  return at - last > leap ? 'leapt' : 'sane'
}
