import { DAY, type Instant, instant } from '../../model/instant.ts'
import { zoneOf } from '../time/zone.ts'

/** Days kept in mind: more than any honest name space has, and no burden where a hostile one has more. */
const MAX_DAYS = 50_000

/** Whether YYYY, MM, DD, hh, mm and ss (-1 where not given) name a moment that a calendar and a clock can show. */
export function isPossible(date: Int32Array): boolean {
  const year = date[0]!
  const month = date[1]!
  const day = date[2]!
  if (year === -1) return true
  if (
    year < 1970 ||
    month === 0 ||
    month > 12 ||
    day === 0 ||
    date[3]! > 23 ||
    date[4]! > 59 ||
    date[5]! > 59
  )
    return false
  return day <= 28 || day <= new Date(Date.UTC(year, month, 0)).getUTCDate()
}

/**
 * The moment that a dated name stands for in a zone. What is dated by day, month or year ends with it: its last
 * millisecond. What is dated by the hour or more exactly is that moment. The arithmetic of a day is done once.
 */
export function pointTimes(timezone: string): (date: Int32Array) => Instant {
  const zone = zoneOf(timezone)
  const starts = new Map<number, Instant>()
  /** The first moment of a day, counted from 1970. */
  const startOf = (day: number): Instant => {
    const known = starts.get(day)
    if (known !== undefined) return known
    const start = zone.toInstant(day * DAY)
    if (starts.size >= MAX_DAYS) starts.clear()
    starts.set(day, start)
    return start
  }
  /** Names mostly come in the order of their dates, and many share a day. */
  let last = { year: -1, month: -1, day: -1, number: 0, start: instant(0), end: instant(0) }
  return (date) => {
    const year = date[0]!
    const month = date[1]!
    const day = date[2]!
    const hour = date[3]!
    if (month === -1) return instant(startOf(dayOf(year + 1, 1, 1)) - 1)
    if (day === -1) return instant(startOf(dayOf(year, month + 1, 1)) - 1)
    if (last.year !== year || last.month !== month || last.day !== day) {
      const number = dayOf(year, month, day)
      last = { year, month, day, number, start: startOf(number), end: startOf(number + 1) }
    }
    const { number, start, end } = last
    if (hour === -1) return instant(end - 1)
    const since = (hour * 3600 + Math.max(0, date[4]!) * 60 + Math.max(0, date[5]!)) * 1000
    // In a day of 24 hours there is no change of the clock.
    return end - start === DAY ? instant(start + since) : zone.toInstant(number * DAY + since)
  }
}

/** Month 13 is the next year's first. */
const dayOf = (year: number, month: number, day: number): number => Date.UTC(year, month - 1, day) / DAY
