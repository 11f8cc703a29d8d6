import { type Instant, instant } from '../../model/instant.ts'
import type { Bandwidth, BandwidthEntry, Rate } from '../../model/spec.ts'
import { zoneOf } from './zone.ts'

/** A rate and the next time at which another is in force; null: it stays. */
export interface RateNow {
  readonly rate: Rate
  readonly until: Instant | null
}

/** A stretch of the week by the wall clock, from `start` minutes after Monday's midnight to the next one's. */
interface WeekPart {
  readonly start: number
  readonly rate: Rate
}

/** The same rate all the time. */
export const plainRate = (rate: Rate): Bandwidth => ({
  timezone: 'UTC',
  entries: [{ days: null, window: null, rate }],
})

/** The same within a cap on the transfer, bytes a second; null: none. */
export const withinCap = ({ timezone, entries }: Bandwidth, cap: number | null): Bandwidth => ({
  timezone,
  entries:
    cap === null
      ? entries
      : [
          ...entries.map((entry) => ({
            ...entry,
            rate: entry.rate === 'off' ? entry.rate : Math.min(entry.rate ?? cap, cap),
          })),
          { days: null, window: null, rate: cap },
        ],
})

/** The same as if no entry said `off`. */
export const withoutOff = ({ timezone, entries }: Bandwidth): Bandwidth => ({
  timezone,
  entries: entries.filter(({ rate }) => rate !== 'off'),
})

/** Bytes that a week without a change of the clock lets through; infinity where it has a time without a limit. */
export const bytesOfWeek = (bandwidth: Bandwidth): number =>
  stretches(bandwidth).reduce((sum, { rate, minutes }) => {
    if (rate === 'off') return sum
    return sum + (rate === null ? Number.POSITIVE_INFINITY : rate * minutes * 60)
  }, 0)

/** Seconds of the week's longest time without a transfer; infinity where it is all of them. */
export function longestOff(bandwidth: Bandwidth): number {
  const all = stretches(bandwidth)
  const off = all.filter(({ rate }) => rate === 'off').map(({ minutes }) => minutes * 60)
  return off.length > 0 && all.length === 1 ? Number.POSITIVE_INFINITY : Math.max(0, ...off)
}

function stretches(bandwidth: Bandwidth): readonly { readonly rate: Rate; readonly minutes: number }[] {
  const parts = weekOf(bandwidth)
  return parts.map(({ start, rate }, i) => ({
    rate,
    minutes: (parts[i + 1]?.start ?? parts[0]!.start + WEEK) - start,
  }))
}

export const WEEK_SECONDS = 7 * 86_400
const MINUTE = 60_000
const DAY = 1440
const WEEK = 7 * DAY
/** 1970 began on a Thursday. */
const FIRST_DAY = 3

/**
 * The rate that a timetable allows at a moment. A window is open while the wall clock of its zone shows a time within it: one that
 * a clock change skips does not come, and one that it repeats comes twice.
 */
export function rateAt(bandwidth: Bandwidth, at: Instant): RateNow {
  const parts = weekOf(bandwidth)
  const zone = zoneOf(bandwidth.timezone)
  const { rate } = partAt(parts, timeOfWeek(zone.toLocal(at)))
  if (parts.length === 1) return { rate, until: null }
  for (let here = at; ; ) {
    const time = timeOfWeek(zone.toLocal(here))
    const next = parts.find(({ start }) => start * MINUTE > time)?.start ?? parts[0]!.start + WEEK
    // Where the clock is changed before, the boundary may come at another time, or not at all.
    here = instant(Math.min(here + next * MINUTE - time, zone.nextChange(here)))
    if (partAt(parts, timeOfWeek(zone.toLocal(here))).rate !== rate) return { rate, until: here }
  }
}

/** The week's parts in order, no two neighbours with the same rate; one alone where it is the same all week. */
function weekOf(bandwidth: Bandwidth): readonly WeekPart[] {
  const known = weeks.get(bandwidth)
  if (known !== undefined) return known
  const windows = bandwidth.entries.map((entry) => ({ rate: entry.rate, spans: spansOf(entry) }))
  const edges = new Set(windows.flatMap(({ spans }) => spans.flatMap(([from, to]) => [from, to % WEEK])))
  const parts = [...edges]
    .sort((a, b) => a - b)
    .map((start) => {
      const open = windows.find(({ spans }) => spans.some((span) => isWithin(span, start)))
      return { start, rate: open === undefined ? null : open.rate }
    })
  const merged = parts.filter(({ rate }, i) => rate !== parts.at(i - 1)!.rate)
  const week = merged.length > 0 ? merged : [{ start: 0, rate: parts[0]?.rate ?? null }]
  weeks.set(bandwidth, week)
  return week
}

const weeks = new WeakMap<Bandwidth, readonly WeekPart[]>()

/** From a minute of the week up to one that may be in the next week. */
type Span = readonly [from: number, to: number]

const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7]

function spansOf({ days, window }: BandwidthEntry): readonly Span[] {
  const { from, to } = window ?? { from: 0, to: DAY }
  return (days ?? EVERY_DAY).map((day) => {
    const midnight = (day - 1) * DAY
    return [midnight + from, midnight + to + (to > from ? 0 : DAY)]
  })
}

const isWithin = ([from, to]: Span, minute: number): boolean =>
  (minute >= from && minute < to) || (minute + WEEK >= from && minute + WEEK < to)

/** Milliseconds since Monday's midnight. */
function timeOfWeek(local: number): number {
  const since = local + FIRST_DAY * DAY * MINUTE
  return since - Math.floor(since / (WEEK * MINUTE)) * WEEK * MINUTE
}

/** Before the week's first edge, what began last week goes on. */
const partAt = (parts: readonly WeekPart[], time: number): WeekPart =>
  parts.findLast(({ start }) => start * MINUTE <= time) ?? parts.at(-1)!
