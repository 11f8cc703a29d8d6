import type { ClockSanity } from '../../model/clock-sanity.ts'
import { isoTime } from '../../model/instant.ts'
import type { Observation } from '../../model/observation.ts'
import type { Spec } from '../../model/spec.ts'
import type { SeriesStatus } from '../../model/status.ts'
import type { Hold, Problem } from '../../model/trouble.ts'
import { holdId } from '../documents/fingerprint.ts'
import { listedCount } from '../files/versions.ts'
import type { PlanContext } from '../plan/context.ts'
import { leapWords } from '../time/box-clock.ts'
import type { Candidates } from './candidates.ts'

/** What is due to be removed, and how things stand meanwhile. */
export interface Due {
  /** Series of which something may go now. */
  readonly going: readonly Candidates[]
  /** Series of which a changed policy would drop much. */
  readonly steep: readonly Candidates[]
  /** Fingerprints of what the removals go by. */
  readonly policy: string
  readonly basis: string
  /** What the box's clock is good for. */
  readonly clock: ClockSanity
  /** Paths in conflict. */
  readonly conflicts: readonly string[]
  /** What is odd about files of each series. */
  readonly odd: ReadonlyMap<string | null, readonly Problem[]>
  /** Each series against what is expected of it, once what is on its way has come: asked for only where something is to go. */
  readonly series: () => readonly SeriesStatus[]
}

/** One guard that stops something now. `about`: what its id is made of: the same question has the same id. */
interface Guard {
  readonly code: string
  /** Null: all series. */
  readonly series: string | null
  readonly about: readonly unknown[]
  readonly message: string
}

/** A hold that a person has let pass, and the series that it held; null: all of them. */
export interface PassedHold extends Hold {
  readonly series: string | null
}

/**
 * I9: what keeps points from being removed although no rule wants them. Only asked where a step would be stopped by it; a guard that a
 * person has released is passed.
 */
export function pruneGuards(
  due: Due,
  spec: Spec,
  observation: Observation,
  context: PlanContext,
): {
  readonly holds: readonly Hold[]
  readonly passed: readonly PassedHold[]
  /** The code of what holds this series; null: nothing stops it. */
  readonly blockOf: (series: string) => string | null
} {
  const open: PassedHold[] = []
  const passed: PassedHold[] = []
  for (const { code, series, about, message } of guardsOf(due, spec, observation, context)) {
    const id = holdId(code, [spec.destination.path, ...about])
    if (context.released.has(id)) passed.push({ id, code, message, series })
    else open.push({ id, code, message, series })
  }
  // Of several the first one is named.
  const first = new Map(open.toReversed().map(({ series, code }) => [series, code]))
  return {
    holds: open.map(({ series: _, ...hold }) => hold),
    passed,
    blockOf: (name) => first.get(null) ?? first.get(name) ?? null,
  }
}

function guardsOf(
  { going, steep, policy, basis, clock, conflicts, odd, series }: Due,
  spec: Spec,
  { source, destination }: Observation,
  { asOf, policy: { lastGood } }: PlanContext,
): readonly Guard[] {
  const { listedBefore, lastTime, lastPrune } = destination
  // Whoever changed the policy hears of it today, not when the first point would go.
  const changed = steep.length > 0 ? [cliff(steep, lastPrune?.policy ?? null, policy)] : []
  if (going.length === 0) return changed
  const points = going.reduce((sum, { mayGo, limit, gone }) => sum + Math.min(mayGo.length, limit - gone), 0)
  const what = points === 1 ? '1 point is due to be removed' : `${points} points are due to be removed`
  const all = (code: string, about: readonly unknown[], why: string): Guard => ({
    code,
    series: null,
    about,
    message: `${what}, and ${why}`,
  })
  const guards: Guard[] = []
  const listed = listedCount(source)
  if (source.completeness !== 'complete') {
    guards.push(
      all(
        'prune-listing-unknown',
        [listedBefore, destination.head?.seq ?? 0],
        'what the source contains is unknown',
      ),
    )
  } else if (hasShrunk(listed, listedBefore)) {
    const why = `the source lists ${listed} files; it listed ${listedBefore} before`
    guards.push(all('prune-listing-shrank', [listedBefore, halvings(listed, listedBefore)], why))
  }
  if (clock === 'behind' && lastTime !== null) {
    const why = `the clock went back: it shows ${isoTime(asOf)}, and ${isoTime(lastTime)} was already recorded here`
    guards.push(all('prune-clock-back', [lastTime], why))
  }
  if (clock === 'leapt' && lastTime !== null)
    guards.push(all('clock-leap', [lastTime], leapWords(asOf, lastTime)))
  if (conflicts.length > 0) {
    const some = conflicts.length === 1 ? `${conflicts[0]} is` : `${conflicts.length} files are`
    guards.push(all('prune-conflict', conflicts.toSorted(), `${some} in conflict with the source`))
  }
  if (lastGood !== null)
    guards.push(all('prune-policy-last-good', [lastGood.obeyed, lastGood.newer], lastGood.message))
  if (lastPrune !== null && lastPrune.basis !== basis) {
    const why = 'source, series, checksum, finished or select.as in the spec has changed since the last prune'
    guards.push(all('prune-source-changed', [lastPrune.basis, basis], why))
  }
  guards.push(...changed)
  const standing = new Map(series().map((status) => [status.series, status]))
  for (const { series: name } of going) {
    const status = standing.get(name)
    const late = lateness(status, spec)
    const subject = name === '' ? 'points are' : `points of ${name} are`
    const [strange] = odd.get(name) ?? []
    if (strange !== undefined) {
      const paths = [...new Set(odd.get(name)!.flatMap(({ path }) => path ?? []))].sort()
      const some = paths.length === 1 ? `${paths[0]} is odd` : `${paths.length} files are odd`
      guards.push({
        code: 'prune-anomaly',
        series: name,
        about: [name, ...paths],
        message: `${subject} due to be removed, and ${some}: ${strange.message}`,
      })
    }
    if (late === null) continue
    guards.push({
      code: 'prune-late',
      series: name,
      about: [name, status?.newest ?? null],
      message: `${subject} due to be removed, and ${late}`,
    })
  }
  return guards
}

/** By half, and by more than one file. */
const hasShrunk = (listed: number, before: number | null): before is number =>
  before !== null && listed * 2 <= before && before - listed > 1

/** How much it has shrunk, so that a person who let one loss pass is asked again when as much again is gone; null: nothing is left. */
const halvings = (listed: number, before: number): number | null =>
  listed === 0 ? null : Math.floor(Math.log2(before / listed))

/**
 * How many files the source's listing is measured against from now on: those it shows, but where it is not whole, or shrank and that
 * was not let pass. `used`: the released holds that something really went past.
 */
export const nextListed =
  ({ source }: Observation, used: readonly Hold[]) =>
  (before: number | null): number | null => {
    if (source.completeness !== 'complete') return before
    const listed = listedCount(source)
    const isPassed = used.some(({ code }) => code === 'prune-listing-shrank')
    return hasShrunk(listed, before) && !isPassed ? before : listed
  }

/** A changed policy under which much of what was wanted falls, from any series. */
function cliff(steep: readonly Candidates[], before: string | null, now: string): Guard {
  const names = steep.map(({ series, fallen, wantedBefore }) => {
    const of = series === '' ? '' : ` of ${series}`
    return `${fallen} of ${wantedBefore} points${of} that were wanted`
  })
  return {
    code: 'prune-cliff',
    series: null,
    about: [before, now],
    message: `retain, keepAtLeast or expect has changed, and ${names.join(', ')} would no longer be`,
  }
}

/** What is not known to be in time counts as late where no person is watching. */
function lateness(status: SeriesStatus | undefined, spec: Spec): string | null {
  const newest = status?.newest == null ? 'it has no point here' : `its newest point is from ${status.newest}`
  if (status?.state === 'late') return `the series is late: ${newest}, expected ${status.expect ?? 'earlier'}`
  if (spec.prune.mode === 'auto' && (status === undefined || status.state === 'unknown'))
    return 'how often new ones are expected is unknown: no entry of expect matches the series'
  return null
}
