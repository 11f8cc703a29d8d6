import { type Instant, instant, isoTime } from '../../model/instant.ts'
import type { Schedule } from '../../model/spec.ts'
import type { Promised } from '../../model/status.ts'
import { nextRun } from './next-run.ts'

/** Milliseconds that a pass may begin late, or take, before its daemon is taken for dead. */
const LEAST_GRACE = 15 * 60_000

/**
 * What a daemon promises with a pass's outcome: the next one, and until when this one's word counts. That is the next run and a fifth of
 * the time between two, at least 15 minutes: a daemon that lives and is behind says so in the state folder.
 */
export function promise(schedule: Schedule, next: Instant): Promised {
  const gap = nextRun(schedule, next, next) - next
  const grace = Math.max(LEAST_GRACE, gap / 5)
  return { nextRun: isoTime(next), validUntil: isoTime(instant(next + grace)) }
}
