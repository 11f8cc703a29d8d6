import { seenAtStart } from '../decide/look/next-seen.ts'
import { unobserved } from '../decide/look/unobserved.ts'
import { planIdOf } from '../decide/plan/assemble.ts'
import { type Decided, decideBackup, planBackup } from '../decide/plan/backup.ts'
import { pathsToKnow } from '../decide/plan/saved.ts'
import { onlyRemovals, planToApply, refusedMidway } from '../decide/plan/to-apply.ts'
import { nextListed } from '../decide/prune/guards.ts'
import { holdOfIdentity } from '../decide/specs/identity-hold.ts'
import { codeOfOutcome, codeOfStop } from '../decide/status/exit-code.ts'
import { lateSeries } from '../decide/status/series.ts'
import { suspensionOf, toSuspended } from '../decide/status/suspended.ts'
import { nextClock } from '../decide/time/box-clock.ts'
import { fullHalt } from '../decide/transfer/room-halt.ts'
import { wantedFiles } from '../decide/transfer/wanted-file.ts'
import { Stop } from '../model/failure.ts'
import type { Identity } from '../model/holding.ts'
import type { Instant } from '../model/instant.ts'
import type { Observation } from '../model/observation.ts'
import { type BackupOutcome, emptyOutcome } from '../model/outcome.ts'
import type { BackupPlan } from '../model/plan.ts'
import type { LockedDestination, Source } from '../model/ports.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import type { DestinationStatus, Promised } from '../model/status.ts'
import type { SuspendedNow } from '../model/suspension.ts'
import { failureFrom, failureOf } from '../model/system-error.ts'
import type { Halt, Hold, Problem } from '../model/trouble.ts'
import { adoptFiles, withFindings } from './adopt-files.ts'
import { alsoFailed, failedBy } from './failed-outcome.ts'
import { afterPass, leaveFailure, leaveStatus, sourceLook } from './leave-status.ts'
import { observe } from './observe.ts'
import { observeSource, problemOf } from './observe-source.ts'
import { conflictsOf, outcomeOf, stoppedResult } from './outcome-of.ts'
import { contextOf, contextWith, openHolds } from './pass-context.ts'
import type { PassOptions, Ports } from './pass-terms.ts'
import { pruneSurplus } from './prune-surplus.ts'
import { planSuspended } from './suspended-pass.ts'
import { newTally, type Tally } from './tally.ts'
import { tidy } from './tidy.ts'
import { transfer } from './transfer.ts'
import { useReleases } from './use-releases.ts'

/** Observes both sides and plans, without the lock and without writing anything. */
export async function planPass(
  ports: Ports,
  spec: Spec,
  options: PassOptions,
  asOf: Instant,
  run: Run,
): Promise<{ readonly plan: BackupPlan; readonly observation: Observation | null }> {
  const { source, destination, box } = ports
  try {
    const context = await contextOf(ports, options, asOf)
    const { identity, halt } = await destination.identify(run)
    const holds = halt === null ? await openHolds(destination.path, identity, options, box) : []
    const blocked = halt !== null || holds.length > 0
    const observation = blocked
      ? null
      : await observe(source, destination, spec, asOf, run, pathsToKnow(options.saved))
    const whole = planBackup(spec, observation ?? unobserved(), { ...context, holds, halt })
    const plan = options.work === 'prune' ? onlyRemovals(whole) : whole
    return { plan, observation }
  } catch (error) {
    run.signal.throwIfAborted()
    return planFailed(ports.source, spec, options, asOf, error)
  }
}

/** One backup that cannot be looked at keeps no other from being planned. A bug is thrown on. */
export function planFailed(
  source: Source,
  spec: Spec,
  options: PassOptions,
  asOf: Instant,
  error: unknown,
): { readonly plan: BackupPlan; readonly observation: null } {
  const context = contextWith({ source }, options, asOf, new Set())
  const plan = planBackup(spec, unobserved([problemOf(failureFrom(error))]), context)
  return { plan, observation: null }
}

/** One pass over one backup: lock, observe, plan, apply. Never throws for what a source, a disk or a person can do. */
export async function reconcileBackup(
  ports: Ports,
  spec: Spec,
  options: PassOptions,
  run: Run,
): Promise<{ readonly outcome: BackupOutcome; readonly plan: BackupPlan | null }> {
  const started = run.now()
  run.emit({ type: 'backup-started', backup: spec.name, from: ports.source.label, to: spec.destination.path })
  let plan: BackupPlan | null = null
  let bare: Omit<BackupOutcome, 'exitCode' | 'seconds'>
  try {
    const suspended = suspensionOf(spec, await ports.box.suspensions(), started)
    const done =
      suspended === null
        ? await lockedPass(ports, spec, options, run)
        : await suspendedPass(ports, spec, suspended, options, run)
    plan = done.plan
    bare = done.outcome
  } catch (error) {
    if (run.signal.aborted) bare = { ...emptyOutcome(spec.name), result: stoppedResult(run) }
    else bare = failedBy(failureFrom(error), spec, run)
  }
  const seconds = Math.max(0, run.now() - started) / 1000
  const outcome = { ...bare, seconds, exitCode: exitCodeOf({ ...bare, seconds }, options, run) }
  run.emit({ type: 'backup-finished', backup: spec.name, outcome })
  return { outcome, plan }
}

/** Says why it does not run, and what is late. */
async function suspendedPass(
  ports: Ports,
  spec: Spec,
  suspended: SuspendedNow,
  options: PassOptions,
  run: Run,
): Promise<Passed> {
  const { plan, late } = await planSuspended(ports, spec, suspended, options, run.now(), run)
  run.emit({ type: 'planned', backup: spec.name, plan })
  const told = toSuspended(suspended)
  return { outcome: { ...emptyOutcome(spec.name), result: 'suspended', late, suspended: told }, plan }
}

interface Passed {
  readonly outcome: Omit<BackupOutcome, 'exitCode' | 'seconds'>
  readonly plan: BackupPlan | null
}

async function lockedPass(ports: Ports, spec: Spec, options: PassOptions, run: Run): Promise<Passed> {
  const { destination, box, source } = ports
  const { identity, halt } = await destination.identify(run)
  const holds = halt === null ? await openHolds(destination.path, identity, options, box) : []
  // Nothing is written, not even a lock file, to a disk that is not the one meant.
  if (halt !== null || holds.length > 0) return blocked(ports, spec, options, halt, holds, run)
  const lock = await destination.lock(options.lockWait, run)
  if (lock.state === 'busy') {
    return {
      outcome: { ...emptyOutcome(spec.name), result: 'busy', holders: lock.holders, retry: true },
      plan: null,
    }
  }
  if (lock.state === 'refused') return blocked(ports, spec, options, lock.halt, [], run)
  try {
    const claim = await box.claim(source.host, run, (what) =>
      run.emit({ type: 'waiting', backup: spec.name, for: what }),
    )
    try {
      return await apply(ports, lock.destination, spec, identity, options, run)
    } finally {
      await claim.release()
    }
  } catch (error) {
    const failure = failureOf(error)
    if (failure !== null && !run.signal.aborted) {
      const bare = { ...failedBy(failure, spec, null), seconds: 0 }
      const outcome = { ...bare, exitCode: exitCodeOf(bare, options, run) }
      const promised = (before: DestinationStatus | null) => promisedNow(options, before, outcome)
      await leaveFailure(destination, lock.destination, outcome, promised, run)
    }
    throw error
  } finally {
    await lock.destination.close()
  }
}

async function apply(
  ports: Ports,
  destination: LockedDestination,
  spec: Spec,
  identity: Identity,
  options: PassOptions,
  run: Run,
): Promise<Passed> {
  const { source, box } = ports
  const asOf = run.now()
  const began = performance.now()
  const unfinished: Problem[] = []
  await destination.recover({
    ...run,
    emit(event) {
      if (event.type === 'problem') unfinished.push(event.problem)
      run.emit(event)
    },
  })
  const hold = holdOfIdentity(ports.destination.path, identity)
  await useReleases(hold === null ? [] : [hold], box, destination, run)
  const looking = destination.inspect(run)
  const view = await observeSource(source, spec, looking, asOf, run, pathsToKnow(options.saved))
  let observation: Observation = { source: view, destination: await looking }
  const context = await contextOf(ports, options, asOf)
  const { saved, revision } = options
  const choose = (seen: Observation) => {
    const whole = decideBackup(spec, seen, context)
    const decided = options.work === 'prune' ? { ...whole, plan: onlyRemovals(whole.plan) } : whole
    const now = { spec, revision, asOf, isRecovered: true, observation: seen, fresh: decided.plan }
    return { decided, ...planToApply(saved, now, options.bandwidth) }
  }
  let chosen = choose(observation)
  const first = chosen.plan
  run.emit({ type: 'planned', backup: spec.name, plan: first })
  if (chosen.refused !== null) return { outcome: chosen.refused, plan: first }
  const origin = { planId: saved?.planId ?? planIdOf([first], revision), revision }
  const tally = newTally(spec.name, run.emit)
  // What an earlier run began, and cannot be ended, is told by each pass until it is.
  tally.problems.push(...unfinished)
  // Released holds that something went past.
  const used: Hold[] = []
  let end: Pick<Decided, 'views' | 'retention'> & Pick<BackupPlan, 'holds' | 'warnings'> = {
    ...chosen.decided,
    holds: first.holds,
    warnings: first.warnings,
  }
  // Held back where the ledger cannot be trusted; pulls alone where there is no room.
  const { clock } = chosen.decided
  if (observation.destination.halt === null) {
    if (clock.passed !== null) await useReleases([clock.passed], box, destination, run)
    await destination.remember(seenAtStart(observation, first, asOf, clock.state))
    try {
      if (first.summary.adopt > 0) {
        const found = await adoptFiles(first, observation, destination, spec, origin, tally, run)
        observation = { source: view, destination: withFindings(await destination.inspect(run), found) }
        chosen = choose(observation)
      }
      await tidy(spec, observation, chosen.plan, destination, tally, run)
      announce(chosen.plan, run)
      const wanted = wantedFiles(chosen.plan, observation)
      const { destination: holding } = observation
      const { bandwidth } = options
      await transfer(wanted, { source, destination, spec, holding, bandwidth, origin, tally }, run)
      const only = saved === null ? null : removalsOf(chosen.plan)
      if (!tally.stopped && isDecidedAnew(spec, observation, only, tally)) {
        const ground = { destination, box, spec, context, origin, tally, only }
        const pruned = await pruneSurplus(ground, view, observation.destination, run)
        observation = { source: view, destination: pruned.holding }
        used.push(...pruned.used)
        const { holds, warnings } = pruned.decided.plan
        end = { ...pruned.decided, holds: only?.size === 0 ? [] : holds, warnings }
      }
    } catch (error) {
      if (run.signal.aborted) tally.stopped = true
      else {
        const failure = failureFrom(error)
        tally.broken = true
        tally.retryable = failure.retryable
        tally.trouble(problemOf(failure))
      }
    }
  } else announce(first, run)
  const { plan } = chosen
  for (const hold of end.holds) run.emit({ type: 'hold', backup: spec.name, hold })
  const { holds, warnings } = end
  const views = afterPass(end.views, end.retention, view, tally)
  const outcome = {
    ...outcomeOf(spec, observation, plan, tally, { holds, warnings, late: lateSeries(views) }, run),
    ...(chosen.refused === null ? {} : refusedMidway(chosen.refused)),
  }
  const isHeld = [...first.holds, ...end.holds].some(({ code }) => code === 'clock-leap')
  const bare = { ...outcome, seconds: 0 }
  const judged = { ...bare, exitCode: exitCodeOf(bare, options, run) }
  const unsaid = await leaveStatus(
    ports.destination,
    destination,
    judged,
    (last) => ({
      listed: nextListed(observation, used)(last?.listed ?? null),
      ...nextClock(clock, { asOf, now: run.now(), passed: performance.now() - began, isHeld }),
      observed: { digest: spec.digest, revision },
      promised: promisedNow(options, last, judged),
      schedule: spec.schedule,
      source: sourceLook(view),
      views,
    }),
    run,
  )
  if (unsaid === null) return { outcome, plan }
  const problem = problemOf(unsaid)
  run.emit({ type: 'problem', backup: spec.name, problem })
  const told = alsoFailed(outcome, problem, unsaid.retryable)
  const promised = (before: DestinationStatus | null) => promisedNow(options, before, judged)
  const word = { ...told, seconds: 0, exitCode: exitCodeOf({ ...told, seconds: 0 }, options, run) }
  await leaveFailure(ports.destination, destination, word, promised, run)
  return { outcome: told, plan }
}

const removalsOf = (plan: BackupPlan): ReadonlySet<RelPath> =>
  new Set(plan.steps.flatMap(({ action, path }) => (action === 'prune' ? (path as RelPath) : [])))

/** Whether what has come changes what is to be said: something may be removed, or a late series may be in time by now. */
const isDecidedAnew = (
  { retain, prune, expect }: Spec,
  { destination }: Observation,
  only: ReadonlySet<RelPath> | null,
  tally: Tally,
): boolean =>
  (only === null
    ? (retain !== null && prune.mode !== 'never') || destination.surplus.size > 0
    : only.size > 0) ||
  (expect.length > 0 && tally.published.length > 0)

/** A pass that a signal ended says so, whatever it found: 130 and 143 stand alone. */
function exitCodeOf(outcome: Omit<BackupOutcome, 'exitCode'>, options: PassOptions, run: Run): number {
  if (outcome.result !== 'cancelled') return codeOfOutcome(outcome, options.named)
  return codeOfStop(run.signal.reason instanceof Stop ? run.signal.reason.why : 'terminate')
}

async function blocked(
  ports: Ports,
  spec: Spec,
  options: PassOptions,
  halt: Halt | null,
  holds: readonly Hold[],
  run: Run,
): Promise<Passed> {
  const context = await contextOf(ports, options, run.now())
  const plan = planBackup(spec, unobserved(), { ...context, holds, halt })
  run.emit({ type: 'planned', backup: spec.name, plan })
  for (const hold of plan.holds) run.emit({ type: 'hold', backup: spec.name, hold })
  announce(plan, run)
  return { outcome: { ...emptyOutcome(spec.name), result: 'halted', halt, holds }, plan }
}

/** Says aloud what a plan found that nobody will apply. */
function announce(plan: BackupPlan, run: Run): void {
  const { backup } = plan
  // A lack of room is said when it is met.
  const halt = fullHalt(plan.halt)
  if (halt !== null) run.emit({ type: 'halt', backup, halt })
  for (const problem of plan.problems) run.emit({ type: 'problem', backup, problem })
  for (const conflict of conflictsOf(plan)) run.emit({ type: 'conflict', backup, conflict })
}

function promisedNow(
  { promise }: PassOptions,
  before: DestinationStatus | null,
  judged: Omit<BackupOutcome, 'seconds'>,
): Promised | null {
  if (typeof promise === 'function') return promise(judged)
  return promise === 'keep' ? (before?.promised ?? null) : null
}
