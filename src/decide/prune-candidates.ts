import { firstPublished, type Holding } from '../model/holding.ts'
import { type Instant, instant, isoTime } from '../model/instant.ts'
import type { Observation } from '../model/observation.ts'
import type { Warning } from '../model/plan.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Spec } from '../model/spec.ts'
import { graceInForce } from './grace.ts'
import { fallsAnyway, type Pace, paceOf, slowedBy } from './pace.ts'
import { retain } from './retain.ts'
import type { Point } from './retention.ts'
import type { SeriesHistory } from './series-history.ts'
import type { Stay } from './stay.ts'
import { zoneOf } from './zone.ts'

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

export interface CandidateTerms {
  readonly asOf: Instant
  /** When this pass began: what was published since is spared. */
  readonly passBegan: Instant
  /** Paths in conflict. */
  readonly conflicts: ReadonlySet<string>
  /** Times of the series' points that a prune by policy removed in the last 24 hours. */
  readonly gone: readonly Instant[]
  readonly history: (series: string) => SeriesHistory
}

/** More of a series than this at once, of so many points, is for a person to see. */
export const isMuch = (points: number, of: number): boolean => points > Math.max(1, Math.floor(of / 5))

/**
 * I9: what may go from one series, and why the rest of what no rule wants stays. Surplus is what the rules drop over all that is known,
 * over the verified copies here, and over those of them that came in order; and what pace lets fall.
 */
export function candidatesOf(
  series: string,
  points: readonly Point[],
  spec: Spec,
  { destination }: Observation,
  terms: CandidateTerms,
  stay: Map<Point, Stay>,
): Candidates {
  const { asOf, conflicts, gone } = terms
  const verified = points
    .filter((point) => point.standing === 'whole' && !point.isAhead)
    .toSorted((a, b) => b.time - a.time)
  const minAge = graceInForce(destination.terms, spec.prune, 'minAge', asOf) * 1000
  const standings = new Map(verified.map((point) => [point, standingOf(point, destination, minAge, terms)]))
  const kept = retain(verified, spec.retain!, zoneOf(spec.series.timezone))
  const dropped = verified.filter((point) => point.reasons === null && !kept.has(point))
  // Wanted over the copies here, though not over all that is known.
  for (const [point, reasons] of kept)
    if (point.reasons === null) stay.set(point, { why: 'kept-here', reasons })

  const isSettled = (point: Point) => standings.get(point)!.isSettled
  const settled = verified.filter(isSettled)
  const pushed: Point[] = []
  const spared =
    dropped.length === 0
      ? new Map<Point, Stay>()
      : spare(series, verified, dropped, standings, pushed, spec, terms)
  for (const [point, why] of spared) stay.set(point, why)
  const surplus = dropped.filter((point) => !spared.has(point))
  const isSurplus = new Set(surplus)

  const floor = settled.slice(0, spec.prune.keepAtLeast)
  const isFloor = new Set(floor)
  const mayGo = surplus.toReversed().filter((point) => {
    const { surplusSince } = standings.get(point)!
    const until = instant((surplusSince ?? asOf) + minAge)
    const why: Stay | null = isFloor.has(point)
      ? { why: 'floor', keepAtLeast: spec.prune.keepAtLeast }
      : // Also where the hold has been released: which of the two is good is not known.
        point.files.some((path) => conflicts.has(path))
        ? { why: 'conflict' }
        : asOf < until || !isSettled(point)
          ? { why: 'min-age', until }
          : null
    if (why !== null) stay.set(point, why)
    return why === null
  })
  // A fifth of its points, as they were before: one that went and came again is one.
  const before = new Set([...settled.map(({ time }) => time), ...gone])
  const floorBefore = new Set(settled.slice(0, destination.terms.at(-1)?.keepAtLeast ?? 0))
  const wasWanted = settled.filter(
    (point) => standings.get(point)!.surplusSince === null || floorBefore.has(point),
  )
  // What is kept for no other reason than that it came too fast is no measure.
  const isDropped = new Set(dropped)
  const wanted = settled.filter((point) => !isDropped.has(point)).length + pushed.length
  const isOnRecord = (path: RelPath) => destination.surplus.has(path)
  return {
    series,
    floor,
    mayGo,
    limit: Math.max(1, Math.floor(before.size / 5)),
    gone: gone.length,
    wantedBefore: wasWanted.length,
    fallen: wasWanted.filter((point) => isSurplus.has(point) && !isFloor.has(point)).length,
    unrecorded: surplus.flatMap(({ files }) => files.filter((path) => !isOnRecord(path))),
    wantedAgain: verified.flatMap((point) => (isSurplus.has(point) ? [] : point.files.filter(isOnRecord))),
    pushed: isMuch(pushed.length, wanted)
      ? {
          series,
          points: pushed.length,
          of: wanted,
          by: cameSince(verified, pushed[0]!, terms.history(series)),
        }
      : null,
  }
}

/** One verified point by the ledger's own record. */
interface Standing {
  /** Published before this pass, and for the first time at least `minAge` ago. */
  readonly isSettled: boolean
  /** It was wanted when it settled, or may have been. */
  readonly settledWanted: boolean
  /** Since when all of it is on record as surplus; null: it is not. */
  readonly surplusSince: Instant | null
}

function standingOf(
  { files }: Point,
  { records, surplus }: Pick<Holding, 'records' | 'surplus'>,
  minAge: number,
  { asOf, passBegan }: CandidateTerms,
): Standing {
  let settles = 0
  let since = 0
  let surplusSince: Instant | null = instant(0)
  for (const path of files) {
    const record = records.get(path)!
    since = Math.max(since, record.since)
    settles = Math.max(settles, firstPublished(record).at + minAge)
    const here = surplus.get(path) ?? null
    surplusSince = here === null || surplusSince === null ? null : instant(Math.max(surplusSince, here))
  }
  const isSettled = since < passBegan && settles <= asOf
  const settledWanted = isSettled && (surplusSince === null || surplusSince >= settles)
  return { isSettled, settledWanted, surplusSince }
}

/** What the rules drop, and order or pace keep; `pushed` gets those of them that were pushed by something, newest first. */
function spare(
  series: string,
  verified: readonly Point[],
  dropped: readonly Point[],
  standings: ReadonlyMap<Point, Standing>,
  pushed: Point[],
  spec: Spec,
  { asOf, history }: CandidateTerms,
): ReadonlyMap<Point, Stay> {
  const spared = new Map<Point, Stay>()
  const ofSeries = history(series)
  const inOrder = verified.filter(({ time }) => time <= asOf && !ofSeries.late.has(time))
  const kept =
    inOrder.length === verified.length ? null : retain(inOrder, spec.retain!, zoneOf(spec.series.timezone))
  const pace: Pace | null = paceOf(spec, series)
  for (const point of dropped) {
    const { settledWanted } = standings.get(point)!
    const reasons = kept?.get(point)
    if (reasons !== undefined) {
      spared.set(point, { why: 'order', reasons })
      if (settledWanted) pushed.push(point)
      continue
    }
    const slow = pace === null || !settledWanted ? null : slowedBy(pace, point.time, ofSeries)
    if (pace === null || slow === null) continue
    spared.set(point, { why: 'pace', ...slow, period: pace.period })
    if (!fallsAnyway(pace, point.time, slow, ofSeries)) pushed.push(point)
  }
  return spared
}

const NAMED = 3

/** What came, and when: said at once, and nothing is held because of it. */
export function pushedWarning({ series, points, of, by }: Pushed): Warning {
  const names = by.slice(0, NAMED).map(({ name }) => name)
  const came = by.flatMap(({ facts }) =>
    facts.flatMap(({ record }) => (record === undefined ? [] : [firstPublished(record).at])),
  )
  const last = came.length === 0 ? '' : `, the last at ${isoTime(instant(Math.max(...came)))}`
  const more = by.length > names.length ? ' and others' : ''
  return {
    code: 'points-pushed',
    message: `${points} of ${of} wanted points of ${series} would fall by the rules alone, for ${by.length} came out of order or faster than expected${last}: ${names.join(', ')}${more}. They are kept`,
    hint: 'Find out what made those at the source. If points are to come so often from now on, say so in expect, and keep more of them in retain.',
  }
}

/** What came since the newest point that was pushed, or came out of order: newest first. */
const cameSince = (verified: readonly Point[], pushed: Point, { late }: SeriesHistory): readonly Point[] =>
  verified.filter(({ time }) => time > pushed.time || late.has(time))
