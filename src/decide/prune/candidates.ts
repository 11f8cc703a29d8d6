import { firstPublished, type Holding } from '../../model/holding.ts'
import { type Instant, instant, isoTime } from '../../model/instant.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { Spec } from '../../model/spec.ts'
import type { Warning } from '../../model/trouble.ts'
import { retain } from '../retention/retain.ts'
import type { Point } from '../retention/series-points.ts'
import { zoneOf } from '../time/zone.ts'
import { owedOf, paceOf, pacer, periodOf } from './pace.ts'
import type { SeriesHistory } from './series-history.ts'
import type { WhyKept } from './why-kept.ts'

/** One series with what may go from it. */
export interface Candidates {
  readonly series: string
  /** The newest settled points, which are never touched. */
  readonly floor: readonly Point[]
  /** Points that may go, oldest first. */
  readonly mayGo: readonly Point[]
  /** So many may go in a day, and so many have gone. */
  readonly limit: number
  readonly gone: number
  /** Settled points that the ledger does not know as surplus, or that were of the floor; and those of them that may fall now. */
  readonly wantedBefore: number
  readonly fallen: number
  /** Verified files that are surplus now and not so on record, and the reverse. */
  readonly unrecorded: readonly RelPath[]
  readonly wantedAgain: readonly RelPath[]
  /** Verified files that are on record as surplus. */
  readonly known: number
  readonly pushed: Pushed | null
}

/** Points that the rules alone would drop because of what came, and that order and pace keep. */
export interface Pushed {
  readonly series: string
  /** Of so many settled points that are wanted. */
  readonly points: number
  readonly of: number
  /** The points that came out of order, or since the newest that is kept, newest first. */
  readonly by: readonly Point[]
}

/** What is known of one series besides its points. */
export interface SeriesFacts {
  readonly series: string
  readonly destination: Pick<Holding, 'surplus' | 'terms'>
  readonly asOf: Instant
  /** When this pass began: what was published since is spared. */
  readonly passBegan: Instant
  /** `prune.minAge` as it is in force, milliseconds. */
  readonly minAge: number
  /** Something may go in this pass: else only what order and pace keep is worth saying. */
  readonly isAsked: boolean
  /** Paths in conflict. */
  readonly conflicts: ReadonlySet<string>
  /** Times of the series' points that a prune by policy removed in the last 24 hours. */
  readonly gone: readonly Instant[]
  /** How the series came; asked for only where something is to fall. */
  readonly history: () => SeriesHistory
}

/** More of a series than this at once, of so many points, is for a person to see. */
export const isMuch = (points: number, of: number): boolean => points > Math.max(1, Math.floor(of / 5))

/**
 * I9: what may go from one series, and why the rest of what no rule wants stays. Surplus is what the rules drop over all that is known,
 * over the verified copies here, and over those of them that came in order; and what pace lets fall. A series may have a million
 * points: what is known of each is looked up where it is needed, and only what is seldom so is kept.
 */
export function candidatesOf(
  points: readonly Point[],
  spec: Spec,
  facts: SeriesFacts,
  keptBack: Map<Point, WhyKept>,
): Candidates {
  const { series, asOf, minAge, isAsked, conflicts } = facts
  const { surplus, terms: seenTerms } = facts.destination
  const { keepAtLeast } = spec.prune
  const verified = points
    .filter((point) => point.standing === 'whole' && !point.isAhead)
    .toSorted((a, b) => b.time - a.time)
  const kept = retain(verified, spec.retain!, zoneOf(spec.series.timezone))
  const isDropped = (point: Point) => point.reasons === null && !kept.has(point)
  // Wanted over the copies here, though not over all that is known.
  for (const [point, reasons] of isAsked ? kept : [])
    if (point.reasons === null) keptBack.set(point, { why: 'kept-here', reasons })
  const standingOf = (point: Point) => standing(point, facts)
  const dropped = verified.filter(isDropped)
  const { spared, pushed } = dropped.length === 0 ? NONE : spare(verified, dropped, standingOf, spec, facts)
  for (const [point, why] of spared) keptBack.set(point, why)

  const floor: Point[] = []
  const mayGo: Point[] = []
  const unrecorded: RelPath[] = []
  const wantedAgain: RelPath[] = []
  const floorBefore = seenTerms.at(-1)?.keepAtLeast ?? 0
  const gone = new Set(facts.gone)
  let settled = 0
  let wanted = 0
  let wantedBefore = 0
  let fallen = 0
  let known = 0
  for (const point of verified) {
    const { isSettled, surplusSince } = standingOf(point)
    const isSurplus = isDropped(point) && !spared.has(point)
    if (surplus.size > 0) for (const { path } of point.facts) if (surplus.has(path)) known++
    const isFloor = isSettled && floor.length < keepAtLeast
    if (isFloor) floor.push(point)
    if (isSettled) {
      gone.delete(point.time)
      if (!isDropped(point)) wanted++
      if (surplusSince === null || settled < floorBefore) {
        wantedBefore++
        if (isSurplus && !isFloor) fallen++
      }
      settled++
    }
    if (!isSurplus) {
      if (surplus.size > 0) for (const { path } of point.facts) if (surplus.has(path)) wantedAgain.push(path)
      continue
    }
    if (surplusSince === null)
      for (const { path } of point.facts) if (!surplus.has(path)) unrecorded.push(path)
    if (!isAsked) continue
    const until = instant((surplusSince ?? asOf) + minAge)
    if (isFloor) keptBack.set(point, { why: 'floor', keepAtLeast })
    // Also where the hold has been released: which of the two is good is not known.
    else if (conflicts.size > 0 && point.facts.some(({ path }) => conflicts.has(path)))
      keptBack.set(point, { why: 'conflict' })
    else if (asOf < until || !isSettled)
      keptBack.set(point, { why: 'min-age', until: instant(Math.max(until, asOf)) })
    else mayGo.push(point)
  }
  // What is kept for no other reason than that it came too fast is no measure.
  const of = wanted + pushed.length
  const by = () =>
    cameSince(verified, pushed[0]!, facts.history(), periodOf(spec, series) ?? Number.POSITIVE_INFINITY)
  return {
    series,
    floor,
    mayGo: mayGo.reverse(),
    // A fifth of its points, as they were before: one that went and came again is one.
    limit: Math.max(1, Math.floor((settled + gone.size) / 5)),
    gone: facts.gone.length,
    wantedBefore,
    fallen,
    unrecorded,
    wantedAgain,
    known,
    pushed: isMuch(pushed.length, of) ? { series, points: pushed.length, of, by: by() } : null,
  }
}

/** One verified point by the ledger's own record. */
interface Standing {
  /** Published before this pass, and for the first time at least `minAge` ago. */
  readonly isSettled: boolean
  /** It was wanted when it settled, or may have been. */
  readonly settledWanted: boolean
  /** Published before this pass, wanted until now, and not settled yet. */
  readonly isYoung: boolean
  /** Since when all of it is on record as surplus; null: it is not. */
  readonly surplusSince: Instant | null
}

function standing(
  { facts }: Point,
  { asOf, passBegan, minAge, destination: { surplus } }: SeriesFacts,
): Standing {
  let settles = 0
  let since = 0
  let surplusSince: Instant | null = instant(0)
  for (const { path, record } of facts) {
    if (record === undefined) continue
    since = Math.max(since, record.since)
    settles = Math.max(settles, firstPublished(record).at + minAge)
    const here = surplus.get(path)
    surplusSince =
      here === undefined || surplusSince === null ? null : here > surplusSince ? here : surplusSince
  }
  const isSettled = since < passBegan && settles <= asOf
  return {
    isSettled,
    settledWanted: isSettled && (surplusSince === null || surplusSince >= settles),
    isYoung: !isSettled && since < passBegan && surplusSince === null,
    surplusSince,
  }
}

interface Spared {
  /** What the rules drop, and order or pace keep. */
  readonly spared: ReadonlyMap<Point, WhyKept>
  /** Those of them that something pushed, newest first. */
  readonly pushed: readonly Point[]
}

const NONE: Spared = { spared: new Map(), pushed: [] }
const NOTHING_OWED: ReadonlySet<Instant> = new Set()

function spare(
  verified: readonly Point[],
  dropped: readonly Point[],
  standingOf: (point: Point) => Standing,
  spec: Spec,
  { series, asOf, history }: SeriesFacts,
): Spared {
  const spared = new Map<Point, WhyKept>()
  const pushed: Point[] = []
  const ofSeries = history()
  const { late } = ofSeries
  const over = (points: readonly Point[]) => retain(points, spec.retain!, zoneOf(spec.series.timezone))
  const inOrder = verified.filter(({ time }) => time <= asOf && !late.has(time))
  const kept = inOrder.length === verified.length ? null : over(inOrder)
  // What came late itself was here before what came still later.
  const keptLate = new Map<number, ReturnType<typeof over>>()
  const whenItCame = (point: Point) => {
    const pass = late.get(point.time)
    if (pass === undefined) return undefined
    const known =
      keptLate.get(pass) ??
      over(verified.filter(({ time }) => time <= asOf && (late.get(time) ?? pass) <= pass))
    keptLate.set(pass, known)
    // Of what comes newest first, each is the oldest when it comes.
    return known.get(point)?.filter((reason) => reason !== 'oldest')
  }
  const pace = paceOf(spec, series)
  const period = periodOf(spec, series)
  const owed = period === null || late.size === 0 ? NOTHING_OWED : owedOf(period, ofSeries)
  const paced = pace === null ? null : { ...pacer(pace, ofSeries, owed), period: pace.period }
  const expected =
    owed.size === 0
      ? null
      : over(verified.filter(({ time }) => time <= asOf && (!late.has(time) || owed.has(time))))
  for (const point of dropped) {
    const reasons = kept?.get(point) ?? whenItCame(point)
    if (reasons !== undefined && reasons.length > 0) {
      spared.set(point, { why: 'order', reasons })
      if (standingOf(point).settledWanted && (expected === null || expected.has(point))) pushed.push(point)
      continue
    }
    const slow = paced?.slowedBy(point.time) ?? null
    if (paced === null || slow === null) continue
    const { settledWanted, isYoung, surplusSince } = standingOf(point)
    // What fell before its series ended stays fallen.
    if (paced.period === Number.POSITIVE_INFINITY && surplusSince !== null) continue
    // What has not settled yet is kept only where something pushed it: else all that a quick rule lets go would stay for long.
    const isPushed = (settledWanted || isYoung) && !paced.fallsAnyway(point.time)
    if (settledWanted || isPushed) spared.set(point, { why: 'pace', ...slow, period: paced.period })
    if (settledWanted && isPushed) pushed.push(point)
  }
  return { spared, pushed }
}

const NAMED = 3

/** What came, and when: said at once, and nothing is held because of it. */
export function pushedWarning({ series, points, of, by }: Pushed): Warning {
  const names = by.slice(0, NAMED).map(({ name }) => name)
  let last: Instant | null = null
  for (const { facts } of by)
    for (const { record } of facts) {
      const at = record === undefined ? null : firstPublished(record).at
      if (at !== null && (last === null || at > last)) last = at
    }
  const when = last === null ? '' : `, the last at ${isoTime(last)}`
  const more = by.length > names.length ? ' and others' : ''
  return {
    code: 'points-pushed',
    message: `the rules alone would drop ${points} of ${of} wanted points of ${series}, because ${by.length} came out of order or faster than expected${when}: ${names.join(', ')}${more}. They are kept`,
    hint: 'Find out what made them at the source. If points will come this often from now on, say so in expect and keep more of them in retain.',
  }
}

/** What came since the newest point that was pushed, or came out of order: newest first. */
function cameSince(
  verified: readonly Point[],
  pushed: Point,
  { late }: SeriesHistory,
  period: number,
): readonly Point[] {
  const since = verified.filter(({ time }) => time > pushed.time || late.has(time))
  const isClose = (one: Point | undefined, other: Point) =>
    one !== undefined && Math.abs(one.time - other.time) < period / 2
  // Among what came as it always does, those are meant that came late, or close to another.
  const odd = since.filter(
    (point, i) => late.has(point.time) || isClose(since[i - 1], point) || isClose(since[i + 1], point),
  )
  return odd.length === 0 ? since : odd
}
