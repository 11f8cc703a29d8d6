import type { Brand } from './brand.ts'

/** A point in time: milliseconds since 1970 in UTC. */
export type Instant = Brand<number, 'Instant'>

export const instant = (milliseconds: number): Instant => milliseconds as Instant

/** Milliseconds of a day by the clock of UTC; days of the calendar may have more or fewer hours. */
export const DAY = 24 * 3600 * 1000

/** `2026-11-23T18:09:18Z`, with milliseconds only where there are any. */
export function isoTime(at: Instant): string {
  const date = new Date(at)
  const year = date.getUTCFullYear()
  if (date.getUTCMilliseconds() !== 0 || year < 0 || year > 9999)
    return date.toISOString().replace('.000Z', 'Z')
  put(0, Math.floor(year / 100))
  put(2, year % 100)
  put(5, date.getUTCMonth() + 1)
  put(8, date.getUTCDate())
  put(11, date.getUTCHours())
  put(14, date.getUTCMinutes())
  put(17, date.getUTCSeconds())
  // One text of twenty characters: one that was cut and joined would be three, and a large plan holds millions of them.
  return String.fromCharCode(...CODES)
}

/** Filled in again for each text. */
const CODES = Array.from('0000-00-00T00:00:00Z', (character) => character.charCodeAt(0))

function put(at: number, twoDigits: number): void {
  CODES[at] = 48 + Math.floor(twoDigits / 10)
  CODES[at + 1] = 48 + (twoDigits % 10)
}

/** The same for a whole number of seconds since 1970, the unit in which rsync lists modification times. */
export const isoSeconds = (seconds: number): string => isoTime(instant(seconds * 1000))
