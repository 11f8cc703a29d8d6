import type { Instant } from './instant.ts'
import { BEAT_LASTS, type WatchBeat } from './watch-beat.ts'

/** What is dated further ahead than this was written by another clock. Milliseconds. */
const SKEW = 5 * 60_000

/** Whether the daemon that said this obeys these specs, and is known to be there now. A word from the future says nothing of now. */
export function isLive(beat: WatchBeat, specs: string, asOf: Instant): boolean {
  const at = Date.parse(beat.at)
  return (
    beat.specs === specs && asOf >= at - SKEW && asOf < Math.min(Date.parse(beat.validUntil), at + BEAT_LASTS)
  )
}
