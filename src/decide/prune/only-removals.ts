import type { Action, BackupPlan } from '../../model/plan.ts'
import { summarize } from '../plan/backup.ts'
import { fullHalt } from '../transfer/room-halt.ts'

/** What a plan says of surplus, and what it stumbles over. */
const TOLD: ReadonlySet<Action> = new Set(['prune', 'surplus', 'expire', 'conflict', 'lost'])

/** The part of a plan that removes: `reconcile prune` brings nothing, and waits for nothing. */
export function onlyRemovals(plan: BackupPlan): BackupPlan {
  const steps = plan.steps.filter(({ action }) => TOLD.has(action))
  return {
    ...plan,
    steps,
    halt: fullHalt(plan.halt),
    summary: summarize(steps, plan.summary.keep),
    seconds: null,
  }
}
