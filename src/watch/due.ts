import { nextRun } from '../decide/time/next-run.ts'
import { type Instant, instant } from '../model/instant.ts'
import type { Cause } from '../model/watch-event.ts'
import type { ActiveSpec } from '../model/watched-specs.ts'

/** A reading of both clocks; only `passed` never jumps. Milliseconds. */
export interface ClockReading {
  readonly wall: Instant
  readonly passed: number
}

/** One backup's state in the loop. */
export interface Backup {
  active: ActiveSpec
  /** Start of its last run; null: not run yet, and due at `first`. */
  began: ClockReading | null
  first: ClockReading
  /** Failures in a row that a retry may fix. */
  failures: number
  /** Monotonic; null: it is not backing off. */
  retryAt: number | null
  /** When its timetable allows it again, or quiet's next look is due. */
  resumeAt: Instant | null
  /** Passes in a row that ended waiting for quiet's next look. */
  looks: number
  /** Its last pass ended with a bug: its message. */
  crash: string | null
}

export const newBackup = (active: ActiveSpec, first: ClockReading): Backup => ({
  active,
  first,
  began: null,
  failures: 0,
  retryAt: null,
  resumeAt: null,
  looks: 0,
  crash: null,
})

/** Milliseconds until a backup is due, and why. One that backs off waits for that, whatever its schedule says. */
export function dueIn(backup: Backup, now: ClockReading): { readonly rest: number; readonly cause: Cause } {
  if (backup.retryAt !== null) return { rest: backup.retryAt - now.passed, cause: 'retry' }
  const schedule = scheduledIn(backup, now)
  const resume = backup.resumeAt === null ? Number.POSITIVE_INFINITY : backup.resumeAt - now.wall
  const cause = backup.looks > 0 ? 'quiet' : 'timetable'
  return resume < schedule ? { rest: resume, cause } : { rest: schedule, cause: 'schedule' }
}

/** Milliseconds until its schedule's next run. */
export function scheduledIn({ began, first, active }: Backup, now: ClockReading): number {
  if (began === null) return Math.min(first.wall - now.wall, first.passed - now.passed)
  return nextRun(active.spec.schedule, lastBegan(began, now), now.wall) - now.wall
}

/**
 * A wall clock that was set back never puts the start in the future. One that was set forward, or a machine that slept, makes it as
 * long ago as it looks, and one run makes up for that.
 */
const lastBegan = (began: ClockReading, now: ClockReading): Instant =>
  instant(Math.min(began.wall, now.wall - (now.passed - began.passed)))
