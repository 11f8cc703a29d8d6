import { strayEvents, strays } from '../decide/prune/expiry.ts'
import type { Observation } from '../model/observation.ts'
import type { BackupPlan, Step } from '../model/plan.ts'
import type { LockedDestination } from '../model/ports.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import type { Tally } from './tally.ts'

/**
 * Removes what has lain in staging or in the trash for its grace, and notes staged bytes that nothing wants any more.
 */
export async function tidy(
  spec: Spec,
  observation: Observation,
  plan: BackupPlan,
  destination: LockedDestination,
  tally: Tally,
  run: Run,
): Promise<void> {
  const expired = plan.steps.filter((step) => step.action === 'expire')
  const trash = expired.filter((step) => step.trash !== undefined).map(pathOf)
  if (trash.length > 0) {
    for (const verdict of (await destination.expireTrash(trash, run)).values())
      if (verdict.verdict === 'problem') tally.trouble(verdict.problem)
  }
  const staged = expired.filter((step) => step.trash === undefined).map(pathOf)
  if (staged.length > 0) await destination.dropStaged(staged, run)
  const events = [
    ...staged.map((path) => ({ event: 'staging-expired' as const, path })),
    ...strayEvents(strays(spec, observation), observation),
  ]
  if (events.length > 0) await destination.record(events, run)
}

const pathOf = ({ path }: Step): RelPath => path as RelPath
