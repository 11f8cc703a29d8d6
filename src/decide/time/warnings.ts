import { humanSize } from '../../model/human-size.ts'
import { type Instant, instant } from '../../model/instant.ts'
import type { Bandwidth, Expectation, Schedule, Spec } from '../../model/spec.ts'
import type { Warning } from '../../model/trouble.ts'
import { filesOf, type Point } from '../retention/series-points.ts'
import { cronAfter } from './next-run.ts'
import { bytesOfWeek, longestOff, WEEK_SECONDS } from './timetable.ts'

/** With the key of the spec that it is about. */
export interface TimeWarning extends Warning {
  readonly key: readonly string[]
}

/** What will not go well by the spec alone: a line that is off too long, passes that come too seldom. */
export function timeWarnings(
  spec: Pick<Spec, 'transfer' | 'schedule' | 'expect' | 'series'>,
): readonly TimeWarning[] {
  const { bandwidth } = spec.transfer
  if (bytesOfWeek(bandwidth) === 0) {
    return [
      {
        key: ['transfer', 'bandwidth'],
        code: 'always-off',
        message: 'transfer.bandwidth is off all the time: nothing is ever transferred',
        hint: 'Give the timetable a time with a rate; to pause the backup, suspend it.',
      },
    ]
  }
  const allowed = tightest(spec.expect, spec.series.timezone)
  if (allowed === null) return []
  const off = longestOff(bandwidth)
  const between = longestBeat(spec.schedule)
  const found: TimeWarning[] = []
  if (off > allowed)
    found.push({
      key: ['transfer', 'bandwidth'],
      code: 'narrow-timetable',
      message: `transfer.bandwidth is off for ${hours(off)} at a stretch, and a point is late after ${hours(allowed)}`,
      hint: 'Allow transfers more often, or expect points less often.',
    })
  if (between > allowed)
    found.push({
      key: ['schedule'],
      code: 'slow-schedule',
      message: `reconcile watch runs this up to ${hours(between)} apart, and a point is late after ${hours(allowed)}`,
      hint: 'Give it a schedule at least as frequent as what it expects.',
    })
  return found
}

/** So many of the newest wanted points of each series show how much the source makes. */
const NEWEST = 8
const LEAST = 3

/**
 * Whether the line can carry what the source makes, by the newest wanted points of each series: their bytes over the time between
 * them. Null: it can, or there are too few points to tell.
 */
export function slowLine(
  series: ReadonlyMap<string, readonly Point[]>,
  sizeOf: (path: string) => number,
  bandwidth: Bandwidth,
): Warning | null {
  const week = bytesOfWeek(bandwidth)
  // A line that is off for good is reported as that.
  if (week === 0 || week === Number.POSITIVE_INFINITY) return null
  let made = 0
  for (const points of series.values()) made += bytesAWeek(points, sizeOf)
  if (made <= week) return null
  return {
    code: 'slow-line',
    message: `the source makes about ${humanSize(made)} a week of what is wanted, and the line carries at most ${humanSize(week)}: it never catches up`,
    hint: 'Raise transfer.bandwidth, or want less: fewer points with retain, or fewer files with select.',
  }
}

function bytesAWeek(points: readonly Point[], sizeOf: (path: string) => number): number {
  const newest = points
    .filter(({ reasons, isAhead, standing }) => reasons !== null && !isAhead && standing !== 'unfinished')
    .toSorted((a, b) => b.time - a.time)
    .slice(0, NEWEST)
  if (newest.length < LEAST) return 0
  const seconds = (newest[0]!.time - newest.at(-1)!.time) / 1000
  // What the oldest of them holds was made before.
  const bytes = newest
    .slice(0, -1)
    .flatMap((point) => filesOf(point).map(sizeOf))
    .reduce((sum, size) => sum + size, 0)
  return (bytes / seconds) * WEEK_SECONDS
}

/** Seconds after which the most impatient expectation calls a series late; null: none does. */
function tightest(expect: readonly Expectation[], timezone: string): number | null {
  const all = expect.flatMap(({ rhythm, grace }) => {
    if (rhythm.kind === 'never') return []
    return [grace + longestBeat(rhythm.kind === 'every' ? rhythm : { ...rhythm, timezone })]
  })
  return all.length === 0 ? null : Math.min(...all)
}

/** Of a cron so many beats are looked at, from a day that is the same each time. */
const BEATS = 200
const FROM = instant(Date.UTC(2026, 0, 1))

/** Seconds between two beats, where they are furthest apart. */
export const longestBeat = (schedule: Schedule): number => beatOf(schedule).longest

/** Seconds between two beats on average. */
export const meanBeat = (schedule: Schedule): number => beatOf(schedule).mean

function beatOf(schedule: Schedule): { readonly longest: number; readonly mean: number } {
  if (schedule.kind === 'every') return { longest: schedule.seconds, mean: schedule.seconds }
  const key = `${schedule.timezone} ${schedule.cron}`
  const known = beats.get(key)
  if (known !== undefined) return known
  const first = cronAfter(schedule.cron, schedule.timezone, FROM)
  let last = first
  let longest = 0
  let count = 0
  for (; last !== null && count < BEATS; count++) {
    const next: Instant | null = cronAfter(schedule.cron, schedule.timezone, last)
    if (next === null) break
    longest = Math.max(longest, (next - last) / 1000)
    last = next
  }
  const beat = {
    longest,
    mean: first === null || last === null ? 0 : (last - first) / 1000 / Math.max(1, count),
  }
  beats.set(key, beat)
  return beat
}

/** Specs are read again and again, and croner takes a third of a millisecond a beat. */
const beats = new Map<string, { readonly longest: number; readonly mean: number }>()

const hours = (seconds: number): string => {
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`
  const [amount, unit] = seconds < 48 * 3600 ? [seconds / 3600, 'h'] : [seconds / 86_400, 'd']
  return `${Math.round(amount * 10) / 10} ${unit}`
}
