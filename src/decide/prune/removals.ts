import { groupBy } from '../../model/group-by.ts'
import type { Holding, PrunedFile, SeenTerms } from '../../model/holding.ts'
import { DAY, type Instant } from '../../model/instant.ts'
import type { Observation } from '../../model/observation.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { Spec } from '../../model/spec.ts'
import type { Hold, Problem } from '../../model/trouble.ts'
import { fingerprint } from '../documents/fingerprint.ts'
import type { PlanContext } from '../plan/context.ts'
import { GROUPING } from '../retention/guess-series.ts'
import { policyText } from '../retention/retain.ts'
import { isGuessed } from '../retention/series-pattern.ts'
import { filesOf, type Point } from '../retention/series-points.ts'
import type { Retention } from '../retention/wanted.ts'
import { seriesViews } from '../status/series.ts'
import type { BoxClock } from '../time/box-clock.ts'
import { type Candidates, candidatesOf, isMuch, type Pushed } from './candidates.ts'
import { graceInForce } from './grace.ts'
import { type Due, type PassedHold, pruneGuards } from './guards.ts'
import { ledgerOrder, removedFirsts, seriesHistory } from './series-history.ts'
import type { WhyKept } from './why-kept.ts'

/** What comparing both sides has found so far. */
export interface Compared {
  readonly retention: Retention
  readonly clock: BoxClock
  /** Paths in conflict. */
  readonly conflicts: readonly string[]
  /** What is odd about files that are here, and nobody has acknowledged. */
  readonly odd: readonly Problem[]
}

export interface PruneDecision {
  /** Points that go now, each with why. */
  readonly remove: ReadonlyMap<Point, readonly string[]>
  /** Unwanted points that stay for now, each with why. */
  readonly keptBack: ReadonlyMap<Point, WhyKept>
  readonly holds: readonly Hold[]
  /** Released holds that are passed. */
  readonly passed: readonly PassedHold[]
  /** Files of the points relied on that were not read within `verify.every`: to be read before anything goes. */
  readonly toRead: readonly RelPath[]
  /** Fingerprints of what this went by; the ledger keeps them. */
  readonly policy: string
  readonly basis: string
  /** What the ledger has to learn of this look before anything goes; null: nothing. */
  readonly news: PruneNews | null
  /** Where far more came than the rules were made for. */
  readonly pushed: readonly Pushed[]
}

export interface PruneNews {
  readonly surplus: readonly RelPath[]
  readonly wanted: readonly RelPath[]
  /** What prunes go by from now on; null: as it is on record. */
  readonly terms: (NonNullable<Holding['lastPrune']> & Omit<SeenTerms, 'at'>) | null
}

/**
 * Which points are removed now (I8, I9): only settled ones that have been surplus for `minAge` by our own record, and of those only
 * what is older than the newest `keepAtLeast` settled points. Every guard that stops something says so.
 */
export function decidePrune(
  spec: Spec,
  observation: Observation,
  { retention, clock, conflicts, odd }: Compared,
  context: PlanContext,
): PruneDecision {
  const { retain, expect } = spec
  const { mode, keepAtLeast } = spec.prune
  const policy = fingerprint({ retain, keepAtLeast, expect })
  const basis = fingerprint(basisOf(spec))
  const remove = new Map<Point, readonly string[]>()
  const keptBack = new Map<Point, WhyKept>()
  const decided = { remove, keptBack, policy, basis }
  const learns = mayLearn(observation, clock, context)
  const { destination } = observation
  const { asOf, passBegan } = context
  // A guess is nothing by which copies go unasked.
  if (retain === null || mode === 'never' || (mode === 'auto' && isGuessed(spec.series))) {
    // What is never removed is wanted: should that change, its time starts over.
    const known = [...destination.surplus.keys()]
    const wanted = known.length > 0 && learns ? known : []
    const news = wanted.length === 0 ? null : { surplus: [], wanted, terms: null }
    return { ...decided, holds: [], passed: [], toRead: [], news, pushed: [] }
  }
  const lately = goneInADay(destination, asOf)
  const minAge = graceInForce(destination.terms, spec.prune, 'minAge', asOf) * 1000
  const nthOf = once(() => ledgerOrder(destination))
  const removedOf = once(() => removedFirsts(spec, destination, nthOf()))
  const isAsked = mode === 'auto' || context.asked
  const shared = { destination, asOf, passBegan, minAge, isAsked, conflicts: new Set(conflicts) }
  const all = [...retention.series].map(([series, points]) => {
    const history = once(() => seriesHistory(points, removedOf().get(series) ?? [], nthOf(), asOf))
    return candidatesOf(
      points,
      spec,
      { ...shared, series, gone: lately.get(series) ?? [], history },
      keptBack,
    )
  })
  const pushed = all.flatMap((one) => one.pushed ?? [])
  const isBack = destination.turn?.isBack === true
  const going = new Set(
    isBack ? [] : all.filter(({ mayGo, limit, gone }) => mayGo.length > 0 && gone < limit),
  )
  const isChanged =
    destination.terms.length > 0 &&
    destination.lastPrune?.policy !== policy &&
    !isKnownOfOthers(policy, retention, destination)
  const steep = isChanged ? all.filter(({ fallen, wantedBefore }) => isMuch(fallen, wantedBefore)) : []
  const due: Due = {
    going: [...going],
    steep: isAsked && !isBack ? steep : [],
    policy,
    basis,
    clock: clock.state,
    conflicts,
    odd: groupBy(odd, ({ path }) => retention.pointOf(path as RelPath)?.series ?? null),
    series: () =>
      seriesViews(
        spec,
        retention,
        destination,
        clock.at,
        context.when === 'planned' ? 'count' : 'do-not-count',
      ).map(({ status }) => status),
  }
  const { holds, passed, blockOf } = pruneGuards(due, spec, observation, context)
  const isCliffPassed = passed.some(({ code }) => code === 'prune-cliff')
  const isHeldBack = !learns || (steep.length > 0 && !isCliffPassed)
  const news = isHeldBack ? null : newsOf(all, retention, spec, destination, { policy, basis })
  const toRead: RelPath[] = []
  for (const one of all) {
    const block = blockOf(one.series)
    const unread = one.floor.flatMap((point) =>
      filesOf(point).filter((path) => isStale(path, spec, destination, asOf)),
    )
    if (block === null && going.has(one)) for (const path of unread) toRead.push(path)
    const isUnproven = context.when === 'now' && unread.length > 0
    const because = [`outside ${policyText(retain)}`]
    if (unread.length > 0) because.push(`once the newest ${keepAtLeast} points have been read again`)
    for (const [i, point] of one.mayGo.entries()) {
      if (isBack) keptBack.set(point, { why: 'back' })
      else if (block !== null) keptBack.set(point, { why: 'held', hold: block })
      else if (one.gone + i >= one.limit) keptBack.set(point, { why: 'day-limit', limit: one.limit })
      else if (isUnproven) keptBack.set(point, { why: 'unread' })
      else remove.set(point, because)
    }
  }
  return { ...decided, holds, passed, toRead, news, pushed }
}

/**
 * Whether another disk of this backup has gone by this policy: what falls here by it is no news then. A disk that holds more points than
 * that one did is judged by its own ledger, for more would fall from it than anybody has seen.
 */
function isKnownOfOthers(policy: string, { series }: Retention, { turn }: Holding): boolean {
  const known = turn?.policy ?? null
  if (known === null || known.policy !== policy) return false
  const points = [...series.values()].flatMap((all) => all.filter(({ standing }) => standing === 'whole'))
  return points.length <= known.points
}

/** Made when it is first asked for. */
function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | null = null
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** Of a look that saw the whole source, under a policy and a clock that count. */
const mayLearn = ({ source }: Observation, { state }: BoxClock, { policy }: PlanContext): boolean =>
  source.completeness === 'complete' && policy.lastGood === null && state === 'sane'

function newsOf(
  all: readonly Candidates[],
  retention: Retention,
  spec: Spec,
  destination: Holding,
  now: { readonly policy: string; readonly basis: string },
): PruneNews | null {
  const { lastPrune } = destination
  const surplus = all.flatMap(({ unrecorded }) => unrecorded)
  const wanted = all.flatMap(({ wantedAgain }) => wantedAgain)
  // What fits no pattern any more, or is not selected, is never removed either.
  const met = all.reduce((sum, { known }) => sum + known, 0)
  if (met < destination.surplus.size)
    for (const path of destination.surplus.keys())
      if (destination.files.has(path) && retention.pointOf(path) === null) wanted.push(path)
  const { keepAtLeast, minAge, trashFor } = spec.prune
  const last = destination.terms.at(-1)
  const isKnown = lastPrune?.policy === now.policy && last?.minAge === minAge && last.trashFor === trashFor
  // Another source or pattern is learnt by the prune that a person lets pass it.
  const terms = isKnown
    ? null
    : { ...now, basis: lastPrune?.basis ?? now.basis, keepAtLeast, minAge, trashFor }
  return surplus.length + wanted.length === 0 && terms === null ? null : { surplus, wanted, terms }
}

/** What is held, once the ledger has learnt this. */
export function withNews(destination: Holding, { surplus, wanted, terms }: PruneNews, at: Instant): Holding {
  const known = new Map(destination.surplus)
  for (const path of surplus) known.set(path, at)
  for (const path of wanted) known.delete(path)
  if (terms === null) return { ...destination, surplus: known }
  const { policy, basis, ...seen } = terms
  return {
    ...destination,
    surplus: known,
    lastPrune: { policy, basis },
    terms: [...destination.terms, { at, ...seen }],
  }
}

/** What points were told apart by, and where they came from. */
function basisOf({ source, series: rules, checksum, finished, select: { as } }: Spec): unknown {
  const series = isGuessed(rules) ? { ...rules, grouping: GROUPING } : rules
  const basis = {
    series,
    checksum,
    ...(finished.kind === 'marker' ? {} : { finished }),
    ...(as === undefined ? {} : { as }),
  }
  if (source.kind === 'local') return { path: source.path, listing: source.listing, ...basis }
  const { host, port, user, path, listing } = source
  return { host, port, user, path, listing, ...basis }
}

/**
 * The points of each series that the policy has removed in the last 24 hours, by our own record: one that came again since, and went
 * again, twice.
 */
function goneInADay(
  { pruned, records }: Observation['destination'],
  asOf: Instant,
): ReadonlyMap<string, readonly Instant[]> {
  const gone = new Map<string, { readonly last: Set<Instant>; readonly before: Set<Instant> }>()
  const add = (
    { at, series, point }: Pick<PrunedFile, 'at' | 'series' | 'point'>,
    which: 'last' | 'before',
  ) => {
    if (asOf - at >= DAY) return
    const of = gone.get(series) ?? { last: new Set(), before: new Set() }
    of[which].add(point)
    gone.set(series, of)
  }
  for (const one of pruned.values()) if (one.by === 'policy') add(one, 'last')
  for (const { removedBefore } of records.values())
    if (removedBefore !== undefined) add(removedBefore, 'before')
  return new Map([...gone].map(([series, { last, before }]) => [series, [...last, ...before]]))
}

/** Whether a file has to be read again before it is relied on. A reading that has yet to come proves nothing. */
function isStale(path: RelPath, spec: Spec, destination: Holding, asOf: Instant): boolean {
  const { readAt } = destination.records.get(path)!
  return readAt > asOf || asOf - readAt > spec.verifyEvery * 1000
}
