import type { PrunedFile } from '../model/holding.ts'
import { DAY, type Instant, instant } from '../model/instant.ts'
import type { Observation } from '../model/observation.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Spec } from '../model/spec.ts'
import type { Hold } from '../model/trouble.ts'
import { GROUPING } from './guess-series.ts'
import { type Candidates, type GuardContext, isSteep, type PassedHold, pruneGuards } from './prune-guards.ts'
import { policyText, retain } from './retain.ts'
import type { Point, Retention } from './retention.ts'
import { isGuessed } from './series-pattern.ts'
import type { Stay } from './stay.ts'
import { zoneOf } from './zone.ts'

export interface PruneContext extends GuardContext {
  /** When this pass began: what was published since is spared. */
  readonly passBegan: Instant
  /** A prune was asked for, which `mode: manual` waits for. */
  readonly asked: boolean
  /** `proven`: the points relied on have been read by now; where one still has to be, nothing goes. `assumed`: they will be. */
  readonly floor: 'assumed' | 'proven'
}

export interface PruneDecision {
  /** Points that go now, each with why. */
  readonly remove: ReadonlyMap<Point, readonly string[]>
  /** Unwanted points that stay for now, each with why. */
  readonly stay: ReadonlyMap<Point, Stay>
  readonly holds: readonly Hold[]
  /** Released holds that are passed. */
  readonly passed: readonly PassedHold[]
  /** Files of the points relied on that were not read within `verify.every`: to be read before anything goes. */
  readonly toRead: readonly RelPath[]
  /** Fingerprints of what this went by; the ledger keeps them. `isFirst`: it has none yet, and may learn them: no cliff is near. */
  readonly isFirst: boolean
  readonly policy: string
  readonly basis: string
}

/**
 * Which points are removed now (I8, I9): only what no rule keeps, neither over all that is known nor over the verified copies here
 * alone, and of that only what is older than the newest `keepAtLeast` verified points. Every guard that stops something says so.
 */
export function decidePrune(
  spec: Spec,
  observation: Observation,
  retention: Retention,
  context: PruneContext,
): PruneDecision {
  const policy = context.fingerprint({ retain: spec.retain, keepAtLeast: spec.prune.keepAtLeast })
  const basis = context.fingerprint(basisOf(spec))
  const remove = new Map<Point, readonly string[]>()
  const stay = new Map<Point, Stay>()
  const decided = { remove, stay, policy, basis, isFirst: false }
  const { mode, keepAtLeast } = spec.prune
  if (spec.retain === null || mode === 'never' || (mode === 'manual' && !context.asked))
    return { ...decided, holds: [], passed: [], toRead: [] }
  // A guess is nothing by which copies go unasked.
  if (mode === 'auto' && isGuessed(spec.series)) return { ...decided, holds: [], passed: [], toRead: [] }
  const conflicts = new Set(context.conflicts)
  const lately = goneInADay(observation.destination, context.asOf)
  const all = [...retention.series].map(([name, points]) =>
    candidatesOf(name, points, lately.get(name) ?? [], conflicts, spec, observation, context, stay),
  )
  const going = new Set(all.filter(({ mayGo, limit, gone }) => mayGo.length > 0 && gone < limit))
  const { holds, passed, blockOf } = pruneGuards([...going], all, spec, observation, context, {
    policy,
    basis,
  })
  const toRead: RelPath[] = []
  for (const one of all) {
    const block = blockOf(one.series)
    const unread = one.floor.flatMap(({ files }) =>
      files.filter((path) => isStale(path, spec, observation, context.asOf)),
    )
    if (block === null && going.has(one)) toRead.push(...unread)
    const isUnproven = context.floor === 'proven' && unread.length > 0
    const because = [`outside ${policyText(spec.retain)}`]
    if (unread.length > 0) because.push(`once the newest ${keepAtLeast} points have been read again`)
    for (const [i, point] of one.mayGo.entries()) {
      if (block !== null) stay.set(point, { why: 'held', hold: block })
      else if (one.gone + i >= one.limit) stay.set(point, { why: 'day-limit', limit: one.limit })
      else if (isUnproven) stay.set(point, { why: 'unread' })
      else remove.set(point, because)
    }
  }
  const isFirst = observation.destination.lastPrune === null && !all.some(isSteep)
  return { ...decided, isFirst, holds, passed, toRead }
}

/** What points were told apart by, and where they came from. */
function basisOf({ source, series: rules, checksum }: Spec): unknown {
  const series = isGuessed(rules) ? { ...rules, grouping: GROUPING } : rules
  if (source.kind === 'local') return { path: source.path, listing: source.listing, series, checksum }
  const { host, port, user, path, listing } = source
  return { host, port, user, path, listing, series, checksum }
}

function candidatesOf(
  series: string,
  points: readonly Point[],
  gone: readonly Instant[],
  conflicts: ReadonlySet<string>,
  spec: Spec,
  { destination }: Observation,
  { asOf, passBegan }: PruneContext,
  stay: Map<Point, Stay>,
): Candidates {
  const { keepAtLeast, minAge } = spec.prune
  const verified = points
    .filter((point) => point.standing === 'whole' && !point.isAhead)
    .toSorted((a, b) => b.time - a.time)
  const kept = retain(verified, spec.retain!, zoneOf(spec.series.timezone))
  const isUnwanted = (point: Point) => point.reasons === null && !kept.has(point)
  // Wanted over the copies here, though not over all that is known.
  for (const [point, reasons] of kept)
    if (point.reasons === null) stay.set(point, { why: 'kept-here', reasons })
  const floor = verified.slice(0, keepAtLeast)
  for (const point of floor) if (isUnwanted(point)) stay.set(point, { why: 'floor', keepAtLeast })
  const unwanted = verified.slice(keepAtLeast).reverse().filter(isUnwanted)
  const mayGo = unwanted.filter((point) => {
    // Also where the hold has been released: which of the two is good is not known.
    if (point.files.some((path) => conflicts.has(path))) {
      stay.set(point, { why: 'conflict' })
      return false
    }
    const since = Math.max(...point.files.map((path) => destination.records.get(path)!.since))
    const isOld = since < passBegan && asOf - since >= minAge * 1000
    if (!isOld) stay.set(point, { why: 'min-age', until: instant(since + minAge * 1000) })
    return isOld
  })
  // A fifth of its points, as they were before: one that went and came again is one.
  const before = new Set([...verified.map(({ time }) => time), ...gone])
  const limit = Math.max(1, Math.floor(before.size / 5))
  const counts = { verified: verified.length, unwanted: unwanted.length, gone: gone.length }
  return { series, floor, mayGo, limit, ...counts }
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
function isStale(path: RelPath, spec: Spec, { destination }: Observation, asOf: Instant): boolean {
  const { readAt } = destination.records.get(path)!
  return readAt > asOf || asOf - readAt > spec.verifyEvery * 1000
}
