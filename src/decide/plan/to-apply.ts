import { type BareOutcome, emptyOutcome } from '../../model/outcome.ts'
import type { Action, BackupPlan, Step } from '../../model/plan.ts'
import type { Bandwidth } from '../../model/spec.ts'
import type { Problem } from '../../model/trouble.ts'
import { lineTime } from '../time/line-time.ts'
import { fullHalt, roomHalt } from '../transfer/room-halt.ts'
import { summarize } from './backup.ts'
import { judgeSaved, type Now, type SavedPart } from './saved.ts'

export interface ToApply {
  readonly plan: BackupPlan
  /** Set where the saved plan may not be applied: what comes of it. */
  readonly refused: BareOutcome | null
}

/** What a pass is to do: the fresh plan, or, where there is a saved one, what is left of that. */
export function planToApply(saved: SavedPart | null, now: Now, bandwidth: Bandwidth): ToApply {
  const { fresh, observation } = now
  if (saved === null) return { plan: fresh, refused: null }
  const nothing = only(saved, now, bandwidth, [], [])
  // What could not be looked at differs from nothing: the halt, or the failure of the look, is what is reported.
  if (fullHalt(fresh.halt) !== null || observation.source.completeness === 'unknown') {
    return { plan: { ...nothing, problems: fresh.problems }, refused: null }
  }
  const verdict = judgeSaved(saved, now)
  switch (verdict.state) {
    case 'stale': {
      const { differences: stale } = verdict
      return { plan: nothing, refused: { ...emptyOutcome(fresh.backup), result: 'failed', stale } }
    }
    case 'held': {
      const { holds } = fresh
      const refused: BareOutcome = { ...emptyOutcome(fresh.backup), result: 'halted', holds }
      return { plan: { ...nothing, holds }, refused }
    }
    default:
      return { plan: only(saved, now, bandwidth, verdict.steps, verdict.problems), refused: null }
  }
}

/** The fresh plan with the saved one's steps alone. Paths that none of them names do not matter. */
function only(
  { plan }: SavedPart,
  { fresh, spec, observation, asOf }: Now,
  bandwidth: Bandwidth,
  steps: readonly Step[],
  problems: readonly Problem[],
): BackupPlan {
  const named = new Set(plan.steps.map((step) => step.path))
  const known = fresh.problems.filter(({ path }) => path === undefined || named.has(path))
  const summary = summarize(steps, fresh.summary.keep)
  return {
    ...fresh,
    steps,
    halt: fullHalt(fresh.halt) ?? roomHalt(spec.destination, observation.destination, summary.bytes),
    holds: [],
    problems: [...known, ...problems.filter((problem) => !known.includes(problem))],
    summary,
    ...lineTime(summary.bytes, bandwidth, asOf),
  }
}

/** What a plan says of surplus, and what is in the way. */
const REMOVALS: ReadonlySet<Action> = new Set(['prune', 'surplus', 'expire', 'conflict', 'lost'])

/** The part of a plan that removes: `reconcile prune` brings nothing, and waits for nothing. */
export function onlyRemovals(plan: BackupPlan): BackupPlan {
  const steps = plan.steps.filter(({ action }) => REMOVALS.has(action))
  return {
    ...plan,
    steps,
    halt: fullHalt(plan.halt),
    summary: summarize(steps, plan.summary.keep),
    seconds: null,
  }
}
