import { Temporal } from 'temporal-polyfill'
import { firstIndex } from '../../model/binary-search.ts'
import { DAY, type Instant, instant } from '../../model/instant.ts'

/** A time zone's rules, from the platform's IANA data. Local times are milliseconds of the wall clock, counted as if it were UTC. */
export interface Zone {
  readonly name: string
  /** What the wall clock shows then. */
  toLocal(at: Instant): number
  /** When the wall clock shows this. A time that a clock change skips is moved past it; of one that comes twice it is the first. */
  toInstant(local: number): Instant
  /** The next time after `at` at which the clock is put forward or back; infinity where none is known. */
  nextChange(at: Instant): number
}

const known = new Map<string, Zone>()
/** Without aliases. */
let usual: ReadonlySet<string> | undefined
/** Moments on days of change that are kept in mind: many series have names of the same ones. */
const MANY_MOMENTS = 10_000

/** Whether the platform knows a zone of this name. The library would also take an offset, or a date that names a zone. */
export function isZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false
  // Its rules, and the first use of Intl's formats, would take most of what a faultless spec takes to check.
  usual ??= new Set(['UTC', ...Intl.supportedValuesOf('timeZone')])
  if (usual.has(name)) return true
  try {
    zoneOf(name)
    return true
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

/** Throws a RangeError for a name that is not a zone's; {@link isZone} checks. */
export function zoneOf(name: string): Zone {
  const zone = known.get(name) ?? makeZone(name)
  known.set(name, zone)
  return zone
}

/** A stretch of time in which a zone's offset does not change: from `start` up to but not including `end`. */
interface Stretch {
  readonly start: number
  readonly end: number
  readonly offset: number
}

/**
 * The library knows where the offset changes; between two changes it is arithmetic, which spares a hundred thousand names thirty
 * microseconds each.
 */
function makeZone(name: string): Zone {
  const at = (ms: number) => Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(name)
  let last = stretchAt(at, 0)
  const stretches = [last]
  const offsetAt = (ms: number): number => {
    if (ms < last.start || ms >= last.end) {
      // A hostile source can name a day in each of 8,000 years.
      const index = firstIndex(stretches, ({ start }) => start > ms)
      const found = stretches[index - 1]
      if (found !== undefined && ms < found.end) last = found
      else {
        last = stretchAt(at, ms)
        stretches.splice(index, 0, last)
      }
    }
    return last.offset
  }
  const onDaysOfChange = new Map<number, Instant>()
  return {
    name,
    toLocal: (ms) => ms + offsetAt(ms),
    nextChange(ms) {
      offsetAt(ms)
      return last.end
    },
    toInstant(local) {
      // Every zone is within a day of UTC, so where both sides agree there is no change in between.
      const before = offsetAt(local - DAY)
      if (before === offsetAt(local + DAY)) return instant(local - before)
      const asked = onDaysOfChange.get(local)
      if (asked !== undefined) return asked
      const wall = new Date(local)
      const zoned = Temporal.ZonedDateTime.from({
        timeZone: name,
        year: wall.getUTCFullYear(),
        month: wall.getUTCMonth() + 1,
        day: wall.getUTCDate(),
        hour: wall.getUTCHours(),
        minute: wall.getUTCMinutes(),
        second: wall.getUTCSeconds(),
        millisecond: wall.getUTCMilliseconds(),
      })
      const moment = instant(zoned.epochMilliseconds)
      if (onDaysOfChange.size >= MANY_MOMENTS) onDaysOfChange.clear()
      onDaysOfChange.set(local, moment)
      return moment
    },
  }
}

function stretchAt(at: (ms: number) => Temporal.ZonedDateTime, ms: number): Stretch {
  const here = at(ms)
  const next = here.getTimeZoneTransition('next')
  const isStart = at(ms - 1).offsetNanoseconds !== here.offsetNanoseconds
  const start = isStart ? here : here.getTimeZoneTransition('previous')
  return {
    start: start?.epochMilliseconds ?? Number.NEGATIVE_INFINITY,
    end: next?.epochMilliseconds ?? Number.POSITIVE_INFINITY,
    offset: here.offsetNanoseconds / 1e6,
  }
}
