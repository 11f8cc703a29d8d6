import type { PatternFault } from '../../decide/retention/parse-pattern.ts'
import { type Precision, patternFault, patternPrecision } from '../../decide/retention/series-pattern.ts'
import { plainRate } from '../../decide/time/timetable.ts'
import { isZone, zoneOf } from '../../decide/time/zone.ts'
import { DAY, type Instant, instant } from '../../model/instant.ts'
import type {
  Bandwidth,
  BandwidthEntry,
  Expectation,
  PruneRules,
  Rate,
  RetainRules,
  Schedule,
  SeriesRules,
  Spec,
  Suspension,
} from '../../model/spec.ts'
import {
  faultAt,
  type KeyPath,
  keyPathText,
  keyPlaceOf,
  lineOf,
  placeOf,
  textAt,
  valueAt,
} from '../yaml/located.ts'
import { cronFault, globFault, zoneFault } from './text-faults.ts'
import {
  atLeast,
  MIN_RATE,
  no,
  type Parsed,
  parseDuration,
  parsePeriod,
  parseRate,
  parseRhythm,
} from './units.ts'
import { faultless, type ValueReader } from './value-reader.ts'

/** How files are told apart by date, and what is kept, expected and pruned of them. */
export function readRules(reader: ValueReader): {
  readonly series: SeriesRules
  readonly retain: RetainRules | null
  readonly expect: readonly Expectation[]
  readonly prune: PruneRules
} {
  const { read, plain, isWritten } = reader
  read(['series', 'timezone'], 'bad-timezone', faultless(zoneFault))
  checkPatterns(reader)
  const expect = oneOrMany(reader, ['expect']).map((path) => readExpectation(reader, path))
  checkPruning(reader)
  return {
    series: { patterns: plain(['series', 'pattern']) ?? [], timezone: timezoneOf(reader) },
    retain: isWritten(['retain']) ? readRetain(reader) : null,
    expect,
    prune: {
      mode: plain(['prune', 'mode']),
      keepAtLeast: plain(['prune', 'keepAtLeast']),
      minAge: read(['prune', 'minAge'], 'out-of-range', parseDuration),
      trashFor: read(['prune', 'trashFor'], 'out-of-range', parseDuration),
    },
  }
}

/** Where no other zone is named. */
const timezoneOf = ({ root }: ValueReader): string => textAt(root, ['series', 'timezone']) ?? 'UTC'

function readRetain({ read, plain, each }: ValueReader): RetainRules {
  const counts = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const
  const count = (rule: (typeof counts)[number]) => [rule, plain(['retain', rule]) ?? null]
  const within = read(['retain', 'within'], 'out-of-range', (text) => {
    const seconds = atLeast(parseDuration, 1)(text)
    return seconds.ok ? parsePeriod(text) : seconds
  })
  return {
    ...(Object.fromEntries(counts.map(count)) as Pick<RetainRules, (typeof counts)[number]>),
    within: within === undefined ? null : { ...within, text: plain(['retain', 'within']) },
    pick: plain(['retain', 'pick']),
    pin: each(['retain', 'pin'], (path) => read(path, 'bad-glob', faultless(globFault))),
  }
}

function readExpectation(reader: ValueReader, path: KeyPath): Expectation {
  const { read } = reader
  const cron = read([...path, 'cron'], 'bad-cron', faultless(cronFault))
  const every = read([...path, 'every'], 'out-of-range', atLeast(parseRhythm, 1))
  return {
    series: read([...path, 'series'], 'bad-glob', faultless(globFault)) ?? null,
    rhythm:
      cron !== undefined
        ? { kind: 'cron', cron: cron.trim() }
        : every === null
          ? { kind: 'never' }
          : { kind: 'every', seconds: every },
    grace: read([...path, 'grace'], 'out-of-range', parseDuration),
    until: readUntilAt(reader, [...path, 'until']),
    ...readReach(reader, [...path, 'reach'], every === null),
  }
}

function readReach(
  { read, isWritten, fault }: ValueReader,
  path: KeyPath,
  isNever: boolean,
): Pick<Expectation, 'reach'> {
  if (!isWritten(path)) return {}
  const reach = read(path, 'out-of-range', atLeast(parseDuration, 1))
  if (isNever) {
    const message = 'expect: "reach" beside "every: never", by which nothing is asked of the series'
    fault(path, 'wrong-value', message, 'remove it, or say how often new points should come')
  }
  return { reach }
}

/** Null: nothing is written there. */
const readUntilAt = (reader: ValueReader, path: KeyPath) =>
  reader.read(path, 'bad-time', (text) => readUntil(text, timezoneOf(reader))) ?? null

/** The paths of a list's items, or of the single value that may be written instead of a list. */
const oneOrMany = ({ root, each }: ValueReader, path: KeyPath): readonly KeyPath[] => {
  const value = valueAt(root, path)
  return value === null ? [] : value.kind === 'list' ? each(path, (item) => item) : [path]
}

function checkPatterns(reader: ValueReader): void {
  const { faults, isFaulty } = reader
  const patterns = oneOrMany(reader, ['series', 'pattern'])
  const before = faults.length
  for (const path of patterns) checkPattern(reader, path)
  if (faults.length === before && !patterns.some(isFaulty)) checkPrecision(reader, patterns)
}

/** At the token itself, if the file holds the text without escapes. */
export function checkPattern(
  { root, faults, isFaulty }: ValueReader,
  path: KeyPath,
  faultOf: (text: string) => PatternFault | null = patternFault,
): void {
  const text = textAt(root, path)
  const fault = text === null || isFaulty(path) ? null : faultOf(text)
  if (fault === null) return
  const whole = placeOf(root, path)
  const written = whole.source.text.slice(whole.start, whole.end)
  const quote = /^["']/.test(written) ? 1 : 0
  const asIs = written.slice(quote, written.length - quote) === text
  const start = whole.start + quote + fault.at
  const place = asIs ? { source: whole.source, start, end: start + fault.length } : whole
  faults.push(faultAt(place, 'bad-pattern', `${keyPathText(path)}: ${fault.message}`))
}

const FINENESS: readonly Precision[] = ['year', 'month', 'day', 'hour']

/** The coarsest date by which a rule can distinguish periods. */
const NEEDED: Readonly<Record<string, Precision>> = {
  hourly: 'hour',
  daily: 'day',
  weekly: 'day',
  monthly: 'month',
}

/** A rule that needs a finer date than any name has. Names without a date use the modification time, which is fine enough. */
function checkPrecision({ root, isWritten, fault }: ValueReader, patterns: readonly KeyPath[]): void {
  const precisions = patterns.map((path) => FINENESS.indexOf(patternPrecision(textAt(root, path) ?? '')))
  const finest = Math.max(...precisions)
  // Finer than an hour, and no date at all, are not in the list.
  if (precisions.length === 0 || precisions.includes(-1)) return
  for (const [rule, needed] of Object.entries(NEEDED)) {
    if (!isWritten(['retain', rule]) || FINENESS.indexOf(needed) <= finest) continue
    const message = `retain.${rule} needs the ${needed}, and series.pattern tells the ${FINENESS[finest]} only`
    fault(['retain', rule], 'too-coarse', message, `remove it, or add the ${needed} to the pattern`)
  }
}

const MODE: KeyPath = ['prune', 'mode']

/** I9: what prunes by itself must notice that nothing new comes; series that are only guessed are no ground to remove anything unasked. */
function checkPruning(reader: ValueReader): void {
  const { root, isWritten, fault } = reader
  const mode = textAt(root, MODE)
  if (mode === 'auto' && !isWritten(['expect'])) {
    const message =
      'prune.mode is "auto" without "expect": old copies would keep being removed even when no new ones arrive'
    fault(MODE, 'missing-key', message, 'add for example "expect: { every: 24h, grace: 2h }"')
  } else if (mode === 'auto' && isWritten(['retain']) && !isWritten(['series', 'pattern'])) {
    const message =
      'prune.mode is auto, and without series.pattern series are guessed by the dates in names: nothing of them is ever removed'
    const pattern = JSON.stringify(`{series}-{YYYY}-{MM}-{DD}${endingOf(reader)}`)
    const hint = `write how names are made, for example series: { pattern: ${pattern}, timezone: ${timezoneOf(reader)} }; a dry run prints the pattern that fits`
    fault(MODE, 'guessed-series', message, hint, 'warning')
  }
  // Without `retain` everything is wanted, whatever else the spec says of pruning.
  if ((mode !== 'manual' && mode !== 'auto') || isWritten(['retain'])) return
  // What _defaults.yaml lets all backups do, a spec that keeps everything need not take back.
  if (placeOf(root, MODE).source !== root.place.source) return
  const message = `prune.mode is ${mode}, and there is no retain: everything is wanted, and nothing is ever removed`
  fault(MODE, 'prunes-nothing', message, 'say with retain what is to be kept', 'warning')
}

/** How the names that are included end, as far as a glob says so. */
function endingOf(reader: ValueReader): string {
  const [first] = oneOrMany(reader, ['select', 'include'])
  return /^[^/]*\*((?:\.[A-Za-z0-9]+)+)$/.exec((first && textAt(reader.root, first)) ?? '')?.[1] ?? '.tar.gz'
}

const DATE = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/
const TIME =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,3})?)([Zz]|[+-][0-9]{2}:[0-9]{2})$/

/** A moment with its offset (RFC 3339), or a day, which means its end in the zone. */
function readUntil(text: string, timezone: string): Parsed<Instant> {
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

export function readAnomaly({ isWritten, plain, isFaulty, fault }: ValueReader): Pick<Spec, 'anomaly'> {
  if (!isWritten(['anomaly'])) return {}
  const path = ['anomaly', 'size']
  const size = plain<readonly [number, number]>(path)
  const isSound = ![path, [...path, 0], [...path, 1]].some(isFaulty)
  // The median itself is as usual.
  if (isWritten(path) && isSound && !(size[0] < 1 && size[1] > 1)) {
    const message = `anomaly.size: ${JSON.stringify(size)} does not hold 1, the median itself`
    fault(path, 'out-of-range', message, 'the first is below 1 and the second above, as in [0.5, 2]')
  }
  return { anomaly: { size, kind: plain(['anomaly', 'kind']) } }
}
