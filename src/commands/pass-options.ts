import { type CommandLine, type Host, type Options, textOf } from './argv/command-line.ts'
import type { Workspace } from './workspace.ts'

/** What makes this a box that may write. Throws a Failure that names what is missing. */
export async function checkTools(): Promise<void> {
  const { checkTools: check } = await import('../system/check-host-tools.ts')
  await check()
}

/** `--max-time`. */
export function limitTime({ main }: CommandLine, { stopAfter }: Host): void {
  const limit = main.opts()['maxTime'] as number | undefined
  if (limit !== undefined) stopAfter(limit)
}

export const lockTimeout = ({ main }: CommandLine) => ({ lockTimeout: Number(main.opts()['lockTimeout']) })

/** Progress, stream and log of a pass, as the flags ask. */
/** `daemon`: the events of a daemon as well, and no picture. */
export async function watchersOf(
  line: CommandLine,
  { loaded }: { readonly loaded: Pick<Workspace['loaded'], 'revision'> },
  daemon = false,
) {
  const { openWatchers } = await import('./watchers.ts')
  const options: Options = line.main.opts()
  const log = { level: textOf(options, 'logLevel'), file: textOf(options, 'logFile') }
  return openWatchers(await line.console(), log, line.run.now, loaded.revision, daemon)
}
