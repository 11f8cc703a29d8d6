import { toSavedPlan } from '../decide/documents/read-saved-plan.ts'
import { manifest } from '../decide/plan/manifest.ts'
import { project } from '../decide/plan/project.ts'
import { codeOfPlan } from '../decide/status/exit-code.ts'
import { NOT_SUSPENDED, suspendPlan, suspensionOf } from '../decide/status/suspended.ts'
import type { Instant } from '../model/instant.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import { planOffline } from '../reconcile/plan-offline.ts'
import { escapeText } from '../view/escape-text.ts'
import { renderManifestDiff } from '../view/render-manifest-diff.ts'
import { renderPlan } from '../view/render-plan.ts'
import { type Console, printDocument } from './argv/console.ts'
import { sealOf } from './open-saved-plan.ts'
import { type Planned, planDocument, planEach } from './plan-each.ts'
import { mayWriteTo, writePrivately } from './private-file.ts'
import { readSnapshots } from './read-snapshots.ts'
import {
  openCommonHolds,
  passOptions,
  runnableSpecs,
  sourceLabel,
  tellSpecs,
  type Workspace,
} from './workspace.ts'

export interface PlanFlags {
  readonly detailedExitCode: boolean
  readonly diff: boolean
  readonly all: boolean
  /** A folder of snapshots to plan from, without keys or network; null: both sides are looked at. */
  readonly offline: string | null
  /** As of when; null: now, or when the snapshots were taken. */
  readonly asOf: Instant | null
  /** A file to save the plan to; null: it is only printed. */
  readonly out: string | null
}

/**
 * `reconcile --dry-run`, `reconcile plan`: what a pass would do now. Writes nothing in destination, state or source, and takes no
 * lock; with `out` the plan is saved there.
 */
export async function dryRun(
  names: readonly string[],
  workspace: Workspace,
  flags: PlanFlags,
  console: Console,
  run: Run,
): Promise<number> {
  const specs = runnableSpecs(workspace, names)
  if (flags.out !== null) await mayWriteTo(flags.out, workspace)
  tellSpecs(workspace, console)
  const { asOf, plans } =
    flags.offline === null
      ? await fromBothSides(specs, names.length > 0, workspace, flags, run)
      : await fromSnapshots(specs, flags.offline, workspace, flags, run)
  const diffs = !flags.diff
    ? []
    : specs.map((spec, i) => {
        const { plan, observation } = plans[i]!
        if (observation === null) return ''
        const after = manifest(spec, project(observation, plan, asOf))
        return renderManifestDiff(spec.name, manifest(spec, observation), after, console.color.write)
      })
  const made = plans.map(({ plan }) => plan)
  const document = planDocument(made, workspace, asOf)
  const code = codeOfPlan(document, flags.detailedExitCode)
  if (flags.out !== null) {
    const saved = toSavedPlan(document, workspace.loaded.effective)
    await writePrivately(flags.out, `${JSON.stringify({ ...saved, seal: sealOf(saved) }, null, 2)}\n`)
  }
  if (console.output !== 'text') printDocument(console, document)
  else if (!(console.quiet && code === 0)) {
    for (const diff of diffs) console.write(diff)
    const { width } = console
    console.write(renderPlan(document, { color: console.color.write, width, all: flags.all }))
  }
  if (flags.out !== null && !console.quiet && console.output === 'text') {
    const file = escapeText(flags.out)
    const next = made.length === 0 ? 'It plans nothing.' : `Apply it with: reconcile apply ${file}`
    console.tell(`Saved to ${file}, plan ${document.planId}. ${next}\n`)
  }
  return code
}

async function fromBothSides(
  specs: readonly Spec[],
  named: boolean,
  workspace: Workspace,
  { all, asOf: given }: PlanFlags,
  run: Run,
): Promise<{ readonly asOf: Instant; readonly plans: readonly Planned[] }> {
  const holds = openCommonHolds(workspace)
  const asOf = given ?? run.now()
  return {
    asOf,
    plans: await planEach(specs, workspace, { all, named, holds, isSupposed: given !== null }, asOf, run),
  }
}

/** Asks neither the box nor any host: the snapshots are all there is. */
async function fromSnapshots(
  specs: readonly Spec[],
  folder: string,
  workspace: Workspace,
  { all, asOf: given }: PlanFlags,
  run: Run,
): Promise<{ readonly asOf: Instant; readonly plans: readonly Planned[] }> {
  const snapshots = await readSnapshots(folder, specs)
  const latest = Math.max(...[...snapshots.values()].map(({ taken }) => taken)) as Instant
  const asOf = given ?? (snapshots.size === 0 ? run.now() : latest)
  const plans = specs.map((spec) => {
    const options = passOptions(spec, workspace, { lockWait: 0, all, named: false, holds: [] })
    const planned = planOffline(spec, snapshots.get(spec.name) ?? null, sourceLabel(spec), options, asOf)
    const suspended = suspensionOf(spec, NOT_SUSPENDED, asOf)
    return suspended === null ? planned : { plan: suspendPlan(planned.plan, suspended), observation: null }
  })
  return { asOf, plans }
}
