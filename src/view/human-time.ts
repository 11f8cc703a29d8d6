import { localTime } from '../decide/time/local-time.ts'
import type { Zone } from '../decide/time/zone.ts'
import { DAY, type Instant, instant, isoTime } from '../model/instant.ts'
import { humanCount } from './human-count.ts'

/** Seconds for people, in one unit: `45 s`, `12 min`, `21 h`, `3.5 d`. */
export function humanDuration(seconds: number): string {
  if (seconds < 1) return 'under 1 s'
  if (seconds < 90) return `${Math.round(seconds)} s`
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`
  if (seconds < 48 * 3600) return `${short(seconds / 3600)} h`
  if (seconds < 730 * 86400) return `${short(seconds / 86400)} d`
  return `${short(seconds / (365.25 * 86400))} years`
}

/** An estimate: `about 12 min`. */
export const aboutDuration = (seconds: number): string =>
  `${seconds < 1 ? '' : 'about '}${humanDuration(seconds)}`

/** `2 h ago`, `just now`; a future time is `in 2 h`. Unreadable or null is `never`. */
export function humanAge(time: string | null, now: Instant): string {
  const at = time === null ? Number.NaN : Date.parse(time)
  if (Number.isNaN(at)) return 'never'
  const seconds = (now - instant(at)) / 1000
  if (Math.abs(seconds) < 5) return 'just now'
  return seconds < 0 ? `in ${humanDuration(-seconds)}` : `${humanDuration(seconds)} ago`
}

/** A point with a date alone ends with its day. */
export const newestText = (newest: string, now: Instant): string =>
  Date.parse(newest) > now ? 'today' : humanAge(newest, now)

/** `2026-11-24 04:00`: likewise, without the zone. */
export const localMinute = (time: string, zone: Pick<Zone, 'name' | 'toLocal'>): string =>
  localTime(time, zone).slice(0, 16)

/** `02:15` of today, `tomorrow 02:15`, `yesterday 23:10`, else with its date: as the zone's wall clock shows it. */
export function dayTime(time: string, now: Instant, zone: Pick<Zone, 'name' | 'toLocal'>): string {
  const local = localTime(time, zone)
  const dayOf = (text: string) => Date.parse(text.slice(0, 10))
  const days = (dayOf(local) - dayOf(localTime(isoTime(now), zone))) / DAY
  const name = { '-1': 'yesterday ', '0': '', '1': 'tomorrow ' }[days] ?? `${local.slice(0, 10)} `
  return name + local.slice(11, 16)
}

const short = (value: number): string =>
  value < 9.95 ? (Math.round(value * 10) / 10).toString() : humanCount(Math.round(value))
