import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { claimDrills } from '../box/claim-slot.ts'
import type { SeriesProof } from '../decide/restore/points.ts'
import {
  afterDrill,
  type DrillGround,
  drillFailed,
  drillsAPass,
  fits,
  noRoom,
  proofsOf,
} from '../decide/restore/proof.ts'
import { mustBeMeant } from '../decide/specs/identity-hold.ts'
import { freeBytes } from '../destination/look/holding.ts'
import type { Clock } from '../model/clock.ts'
import type { Drilled } from '../model/drilled.ts'
import { problemOf } from '../model/failure.ts'
import { isoTime } from '../model/instant.ts'
import type { DrillEvent, LedgerEvent } from '../model/ledger-event.ts'
import type { BackupOutcome } from '../model/outcome.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Run } from '../model/run.ts'
import type { Drill } from '../model/settings.ts'
import type { Spec } from '../model/spec.ts'
import { failureFrom } from '../model/system-error.ts'
import type { Problem } from '../model/trouble.ts'
import type { ProofFound } from '../reconcile/pass.ts'
import { underLock } from '../reconcile/under-lock.ts'
import { runDrill, sweepScratch } from '../restore/drill.ts'
import type { Loop } from '../watch/loop.ts'
import { openNear, type Workspace } from './workspace.ts'

type Box = Pick<Workspace, 'settings'>

/** Names of the first files that a receipt keeps. */
const NAMED = 20
/** Seconds for which a receipt waits for a pass that holds the lock. */
const PATIENCE = 3600

const scratchIn = (state: string): string => join(state, 'scratch')

export const drillGround = async ({ settings }: Box): Promise<DrillGround> => ({
  drills: settings.drills.map(({ name }) => name),
  room: await freeBytes(scratchIn(settings.state)),
})

/** What drills came to, and what kept others from being run or recorded. */
export interface Proven {
  readonly drilled: readonly Drilled[]
  readonly problems: readonly Problem[]
}

/**
 * Runs a drill on the newest point of some series of one backup, and records each at once. The lock is taken only to record. Null: another
 * process of this box is at a drill. Throws the signal's reason once it aborts.
 */
export async function prove(
  spec: Spec,
  workspace: Workspace,
  asked: {
    readonly drill: Drill
    /** Which series, the first one first. */
    readonly choose: (proofs: readonly SeriesProof[]) => readonly SeriesProof[]
    readonly report?: (proof: SeriesProof) => void
  },
  run: Run,
): Promise<Proven | null> {
  const { state } = workspace.settings
  const claim = await claimDrills(join(state, 'locks'), run.signal)
  if (claim === null) return null
  const { drill, choose, report = () => {} } = asked
  const drilled: Drilled[] = []
  const problems: Problem[] = []
  try {
    const destination = await openNear(spec, workspace)
    const holding = await destination.inspect(run)
    mustBeMeant(destination.path, holding)
    const scratch = scratchIn(state)
    for (const proof of choose(proofsOf(spec, holding, drill.name, run.now()))) {
      const room = await freeBytes(scratch)
      if (!fits(proof, room)) {
        problems.push(noRoom(proof, room))
        continue
      }
      report(proof)
      const { series, newest, bytes } = proof
      const files = newest.files.map((file) => ({ ...file, from: join(destination.path, file.path) }))
      const { why, rotten, ...took } = await runDrill({ drill, files, scratch }, run.signal)
      const point = newest.time === null ? null : isoTime(newest.time)
      const facts = { series, point, bytes, ...took }
      const result = why === null ? 'proven' : 'failed'
      drilled.push({ backup: spec.name, ...facts, result, why })
      const paths = files.slice(0, NAMED).map(({ path }) => path)
      const event: DrillEvent = { drill: drill.name, ...facts, files: files.length, paths }
      if (why !== null) problems.push(drillFailed({ ...event, at: run.now(), why }))
      const receipt: LedgerEvent =
        why === null ? { event: 'proven', ...event } : { event: 'drill-failed', ...event, why }
      const written = await underLock(destination, PATIENCE, run, (locked, now) => {
        // A pass may have repaired it meanwhile.
        const still = rotten.filter((path) => {
          const [then, record] = [holding, now].map(({ records }) => records.get(path as RelPath))
          return record !== undefined && record.isRotten !== true && record.readAt === then?.readAt
        })
        return locked.record([...still.map((path) => ({ event: 'rotten' as const, path })), receipt], run)
      })
      if (written.state === 'busy') problems.push(NOT_RECORDED)
    }
  } catch (error) {
    if (run.signal.aborted) throw run.signal.reason
    problems.push(problemOf(failureFrom(error)))
  } finally {
    claim.close()
  }
  return { drilled, problems }
}

const NOT_RECORDED: Problem = {
  code: 'drill-not-recorded',
  message: 'another run held the destination for an hour, so the result of the drill is not in its ledger',
  hint: 'It is repeated. reconcile status shows what holds the destination.',
}

/** What passes found due, and the spec of each. */
export interface Due {
  readonly spec: Spec
  readonly series: number
  readonly due: readonly SeriesProof[]
}

/**
 * Drills once all passes are over, and no transfer waits for them: as many as come due from one pass to the next, one after the other, the
 * longest overdue first. Returns the outcomes with what came of it. What a time limit ends is begun anew another time.
 */
export async function proveAfter(
  found: readonly Due[],
  outcomes: readonly BackupOutcome[],
  named: boolean,
  { workspace }: { readonly workspace: Workspace },
  run: Run,
): Promise<readonly BackupOutcome[]> {
  if (found.length === 0) return outcomes
  const after = new Map(outcomes.map((one) => [one.backup, one]))
  const next = found
    .flatMap(({ spec, due }) => due.map((proof) => ({ spec, proof, at: proof.last?.at ?? 0 })))
    .toSorted((a, b) => a.at - b.at)
    .slice(0, drillsAPass(found))
  for (const { spec, proof } of next) {
    const proven = await proveOne(spec, proof, workspace, run)
    if (proven === null) break
    const before = after.get(spec.name)
    const paths = [...(proof.last?.paths ?? []), ...proof.newest.files.map(({ path }) => path)]
    if (before !== undefined) after.set(spec.name, afterDrill(before, paths, proven.problems, named))
  }
  await sweep(workspace, run)
  return [...after.values()]
}

/** One series that is due. Null: it was stopped, or another process is at a drill. */
export async function proveOne(
  spec: Spec,
  { series }: SeriesProof,
  workspace: Workspace,
  run: Run,
): Promise<Proven | null> {
  const drill = workspace.settings.drills.find(({ name }) => name === spec.prove?.drill)
  if (drill === undefined || run.signal.aborted) return null
  const choose = (proofs: readonly SeriesProof[]) => proofs.filter((one) => one.series === series)
  try {
    return await prove(spec, workspace, { drill, choose }, run)
  } catch (error) {
    if (run.signal.aborted) return null
    throw error
  }
}

/** Removes what a drill left that was killed. */
async function sweep({ settings: { state } }: Box, run: Run): Promise<void> {
  try {
    if ((await readdir(scratchIn(state)).catch(() => [])).length === 0) return
    const claim = await claimDrills(join(state, 'locks'), run.signal)
    if (claim !== null) await sweepScratch(scratchIn(state)).finally(() => claim.close())
  } catch (error) {
    if (!run.signal.aborted) failureFrom(error)
  }
}

/** Milliseconds between two looks for a drill to run, and after one. */
const LOOK = 60_000
const REST = 15 * 60_000

/** Drills under `watch`: one after the other, while no pass runs or waits. A pass that comes due meanwhile is not kept waiting. */
export function idleDrills(proveThis: (spec: Spec, proof: SeriesProof) => Promise<Proven | null>) {
  const due = new Map<string, { readonly spec: Spec; readonly proofs: readonly SeriesProof[] }>()
  return {
    /** What the last pass over a backup found to prove; undefined: nothing. */
    found(spec: Spec, proof: ProofFound | undefined): void {
      due.set(spec.name, { spec, proofs: proof?.due ?? [] })
    },
    async run(loop: Pick<Loop, 'standing' | 'trigger'>, clock: Clock, signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        await clock.wait(LOOK, signal)
        const standing = loop.standing()
        if (signal.aborted || standing.some(({ phase }) => phase !== 'idle')) continue
        const [next] = standing
          .flatMap(({ backup }) => {
            const one = due.get(backup)
            return one === undefined ? [] : one.proofs.map((proof) => ({ spec: one.spec, proof }))
          })
          .toSorted((a, b) => (a.proof.last?.at ?? 0) - (b.proof.last?.at ?? 0))
        if (next === undefined) continue
        const { spec, proof } = next
        due.set(spec.name, { spec, proofs: due.get(spec.name)!.proofs.filter((one) => one !== proof) })
        const proven = await proveThis(spec, proof)
        // The pass reports it.
        if (proven?.problems.some(({ code }) => code === 'drill-failed') === true)
          loop.trigger(spec.name, 'drilled')
        await clock.wait(REST, signal)
      }
    },
  }
}
