import { isAnomaly } from '../decide/anomaly/problems.ts'
import { heldSelectorOf } from '../decide/files/dated-name.ts'
import { isAwaitingQuiet } from '../decide/files/emptiness.ts'
import { isWhole } from '../decide/files/facts.ts'
import { isTransfer } from '../decide/plan/backup.ts'
import { isOfBox } from '../decide/status/box-problems.ts'
import { fewOf } from '../decide/status/conditions.ts'
import { codeOfOutcome, codeOfStop } from '../decide/status/exit-code.ts'
import { REACH_SHORT } from '../decide/status/reach.ts'
import { fullHalt } from '../decide/transfer/room-halt.ts'
import { Stop } from '../model/failure.ts'
import { isoTime } from '../model/instant.ts'
import type { Observation } from '../model/observation.ts'
import { type BackupResult, type BareOutcome, emptyOutcome } from '../model/outcome.ts'
import type { BackupPlan } from '../model/plan.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import type { Conflict, Problem, Warning } from '../model/trouble.ts'
import type { Pass, PassOptions } from './pass-context.ts'
import type { Standing } from './plan-pass.ts'
import type { Tally } from './tally.ts'

/** What a pass came to: the last plan's findings, and what applying it did. */
export function outcomeOf(
  { spec, tally, run }: Pass,
  { plan, observation, decided, holds, refused }: Standing,
  late: BareOutcome['late'],
): BareOutcome {
  const halt = fullHalt(plan.halt) ?? tally.halt
  const paths = (action: string) =>
    plan.steps.filter((step) => step.action === action).map((step) => step.path)
  // Planned again after some files were published, what is odd about them is known of both.
  const isPlanned = ({ code, path }: Problem) =>
    plan.problems.some((one) => one.code === code && one.path === path)
  const problems = [...plan.problems, ...tally.problems.filter((one) => !isAnomaly(one) || !isPlanned(one))]
  const bare: BareOutcome = {
    ...emptyOutcome(spec.name),
    published: tally.published.toSorted(),
    adopted: tally.adopted,
    repaired: tally.repaired,
    waiting: paths('wait'),
    pending: halt === tally.halt ? stillToCome(tally) : plan.steps.filter(isTransfer).length,
    lost: paths('lost'),
    problems,
    conflicts: [...conflictsOf(plan), ...tally.conflicts],
    pruned: tally.pruned.toSorted(),
    holds,
    warnings: [...decided.plan.warnings, ...repairWarning(tally.repaired)],
    late,
    halt,
    bytes: tally.received,
    complete: completeFiles(spec, observation, tally),
    lookedAt: observation.destination.halt === null ? isoTime(run.now()) : null,
    retry: tally.retryable || observation.source.retryable === true,
    off: tally.off,
  }
  return {
    ...bare,
    result: resultOf(bare, observation, tally, run),
    // A plan that turned out stale after it had begun: what was done is reported as well.
    ...(refused === null ? {} : { stale: refused.stale, holds: refused.holds, result: refused.result }),
  }
}

/** What failed its checksum twice is not tried again by the next pass. */
function stillToCome({ left, problems }: Tally): number {
  const failed = new Set(problems.flatMap(({ code, path }) => (code === 'checksum-failed' ? path : [])))
  return [...left].filter((path) => !failed.has(path)).length
}

/** Nothing is wrong any more, and a disk that lets one file rot may have others: a person must learn of it. */
function repairWarning(repaired: readonly string[]): readonly Warning[] {
  if (repaired.length === 0) return []
  const are = repaired.length === 1 ? '1 published file was' : `${repaired.length} published files were`
  return [
    {
      code: 'repaired',
      message: `${are} rotten or gone here, and pulled again: ${fewOf(repaired)}`,
      hint: 'Check the disk (smartctl -a, the kernel log), and who else writes there. What was rotten is in .reconcile/quarantine.',
    },
  ]
}

function resultOf(bare: BareOutcome, observation: Observation, tally: Tally, run: Run): BackupResult {
  if (tally.stopped) return stoppedResult(run)
  // A hold here is over pruning alone.
  if (bare.halt !== null) return 'halted'
  if (tally.broken || observation.source.completeness === 'unknown') return 'failed'
  if (tally.off !== null && tally.left.size > 0) return 'incomplete'
  if (isAwaitingQuiet(observation.source)) return 'incomplete'
  if (bare.published.length + bare.pruned.length > 0) return 'applied'
  const { conflicts, lost } = bare
  const problems = bare.problems.filter((one) => !isOfBox(one) && !isAnomaly(one) && one.code !== REACH_SHORT)
  return tally.left.size + problems.length + conflicts.length + lost.length > 0 ? 'failed' : 'in-sync'
}

/** A pass that a signal ended reports that, whatever it found: 130 and 143 take precedence. */
export function exitCodeOf(
  outcome: BareOutcome,
  { named }: PassOptions,
  { signal: { reason } }: Run,
): number {
  if (outcome.result !== 'cancelled') return codeOfOutcome(outcome, named)
  return codeOfStop(reason instanceof Stop ? reason.why : 'terminate')
}

/** A pass that its own time limit or a newer spec ended is incomplete; one that a person ended is cancelled. */
export function stoppedResult({ signal: { reason } }: Run): BackupResult {
  const why = reason instanceof Stop ? reason.why : null
  return why === 'max-time' || why === 'superseded' ? 'incomplete' : 'cancelled'
}

export const conflictsOf = (plan: BackupPlan): readonly Conflict[] =>
  plan.steps
    .filter((step) => step.action === 'conflict')
    .map(({ path, held = '', source = '', hint }) => ({
      path,
      held,
      source,
      ...(hint === undefined ? {} : { hint }),
    }))

/** Selected files that are here whole, and those this pass has added. */
function completeFiles(spec: Spec, { source, destination }: Observation, tally: Tally) {
  const wanted = heldSelectorOf(spec, destination.records)
  let files = 0
  let bytes = 0
  for (const [path, record] of destination.records) {
    if (!isWhole(destination.files.get(path), record) || !wanted(path)) continue
    files++
    bytes += record.size
  }
  for (const path of tally.published) {
    const key = path as RelPath
    const held = destination.files.get(key)
    if (isWhole(held, destination.records.get(key))) continue
    files++
    bytes += source.files.get(key)?.listed?.size ?? held?.size ?? 0
  }
  return { files, bytes }
}
