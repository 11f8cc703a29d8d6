import type { Command } from 'commander'
import { Failure } from '../../model/failure.ts'
import type { Instant } from '../../model/instant.ts'
import type { Run } from '../../model/run.ts'
import type { GitUse } from '../../specs/git/judge-commit.ts'
import type { GlobalFlags, Workspace } from '../workspace.ts'
import type { Console, Output } from './console.ts'

/** Options that commander has read, by their long names in camelCase. */
export type Options = Readonly<Record<string, unknown>>

/** What the process lends to the command line. */
export interface Host {
  readonly version: () => string
  readonly run: Run
  /** Takes an action's exit code. */
  readonly keep: (code: number) => void
  /** Ends the pass cleanly after so many seconds. */
  readonly stopAfter: (seconds: number) => void
  /** From here on this is a daemon: SIGHUP calls this instead of ending it, and SIGTERM is its proper end. */
  readonly becomeDaemon: (onHangup: () => void) => void
}

/** What each command is added to, and finds its options with. */
export interface CommandLine {
  /** Options that all commands take stand here, wherever they were written. */
  readonly main: Command
  readonly run: Run
  /** An action, of which the exit code is kept. */
  ends<Args extends readonly unknown[]>(
    act: (...args: Args) => Promise<number>,
  ): (...args: Args) => Promise<void>
  /** Throws a Failure where a form of output was asked for that other commands print. */
  console(): Promise<Console>
  /** `use`: of specs from git, what is done with a newer commit; left out: it is obeyed, and remembered. `whereNone`: see openWorkspace. */
  workspace(use?: GitUse, whereNone?: 'fail' | 'tell'): Promise<Workspace>
  globalFlags(): GlobalFlags
}

const GLOBAL: readonly (keyof GlobalFlags)[] = [
  ...(['specs', 'config', 'state', 'concurrency', 'bandwidth', 'now'] as const),
  ...(['git', 'ref', 'subpath', 'gitInterval', 'verifySignatures'] as const),
]

export function commandLine(main: Command, { run, keep }: Host): CommandLine {
  const globalFlags = (): GlobalFlags => {
    const given: Options = main.opts()
    return Object.fromEntries(
      GLOBAL.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])),
    )
  }
  return {
    main,
    run,
    ends:
      (act) =>
      async (...args) =>
        keep(await act(...args)),
    console: () => {
      refuseOutput(main.opts(), ['markdown', 'prometheus'])
      return openConsole(main.opts())
    },
    async workspace(use = 'obey', whereNone = 'fail') {
      const { openWorkspace } = await import('../workspace.ts')
      return openWorkspace(globalFlags(), use, run, whereNone)
    },
    globalFlags,
  }
}

/** For `status`, which also prints metrics. */
export const statusConsole = ({ main }: CommandLine): Promise<Console> => {
  refuseOutput(main.opts(), ['markdown'])
  return openConsole(main.opts())
}

const PRINTED_BY = { markdown: 'reconcile plan --show', prometheus: 'reconcile status' } as const

/** Throws a Failure where one of these was asked for. */
export function refuseOutput(options: Options, forms: readonly (keyof typeof PRINTED_BY)[]): void {
  const form = forms.find((one) => one === options['output'])
  if (form !== undefined) throw usage(`--output ${form} is for ${PRINTED_BY[form]}`)
}

export async function openConsole(options: Options): Promise<Console> {
  const { processConsole } = await import('./console.ts')
  const output = options['json'] === true ? 'json' : (options['output'] as Output)
  return processConsole(output, options['quiet'] === true)
}

/** A text option, or null where it is not given. */
export const textOf = (options: Options, name: string): string | null =>
  (options[name] as string | undefined) ?? null

/** `--as-of`; null: not given. */
export const asOfOf = (options: Options): Instant | null => (options['asOf'] as Instant | undefined) ?? null

/** Of what looks at what there is now, and most of all of what writes. */
export function refuseElsewhen(
  { main }: CommandLine,
  doing: string,
  flags: readonly ('as-of' | 'offline')[] = ['as-of', 'offline'],
): void {
  const options: Options = main.opts()
  const given = flags.filter((flag) => options[flag === 'as-of' ? 'asOf' : flag] !== undefined)
  if (given.length === 0) return
  throw usage(
    `${given.map((flag) => `--${flag}`).join(' and ')} cannot be given to ${doing}: it starts from what there is now`,
  )
}

/** Of what writes and shows no plan first: `--dry-run` is not to be passed over in silence. */
export function refuseDryRun({ main }: CommandLine, doing: string): void {
  if (main.opts()['dryRun'] === true) throw usage(`${doing} has no dry run: it does what it says`)
}

export const usage = (message: string): Failure =>
  new Failure({
    code: 'usage',
    message,
    hint: 'reconcile --help lists commands and flags.',
    retryable: false,
  })
