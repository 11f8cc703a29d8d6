import { isZone, zoneOf } from '../../decide/time/zone.ts'
import { DAY, type Instant, instant } from '../../model/instant.ts'
import { no, type Parsed } from './units.ts'

const DATE = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/
const TIME =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,3})?)([Zz]|[+-][0-9]{2}:[0-9]{2})$/

/** A moment with its offset (RFC 3339), or a day, which means its end in the zone. */
export function readUntil(text: string, timezone: string): Parsed<Instant> {
  const day = dayOf(text)
  if (day !== null)
    return { ok: true, value: zoneOf(isZone(timezone) ? timezone : 'UTC').toInstant(day + DAY) }
  const [, date, clock, offset] = TIME.exec(text) ?? []
  const at = date === undefined || dayOf(date) === null ? Number.NaN : Date.parse(`${date}T${clock}${offset}`)
  if (!Number.isNaN(at)) return { ok: true, value: instant(at) }
  return /^[0-9-]+[Tt ][0-9:.]+$/.test(text)
    ? no('has no offset: end it with Z or, for example, +01:00')
    : no('is no time: write 2026-12-31, or 2026-12-31T12:00:00Z')
}

/** The wall clock's midnight at which the day begins; null where no calendar has it. */
function dayOf(text: string): number | null {
  const [, year, month, day] = DATE.exec(text)?.map(Number) ?? []
  if (year === undefined || month === undefined || day === undefined || year < 1970) return null
  const at = Date.UTC(year, month - 1, day)
  return new Date(at).toISOString().startsWith(text) ? at : null
}
