import { asOfOf, type CommandLine, type Options, textOf } from './argv/command-line.ts'
import { checkTools } from './pass-options.ts'

export function addExplain(line: CommandLine): void {
  line.main
    .command('explain')
    .description('why a file is here or not and what becomes of it; of a backup, its retention calendar')
    .argument('<name[/path]>', "a backup's name, and a slash and a path for one file")
    .action(
      line.ends(async (what: string) => {
        const options: Options = line.main.opts()
        const offline = textOf(options, 'offline')
        const flags = { offline, asOf: asOfOf(options), all: options['all'] === true }
        const console = await line.console()
        if (offline === null) await checkTools()
        const { explain } = await import('./explain.ts')
        const workspace = await line.workspace(offline === null ? 'look' : 'recall')
        return explain(what, workspace, flags, console, line.run)
      }),
    )
}
