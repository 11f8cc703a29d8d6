import { unobserved } from '../decide/look/unobserved.ts'
import { type Decided, decideBackup, isTransfer } from '../decide/plan/backup.ts'
import type { PlanContext } from '../decide/plan/context.ts'
import { pathsToKnow, type SavedPart } from '../decide/plan/saved.ts'
import { onlyRemovals, planToApply } from '../decide/plan/to-apply.ts'
import { suspendPlan, suspensionOf } from '../decide/status/suspended.ts'
import { type Failure, problemOf } from '../model/failure.ts'
import type { Holding } from '../model/holding.ts'
import type { Instant } from '../model/instant.ts'
import type { Observation } from '../model/observation.ts'
import type { BareOutcome } from '../model/outcome.ts'
import type { BackupPlan } from '../model/plan.ts'
import type { Destination, RefusedNames, Source } from '../model/ports.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import type { SuspendedNow } from '../model/suspension.ts'
import { failureFrom } from '../model/system-error.ts'
import type { Hold } from '../model/trouble.ts'
import { observeSource } from './observe-source.ts'
import { contextOf, identifyDestination, type Pass, type PassOptions, type Ports } from './pass-context.ts'

/** What a look has shown, and what follows from it. */
export interface Planned extends Decided {
  /** Null: what is here was not looked at; the plan's halt, holds or problems say why. */
  readonly observation: Observation | null
  readonly context: PlanContext
}

/** The one place that decides what to do, from whatever could be looked at. */
export function decide(spec: Spec, observation: Observation | null, context: PlanContext): Planned {
  const decided = decideBackup(spec, observation ?? unobserved(), context)
  const plan = context.asked ? onlyRemovals(decided.plan) : decided.plan
  return { ...decided, plan, observation, context }
}

/** What a pass would do now, or why it would do nothing: takes no lock and writes nothing. */
export async function planPass(
  ports: Ports,
  spec: Spec,
  options: PassOptions,
  asOf: Instant,
  run: Run,
): Promise<Planned> {
  try {
    const suspended = suspensionOf(spec, await ports.box.suspensions(), asOf)
    return suspended === null
      ? await planRunning(ports, spec, options, asOf, run)
      : await planSuspended(ports, spec, options, { asOf, suspended }, run)
  } catch (error) {
    return planFailed(ports.source, spec, options, asOf, failureFrom(error, run.signal))
  }
}

/** The same, ignoring a suspension. */
export async function planRunning(
  ports: Ports,
  spec: Spec,
  options: PassOptions,
  asOf: Instant,
  run: Run,
): Promise<Planned> {
  try {
    const context = contextOf(ports.source, options, asOf, await ports.box.releases())
    const { blockedBy } = await identifyDestination(ports, options, run)
    if (blockedBy !== null) return decide(spec, null, { ...context, ...blockedBy })
    const { source } = ports
    const observation = await source.connected(() => observe(ports, spec, options.saved, asOf, run))
    const planned = decide(spec, observation, context)
    const refused = await namesRefused(ports.destination, observation, planned.plan)
    return refused === null ? planned : decide(spec, observation, { ...context, refused })
  } catch (error) {
    return planFailed(ports.source, spec, options, asOf, failureFrom(error, run.signal))
  }
}

/**
 * What the destination does not take of the names at the source. Where nothing of what is to come is refused, the others are not asked
 * about: what comes in the place of what is refused is.
 */
export async function namesRefused(
  destination: Pick<Destination, 'refusedNames'>,
  { source, destination: { files, records } }: Observation,
  { steps }: BackupPlan,
): Promise<RefusedNames | null> {
  const coming = steps.filter(isTransfer).map(({ path }) => path as RelPath)
  const isNew = (path: RelPath): boolean => !files.has(path) && !records.has(path)
  if (coming.length === 0 || (await destination.refusedNames(coming.filter(isNew))) === null) return null
  return destination.refusedNames([...source.files.keys()].filter(isNew))
}

/** One backup that cannot be looked at keeps no other from being planned. */
export function planFailed(
  source: Source,
  spec: Spec,
  options: PassOptions,
  asOf: Instant,
  failure: Failure,
): Planned {
  const nothing = unobserved([problemOf(failure)])
  return { ...decide(spec, nothing, contextOf(source, options, asOf)), observation: null }
}

/**
 * The plan of a backup that does not run: which series are late by what the destination holds. The source is not contacted, and nothing is
 * written.
 */
export async function planSuspended(
  ports: Ports,
  spec: Spec,
  options: PassOptions,
  { asOf, suspended }: { readonly asOf: Instant; readonly suspended: SuspendedNow },
  run: Run,
): Promise<Planned> {
  const nothing = unobserved()
  const holding = await heldIfOpen(ports, options, run)
  const context = contextOf(ports.source, options, asOf, await ports.box.releases())
  const observation = holding === null ? nothing : { ...nothing, destination: holding }
  const decided = decide(spec, observation, { ...context, isSuspended: true })
  return { ...decided, plan: suspendPlan(decided.plan, suspended), observation: null }
}

/** A destination that cannot be looked at may be the very reason for a suspension; then nothing is known of it. */
async function heldIfOpen(ports: Ports, options: PassOptions, run: Run): Promise<Holding | null> {
  try {
    const { blockedBy } = await identifyDestination(ports, options, run)
    return blockedBy === null ? await ports.destination.inspect(run) : null
  } catch (error) {
    failureFrom(error, run.signal)
    return null
  }
}

/** How often a destination is looked at whose ledger grows meanwhile. */
const MOST_LOOKS = 3

/**
 * Looks at both sides without the lock: the ledger's head is the same before and after, so what was seen was true at one time. Writes
 * nothing anywhere.
 */
async function observe(
  { source, destination }: Ports,
  spec: Spec,
  saved: SavedPart | null,
  asOf: Instant,
  run: Run,
): Promise<Observation> {
  const mustRead = pathsToKnow(saved)
  let looking = destination.inspect(run)
  for (let look = 1; ; look++) {
    const view = await observeSource(source, spec, looking, { asOf, mustRead }, run)
    const before = await looking
    if (look === MOST_LOOKS) return { source: view, destination: before }
    looking = destination.inspect(run)
    if (sameHead(before, await looking)) return { source: view, destination: await looking }
  }
}

const sameHead = (a: Holding, b: Holding): boolean =>
  a.head?.seq === b.head?.seq && a.head?.hash === b.head?.hash

/** The state of a pass between two of its phases. */
export interface Standing {
  readonly observation: Observation
  /** What is to be applied: the fresh plan, or what is left of a saved one. */
  readonly plan: BackupPlan
  /** Set if the saved plan may not be applied: the outcome. */
  readonly refused: BareOutcome | null
  /** What the pass reports in the end: as decided when it began, or again before its removals. */
  readonly decided: Decided
  readonly holds: readonly Hold[]
  /** Released holds that were passed: now used up. */
  readonly used: readonly Hold[]
}

/** What a pass is to do, by what it has seen under the lock. */
export function choose(
  { spec, options, context }: Pick<Pass, 'spec' | 'options' | 'context'>,
  observation: Observation,
): Standing {
  const { saved, revision, bandwidth } = options
  const decided = decide(spec, observation, context)
  const now = { spec, revision, asOf: context.asOf, isRecovered: true, observation, fresh: decided.plan }
  const { plan, refused } = planToApply(saved, now, bandwidth)
  return { observation, plan, refused, decided, holds: plan.holds, used: [] }
}
