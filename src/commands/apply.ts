import { doneAlready, type SavedPart } from '../decide/plan/saved.ts'
import { apartFromBox } from '../decide/status/box-problems.ts'
import { Failure } from '../model/failure.ts'
import { isoTime } from '../model/instant.ts'
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
import { reconcileBackup } from '../reconcile/pass.ts'
import type { PassOptions, Ports } from '../reconcile/pass-context.ts'
import type { Console } from './argv/console.ts'
import { inParallel } from './in-parallel.ts'
import { openSavedPlan } from './open-saved-plan.ts'
import { deafTo } from './over-specs.ts'
import { beginPassNotices } from './pass-notices.ts'
import { printResult, type RunFlags, settleDefaults } from './run.ts'
import type { Watchers } from './watchers.ts'
import {
  openCommonHolds,
  openPorts,
  passOptions,
  plainDiagnostics,
  runnableSpecs,
  tellSpecs,
  type Workspace,
} from './workspace.ts'

/**
 * `reconcile apply F`: exactly the plan that was saved, or nothing. All of its backups are compared with what there is before the
 * first one is begun, and each once more under its lock.
 */
export async function apply(
  file: string,
  workspace: Workspace,
  flags: RunFlags,
  console: Console,
  run: Run,
  watchers: Watchers,
): Promise<number> {
  const started = run.now()
  const opened = await openSavedPlan(file)
  const { planId } = opened.plan
  if (opened.isEdited && opened.plan.backups.length === 0) {
    const hint = 'Save it anew with: reconcile plan --out FILE'
    throw new Failure({ ...edited, hint, retryable: false })
  }
  tellSpecs(workspace, console)
  const watched: Run = { ...run, emit: watchers.onEvent }
  const notices = await beginPassNotices(workspace, 'some', console, run, watchers.warn)
  const outcomes = await outcomesOf(opened, workspace, flags, watched).finally(() => watchers.end())
  for (const outcome of outcomes) await notices.finished(outcome, 'part')
  const [from, to] = [isoTime(started), isoTime(run.now())]
  const { backups, problems } = apartFromBox(outcomes, true)
  const diagnostics = plainDiagnostics(workspace.diagnostics)
  const format = 'reconcile.result/1'
  const result = printResult(
    {
      format,
      planId,
      revision: workspace.loaded.revision,
      started: from,
      finished: to,
      backups,
      problems: [...problems, ...deafTo(workspace.loaded, run.now())],
      diagnostics,
    },
    console,
  )
  await notices.ended(result)
  return result.exitCode
}

async function outcomesOf(
  { plan, isEdited }: { readonly plan: SavedPlan; readonly isEdited: boolean },
  workspace: Workspace,
  flags: RunFlags,
  run: Run,
): Promise<readonly BackupOutcome[]> {
  const work = partsOf(plan, workspace)
  const refuse = (why: (name: string) => Partial<BackupOutcome>) =>
    work.map(({ saved }) => refusal(saved.plan.backup, why(saved.plan.backup)))
  if (isEdited) return refuse(() => ({ stale: [edited] }))
  const gone = new Set(work.filter(({ spec }) => spec === null).map(({ saved }) => saved.plan.backup))
  if (gone.size > 0) return refuse((name) => ({ stale: [gone.has(name) ? specGone : notBegun] }))

  // What the box's memory does not say fails each backup, and each of them is in the result.
  const common = openCommonHolds(workspace)
  common.catch(() => {})
  const asOf = run.now()
  const specs = work.flatMap(({ spec }) => spec ?? [])
  const forEach = <T>(
    act: (ports: Ports, spec: Spec, options: PassOptions & { readonly saved: SavedPart }) => Promise<T>,
    failed: (outcome: BackupOutcome) => T,
  ) =>
    inParallel(specs, workspace.settings.concurrency, async (spec) => {
      try {
        const { saved } = work.find((one) => one.spec === spec)!
        const lockWait = flags.lockTimeout
        const holds = await common
        const options = passOptions(spec, workspace, { lockWait, all: false, named: true, holds })
        return await act(await openPorts(spec, workspace), spec, { ...options, saved })
      } catch (error) {
        run.signal.throwIfAborted()
        return failed(failedOutcome(error, spec, true, run))
      }
    })
  const compared = new Map<string, Compared>()
  await forEach(
    async (ports, spec, options) => {
      compared.set(spec.name, await compareSaved(ports, spec, options, asOf, run))
    },
    (outcome) => void compared.set(outcome.backup, { state: 'refused', outcome }),
  )
  const states = [...compared.values()]
  if (states.some(({ state }) => state === 'refused')) {
    return refuse((name) => {
      const one = compared.get(name)
      return one?.state === 'refused' ? one.outcome : { stale: [notBegun] }
    })
  }
  if (isDone(states)) return refuse(() => ({ stale: [finished(states)] }))
  const settled = common.then(async (holds) => {
    if (holds.length === 0) await settleDefaults(workspace)
  })
  settled.catch(() => {})
  return forEach(
    async (ports, spec, options) => {
      await settled
      return (await reconcileBackup(ports, spec, options, run)).outcome
    },
    (outcome) => outcome,
  )
}

/** Each backup of the plan with the spec that it has now; null: none that is sound. */
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
