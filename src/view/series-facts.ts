import { describeCause } from '../decide/status/late-cause.ts'
import { groupBy } from '../model/group-by.ts'
import { type Instant, isoTime } from '../model/instant.ts'
import { type BesideCount, type SeriesStatus, UNDATED } from '../model/status.ts'
import { escapeText } from './escape-text.ts'
import { counted } from './human-count.ts'
import { humanAge } from './human-time.ts'
import type { Row } from './lay-rows.ts'
import { alertRow } from './trouble-rows.ts'

/** Of many, only the first few are shown. */
const NAMED = 5
const PATTERNS = 5

/** `newest 3 h ago, expected every 24h: ok`; of several series the newest of all. Empty where nothing is expected of any. */
export function freshFacts(series: readonly SeriesStatus[], asOf: Instant): string {
  const expected = series.filter(({ expect }) => expect !== null)
  const [first] = expected
  if (first === undefined) return ''
  if (series.length === 1)
    return escapeText(`${ageOf(first.newest, asOf)}, expected ${first.expect}: ${first.state}`)
  const newest = expected.reduce((latest, one) => Math.max(latest, Date.parse(one.newest ?? '') || 0), 0)
  const late = expected.filter(({ state }) => state === 'late').length
  const when = ageOf(newest === 0 ? null : isoTime(newest as Instant), asOf)
  return `${counted(series.length, 'series', 'series')}, ${when}, ${late === 0 ? 'none late' : `${late} late`}`
}

const ageOf = (newest: string | null, asOf: Instant): string =>
  newest === null
    ? 'nothing complete yet'
    : // A point with a date alone ends with its day.
      Date.parse(newest) > asOf
      ? `newest of ${newest.slice(0, 10)}`
      : `newest ${humanAge(newest, asOf)}`

/** Nothing has come that could have named a series. */
export const isUnnamed = ({ series, newest }: Pick<SeriesStatus, 'series' | 'newest'>): boolean =>
  series === UNDATED && newest === null

/** One late series, with what was expected of it, and why it is late. */
export function lateRow({ series, newest, expect, cause, gone }: SeriesStatus, asOf: Instant): Row {
  const what =
    newest === null
      ? `no complete point yet, expected ${expect}`
      : `its newest complete point is of ${newest} (${humanAge(newest, asOf)}), expected ${expect}`
  const why = cause === undefined ? '' : `: ${describeCause(cause, gone)}`
  return alertRow('late', 'red', what + why, isUnnamed({ series, newest }) ? {} : { path: series })
}

/** `3 files fit no series.pattern: a, b, c`. */
export function besideText({ files, names }: BesideCount): string {
  const more = files > names.length ? `, and ${files - names.length} more` : ''
  return `${counted(files, 'file matches', 'files match')} no series.pattern: ${names.join(', ')}${more}`
}

/** Series that are guessed, and the pattern to write for them, a line for each pattern. */
export function guessedLines(series: readonly Pick<SeriesStatus, 'series' | 'pattern'>[]): readonly string[] {
  const guessed = series.filter(({ pattern }) => pattern !== undefined)
  const byPattern = groupBy(guessed, ({ pattern }) => pattern ?? null)
  return [...byPattern].slice(0, PATTERNS).map(([pattern, these]) => {
    const names = these.map((one) => one.series)
    const more = names.length > NAMED ? `, and ${names.length - NAMED} more` : ''
    const what = `series guessed by date: ${names.slice(0, NAMED).join(', ')}${more}`
    return pattern === null ? what : `${what}; to fix it, write series.pattern: ${JSON.stringify(pattern)}`
  })
}
