import type { Command } from 'commander'
import { checkTools } from '../system/check-host-tools.ts'
import { foldText } from '../view/wrap-text.ts'
import { ends, type Host, openConsole, usage } from './argv/command-line.ts'
import { PASS_FLAGS, PLAN_FLAGS, type PlanFlags } from './argv/flags.ts'
import { passOver, reportUnread } from './passes.ts'
import { openToAct, printSpecsAndShare, runnableSpecs } from './workspace.ts'

export function add(command: Command, host: Host): void {
  command
    .description('the same as no command')
    .argument('[name...]')
    .action(ends(host, (names: string[], given: PlanFlags) => run(names, given, host)))
  for (const option of PASS_FLAGS) command.addOption(option)
}

/** `reconcile`: one pass over the named backups, or all: observe, plan, apply. With `--dry-run` the plan alone. */
export async function run(names: readonly string[], given: PlanFlags, host: Host): Promise<number> {
  if (given.dryRun === true) {
    if (given.onChange === true)
      throw usage(
        '--on-change is of passes: --dry-run remembers nothing',
        'For example: reconcile --dry-run --detailed-exitcode',
      )
    const { makePlan } = await import('./plan.ts')
    return makePlan(names, null, given, host)
  }
  const ofPlans = PLAN_FLAGS.find((option) => option.attributeName() in given)
  if (ofPlans !== undefined)
    throw usage(`${ofPlans.long} needs --dry-run: a pass acts on the current state`, host.typed('--dry-run'))
  const { onChange = false, quiet = false } = given
  const console = openConsole({ ...given, quiet: quiet || onChange })
  if (onChange && console.output === 'ndjson')
    throw usage(
      '--on-change cannot be combined with ndjson, a stream',
      'For example: reconcile --on-change --json',
    )
  await checkTools()
  const workspace = await openToAct(given, 'obey', host.run, 'report').catch(async (error: unknown) => {
    if (names.length === 0) await reportUnread(error, given, console, host.run)
    throw error
  })
  if (given.maxTime !== undefined) host.stopAfter(given.maxTime)
  const specs = runnableSpecs(workspace, names)
  if (!onChange) printSpecsAndShare(workspace, console)
  const terms = { named: names.length > 0, lockWait: given.lockTimeout ?? 0, work: 'all' } as const
  const context = { workspace, console, run: host.run, log: given }
  if (!onChange) return passOver(specs, terms, context)
  const { openChanges } = await import('./on-change.ts')
  const changes = await openChanges(specs, workspace, host.run, (text) =>
    console.writeError(foldText(text, console.errorWidth)),
  )
  return passOver(specs, terms, { ...context, changes })
}
