import { seenAtStart } from '../decide/look/next-seen.ts'
import { planIdOf } from '../decide/plan/assemble.ts'
import { pathsToKnow } from '../decide/plan/saved.ts'
import type { SeriesProof } from '../decide/restore/points.ts'
import { dueProofs, fits, proofProblems, proofsOf } from '../decide/restore/proof.ts'
import { holdOfIdentity } from '../decide/specs/identity-hold.ts'
import { viewsAway } from '../decide/status/rotation.ts'
import { lateSeries } from '../decide/status/series.ts'
import { suspensionOf, toSuspended } from '../decide/status/suspended.ts'
import { leapOf } from '../decide/time/box-clock.ts'
import { fullHalt } from '../decide/transfer/room-halt.ts'
import { shareOf } from '../decide/verify/turn.ts'
import { latestClock } from '../model/box.ts'
import { clockSanity } from '../model/clock-sanity.ts'
import { type BackupOutcome, type BareOutcome, emptyOutcome } from '../model/outcome.ts'
import type { BackupPlan } from '../model/plan.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import type { SuspendedNow } from '../model/suspension.ts'
import { failureFrom, failureOf } from '../model/system-error.ts'
import type { Problem } from '../model/trouble.ts'
import { adoptFiles } from './adopt-files.ts'
import { failedBy } from './failed-outcome.ts'
import { leaveFailure, leaveStatus } from './leave-status.ts'
import { observeSource } from './observe-source.ts'
import { conflictsOf, exitCodeOf, stoppedResult } from './outcome-of.ts'
import {
  contextOf,
  type Identified,
  identifyDestination,
  type Opened,
  type Pass,
  type PassOptions,
  type Ports,
  useReleases,
} from './pass-context.ts'
import { choose, decide, namesRefused, planSuspended, type Standing } from './plan-pass.ts'
import { progressShown } from './progress-shown.ts'
import { pruneSurplus } from './prune-surplus.ts'
import { inspectAndRead } from './read-touched.ts'
import { newTally } from './tally.ts'
import { tidy } from './tidy.ts'
import { transfer } from './transfer.ts'

interface Passed {
  readonly outcome: BareOutcome
  readonly plan: BackupPlan | null
  /** What it found of proof; left out: it could not see, or nobody asks for it. */
  readonly proof?: ProofFound
  /** Some of what is published is to be read again by now; left out: it could not see. */
  readonly isToRead?: boolean
}

/** How many series there are to prove, and which are due, the longest overdue first. */
export interface ProofFound {
  readonly series: number
  readonly due: readonly SeriesProof[]
}

/** One pass over one backup. Never throws for what a source, a disk or a person can do. */
export async function reconcileBackup(
  ports: Ports,
  spec: Spec,
  options: PassOptions,
  run: Run,
): Promise<Omit<Passed, 'outcome'> & { readonly outcome: BackupOutcome }> {
  const started = run.now()
  run.emit({ type: 'backup-started', backup: spec.name, from: ports.source.label, to: spec.destination.path })
  const suspendedOrNot = async (): Promise<Passed> => {
    const suspended = suspensionOf(spec, await ports.box.suspensions(), started)
    return suspended === null
      ? openedPass(ports, spec, options, run)
      : suspendedPass(ports, spec, options, suspended, run)
  }
  const { outcome: bare, ...found } = await suspendedOrNot().catch((error: unknown): Passed => {
    if (!run.signal.aborted) return { outcome: failedBy(failureFrom(error), spec, run), plan: null }
    return { outcome: { ...emptyOutcome(spec.name), result: stoppedResult(run) }, plan: null }
  })
  const seconds = Math.max(0, run.now() - started) / 1000
  const lookedAt = bare.lookedAt ?? (await lastLook(ports, spec))
  const outcome = { ...bare, lookedAt, seconds, exitCode: exitCodeOf(bare, options, run) }
  run.emit({ type: 'backup-finished', backup: spec.name, outcome })
  return { ...found, outcome }
}

/** Of a destination that this pass could not look at; null: not known, as on a disk that is not there or is another backup's. */
async function lastLook({ destination }: Ports, { name }: Spec): Promise<string | null> {
  const last = await destination.readStatus().catch((error: unknown) => {
    failureFrom(error)
    return null
  })
  return last?.backup === name ? last.finished : null
}

/** Reports why it does not run, and what is late. */
async function suspendedPass(
  ports: Ports,
  spec: Spec,
  options: PassOptions,
  suspended: SuspendedNow,
  run: Run,
): Promise<Passed> {
  const { plan, views } = await planSuspended(ports, spec, options, { asOf: run.now(), suspended }, run)
  run.emit({ type: 'planned', backup: spec.name, plan })
  const said = { late: lateSeries(views), suspended: toSuspended(suspended) }
  return { outcome: { ...emptyOutcome(spec.name), result: 'suspended', ...said }, plan }
}

/** Opens the destination, takes its lock, and holds it to the end. */
async function openedPass(ports: Ports, spec: Spec, options: PassOptions, run: Run): Promise<Passed> {
  const { destination } = ports
  const { blockedBy } = await identifyDestination(ports, options, run)
  // Nothing is written, not even a lock file, to a disk that is not the one meant.
  if (blockedBy !== null) return blocked(ports, spec, options, blockedBy, run)
  const lock = await destination.lock(options.lockWait, run)
  if (lock.state === 'refused') return blocked(ports, spec, options, { halt: lock.halt, holds: [] }, run)
  if (lock.state === 'busy') {
    const { holders } = lock
    return { outcome: { ...emptyOutcome(spec.name), result: 'busy', holders, retry: true }, plan: null }
  }
  // While the lock was waited for, another disk may have come.
  const { identity, blockedBy: blockedNow } = await identifyDestination(ports, options, run)
  if (blockedNow !== null) {
    await lock.destination.close()
    return blocked(ports, spec, options, blockedNow, run)
  }
  options.onLocked?.()
  const opened: Opened = {
    ...ports,
    place: destination,
    destination: lock.destination,
    identity,
    spec,
    options,
    run,
  }
  try {
    return await claimedPass(opened)
  } catch (error) {
    const failure = failureOf(error)
    if (failure !== null && !run.signal.aborted) await leaveFailure(opened, failedBy(failure, spec, null))
    throw error
  } finally {
    await lock.destination.close()
  }
}

/** Reports what keeps the destination from being looked at. */
async function blocked(
  { source, destination, box }: Ports,
  spec: Spec,
  options: PassOptions,
  blockedBy: NonNullable<Identified['blockedBy']>,
  run: Run,
): Promise<Passed> {
  const context = contextOf(source, options, run.now(), await box.releases())
  const { plan } = decide(spec, null, { ...context, ...blockedBy })
  run.emit({ type: 'planned', backup: spec.name, plan })
  for (const hold of plan.holds) run.emit({ type: 'hold', backup: spec.name, hold })
  announce(plan, run)
  const late = blockedBy.halt?.away === true ? await passAway(destination, box, spec, run) : []
  return { outcome: { ...emptyOutcome(spec.name), result: 'halted', late, ...blockedBy }, plan }
}

/** None of the disks that take turns is here: time goes on for them all the same. Returns what is late by what is known of them. */
async function passAway(
  { path, rotation }: Ports['destination'],
  box: Ports['box'],
  spec: Spec,
  run: Run,
): Promise<BackupOutcome['late']> {
  const known = await rotation()
  if (known === null) return []
  const now = run.now()
  const isSane = clockSanity(latestClock(known), now, leapOf(spec)) === 'sane'
  await box.noteAway(path, isSane ? now : null)
  return isSane ? lateSeries(viewsAway(spec, known, now)) : []
}

async function claimedPass(opened: Opened): Promise<Passed> {
  const { source, box, spec, run } = opened
  const claim = await box.claim(source.host, run, (what) =>
    run.emit({ type: 'waiting', backup: spec.name, for: what }),
  )
  try {
    return await source.connected(() => apply(opened))
  } finally {
    await claim.release()
  }
}

/** Finishes what an earlier run began, looks, plans, goes through the phases, and records the outcome. */
async function apply(opened: Opened): Promise<Passed> {
  const { source, box, destination, spec, options, run } = opened
  const [asOf, began] = [run.now(), performance.now()]
  const unfinished = await recover(opened)
  const looking = inspectAndRead(opened)
  const asked = { asOf, mustRead: pathsToKnow(options.saved) }
  const view = await observeSource(source, spec, looking, asked, run)
  const observation = { source: view, destination: await looking }
  const bare = contextOf(source, options, asOf, await box.releases())
  const blind = choose({ spec, options, context: bare }, observation)
  const refused = await namesRefused(destination, observation, blind.plan)
  const context = { ...bare, refused }
  const first = refused === null ? blind : choose({ spec, options, context }, observation)
  const { plan } = first
  run.emit({ type: 'planned', backup: spec.name, plan })
  if (first.refused !== null) return { outcome: first.refused, plan }
  const { revision, saved } = options
  const origin = { planId: saved?.planId ?? planIdOf([plan], revision), revision }
  const shown = progressShown(opened, { since: asOf, bytes: plan.summary.bytes })
  const tally = newTally(spec.name, shown.run.emit, unfinished)
  const pass: Pass = { ...opened, run: shown.run, context, origin, tally }
  // Held back where the ledger cannot be trusted; pulls alone where there is no room.
  const isTrusted = observation.destination.halt === null
  const last = await (isTrusted ? throughPhases(pass, first) : announceFindings(pass, first)).finally(
    shown.end,
  )
  for (const hold of last.holds) run.emit({ type: 'hold', backup: spec.name, hold })
  const proof = proofFound(pass, last)
  const outcome = await leaveStatus(pass, { first, last, passed: performance.now() - began })
  const isToRead = shareOf(last.observation.destination, spec.verifyEvery, run.now()).length > 0
  return { outcome, plan: last.plan, isToRead, ...(proof === null ? {} : { proof }) }
}

/** Tallies what is wrong with proof. Drills are run when passes are over, without the lock. */
function proofFound({ spec, options, tally, run }: Pass, { observation }: Standing): ProofFound | null {
  const { destination } = observation
  const { proving } = options
  if (proving === undefined || spec.prove === null || destination.halt !== null) return null
  const now = run.now()
  const proofs = proofsOf(spec, destination, spec.prove.drill, now)
  for (const problem of proofProblems(spec, proofs, proving, now)) tally.trouble(problem)
  const due = dueProofs(spec, proofs, now).filter((one) => fits(one, proving.room))
  return { series: proofs.length, due: proving.drills.includes(spec.prove.drill) ? due : [] }
}

/** Finishes what an earlier run began. Returns what cannot be finished. */
async function recover(opened: Opened): Promise<readonly Problem[]> {
  const { place, destination, identity, run } = opened
  const unfinished: Problem[] = []
  await destination.recover({
    ...run,
    emit(event) {
      if (event.type === 'problem') unfinished.push(event.problem)
      run.emit(event)
    },
  })
  const hold = holdOfIdentity(place.path, identity)
  await useReleases(hold === null ? [] : [hold], opened)
  return unfinished
}

const PHASES = [adoptFiles, tidy, announceFindings, transfer, pruneSurplus] as const

async function throughPhases(pass: Pass, first: Standing): Promise<Standing> {
  const { destination, context, tally, run } = pass
  const { clock } = first.decided
  if (clock.passed !== null) await useReleases([clock.passed], pass)
  await destination.remember(seenAtStart(first.observation, first.plan, context.asOf, clock.state))
  let standing = first
  try {
    for (const phase of PHASES) standing = await phase(pass, standing)
  } catch (error) {
    if (run.signal.aborted) tally.end({ stopped: true })
    else tally.breakOff(failureFrom(error))
  }
  return standing
}

async function announceFindings({ run }: Pass, standing: Standing): Promise<Standing> {
  announce(standing.plan, run)
  return standing
}

/** Emits the findings of a plan that no step will fix. */
function announce(plan: BackupPlan, run: Run): void {
  const { backup } = plan
  // A lack of space is reported when it is met.
  const halt = fullHalt(plan.halt)
  if (halt !== null) run.emit({ type: 'halt', backup, halt })
  for (const problem of plan.problems) run.emit({ type: 'problem', backup, problem })
  for (const conflict of conflictsOf(plan)) run.emit({ type: 'conflict', backup, conflict })
}
