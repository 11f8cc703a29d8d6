import { type Instant, instant } from '../../model/instant.ts'
import type { Spec } from '../../model/spec.ts'
import type { DestinationStatus } from '../../model/status.ts'
import { nextRun } from './next-run.ts'

/**
 * When a daemon that has just begun is to run a backup first. What the last one promised is kept, so that a restart runs nothing early;
 * after downtime it is due at once, and once. A spec that was never obeyed is due, and so is one whose promise lies further ahead than
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
