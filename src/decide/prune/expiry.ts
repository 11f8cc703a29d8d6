import type { Holding, PrunedFile } from '../../model/holding.ts'
import { type Instant, instant, isoTime } from '../../model/instant.ts'
import type { Observation } from '../../model/observation.ts'
import type { Step } from '../../model/plan.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { Spec } from '../../model/spec.ts'
import type { Hold } from '../../model/trouble.ts'
import { isWhole } from '../files/facts.ts'
import { selectorOf } from '../files/select.ts'
import { byNameAtSource } from '../files/versions.ts'
import { type BoxClock, clockHold, leapWords } from '../time/box-clock.ts'
import { graceInForce } from './grace.ts'

/** Staged bytes that nothing wants any more are kept this long, counted from our own record. Milliseconds. */
const GRACE = 7 * 24 * 3600 * 1000

export interface Stray {
  /** Its name in staging: the source's. */
  readonly path: RelPath
  readonly why: string
}

/**
 * Staged files that no plan will finish (I13): deselected, gone at the source, or published from elsewhere. What still waits for its
 * marker, or may be there for all that is known, is not a stray.
 */
export function strays(spec: Spec, { source, destination }: Observation): readonly Stray[] {
  const found: Stray[] = []
  if (destination.staged.size === 0) return found
  const wanted = selectorOf(spec)
  const shown = new Map<RelPath, RelPath>()
  for (const [name, , path] of byNameAtSource(source.files)) shown.set(name, path)
  for (const name of destination.staged.keys()) {
    const path = shown.get(name) ?? name
    if (isWhole(destination.files.get(path), destination.records.get(path))) {
      found.push({ path: name, why: 'published' })
    } else if (destination.pruned.get(path)?.by === 'person') {
      found.push({ path: name, why: 'removed by a person' })
    } else if (!wanted(name)) found.push({ path: name, why: 'not selected any more' })
    else if (source.completeness === 'complete' && !shown.has(name)) {
      found.push({ path: name, why: 'gone at the source' })
    }
  }
  return found
}

/** Until when a pruned file stays in the trash: as long as the spec says, and no shorter than was said when it went there. */
export const trashUntil = (
  { prune }: Spec,
  { terms }: Pick<Holding, 'terms'>,
  asOf: Instant,
): ((file: PrunedFile) => Instant) => {
  const grace = graceInForce(terms, prune, 'trashFor', asOf)
  return ({ at, trashFor = 0 }) => instant(at + Math.max(trashFor, grace) * 1000)
}

/** Pruned files whose time in the trash is over. */
function trashSteps(spec: Spec, { destination }: Observation, asOf: Instant): readonly Step[] {
  const { pruned, records } = destination
  const until = trashUntil(spec, destination, asOf)
  const steps: Step[] = []
  for (const [path, file] of pruned) {
    const { at, trash } = file
    if (trash === null || asOf < until(file)) continue
    const because = [`in the trash since ${isoTime(at)}`]
    steps.push({ action: 'expire', path, because, trash, size: records.get(path)?.size ?? 0 })
  }
  return steps
}

/** Those whose grace is over. */
function expireSteps(
  found: readonly Stray[],
  { destination: { abandoned, staged } }: Observation,
  asOf: Instant,
): readonly Step[] {
  return found.flatMap(({ path, why }): Step[] => {
    const since = abandoned.get(path)
    if (since === undefined || asOf - since < GRACE) return []
    const size = staged.get(path)?.size ?? 0
    return [{ action: 'expire', path, because: [`staged bytes that are ${why}, for over 7 days`], size }]
  })
}

/** What the ledger is to record of strays: those that are new, and those that are wanted again. */
export function strayEvents(found: readonly Stray[], { destination: { abandoned, staged } }: Observation) {
  const now = new Set(found.map(({ path }) => path))
  return [
    ...found
      .filter(({ path }) => !abandoned.has(path))
      .map(({ path, why }) => ({ event: 'staging-abandoned' as const, path, why })),
    ...[...abandoned.keys()]
      .filter((path) => staged.has(path) && !now.has(path))
      .map((path) => ({ event: 'staging-wanted' as const, path })),
  ]
}

/** What has been in trash or staging for its grace, and whether the clock that says so is believed. */
export interface Expiry {
  readonly steps: readonly Step[]
  readonly holds: readonly Hold[]
}

/**
 * Graces count from our own record. They are not over by a clock that is behind it; if it jumped far past it, a person is
 * asked, because a wrong clock would empty the trash at once. The first pass over a disk that is back ends none.
 */
export function decideExpiry(
  spec: Spec,
  observation: Observation,
  { state }: BoxClock,
  asOf: Instant,
): Expiry {
  const { lastTime, turn } = observation.destination
  if (lastTime === null || state === 'behind' || turn?.isBack === true) return { steps: [], holds: [] }
  const steps = [
    ...expireSteps(strays(spec, observation), observation, asOf),
    ...trashSteps(spec, observation, asOf),
  ]
  if (steps.length === 0 || state === 'sane') return { steps, holds: [] }
  const what = steps.length === 1 ? '1 file is' : `${steps.length} files are`
  const hold: Hold = {
    ...clockHold('leapt', spec, lastTime),
    message: `${what} due to be removed from trash or staging for good, and ${leapWords(asOf, lastTime)}`,
  }
  return { steps: [], holds: [hold] }
}
