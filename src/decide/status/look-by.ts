import { type Instant, instant, isoTime } from '../../model/instant.ts'
import type { Schedule } from '../../model/spec.ts'
import type { DestinationStatus } from '../../model/status.ts'
import { nextRun } from '../time/next-run.ts'
import type { Claim } from './conditions.ts'
import { scheduleText } from './freshness.ts'

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

/** Where neither a spec nor the last pass says how often one is to come. */
const EACH_HOUR: Schedule = { kind: 'every', seconds: 3600 }

const NO_RUN = 'cron, the timer or watch does not run'
const NO_DISK = 'none of its disks is mounted'

/** I14: that nobody has looked for too long, whoever is to run passes; null: somebody has. */
export function missedPass(
  last: DestinationStatus,
  schedule: Schedule | null,
  isAway: boolean,
  asOf: Instant,
): Required<Pick<Claim, 'reason' | 'message' | 'since'>> | null {
  const look = lastLook(last)
  const recorded = schedule === null && last.lookBy !== null ? instant(Date.parse(last.lookBy)) : null
  const end = recorded ?? lookBy(schedule ?? EACH_HOUR, look)
  if (asOf <= end) return null
  const how = schedule === null ? '' : ` (${scheduleText(schedule)})`
  const message = `no pass has looked since ${isoTime(look)}, where its schedule${how} asked for one long ago: ${isAway ? NO_DISK : NO_RUN}. If passes are meant to be rarer, say so in schedule`
  return { reason: 'overdue', message, since: end }
}
