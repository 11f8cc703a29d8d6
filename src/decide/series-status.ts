import type { Instant } from '../model/instant.ts'
import { DAY, isoTime } from '../model/instant.ts'
import type { LateSeries } from '../model/outcome.ts'
import { comparePaths } from '../model/rel-path.ts'
import type { Spec } from '../model/spec.ts'
import { type LateCause, type SeriesStatus, UNDATED } from '../model/status.ts'
import { describeLate, freshness } from './freshness.ts'
import { describeCause } from './late-cause.ts'
import type { Point, Retention } from './retention.ts'
import { isGuessed } from './series-pattern.ts'
import { suggestPattern } from './suggest-pattern.ts'

/** One series as it is held, with the words for it where it is late. */
export interface SeriesView {
  readonly status: SeriesStatus
  readonly late: string | null
  /** When its next point is, or was, due; null where none is. */
  readonly due: Instant | null
  /** When its grace ends, or ended: where it is late, since when. Null where nothing is due. */
  readonly lateAfter: Instant | null
}

/** The same with the cause of its lateness, where it is late and the cause is known. */
export function withCause(view: SeriesView, causeOf: (view: SeriesView) => LateCause | null): SeriesView {
  const cause = view.late === null ? null : causeOf(view)
  return cause === null ? view : { ...view, status: { ...view.status, cause } }
}

/** Each series that is late, with its cause. */
export const lateSeries = (views: readonly SeriesView[]): readonly LateSeries[] =>
  views.flatMap(({ late, status: { series, cause } }) => {
    if (late === null) return []
    return { series, message: cause === undefined ? late : `${late}: ${describeCause(cause)}` }
  })

/**
 * How each series stands against what is expected of it, by name. `coming`: with the points that are on their way counted as here.
 * Where something is expected and no series has shown itself, that is told of the one without a date.
 */
export function seriesViews(
  spec: Spec,
  { series }: Pick<Retention, 'series'>,
  created: Instant | null,
  asOf: Instant,
  coming: 'count' | 'do-not-count' = 'do-not-count',
): readonly SeriesView[] {
  const isHere = (point: Point) =>
    !point.isAhead &&
    (point.standing === 'whole' ||
      (coming === 'count' && point.standing === 'coming' && point.reasons !== null))
  const views = [...series].map(([name, points]) => viewOf(name, points, isHere, spec, created, asOf))
  if (views.length === 0 && spec.expect.length > 0) return [viewOf(UNDATED, [], isHere, spec, created, asOf)]
  return views.sort((a, b) => comparePaths(a.status.series, b.status.series))
}

function viewOf(
  name: string,
  points: readonly Point[],
  isHere: (point: Point) => boolean,
  spec: Spec,
  created: Instant | null,
  asOf: Instant,
): SeriesView {
  let here = 0
  let newest: Instant | null = null
  for (const point of points) {
    if (!isHere(point)) continue
    here++
    const { madeAt } = point
    // A clock that is ahead keeps no series fresh.
    const time = madeAt - asOf > DAY ? point.time : madeAt
    if (newest === null || time > newest) newest = time
  }
  const rules = { expect: spec.expect, timezone: spec.series.timezone }
  const fresh = freshness(name, newest, rules, created, asOf)
  return {
    status: {
      series: name,
      ...(isGuessed(spec.series) && name !== UNDATED ? { pattern: patternOf(points) } : {}),
      newest: newest === null ? null : isoTime(newest),
      expect: fresh.expect,
      state: fresh.state,
      points: here,
    },
    late: fresh.state === 'late' ? describeLate(name, fresh, newest, asOf) : null,
    due: fresh.due,
    lateAfter: fresh.lateAfter,
  }
}

/** Of some of its names: not each of them need say in which order its date is. */
function patternOf(points: readonly Point[]): string | null {
  for (const { name } of points.slice(0, 20)) {
    const pattern = suggestPattern(name)
    if (pattern !== null) return pattern
  }
  return null
}
