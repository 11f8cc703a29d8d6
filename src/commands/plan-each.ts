import { assemblePlan } from '../decide/plan/assemble.ts'
import type { Instant } from '../model/instant.ts'
import type { BackupPlan, Plan } from '../model/plan.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import type { Hold } from '../model/trouble.ts'
import type { PassOptions } from '../reconcile/pass-context.ts'
import { planFailed, planPass } from '../reconcile/plan-pass.ts'
import { inParallel } from './in-parallel.ts'
import { openPorts, passOptions, plainDiagnostics, type Workspace } from './workspace.ts'

export type Planned = Pick<Awaited<ReturnType<typeof planPass>>, 'plan' | 'observation'>

/** Plans these backups from both sides, some at once, in their order: takes no lock and writes nothing. */
export const planEach = async (
  specs: readonly Spec[],
  workspace: Workspace,
  given: Pick<PassOptions, 'all' | 'named'> &
    Partial<Pick<PassOptions, 'work' | 'isSupposed'>> & { readonly holds: Promise<readonly Hold[]> },
  asOf: Instant,
  run: Run,
): Promise<readonly Planned[]> => {
  // What the box's memory does not say fails each backup, and each of them is in the plan.
  given.holds.catch(() => {})
  return inParallel(specs, workspace.settings.concurrency, async (spec) => {
    const ports = await openPorts(spec, workspace)
    const blank = passOptions(spec, workspace, { lockWait: 0, ...given, holds: [] })
    try {
      return await planPass(ports, spec, { ...blank, holds: await given.holds }, asOf, run)
    } catch (error) {
      run.signal.throwIfAborted()
      return planFailed(ports.source, spec, blank, asOf, error)
    }
  })
}

/** Their plans as one document. */
export const planDocument = (
  plans: readonly BackupPlan[],
  { diagnostics, loaded }: Workspace,
  asOf: Instant,
): Plan => assemblePlan(plans, plainDiagnostics(diagnostics), asOf, loaded.revision)
