import { Cron } from 'croner'
import { type Instant, instant, isoTime } from '../../model/instant.ts'
import type { Schedule, Spec } from '../../model/spec.ts'
import type { DestinationStatus, Promised } from '../../model/status.ts'

/**
 * When a backup is to run next; `now` where that is due already, so that after downtime there is one run and not one for each that
 * was missed. `lastBegan` null: it never ran, and is due. A last run in the future, because the clock was set back, is believed
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

/**
 * The first time after `from` that a timetable in cron's language names; null: never again. As Vixie cron has it: what a clock
 * change skips fires when the gap is over, what it repeats fires once; only jobs with a wildcard or step follow the clock.
 */
export function cronAfter(cron: string, timezone: string, from: Instant): Instant | null {
  // Paused and without a function croner starts no timer.
  const next = new Cron(cron, { paused: true, timezone, fixedTimeRule: 'no-wildcard' }).nextRun(
    new Date(from),
  )
  return next === null ? null : instant(next.getTime())
}

/**
 * When a daemon that has just begun is to run a backup first. What the last one promised is kept, so that a restart runs nothing early;
 * after downtime it is due at once, and once. A spec that was never obeyed is due, and so is one whose promise is further ahead than
 * its schedule ever reaches, which a clock that was wrong has left behind.
 */
export function firstDue(
  { schedule, digest }: Pick<Spec, 'schedule' | 'digest'>,
  last: Pick<DestinationStatus, 'finished' | 'observed' | 'promised'> | null,
  now: Instant,
): Instant {
  if (last === null || last.observed === null || last.observed.digest !== digest) return now
  const promised = Date.parse(last.promised?.nextRun ?? '')
  const due = Number.isNaN(promised) ? nextRun(schedule, instant(Date.parse(last.finished)), now) : promised
  return due < now || due > nextRun(schedule, now, now) ? now : instant(due)
}

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
