import type { Holding } from '../../model/holding.ts'
import { DAY, type Instant, instant, isoTime } from '../../model/instant.ts'
import type { LateSeries } from '../../model/outcome.ts'
import { comparePaths } from '../../model/rel-path.ts'
import type { Spec } from '../../model/spec.ts'
import { type GoneHere, type LateCause, type SeriesStatus, UNDATED } from '../../model/status.ts'
import { isWhole } from '../files/facts.ts'
import { isGuessed } from '../retention/series-pattern.ts'
import type { Point } from '../retention/series-points.ts'
import { suggestPattern } from '../retention/suggest-pattern.ts'
import type { Retention } from '../retention/wanted.ts'
import { type Claim, claim, fewOf, joined } from './conditions.ts'
import { describeLate, expectationOf, freshness } from './freshness.ts'
import { describeCause } from './late-cause.ts'
import { describeShort, REACH_SHORT, reachOf } from './reach.ts'

/** How long a new series beside others has for its first finished file. Milliseconds. */
export const FIRST_FILE = DAY

/** One series as it is held, with the words for it where it is late. */
export interface SeriesView {
  readonly status: SeriesStatus
  /** Of its newest complete point on this disk; `status` has that of all disks that take turns. Null: there is none. */
  readonly here: Instant | null
  readonly late: string | null
  /** Where it is late, what was here and would keep it from that; null: nothing. */
  readonly gone: GoneHere | null
  /** What messages call it; null: nothing has shown itself that could be named. */
  readonly label: string | null
  /** When its next point is, or was, due; null where none is. */
  readonly due: Instant | null
  /** When its grace ends, or ended: where it is late, since when. Null where nothing is due. */
  readonly lateAfter: Instant | null
}

/** The same with the cause of its lateness, where it is late and the cause is known. */
export function withCause(view: SeriesView, causeOf: (view: SeriesView) => LateCause | null): SeriesView {
  const cause = view.late === null ? null : causeOf(view)
  if (cause === null) return view
  const isGone = cause === 'removed-here' || cause === 'lost-here'
  return {
    ...view,
    status: { ...view.status, cause, ...(isGone && view.gone !== null ? { gone: view.gone } : {}) },
  }
}

/** Each series that is late, with its cause. */
export const lateSeries = (views: readonly SeriesView[]): readonly LateSeries[] =>
  views.flatMap(({ late, status: { series, cause, gone } }) => {
    if (late === null) return []
    return { series, message: cause === undefined ? late : `${late}: ${describeCause(cause, gone)}` }
  })

/**
 * How each series stands against what is expected of it, by name. `coming`: with the points that are on their way counted as here.
 * Where something is expected and no series has shown itself, that is told of the one without a date.
 */
export function seriesViews(
  spec: Spec,
  { series }: Pick<Retention, 'series'>,
  holding: Pick<Holding, 'created' | 'awaited' | 'turn' | 'pruned' | 'records' | 'files'>,
  asOf: Instant,
  coming: 'count' | 'do-not-count' = 'do-not-count',
): readonly SeriesView[] {
  const { awaited, turn } = holding
  const isHere = (point: Point) =>
    !point.isAhead &&
    (point.standing === 'whole' ||
      (coming === 'count' && point.standing === 'coming' && point.reasons !== null))
  // A series of another disk that is not on this one yet is late or in time all the same.
  const away = [...(turn?.newest.keys() ?? [])].flatMap((name) =>
    series.has(name) ? [] : [[name, []] as const],
  )
  const held = [...series, ...away].map(([name, of]) => {
    const elsewhere = turn?.newest.get(name) ?? null
    return { name, of, elsewhere, ...countHere(of, isHere, asOf) }
  })
  const holdsOthers = held.some(({ points }) => points > 0)
  const views = held.map((one) => {
    const isNew = holdsOthers && one.points === 0 && one.elsewhere === null
    const since = isNew ? (awaited.get(one.name) ?? asOf) : null
    return viewOf({ ...one, label: one.name }, spec, holding, since, asOf)
  })
  if (views.length === 0 && spec.expect.length > 0) {
    const { patterns } = spec.series
    const label = `series.pattern ${patterns.map((one) => JSON.stringify(one)).join(' or ')}`
    const none = {
      name: UNDATED,
      label: patterns.length === 0 ? null : label,
      of: [],
      points: 0,
      newest: null,
      oldest: null,
      elsewhere: null,
    }
    return [viewOf(none, spec, holding, null, asOf)]
  }
  return views.sort((a, b) => comparePaths(a.status.series, b.status.series))
}

interface Held {
  readonly name: string
  readonly label: string | null
  readonly of: readonly Point[]
  readonly points: number
  readonly newest: Instant | null
  readonly oldest: Instant | null
  /** Of its newest point on the other disks that take turns. */
  readonly elsewhere: Instant | null
}

function countHere(
  points: readonly Point[],
  isHere: (point: Point) => boolean,
  asOf: Instant,
): Pick<Held, 'points' | 'newest' | 'oldest'> {
  let here = 0
  let newest: Instant | null = null
  let oldest: Instant | null = null
  for (const point of points) {
    if (!isHere(point)) continue
    here++
    const { madeAt } = point
    // A clock that is ahead keeps no series fresh.
    const time = madeAt - asOf > DAY ? point.time : madeAt
    if (newest === null || time > newest) newest = time
    if (oldest === null || point.time < oldest) oldest = point.time
  }
  return { points: here, newest, oldest }
}

/** `awaited`: since when nothing is here of a new series beside others; null: it is none. */
function viewOf(
  { name, label, of, points, newest: here, oldest, elsewhere }: Held,
  spec: Spec,
  holding: Parameters<typeof seriesViews>[2],
  awaited: Instant | null,
  asOf: Instant,
): SeriesView {
  const newest = elsewhere !== null && (here === null || elsewhere > here) ? elsewhere : here
  const rules = { expect: spec.expect, timezone: spec.series.timezone }
  const freshWith = (newestThen: Instant | null) =>
    freshness(name, newestThen, rules, awaited ?? holding.created, asOf)
  const fresh = freshWith(newest)
  // I14: it has so long for its first finished file, however often more are expected.
  const first = awaited === null ? null : instant(awaited + FIRST_FILE)
  const isSpared = fresh.state === 'late' && first !== null && asOf <= first
  const state = isSpared ? 'due' : fresh.state
  const expected = fresh.state === 'ended' ? undefined : expectationOf(name, spec.expect)
  const reach = expected === undefined ? null : reachOf(expected, name, of, oldest, holding, asOf)
  const gone = state === 'late' ? newestGone(label === name ? name : null, of, spec, holding) : null
  return {
    status: {
      series: name,
      ...(isGuessed(spec.series) && name !== UNDATED ? { pattern: patternOf(of) } : {}),
      newest: newest === null ? null : isoTime(newest),
      expect: fresh.expect,
      state,
      points,
      ...(reach === null ? {} : { reach }),
    },
    here,
    label,
    late: state === 'late' ? describeLate(label ?? name, fresh, newest) : null,
    gone: gone !== null && freshWith(gone.time).state !== 'late' ? gone.what : null,
    due: fresh.due,
    lateAfter: isSpared ? first : fresh.lateAfter,
  }
}

/** The newest point of a series (null: of any) that a person removed here, or that is lost or damaged; null: there is none. */
function newestGone(
  series: string | null,
  points: readonly Point[],
  spec: Spec,
  { pruned, records, files }: Parameters<typeof seriesViews>[2],
): { readonly what: GoneHere; readonly time: Instant } | null {
  let newest: { readonly what: GoneHere; readonly time: Instant } | null = null
  const meet = (time: Instant, what: GoneHere) => {
    if (newest === null || time > newest.time) newest = { what, time }
  }
  for (const point of points) {
    const lost = point.facts.find(
      ({ source, record, pruned: removed, held }) =>
        source === undefined && record !== undefined && removed === undefined && !isWhole(held, record),
    )
    if (point.standing === 'unfinished' && lost !== undefined)
      meet(point.madeAt, { path: lost.path, removed: null })
  }
  for (const [path, { by, series: of, at, reason, trash, point }] of pruned) {
    if (by !== 'person' || (series !== null && of !== series) || files.has(path)) continue
    const mtime = isGuessed(spec.series) ? records.get(path)?.mtime : null
    const time = mtime == null ? point : instant(mtime * 1000)
    meet(time, { path, removed: { at: isoTime(at), reason, inTrash: trash !== null } })
  }
  return newest
}

/** Of some of its names: not each of them need say in which order its date is. */
function patternOf(points: readonly Point[]): string | null {
  for (const { name } of points.slice(0, 20)) {
    const pattern = suggestPattern(name)
    if (pattern !== null) return pattern
  }
  return null
}

/** Whether all that is expected is here in time. Where one series is late, since when the first of them is. */
export function freshClaim(views: readonly SeriesView[]): Claim {
  const late = views.filter((view) => view.late !== null)
  if (late.length > 0) {
    const since = late.reduce<Instant | null>(
      (first, { lateAfter }) =>
        lateAfter === null || (first !== null && first <= lateAfter) ? first : lateAfter,
      null,
    )
    const message = joined(lateSeries(late).map((one) => one.message))
    return { ...claim('Fresh', 'false', 'late', message), ...(since === null ? {} : { since }) }
  }
  const short = views.flatMap(({ status }) => describeShort(status) ?? [])
  if (short.length > 0) return claim('Fresh', 'false', REACH_SHORT, joined(short))
  const expected = views.filter(({ status }) => status.expect !== null)
  if (expected.length === 0)
    return claim(
      'Fresh',
      'unknown',
      'nothing-expected',
      'the spec does not say how often new points should come',
    )
  // Nothing that was never here is fresh, also while none is due.
  const open = expected.filter(
    ({ status }) => status.state === 'unknown' || (status.newest === null && status.state !== 'ended'),
  )
  if (open.length > 0) {
    const names = open.flatMap(({ label }) => label ?? [])
    const of = names.length === 0 ? '' : ` of ${fewOf(names)}`
    return claim('Fresh', 'unknown', 'no-point-yet', `no point has come yet${of}, and none is late`)
  }
  return claim('Fresh', 'true', 'fresh')
}
