import type { Command } from 'commander'
import { doneAlready, type SavedPart } from '../decide/plan/saved.ts'
import { Failure } from '../model/failure.ts'
import type { BackupOutcome } from '../model/outcome.ts'
import type { Run } from '../model/run.ts'
import type { Difference, SavedPlan } from '../model/saved-plan.ts'
import type { Spec } from '../model/spec.ts'
import {
  type Compared,
  compareSaved,
  edited,
  notBegun,
  refusal,
  specGone,
} from '../reconcile/compare-saved.ts'
import { failedOutcome } from '../reconcile/failed-outcome.ts'
import { checkTools } from '../system/check-host-tools.ts'
import { ends, type Host, openConsole } from './argv/command-line.ts'
import { flags, type PlanFlags, RATE_FLAGS } from './argv/flags.ts'
import { openCommonHolds } from './common-holds.ts'
import { inParallel } from './in-parallel.ts'
import { openSavedPlan } from './open-saved-plan.ts'
import { type PassContext, reportPasses, runPass, settledHolds } from './passes.ts'
import { openPorts, openToAct, passOptions, printSpecs, runnableSpecs, type Workspace } from './workspace.ts'

export function add(command: Command, host: Host): void {
  command
    .argument('<file>', 'a plan saved by plan --out')
    .addOption(flags.maxTime)
    .addOption(flags.lockTimeout)
    .action(
      ends(host, async (file: string, given: PlanFlags) => {
        const console = openConsole(given)
        await checkTools()
        const workspace = await openToAct(given, 'obey', host.run)
        if (given.maxTime !== undefined) host.stopAfter(given.maxTime)
        return apply(file, given.lockTimeout ?? 0, { workspace, console, run: host.run, log: given })
      }),
    )
  for (const option of RATE_FLAGS) command.addOption(option)
}

/**
 * `reconcile apply F`: exactly the saved plan, or nothing. All its backups are compared with the current state before the first one
 * starts, and each again under its lock.
 */
async function apply(file: string, lockWait: number, context: PassContext): Promise<number> {
  const opened = await openSavedPlan(file)
  if (opened.isEdited && opened.plan.backups.length === 0) {
    const hint = 'Save it again with: reconcile plan --out FILE'
    throw new Failure({ ...edited, hint })
  }
  printSpecs(context.workspace, context.console)
  return reportPasses(context, 'some', true, async (run, notices) => {
    const outcomes = await outcomesOf(opened, context.workspace, lockWait, run)
    for (const outcome of outcomes) await notices.finished(outcome, 'part')
    return { planId: opened.plan.planId, outcomes }
  })
}

async function outcomesOf(
  { plan, isEdited }: { readonly plan: SavedPlan; readonly isEdited: boolean },
  workspace: Workspace,
  lockWait: number,
  run: Run,
): Promise<readonly BackupOutcome[]> {
  const work = partsOf(plan, workspace)
  const refuse = (why: (name: string) => Partial<BackupOutcome>) =>
    work.map(({ saved }) => refusal(saved.plan.backup, why(saved.plan.backup)))
  if (isEdited) return refuse(() => ({ stale: [edited] }))
  const gone = new Set(work.filter(({ spec }) => spec === null).map(({ saved }) => saved.plan.backup))
  if (gone.size > 0) return refuse((name) => ({ stale: [gone.has(name) ? specGone : notBegun] }))

  // If the state folder cannot be read, each backup fails, and each failure is in the result.
  const common = openCommonHolds(workspace)
  common.catch(() => {})
  const asOf = run.now()
  const specs = work.flatMap(({ spec }) => spec ?? [])
  const { concurrency } = workspace.settings
  const termsOf = (one: Spec) => ({
    lockWait,
    named: true,
    saved: work.find(({ spec }) => spec === one)!.saved,
  })
  const compared = await inParallel(specs, concurrency, async (spec): Promise<Compared> => {
    try {
      const terms = termsOf(spec)
      const options = {
        ...passOptions(spec, workspace, { ...terms, holds: await common }),
        saved: terms.saved,
      }
      return await compareSaved(await openPorts(spec, workspace), spec, options, asOf, run)
    } catch (error) {
      run.signal.throwIfAborted()
      return { state: 'refused', outcome: failedOutcome(error, spec, true, run) }
    }
  })
  const refused = new Map(
    compared.flatMap((one) => (one.state === 'refused' ? [[one.outcome.backup, one.outcome]] : [])),
  )
  if (refused.size > 0) return refuse((name) => refused.get(name) ?? { stale: [notBegun] })
  if (isDone(compared)) return refuse(() => ({ stale: [finished(compared)] }))
  const holds = settledHolds(workspace, common)
  return inParallel(
    specs,
    concurrency,
    async (spec) => (await runPass(spec, workspace, { ...termsOf(spec), holds }, run)).outcome,
  )
}

/** Each backup of the plan with its current spec; null: no valid one. */
function partsOf(
  { planId, revision, backups }: SavedPlan,
  workspace: Workspace,
): readonly { readonly saved: SavedPart; readonly spec: Spec | null }[] {
  const sound = runnableSpecs(workspace, [])
  return backups.map((plan) => ({
    saved: { planId, revision, plan },
    spec: sound.find(({ name }) => name === plan.backup) ?? null,
  }))
}

const isDone = (states: readonly Compared[]): boolean =>
  states.some(({ state }) => state === 'done') && states.every(({ state }) => state !== 'pending')

function finished(states: readonly Compared[]): Difference {
  const times = states.flatMap((one) => (one.state === 'done' ? (one.at ?? []) : []))
  const last = times.toSorted((a, b) => b - a)[0]
  return doneAlready(last ?? null)
}
