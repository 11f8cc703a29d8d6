import { sameEvents } from '../decide/files/versions.ts'
import { strayEvents, strays } from '../decide/prune/expiry.ts'
import type { Step } from '../model/plan.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Pass } from './pass-context.ts'
import type { Standing } from './plan-pass.ts'

/** Removes what has been in staging or in the trash for its grace period, and records staged bytes that nothing wants any more, and which versions the source still has. */
export async function tidy(
  { destination, spec, tally, context, run }: Pass,
  standing: Standing,
): Promise<Standing> {
  const { plan, observation } = standing
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
    ...sameEvents(observation, context.asOf),
  ]
  if (events.length > 0) await destination.record(events, run)
  return standing
}

const pathOf = ({ path }: Step): RelPath => path as RelPath
