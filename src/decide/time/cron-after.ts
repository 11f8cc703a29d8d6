import { Cron } from 'croner'
import { type Instant, instant } from '../../model/instant.ts'

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
