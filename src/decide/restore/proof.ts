import type { DrillReceipt, Holding } from '../../model/holding.ts'
import { humanSize } from '../../model/human-size.ts'
import { DAY, type Instant, instant, isoTime } from '../../model/instant.ts'
import type { BackupOutcome } from '../../model/outcome.ts'
import { NO_PROGRAM } from '../../model/settings.ts'
import type { Spec } from '../../model/spec.ts'
import type { DestinationStatus, SeriesStatus } from '../../model/status.ts'
import type { Problem } from '../../model/trouble.ts'
import { fingerprint } from '../documents/fingerprint.ts'
import { heldSelectorOf } from '../files/dated-name.ts'
import { type Claim, claim, fewOf, joined } from '../status/conditions.ts'
import { codeOfOutcome } from '../status/exit-code.ts'
import type { StatusFacts, StatusLook } from '../status/facts.ts'
import { type RestorePoint, restorePoints, type SeriesProof } from './points.ts'

/** What the box has for drills: their names, and bytes free for scratch (null: unknown). */
export interface DrillGround {
  readonly drills: readonly string[]
  readonly room: number | null
}

/** Left free whatever is restored to scratch. Bytes. */
const SPARE = 64 << 20

/** One for each series of which something is here, by its name. `drill`: the receipts of that one count. */
export function proofsOf(spec: Spec, holding: Holding, drill: string, asOf: Instant): readonly SeriesProof[] {
  const isWanted = heldSelectorOf(spec, holding.records)
  const newest = new Map<string, RestorePoint>()
  for (const point of restorePoints(holding, spec.series)) {
    // One with a date ahead would be the newest for as long as that.
    const isHere = point.files.every(({ path, isGone, isRotten }) => !isGone && !isRotten && isWanted(path))
    if (isHere && (point.time ?? 0) <= asOf + DAY) newest.set(point.series, point)
  }
  const receipts = holding.drills.filter((one) => one.drill === drill)
  return [...newest].map(([series, point]) => {
    const of = receipts.filter((one) => one.series === series)
    return {
      series,
      newest: point,
      bytes: point.files.reduce((sum, { size }) => sum + size, 0),
      last: of.at(-1) ?? null,
      proven: of.findLast(({ why }) => why === null) ?? null,
    }
  })
}

/**
 * When a series is due; 0: now, as it was never tried, or there is a newer point than the one that failed. Up to a tenth of the interval
 * early, another part of it for each series, so that those that were proven in one week do not come due in one hour.
 */
function dueAt(spec: Spec, { series, newest, last }: SeriesProof): number {
  const every = (spec.prove?.every ?? 0) * 1000
  if (last === null) return 0
  if (last.why === null) return last.at + every * (1 - share(`${spec.name}/${series}`) / 10)
  return last.paths[0] === newest.files[0]?.path ? last.at + Math.min(every, DAY) : 0
}

/** From 0 up to 1, the same for the same text. */
const share = (text: string): number => Number.parseInt(fingerprint(text).slice(0, 8), 16) / 2 ** 32

/** Those whose drill is due, the longest overdue first. */
export const dueProofs = (
  spec: Spec,
  proofs: readonly SeriesProof[],
  asOf: Instant,
): readonly SeriesProof[] =>
  proofs
    .map((one) => [dueAt(spec, one), one] as const)
    .filter(([at]) => at <= asOf)
    .toSorted(([a], [b]) => a - b)
    .map(([, one]) => one)

/** Whether it fits into scratch. Nothing is tried that does not. */
export const fits = ({ bytes }: Pick<SeriesProof, 'bytes'>, room: number | null): boolean =>
  room === null || bytes + SPARE <= room

/**
 * How many drills one pass over all these may run: as many as come due between two passes, so that each has its turn, and one at least.
 */
export const drillsAPass = (
  backups: readonly { readonly spec: Pick<Spec, 'prove' | 'schedule'>; readonly series: number }[],
): number =>
  Math.max(
    1,
    Math.ceil(
      backups.reduce((sum, { spec: { prove, schedule }, series }) => {
        const between = schedule.kind === 'every' ? schedule.seconds : DAY / 1000
        return sum + (prove === null ? 0 : (series * between) / prove.every)
      }, 0),
    ),
  )

const isFailed = ({ last }: SeriesProof): boolean => last !== null && last.why !== null

/** The last proof is older than the interval, a tenth of it and two days, in which nobody had the time. */
const isOld = (spec: Spec, { proven }: SeriesProof, asOf: Instant): boolean =>
  proven !== null && asOf - proven.at > (spec.prove?.every ?? 0) * 1100 + 2 * DAY

/** What a pass says of proof. */
export function proofProblems(
  spec: Spec,
  proofs: readonly SeriesProof[],
  { drills, room }: DrillGround,
  asOf: Instant,
): readonly Problem[] {
  if (spec.prove === null) return []
  const { drill } = spec.prove
  const failed = proofs.filter(isFailed).map((one) => drillFailed(one.last!))
  if (!drills.includes(drill)) return [unknownDrill(drill, drills), ...failed]
  const large = dueProofs(spec, proofs, asOf).filter((one) => !fits(one, room))
  const old = proofs.filter((one) => isOld(spec, one, asOf) && !isFailed(one) && !large.includes(one))
  return [
    ...failed,
    ...large.map((one) => noRoom(one, room)),
    ...old.map(({ series, newest, proven }) => ({
      code: 'proof-overdue',
      path: newest.files[0]!.path,
      message: `series ${series} was last proven at ${isoTime(proven!.at)}, which is too long ago`,
      hint: `reconcile restore --drill ${drill} ${spec.name} does it now. If passes end early, give them more --max-time.`,
    })),
  ]
}

/** A drill that was run and is not content, until one is. */
export const drillFailed = ({
  drill,
  series,
  paths,
  at,
  why,
}: Pick<DrillReceipt, 'drill' | 'series' | 'paths' | 'at' | 'why'>): Problem => ({
  code: 'drill-failed',
  path: paths[0] ?? series,
  message: `the drill ${drill} failed on it at ${isoTime(at)}: ${why}`,
  hint:
    why?.startsWith(NO_PROGRAM) === true
      ? 'Install it, or change the drill in config.yaml. The drill is repeated after a day, or with a newer point.'
      : 'Restore it by hand and look: reconcile restore. The drill is repeated after a day, or with a newer point.',
})

export const unknownDrill = (drill: string, drills: readonly string[]): Problem => ({
  code: 'drill-unknown',
  message: `prove names the drill ${drill}, which is not among "drills" in this box's config.yaml`,
  hint: drills.length === 0 ? 'It has none.' : `There are: ${drills.join(', ')}.`,
})

export const noRoom = ({ newest, bytes }: SeriesProof, room: number | null): Problem => ({
  code: 'drill-no-room',
  path: newest.files[0]!.path,
  message: `its point has ${humanSize(bytes)}, and the state folder's disk has room for ${humanSize(Math.max(0, (room ?? 0) - SPARE))}: no drill was run`,
  hint: 'Make room there, or move the state folder (state in config.yaml) to a larger disk.',
})

/** By series; null: nobody asks for proof, or it cannot be looked at. */
export const proofsNow = ({ spec, holding }: StatusFacts, asOf: Instant): StatusLook['proofs'] =>
  spec?.prove == null || holding === null ? null : proofsOf(spec, holding, spec.prove.drill, asOf)

/** The condition as it is now; none where nobody asks for proof. */
export function provenNow(
  { spec }: StatusFacts,
  { halt, asOf, proofs }: Pick<StatusLook, 'halt' | 'asOf' | 'proofs'>,
): readonly Claim[] {
  if (spec?.prove == null) return []
  if (proofs === null || halt !== null)
    return [claim('Proven', 'unknown', 'not-looked-at', 'the destination could not be read')]
  return [claimOfProofs(spec, proofs, asOf)]
}

/** What the ledger knows better by now than the last pass did. */
const isOfLedger = ({ code }: { readonly code: string }): boolean =>
  code === 'drill-failed' || code === 'proof-overdue'

/** What the last pass said but for that. */
export function withoutProof(last: DestinationStatus): DestinationStatus {
  const troubles = last.troubles?.filter((one) => !isOfLedger(one)) ?? null
  if (troubles === null || troubles.length === last.troubles?.length) return last
  const of = (last.troubles ?? []).filter(isOfLedger).reduce((sum, { paths }) => sum + paths.length, 0)
  const counts = { ...last.counts, problems: Math.max(0, last.counts.problems - of) }
  if (troubles.length > 0 || counts.problems > 0) return { ...last, troubles, counts }
  const result = last.result === 'failed' ? 'in-sync' : last.result
  const ready = { status: 'true', reason: result, message: result } as const
  const conditions = last.conditions.map((one) => (one.type === 'Ready' ? { ...one, ...ready } : one))
  return { ...last, troubles, counts, result, exitCode: 0, conditions }
}

/** The same of a pass's outcome, after a drill on what was at `paths`. */
export function afterDrill(
  outcome: BackupOutcome,
  paths: readonly string[],
  found: readonly Problem[],
  named: boolean,
): BackupOutcome {
  const kept = outcome.problems.filter(
    (one) => !(isOfLedger(one) && one.path !== undefined && paths.includes(one.path)),
  )
  const problems = [...kept, ...found]
  const { result, conflicts, lost, halt, retry } = outcome
  const isWell = problems.length + conflicts.length + lost.length === 0 && halt === null && !retry
  const next = result === 'failed' && isWell ? 'in-sync' : result === 'in-sync' && !isWell ? 'failed' : result
  const bare = { ...outcome, problems, result: next }
  return { ...bare, exitCode: outcome.result === 'cancelled' ? outcome.exitCode : codeOfOutcome(bare, named) }
}

/** Null: nobody asks for proof. */
export const provenClaim = (spec: Spec, holding: Holding, asOf: Instant): Claim | null =>
  spec.prove === null ? null : claimOfProofs(spec, proofsOf(spec, holding, spec.prove.drill, asOf), asOf)

function claimOfProofs(spec: Spec, proofs: readonly SeriesProof[], asOf: Instant): Claim {
  const is = (status: Claim['status'], reason: string, message: string) =>
    claim('Proven', status, reason, message)
  const failed = proofs.filter(isFailed).map(({ last }) => drillFailed(last!))
  if (failed.length > 0)
    return is('false', 'drill-failed', joined(failed.map(({ path, message }) => `${path}: ${message}`)))
  const old = proofs.filter((one) => isOld(spec, one, asOf)).map(({ series }) => series)
  if (old.length > 0) return is('false', 'proof-overdue', `proven too long ago: ${fewOf(old)}`)
  const never = proofs.filter(({ proven }) => proven === null).map(({ series }) => series)
  if (never.length > 0 || proofs.length === 0) return is('unknown', 'not-proven-yet', fewOf(never))
  const oldest = proofs.map(({ proven }) => proven!).toSorted((a, b) => a.at - b.at)[0]!
  const seconds = Math.max(...proofs.map(({ proven }) => proven!.restoreSeconds))
  return is('true', 'proven', `last at ${isoTime(instant(oldest.at))}, a restore took up to ${seconds} s`)
}

/** Adds to the status of a series how its drills went. */
export function withProofs(proofs: StatusLook['proofs']): (status: SeriesStatus) => SeriesStatus {
  const bySeries = new Map(proofs?.map((one) => [one.series, one]))
  return (status) => {
    const found = bySeries.get(status.series)
    if (found === undefined) return status
    const { proven, last } = found
    const proof = {
      proven: proven === null ? null : isoTime(proven.at),
      restoreSeconds: proven?.restoreSeconds ?? null,
      failed: last?.why == null ? null : isoTime(last.at),
    }
    return { ...status, proof }
  }
}
