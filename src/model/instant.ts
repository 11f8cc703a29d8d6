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
  // One text of twenty characters: one that was cut and joined would be three, and a large plan holds millions of them.
  const [month, day] = [date.getUTCMonth() + 1, date.getUTCDate()]
  const [hour, minute, second] = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
  const [century, short] = [Math.floor(year / 100), year % 100]
  return String.fromCharCode(
    ...[tens(century), ones(century), tens(short), ones(short), DASH, tens(month), ones(month), DASH],
    ...[tens(day), ones(day), T, tens(hour), ones(hour), COLON, tens(minute), ones(minute), COLON],
    ...[tens(second), ones(second), Z],
  )
}

const [DASH, T, COLON, Z] = [45, 84, 58, 90]
const tens = (number: number): number => 48 + Math.floor(number / 10)
const ones = (number: number): number => 48 + (number % 10)

/** The same for a whole number of seconds since 1970, the unit in which rsync lists modification times. */
export const isoSeconds = (seconds: number): string => isoTime(instant(seconds * 1000))
