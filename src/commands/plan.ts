import type { Command } from 'commander'
import { toSavedPlan } from '../decide/documents/read-saved-plan.ts'
import type { Snapshot } from '../decide/documents/snapshot.ts'
import { assemblePlan } from '../decide/plan/assemble.ts'
import { manifest } from '../decide/plan/manifest.ts'
import { project } from '../decide/plan/project.ts'
import { codeOfPlan, isUnwell } from '../decide/status/exit-code.ts'
import { marked } from '../decide/status/shared-troubles.ts'
import { NOT_SUSPENDED, suspendPlan, suspensionOf } from '../decide/status/suspended.ts'
import type { Instant } from '../model/instant.ts'
import type { BackupPlan, Plan } from '../model/plan.ts'
import type { Run } from '../model/run.ts'
import { shellWords } from '../model/shell-words.ts'
import type { Spec } from '../model/spec.ts'
import { failureFrom } from '../model/system-error.ts'
import type { Hold } from '../model/trouble.ts'
import { planOffline } from '../reconcile/plan-offline.ts'
import { planFailed, planPass } from '../reconcile/plan-pass.ts'
import { checkTools } from '../system/check-host-tools.ts'
import { escapeText } from '../view/escape-text.ts'
import { renderManifestDiff } from '../view/render-manifest-diff.ts'
import { renderPlan } from '../view/render-plan.ts'
import { renderPlanMarkdown } from '../view/render-plan-markdown.ts'
import { foldText } from '../view/wrap-text.ts'
import { ends, type Host, openConsole, usage } from './argv/command-line.ts'
import { type Console, printDocument } from './argv/console.ts'
import { flags, PLAN_FLAGS, type PlanFlags, RATE_FLAGS } from './argv/flags.ts'
import { openCommonHolds, sharedBy } from './common-holds.ts'
import { inParallel } from './in-parallel.ts'
import { openSavedPlan, sealOf } from './open-saved-plan.ts'
import { mayWriteTo, writePrivately } from './private-file.ts'
import { readSnapshots } from './read-snapshots.ts'
import {
  faultyConfig,
  openPorts,
  openWorkspace,
  type PassTerms,
  passOptions,
  plainDiagnostics,
  printSpecsAndShare,
  runnableSpecs,
  sourceLabel,
  type Workspace,
} from './workspace.ts'

export function add(command: Command, host: Host): void {
  command
    .description('print a plan, save it to a file, or show a saved one; takes the flags of --dry-run')
    .argument('[name...]')
    .option('--out <file>', 'save the plan there, for reconcile apply')
    .option('--show <file>', 'print a saved plan, stale or not, as text, json or markdown')
    .action(
      ends(
        host,
        async (names: string[], given: PlanFlags & { readonly out?: string; readonly show?: string }) => {
          const { out, show } = given
          if (show === undefined) return makePlan(names, out ?? null, given, host)
          if (out !== undefined) throw usage('--out and --show cannot be combined')
          if (names.length > 0) throw usage('--show prints the whole plan: it takes no names')
          return showPlan(show, given.all === true, openConsole(given, 'markdown'))
        },
      ),
    )
  for (const option of [...PLAN_FLAGS, flags.maxTime, ...RATE_FLAGS]) command.addOption(option)
}

/** Prints a saved plan, stale or not; reads nothing else. */
async function showPlan(file: string, all: boolean, console: Console): Promise<number> {
  const { plan, isEdited } = await openSavedPlan(file)
  if (isEdited) {
    const text = `Warning: ${escapeText(file)} was changed after it was saved. It cannot be applied.`
    console.writeError(foldText(text, console.errorWidth))
  }
  if (console.output === 'markdown') console.write(renderPlanMarkdown(plan, isEdited))
  else if (console.output !== 'text') printDocument(console, plan)
  else printPlan(plan, all, console, null)
  return 0
}

/** `config`: the file of the settings, if it is faulty. */
export const printPlan = (
  plan: Plan,
  all: boolean,
  { color, width, write }: Console,
  config: string | null,
): void => write(renderPlan(plan, { color: color.write, width, all, config }))

/**
 * `reconcile --dry-run`, `reconcile plan`: what a pass would do now. Writes nothing in destination, state or source, and takes no
 * lock; with `out` the plan is saved there.
 */
export async function makePlan(
  names: readonly string[],
  out: string | null,
  given: PlanFlags,
  { run, stopAfter }: Host,
): Promise<number> {
  const { offline, all = false, maxTime } = given
  const console = openConsole(given)
  if (maxTime !== undefined) stopAfter(maxTime)
  // A plan from snapshots needs no tools.
  if (offline === undefined) await checkTools()
  const workspace = await openWorkspace(given, offline === undefined ? 'look' : 'recall', run)
  const specs = runnableSpecs(workspace, names)
  if (out !== null) await mayWriteTo(out, workspace)
  printSpecsAndShare(workspace, console)
  const snapshots = offline === undefined ? null : await readSnapshots(offline, specs)
  const asOf = given.asOf ?? newestOf(snapshots) ?? run.now()
  const terms = { all, named: names.length > 0, isSupposed: given.asOf !== undefined }
  const plans =
    snapshots === null
      ? await planEach(specs, workspace, { ...terms, holds: openCommonHolds(workspace) }, asOf, run)
      : specs.map((spec) => planFrom(snapshots.get(spec.name) ?? null, spec, workspace, all, asOf))
  const diffs = plans.map(({ plan, observation }, i) => {
    if (given.diff !== true || observation === null) return ''
    const spec = specs[i]!
    const after = manifest(spec, project(observation, plan, asOf))
    return renderManifestDiff(spec.name, manifest(spec, observation), after, console.color.write)
  })
  const document = await planDocument(
    plans.map(({ plan }) => plan),
    workspace,
    asOf,
  )
  const code = codeOfPlan(document, given.detailedExitcode === true)
  if (out !== null) {
    const saved = toSavedPlan(document, workspace.loaded.effective)
    await writePrivately(out, `${JSON.stringify({ ...saved, seal: sealOf(saved) }, null, 2)}\n`)
  }
  if (console.output !== 'text') printDocument(console, document)
  else if (!console.quiet) {
    for (const diff of diffs) console.write(diff)
    printPlan(document, all, console, faultyConfig(workspace))
  } else if (code !== 0 && code !== 2) {
    // Only what is unwell, and no warnings.
    const unwell = document.backups.filter(isUnwell).map((one) => ({ ...one, warnings: [] }))
    const only = assemblePlan(unwell, document.diagnostics, asOf, document.revision)
    printPlan({ ...document, ...only }, all, console, faultyConfig(workspace))
  }
  if (out !== null && !console.quiet && console.output === 'text') {
    const file = escapeText(out)
    const next =
      plans.length === 0
        ? 'It is empty.'
        : `Apply it with: ${escapeText(shellWords(['reconcile', 'apply', out]))}`
    for (const line of [`Saved to ${file}, plan ${document.planId}.`, next])
      console.writeError(foldText(line, console.errorWidth))
  }
  return code
}

/** When the last of them was taken; null: there is none. */
const newestOf = (snapshots: ReadonlyMap<string, Snapshot> | null): Instant | null =>
  snapshots === null || snapshots.size === 0
    ? null
    : (Math.max(...[...snapshots.values()].map(({ taken }) => taken)) as Instant)

/** Uses only the snapshot: neither the state folder nor any host. */
function planFrom(
  snapshot: Snapshot | null,
  spec: Spec,
  workspace: Workspace,
  all: boolean,
  asOf: Instant,
): Planned {
  const options = passOptions(spec, workspace, { all, named: false, holds: [] })
  const planned = planOffline(spec, snapshot, sourceLabel(spec), options, asOf)
  const suspended = suspensionOf(spec, NOT_SUSPENDED, asOf)
  return suspended === null ? planned : { plan: suspendPlan(planned.plan, suspended), observation: null }
}

type Planned = Pick<Awaited<ReturnType<typeof planPass>>, 'plan' | 'observation'>

/** Plans these backups from both sides, some at once, in their order: takes no lock and writes nothing. */
export const planEach = async (
  specs: readonly Spec[],
  workspace: Workspace,
  given: Omit<PassTerms, 'holds'> & { readonly holds: Promise<readonly Hold[]> },
  asOf: Instant,
  run: Run,
): Promise<readonly Planned[]> => {
  // If the state folder cannot be read, each backup fails, and each failure is in the plan.
  given.holds.catch(() => {})
  return inParallel(specs, workspace.settings.concurrency, async (spec) => {
    const ports = await openPorts(spec, workspace)
    const blank = passOptions(spec, workspace, { ...given, holds: [] })
    try {
      return await planPass(ports, spec, { ...blank, holds: await given.holds }, asOf, run)
    } catch (error) {
      return planFailed(ports.source, spec, blank, asOf, failureFrom(error, run.signal))
    }
  })
}

/** Their plans as one document. */
export async function planDocument(
  plans: readonly BackupPlan[],
  workspace: Workspace,
  asOf: Instant,
): Promise<Plan> {
  const { diagnostics, loaded } = workspace
  const shared = await sharedBy(plans, workspace)
  const backups = plans.map((plan) => marked(plan, shared))
  const plan = assemblePlan(backups, plainDiagnostics(diagnostics), asOf, loaded.revision)
  return shared.problems.length === 0 ? plan : { ...plan, problems: shared.problems }
}
