import { type Instant, instant, isoTime } from '../../model/instant.ts'
import type { Expectation, Schedule } from '../../model/spec.ts'
import type { FreshState } from '../../model/status.ts'
import { anyOf } from '../files/select.ts'
import { cronAfter } from '../time/next-run.ts'

/** How a series stands against what is expected of it. */
export interface Freshness {
  /** What is expected, in words: `every 24h`, `at "0 2 * * *"`, `never`. Null: nothing. */
  readonly expect: string | null
  readonly state: FreshState
  /** When its next point is, or was, due; the grace begins then. Null where none is. */
  readonly due: Instant | null
  /** When the grace ends. */
  readonly lateAfter: Instant | null
}

/**
 * Whether a series has got its points as expected. `newest` is the time of its newest complete point; where it has none, the time
 * counts from `since`, when its destination began. The first expectation that fits the series counts.
 */
export function freshness(
  series: string,
  newest: Instant | null,
  rules: { readonly expect: readonly Expectation[]; readonly timezone: string },
  since: Instant | null,
  asOf: Instant,
): Freshness {
  const expectation = expectationOf(series, rules.expect)
  if (expectation === undefined) return { expect: null, state: 'unknown', due: null, lateAfter: null }
  const { rhythm, grace, until } = expectation
  const expect = rhythmText(rhythm)
  const ended = rhythm.kind === 'never' || (until !== null && asOf >= until)
  if (ended) return { expect, state: 'ended', due: null, lateAfter: null }
  const from = newest ?? since
  const due = from === null ? null : dueAfter(from, rhythm, rules.timezone)
  if (due === null) return { expect, state: 'unknown', due, lateAfter: null }
  const lateAfter = instant(due + grace * 1000)
  return { expect, state: asOf < due ? 'ok' : asOf <= lateAfter ? 'due' : 'late', due, lateAfter }
}

/** One line for people about a series that is late. */
export function describeLate(series: string, fresh: Freshness, newest: Instant | null): string {
  const has = newest === null ? 'no complete point yet' : `its newest complete point is of ${isoTime(newest)}`
  const due = fresh.due === null ? '' : `; one was due ${isoTime(fresh.due)}`
  return `${series}: ${has}, expected ${fresh.expect ?? 'nothing'}${due} and is not here`
}

/** What is expected of a series: the first that fits. */
export const expectationOf = (series: string, expect: readonly Expectation[]): Expectation | undefined =>
  expect.find((one) => fits(one.series, series))

const fits = (glob: string | null, series: string): boolean => glob === null || anyOf([glob])(series)

type Rhythm = Expectation['rhythm']

/** Null: never again. */
function dueAfter(
  from: Instant,
  rhythm: Exclude<Rhythm, { kind: 'never' }>,
  timezone: string,
): Instant | null {
  if (rhythm.kind === 'every') return instant(from + rhythm.seconds * 1000)
  return cronAfter(rhythm.cron, timezone, from)
}

/** As an expectation is told: `every 1h`. */
export const scheduleText = (schedule: Schedule): string => rhythmText(schedule)

function rhythmText(rhythm: Rhythm | Schedule): string {
  if (rhythm.kind === 'every') return `every ${spanText(rhythm.seconds)}`
  return rhythm.kind === 'cron' ? `at "${rhythm.cron}"` : 'never'
}

/** A whole number of the greatest unit that gives one; days only from two on, for people say 24h. */
export function spanText(seconds: number): string {
  if (seconds >= 172_800 && seconds % 86_400 === 0) return `${seconds / 86_400}d`
  if (seconds % 3600 === 0) return `${seconds / 3600}h`
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`
}
