import { type Instant, instant } from '../../model/instant.ts'
import type { Schedule } from '../../model/spec.ts'
import { cronAfter } from './cron-after.ts'

/**
 * When a backup is to run next; `now` where that is due already, so that after downtime there is one run and not one for each that
 * was missed. `lastBegan` null: it never ran, and is due. A last run that lies ahead, because the clock was set back, is believed
 * only as long as no beat is skipped by it.
 */
export function nextRun(schedule: Schedule, lastBegan: Instant | null, now: Instant): Instant {
  if (lastBegan === null) return now
  if (lastBegan > now && beatAfter(schedule, now) <= lastBegan) return now
  const due = beatAfter(schedule, lastBegan)
  return due < now ? now : due
}

function beatAfter(schedule: Schedule, from: Instant): Instant {
  if (schedule.kind === 'every') return instant(from + schedule.seconds * 1000)
  const next = cronAfter(schedule.cron, schedule.timezone, from)
  if (next === null) throw new Error(`a checked timetable never comes: ${schedule.cron}`)
  return next
}
