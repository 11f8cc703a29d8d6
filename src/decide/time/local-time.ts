import { instant } from '../../model/instant.ts'
import { type Zone, zoneOf } from './zone.ts'

/** The zone of this machine's wall clock. */
export const ownZone = (): Zone => zoneOf(Intl.DateTimeFormat().resolvedOptions().timeZone)

/** `2026-11-24 04:00 +01:00`: to the minute, as the zone's wall clock shows it. */
export function localTime(time: string, zone: Pick<Zone, 'name' | 'toLocal'>): string {
  const at = Date.parse(time)
  if (Number.isNaN(at)) return time
  const local = zone.toLocal(instant(at))
  const minutes = Math.round((local - at) / 60_000)
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0')
  const offset = `${minutes < 0 ? '-' : '+'}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`
  return `${new Date(local).toISOString().slice(0, 16).replace('T', ' ')} ${minutes === 0 ? 'UTC' : offset}`
}

// A time on its own: one that is part of a file's name stays as it is.
const TIME = /(?<![\w./:*-])\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z(?![\w/*-]|[.:]\w)/g

/** Prose whose times are in UTC, with local ones. */
export const inLocalTime = (text: string, zone: Pick<Zone, 'name' | 'toLocal'>): string =>
  text.replace(TIME, (time) => localTime(time, zone))
