import { type Instant, instant } from '../../model/instant.ts'
import type { Schedule } from '../../model/spec.ts'
import type { DestinationStatus } from '../../model/status.ts'
import { nextRun } from '../time/next-run.ts'

/** So long a pass counts at least, however often more are to come. Milliseconds. */
const LEAST = 26 * 3600 * 1000

/** The last pass that came to an end by itself: one that a person ended looked at nothing. */
export const lastLook = ({
  finished,
  lastSuccess,
  result,
}: Pick<DestinationStatus, 'finished' | 'lastSuccess' | 'result'>): Instant =>
  instant(Date.parse(result === 'cancelled' ? (lastSuccess ?? finished) : finished))

/** I14: until when a look counts, whoever runs passes: by then three more were to come, and a day was over. */
export function lookBy(schedule: Schedule, look: Instant): Instant {
  let third = look
  for (let passes = 0; passes < 3; passes++) third = nextRun(schedule, third, third)
  return instant(Math.max(third, look + LEAST))
}
