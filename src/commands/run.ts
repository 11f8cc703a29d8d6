import { openWatchMemory } from '../box/watch-memory.ts'
import { planIdOf } from '../decide/plan/assemble.ts'
import { apartFromBox } from '../decide/status/box-problems.ts'
import { codeOfResult } from '../decide/status/exit-code.ts'
import { isoTime } from '../model/instant.ts'
import type { Result } from '../model/outcome.ts'
import type { BackupPlan } from '../model/plan.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import { orFailed } from '../reconcile/failed-outcome.ts'
import { reconcileBackup } from '../reconcile/pass.ts'
import type { PassOptions } from '../reconcile/pass-context.ts'
import { renderResult } from '../view/render-result.ts'
import { type Console, printDocument } from './argv/console.ts'
import { inParallel } from './in-parallel.ts'
import { deafTo } from './over-specs.ts'
import { beginPassNotices } from './pass-notices.ts'
import type { Watchers } from './watchers.ts'
import {
  commonHolds,
  openCommonHolds,
  openPorts,
  passOptions,
  plainDiagnostics,
  runnableSpecs,
  tellSpecs,
  type Workspace,
} from './workspace.ts'

export interface RunFlags {
  /** Seconds to wait for a destination that another run holds. */
  readonly lockTimeout: number
}

/** `reconcile`: one pass over the named backups, or all: observe, plan, apply. */
export async function run(
  names: readonly string[],
  workspace: Workspace,
  flags: RunFlags,
  console: Console,
  run: Run,
  watchers: Watchers,
): Promise<number> {
  const specs = runnableSpecs(workspace, names)
  tellSpecs(workspace, console)
  return passOver(specs, names.length > 0, workspace, flags, 'all', console, run, watchers)
}

/** One pass over these backups, and what it came to. */
export async function passOver(
  specs: readonly Spec[],
  named: boolean,
  workspace: Workspace,
  flags: RunFlags,
  work: PassOptions['work'],
  console: Console,
  run: Run,
  watchers: Watchers,
): Promise<number> {
  // What the box's memory does not say fails each backup, and each of them is in the result.
  const common = openCommonHolds(workspace).then(async (holds) => {
    if (holds.length === 0) await settleDefaults(workspace)
    return holds
  })
  common.catch(() => {})
  const { revision } = workspace.loaded
  // A daemon that was here may come back; one whose word was removed from the state folder will not.
  const heard = await openWatchMemory(workspace.settings.state).lastHeard()
  const promise: PassOptions['promise'] = heard === null ? 'drop' : 'keep'
  const started = run.now()
  const use = named || work !== 'all' ? 'some' : 'all'
  const notices = await beginPassNotices(workspace, use, console, run, watchers.warn)
  const plans: BackupPlan[] = []
  const watched: Run = { ...run, emit: watchers.onEvent }
  const outcomes = await inParallel(specs, workspace.settings.concurrency, async (spec) => {
    const outcome = await orFailed(spec, named, watched, async () => {
      const holds = await common
      const given = { lockWait: flags.lockTimeout, all: false, named, holds, work, promise }
      const options = passOptions(spec, workspace, given)
      const done = await reconcileBackup(await openPorts(spec, workspace), spec, options, watched)
      if (done.plan !== null) plans.push(done.plan)
      return done.outcome
    })
    await notices.finished(outcome, work === 'all' ? 'whole' : 'part')
    return outcome
  }).finally(() => watchers.end())
  const { backups, problems } = apartFromBox(outcomes, named)
  const bare: Omit<Result, 'exitCode'> = {
    format: 'reconcile.result/1',
    planId: planIdOf(plans, revision),
    revision,
    started: isoTime(started),
    finished: isoTime(run.now()),
    backups,
    problems: [...problems, ...deafTo(workspace.loaded, run.now())],
    diagnostics: plainDiagnostics(workspace.diagnostics),
  }
  const result = printResult(bare, console)
  await notices.ended(result)
  return result.exitCode
}

/** Prints what a pass came to, with its exit code. */
export function printResult(bare: Omit<Result, 'exitCode'>, console: Console): Result {
  const result: Result = { ...bare, exitCode: codeOfResult(bare) }
  if (console.output === 'ndjson') printDocument(console, { time: result.finished, type: 'result', result })
  else if (console.output === 'json') printDocument(console, result)
  else if (!(console.quiet && result.exitCode === 0)) {
    console.write(renderResult(result, { color: console.color.write, width: console.width }))
  }
  return result
}

/** Learns that there is a `_defaults.yaml`, or, where its vanishing was released, that there is none any more. */
export async function settleDefaults(workspace: Workspace): Promise<void> {
  const { box, loaded } = workspace
  const { folder, defaults } = loaded
  // Of a commit the last good one is remembered.
  if (folder === null) return
  for (const hold of await commonHolds(workspace)) {
    await box.forgetDefaults(folder)
    await box.consume(hold.id)
  }
  if (defaults === 'present') await box.rememberDefaults(folder)
}
