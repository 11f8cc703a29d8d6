import { describeCause } from '../decide/late-cause.ts'
import { type Instant, isoTime } from '../model/instant.ts'
import type { SeriesStatus } from '../model/status.ts'
import { escapeText } from './escape-text.ts'
import { counted } from './human-count.ts'
import { humanAge } from './human-time.ts'
import type { Row } from './lay-rows.ts'

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

/** One late series, with what was expected of it, and why it is late. */
export const lateRow = ({ series, newest, expect, cause }: SeriesStatus, asOf: Instant): Row => ({
  mark: '!',
  word: 'late',
  tone: 'red',
  ...(series === '' ? {} : { path: series }),
  detail: [
    newest === null
      ? `no complete point yet, expected ${expect}`
      : `its newest complete point is of ${newest} (${humanAge(newest, asOf)}), expected ${expect}`,
    ...(cause === undefined ? [] : [describeCause(cause)]),
  ].join(': '),
})
