import { instant } from '../model/instant.ts'
import { type CommandLine, type Options, refuseDryRun, refuseElsewhen } from './argv/command-line.ts'
import { parseFlag } from './argv/parse-flag.ts'

export function addSuspend(line: CommandLine): void {
  line.main
    .command('suspend')
    .description('let backups rest until they are resumed, whoever asks; what is late is still told')
    .argument('[name...]')
    // `--all` is the main command's.
    .requiredOption('--reason <text>', 'why; whoever meets it next reads it')
    .option(
      '--until <time>',
      'then they run again by themselves: a time, as 2026-12-01T00:00:00Z, or how long, as 2d',
      parseFlag.momentOrDuration,
    )
    .action(
      line.ends(async (names: string[], options: Options) => {
        refuseElsewhen(line, 'suspend')
        refuseDryRun(line, 'suspend')
        const { suspend } = await import('./suspend.ts')
        const given = options['until'] as ReturnType<typeof parseFlag.momentOrDuration> | undefined
        const until =
          given === undefined
            ? null
            : 'at' in given
              ? given.at
              : wholeSecond(line.run.now() + given.seconds * 1000)
        const reason = String(options['reason'])
        const console = await line.console()
        return suspend(which(names, line), { reason, until }, await line.workspace(), console, line.run)
      }),
    )
}

export function addResume(line: CommandLine): void {
  line.main
    .command('resume')
    .description('end what suspend said')
    .argument('[name...]')
    .action(
      line.ends(async (names: string[]) => {
        refuseElsewhen(line, 'resume')
        refuseDryRun(line, 'resume')
        const { resume } = await import('./suspend.ts')
        return resume(which(names, line), await line.workspace(), await line.console(), line.run)
      }),
    )
}

/** As people read it. */
const wholeSecond = (at: number) => instant(Math.ceil(at / 1000) * 1000)

const which = (names: readonly string[], { main }: CommandLine) => ({
  names,
  all: main.opts()['all'] === true,
})
