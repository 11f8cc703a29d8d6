import { suspensionOf } from '../decide/suspended.ts'
import type { Instant } from '../model/instant.ts'
import type { BackupPlan, Plan } from '../model/plan.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import { assemblePlan } from '../reconcile/assemble-plan.ts'
import { planPass } from '../reconcile/pass.ts'
import type { PassOptions } from '../reconcile/pass-terms.ts'
import { planSuspended } from '../reconcile/suspended-pass.ts'
import { inParallel } from './in-parallel.ts'
import { openPorts, passOptions, plainDiagnostics, type Workspace } from './workspace.ts'

export type Planned = Awaited<ReturnType<typeof planPass>>

/** Plans these backups from both sides, some at once, in their order: takes no lock and writes nothing. */
export const planEach = async (
  specs: readonly Spec[],
  workspace: Workspace,
  given: Pick<PassOptions, 'all' | 'named' | 'holds'> & Partial<Pick<PassOptions, 'work' | 'isSupposed'>>,
  asOf: Instant,
  run: Run,
): Promise<readonly Planned[]> => {
  const stored = await workspace.box.suspensions()
  return inParallel(specs, workspace.settings.concurrency, async (spec) => {
    const ports = await openPorts(spec, workspace)
    const options = passOptions(spec, workspace, { lockWait: 0, ...given })
    const suspended = suspensionOf(spec, stored, asOf)
    if (suspended === null) return planPass(ports, spec, options, asOf, run)
    const { plan } = await planSuspended(ports, spec, suspended, options, asOf, run)
    return { plan, observation: null }
  })
}

/** Their plans as one document. */
export const planDocument = (
  plans: readonly BackupPlan[],
  { diagnostics, loaded }: Workspace,
  asOf: Instant,
): Plan => assemblePlan(plans, plainDiagnostics(diagnostics), asOf, loaded.revision)
