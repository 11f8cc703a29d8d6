import {
  asOfOf,
  type CommandLine,
  type Options,
  openConsole,
  refuseElsewhen,
  refuseOutput,
  textOf,
  usage,
} from './argv/command-line.ts'
import { checkTools } from './pass-options.ts'
import type { PlanFlags } from './plan.ts'

/** `--dry-run`, and `plan` without `--show`. `out`: where to save it. */
export async function makePlan(
  names: readonly string[],
  out: string | null,
  { main, console, workspace, run }: CommandLine,
): Promise<number> {
  const options: Options = main.opts()
  const flags: PlanFlags = {
    diff: options['diff'] === true,
    all: options['all'] === true,
    detailedExitCode: options['detailedExitcode'] === true,
    offline: textOf(options, 'offline'),
    asOf: asOfOf(options),
    out,
  }
  const opened = await console()
  // A plan from snapshots alone is made on any system.
  if (flags.offline === null) await checkTools()
  const { dryRun } = await import('./plan.ts')
  return dryRun(names, await workspace(flags.offline === null ? 'look' : 'recall'), flags, opened, run)
}

export function addPlan(line: CommandLine): void {
  const { main, ends } = line
  main
    .command('plan')
    .description('print a plan, save it to a file, or show a saved one; takes the flags of --dry-run')
    .argument('[name...]')
    .option('--out <file>', 'save the plan there, for reconcile apply')
    .option('--show <file>', 'print a saved plan, stale or not, as text, json or markdown')
    .action(
      ends(async (names: string[], options: Options) => {
        const [out, show] = ['out', 'show'].map((name) => textOf(options, name))
        if (show == null) return makePlan(names, out ?? null, line)
        if (out != null) throw usage('--out and --show exclude each other')
        if (names.length > 0) throw usage('--show prints the whole plan: it takes no names')
        const all: Options = main.opts()
        refuseOutput(all, ['prometheus'])
        const { showPlan } = await import('./show-plan.ts')
        const markdown = all['output'] === 'markdown' && all['json'] !== true
        const flags = { markdown, all: all['all'] === true }
        return showPlan(show, flags, await openConsole(all))
      }),
    )
}

export function addSnapshot(line: CommandLine): void {
  line.main
    .command('snapshot')
    .description('save what both sides hold now, for --offline plans without keys or network')
    .argument('[name...]')
    .requiredOption('--to <folder>', 'one file a backup goes there')
    .action(
      line.ends(async (names: string[], options: Options) => {
        refuseElsewhen(line, 'snapshot')
        const console = await line.console()
        await checkTools()
        const { snapshot } = await import('./snapshot.ts')
        return snapshot(names, String(options['to']), await line.workspace('look'), console, line.run)
      }),
    )
}
