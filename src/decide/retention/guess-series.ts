import { type Instant, instant } from '../../model/instant.ts'
import { UNDATED } from '../../model/status.ts'
import { dateOf, type NameDate } from './name-date.ts'
import { pointTimes } from './point-time.ts'

/** Which rules of guessing these are: a removal by others of them is asked about first (I9). */
export const GROUPING = 'dates-in-names'

/** What a file's name says of it. */
export interface Dated {
  /** With the folder before it, where the pattern is about names alone. */
  readonly series: string
  /** Null: the pattern holds no date. */
  readonly time: Instant | null
  readonly part: string | null
}

/**
 * Without a pattern: names that differ only in the date they carry are one series, whose name has `*` there. Names without a date, or whose
 * date is in doubt, are listed as one series, and each of them is kept by itself.
 */
export function guessSeries(timezone: string): (path: string) => Dated {
  const timeOf = pointTimes(timezone)
  return (path) => {
    const found = dateOf(path)
    // A name that has `*` of its own would meddle with another series.
    if (found === null || path.includes('*')) return { series: UNDATED, time: null, part: null }
    return { series: guessedName(path, found), time: timeIn(found, timeOf), part: null }
  }
}

function timeIn({ date, offset }: NameDate, timeOf: (date: Int32Array) => Instant): Instant | null {
  if (date === null) return null
  if (offset === null) return timeOf(date)
  const [year, month, day, hour, minute, second] = date
  return instant(Date.UTC(year!, month! - 1, day!, hour!, minute! - offset, Math.max(0, second!)))
}

/** The path with `*` in the place of its dates. */
function guessedName(path: string, { spans }: NameDate): string {
  let name = ''
  let end = 0
  for (const span of spans) {
    const before = path.slice(end, span.start)
    // Folders of one date, one below the other, are one place.
    name += before === '/' && end > 0 ? '' : `${before}*`
    end = span.end
  }
  return name + path.slice(end)
}
