import { faultyNames } from '../decide/specs/faults.ts'
import {
  type CommandLine,
  type Host,
  type Options,
  refuseDryRun,
  refuseElsewhen,
  textOf,
  usage,
} from './argv/command-line.ts'
import { checkTools, limitTime, lockTimeout, watchersOf } from './pass-options.ts'

export function addPrune(line: CommandLine, host: Host): void {
  line.main
    .command('prune')
    .description(
      'remove what no rule of retain keeps, where prune.mode lets it; plan and reasons come first.\n' +
        'With paths and --reason: remove those files. With --undo: bring back what is in the trash.',
    )
    .argument('[name]', 'the backup')
    .argument('[path...]', 'published files to remove by name (with --reason), or further backups')
    .option('--reason <text>', 'why; the ledger keeps it')
    .option('--undo [path]', 'bring a file back from the trash')
    .option('--last', 'with --undo: all that the last prune of the backup removed')
    .action(
      line.ends(async (name: string | undefined, rest: string[], options: Options) => {
        refuseElsewhen(line, 'prune')
        await checkTools()
        const all: Options = line.main.opts()
        const flags = {
          dryRun: all['dryRun'] === true,
          all: all['all'] === true,
          detailedExitCode: all['detailedExitcode'] === true,
          ...lockTimeout(line),
        }
        const [console, workspace, commands] = [
          await line.console(),
          await line.workspace(flags.dryRun ? 'look' : 'obey'),
          await import('./prune.ts'),
        ]
        const reason = textOf(options, 'reason')
        const last = options['last'] === true
        if (options['undo'] !== undefined) {
          refuseDryRun(line, '--undo')
          const first = typeof options['undo'] === 'string' ? [options['undo']] : []
          const paths = [...first, ...rest]
          if (last === paths.length > 0) throw usage('--undo takes paths, or --last')
          const what = { name: name ?? null, paths, last }
          return commands.undoPrune(what, reason ?? 'undone', workspace, flags, console, line.run)
        }
        if (last) throw usage('--last needs --undo')
        if (reason !== null) {
          if (name === undefined || rest.length === 0)
            throw usage('--reason goes with the files to remove: reconcile prune NAME PATH… --reason R')
          return commands.pruneByName(name, rest, reason, workspace, flags, console, line.run)
        }
        const names = name === undefined ? [] : [name, ...rest]
        const known = new Set([
          ...workspace.loaded.specs.map((spec) => spec.name),
          ...faultyNames(workspace.loaded),
        ])
        const path = rest.find((word) => !(known as ReadonlySet<string>).has(word))
        if (path !== undefined)
          throw usage(`${path} is no backup. To remove a file of ${name}, say why: --reason "…"`)
        limitTime(line, host)
        return commands.prune(names, workspace, flags, console, line.run, () => watchersOf(line, workspace))
      }),
    )
}
