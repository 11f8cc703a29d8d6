import { plainRate } from '../../decide/time/timetable.ts'
import type { Bandwidth, BandwidthEntry, Rate, Schedule, Suspension } from '../../model/spec.ts'
import { readUntil } from './read-until.ts'
import { parseDuration, parseRate, sound } from './units.ts'

/** The part of a spec's document that says when a backup runs, when not, and how fast. */
export interface TimesDocument {
  readonly suspend: boolean | { readonly reason?: string; readonly until?: string }
  readonly schedule: { readonly every?: string; readonly cron?: string; readonly timezone?: string }
  readonly transfer: { readonly bandwidth: string | readonly WindowDocument[]; readonly timezone?: string }
  readonly series?: { readonly timezone?: string }
}

interface WindowDocument {
  readonly days?: readonly string[]
  readonly from?: string
  readonly to?: string
  readonly rate: string
}

/** The times of a document in which no fault was found. `suspendedAt`: where its suspension is written. */
export function buildTimes(
  { suspend, schedule, transfer, series }: TimesDocument,
  suspendedAt: { readonly file: string; readonly line: number },
): {
  readonly schedule: Schedule
  readonly suspend: Suspension | null
  readonly bandwidth: Bandwidth
} {
  const timezone = series?.timezone ?? 'UTC'
  return {
    schedule: buildSchedule(schedule, timezone),
    suspend: buildSuspension(suspend, timezone, suspendedAt),
    bandwidth: buildBandwidth(transfer.bandwidth, transfer.timezone ?? timezone),
  }
}

const buildSchedule = ({ every, cron, timezone }: TimesDocument['schedule'], zone: string): Schedule =>
  cron === undefined
    ? { kind: 'every', seconds: sound(parseDuration(every ?? '1h')) }
    : { kind: 'cron', cron: cron.trim(), timezone: timezone ?? zone }

function buildSuspension(
  written: TimesDocument['suspend'],
  timezone: string,
  at: { readonly file: string; readonly line: number },
): Suspension | null {
  if (written === false) return null
  const { reason, until } = written === true ? {} : written
  return {
    reason: reason ?? null,
    until: until === undefined ? null : sound(readUntil(until, timezone)),
    file: at.file,
    line: at.line,
  }
}

const buildBandwidth = (written: string | readonly WindowDocument[], timezone: string): Bandwidth =>
  typeof written === 'string' ? plainRate(readRate(written)) : { timezone, entries: written.map(buildEntry) }

const buildEntry = ({ days, from, to, rate }: WindowDocument): BandwidthEntry => ({
  days: days === undefined ? null : days.map((day) => WEEKDAYS.indexOf(day) + 1),
  window:
    from === undefined && to === undefined
      ? null
      : { from: minuteOf(from ?? '00:00'), to: minuteOf(to ?? '24:00') },
  rate: readRate(rate),
})

const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

const readRate = (text: string): Rate => (text === 'off' ? 'off' : sound(parseRate(text)))

const minuteOf = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))
