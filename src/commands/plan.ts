import { codeOfPlan } from '../decide/exit-code.ts'
import { manifest } from '../decide/manifest.ts'
import { project } from '../decide/project.ts'
import type { Instant } from '../model/instant.ts'
import type { Run } from '../model/run.ts'
import { assemblePlan } from '../reconcile/assemble-plan.ts'
import { planPass } from '../reconcile/pass.ts'
import { renderManifestDiff } from '../view/render-manifest-diff.ts'
import { renderPlan } from '../view/render-plan.ts'
import { type Console, printDocument } from './console.ts'
import { inParallel } from './in-parallel.ts'
import {
  commonHolds,
  openPorts,
  passOptions,
  plainDiagnostics,
  runnableSpecs,
  tellSpecs,
  type Workspace,
} from './workspace.ts'

export interface PlanFlags {
  readonly detailedExitCode: boolean
  readonly diff: boolean
  readonly all: boolean
}

/** `reconcile --dry-run`: what a pass would do now. Writes nothing in destination, state or source, and takes no lock. */
export async function dryRun(
  names: readonly string[],
  workspace: Workspace,
  flags: PlanFlags,
  console: Console,
  run: Run,
): Promise<number> {
  const specs = runnableSpecs(workspace, names)
  tellSpecs(workspace, console)
  const holds = await openCommonHolds(workspace)
  const asOf: Instant = run.now()
  const planned = await inParallel(specs, workspace.settings.concurrency, async (spec) => {
    const options = passOptions(spec, workspace, {
      lockWait: 0,
      all: flags.all,
      named: names.length > 0,
      holds,
    })
    const { plan, observation } = await planPass(await openPorts(spec, workspace), spec, options, asOf, run)
    if (!flags.diff || observation === null) return { plan, diff: '' }
    const now = manifest(spec, observation)
    const after = manifest(spec, project(observation, plan, asOf))
    return { plan, diff: renderManifestDiff(spec.name, now, after, console.color.write) }
  })
  const plans = planned.map(({ plan }) => plan)
  const document = assemblePlan(plans, plainDiagnostics(workspace.diagnostics), asOf, null)
  const code = codeOfPlan(document, flags.detailedExitCode)
  if (console.output !== 'text') printDocument(console, document)
  else if (!(console.quiet && code === 0)) {
    for (const { diff } of planned) console.write(diff)
    const { width } = console
    console.write(renderPlan(document, { color: console.color.write, width, all: flags.all }))
  }
  return code
}

/** Those common holds that nobody has released. */
export async function openCommonHolds(workspace: Workspace) {
  const holds = await commonHolds(workspace)
  const released = await Promise.all(holds.map((hold) => workspace.box.released(hold.id)))
  return holds.filter((_, i) => released[i] === null)
}
