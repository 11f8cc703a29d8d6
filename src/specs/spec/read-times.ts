import { plainRate } from '../../decide/time/timetable.ts'
import type { Bandwidth, BandwidthEntry, Rate, Schedule, Suspension } from '../../model/spec.ts'
import { type KeyPath, keyPathText, keyPlaceOf, lineOf, textAt } from '../yaml/located.ts'
import { readUntilAt, timezoneOf } from './read-rules.ts'
import { cronFault, zoneFault } from './text-faults.ts'
import { atLeast, MIN_RATE, type Parsed, parseDuration, parseRate } from './units.ts'
import { faultless, type ValueReader } from './value-reader.ts'

/** When a backup runs, when not, and how fast. */
export function readTimes(reader: ValueReader): {
  readonly schedule: Schedule
  readonly suspend: Suspension | null
  readonly bandwidth: Bandwidth
} {
  const schedule = readSchedule(reader)
  const suspend = reader.plain(['suspend']) === false ? null : readSuspension(reader)
  return { schedule, suspend, bandwidth: readBandwidth(reader) }
}

function readSchedule(reader: ValueReader): Schedule {
  const { read } = reader
  const seconds = read(['schedule', 'every'], 'out-of-range', atLeast(parseDuration, 1))
  const cron = read(['schedule', 'cron'], 'bad-cron', faultless(cronFault))
  const timezone = read(['schedule', 'timezone'], 'bad-timezone', faultless(zoneFault)) ?? timezoneOf(reader)
  return cron === undefined ? { kind: 'every', seconds } : { kind: 'cron', cron: cron.trim(), timezone }
}

function readSuspension(reader: ValueReader): Suspension {
  const place = keyPlaceOf(reader.root, ['suspend'])
  return {
    reason: reader.plain<string | undefined>(['suspend', 'reason']) ?? null,
    until: readUntilAt(reader, ['suspend', 'until']),
    file: place.source.file,
    line: lineOf(place),
  }
}

const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

function readBandwidth(reader: ValueReader): Bandwidth {
  const { read, each, fault, isWritten } = reader
  const written: KeyPath = ['transfer', 'bandwidth']
  const rate = read(written, 'out-of-range', readRate)
  const timezone = read(['transfer', 'timezone'], 'bad-timezone', faultless(zoneFault)) ?? timezoneOf(reader)
  const entries = each(written, (path): BandwidthEntry => {
    const days = each([...path, 'days'], (day) => WEEKDAYS.indexOf(reader.plain(day)) + 1)
    const window = readWindow(reader, path)
    const rate = read([...path, 'rate'], 'out-of-range', readRate)
    return { days: days.length === 0 ? null : days, window, rate }
  })
  if (entries.length > 0 && !isWritten(['transfer', 'timezone']) && !isWritten(['series', 'timezone'])) {
    const message = 'transfer.bandwidth is a timetable without a time zone'
    const hint = 'name the zone by whose clock it is, for example "timezone: Europe/Oslo" in transfer'
    fault(written, 'missing-key', message, hint)
  }
  return entries.length === 0 ? plainRate(rate) : { timezone, entries }
}

/** Null: all day. */
function readWindow({ root, isFaulty, fault }: ValueReader, path: KeyPath): BandwidthEntry['window'] {
  const [from, to] = [textAt(root, [...path, 'from']), textAt(root, [...path, 'to'])]
  const at = [...path, to === null ? 'from' : 'to']
  // One that closes when it opens: all day, or never?
  if ((from ?? '00:00') === (to ?? '24:00') && !isFaulty(at)) {
    const message = `${keyPathText(path)} closes at ${to ?? '24:00'}, when it opens`
    fault(at, 'never-open', message, 'for the whole day leave out "from" and "to"')
  }
  return from === null && to === null
    ? null
    : { from: minuteOf(from ?? '00:00'), to: minuteOf(to ?? '24:00') }
}

const minuteOf = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))

const readRate = (text: string): Parsed<Rate> =>
  text === 'off'
    ? { ok: true, value: text }
    : atLeast(parseRate, MIN_RATE, 'is below 1KiB/s, the least that rsync can hold')(text)
