import type { Instant } from '../model/instant.ts'

/** A name for quarantine/EVENT and trash/EVENT that is never used again: its time, then chance. */
export function eventName(at: Instant): string {
  throw new Error(`soon ${at}`)
}
