import { type Instant, instant, isoTime } from '../../model/instant.ts'
import type { BackupPlan } from '../../model/plan.ts'
import type { Bandwidth } from '../../model/spec.ts'
import { bytesOfWeek, rateAt, WEEK_SECONDS } from './timetable.ts'

/** What a plan says of the line: the rate now and until when, and how long so many bytes take. */
export function lineTime(
  bytes: number,
  bandwidth: Bandwidth,
  asOf: Instant,
): Pick<BackupPlan, 'rate' | 'rateUntil' | 'seconds'> {
  const { rate, until } = rateAt(bandwidth, asOf)
  return {
    rate: rate === 'off' ? 0 : rate,
    rateUntil: until === null ? null : isoTime(until),
    seconds: rate === null ? null : transferSeconds(bytes, bandwidth, asOf),
  }
}

/** Nobody looks further ahead. */
const MOST_WEEKS = 5200

/**
 * How long so many bytes take from a moment on, by the timetable; from where there is no limit on they take no time. Null: they
 * never come. Bounded: whole weeks are counted, not walked.
 */
function transferSeconds(bytes: number, bandwidth: Bandwidth, from: Instant): number | null {
  const week = bytesOfWeek(bandwidth)
  if (week === 0 && bytes > 0) return null
  let left = bytes
  for (let here = from; ; ) {
    const { rate, until } = rateAt(bandwidth, here)
    const passed = (here - from) / 1000
    if (rate === null || left === 0) return Math.ceil(passed)
    if (until === null) return rate === 'off' ? null : Math.ceil(passed + left / rate)
    const comes = rate === 'off' ? 0 : (rate * (until - here)) / 1000
    if (rate !== 'off' && left <= comes) return Math.ceil(passed + left / rate)
    left -= comes
    here = until
    const weeks = Math.floor(left / week) - 1
    if (weeks > MOST_WEEKS) return Math.ceil(passed + (left / week) * WEEK_SECONDS)
    if (weeks > 0) {
      left -= weeks * week
      here = instant(here + weeks * WEEK_SECONDS * 1000)
    }
  }
}
