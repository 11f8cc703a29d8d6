import type { Command } from 'commander'
import { Failure } from '../../model/failure.ts'
import type { Run } from '../../model/run.ts'
import { type Console, type Output, processConsole } from './console.ts'
import type { SharedFlags } from './flags.ts'

/** What the process provides to the command line. */
export interface Host {
  readonly version: () => string
  readonly run: Run
  /** Records an action's exit code. */
  readonly keep: (code: number) => void
  /** An example for those who typed too little: their own words, with what is missing. */
  readonly typed: (...missing: readonly string[]) => string
  /** Ends the pass cleanly after so many seconds. */
  readonly stopAfter: (seconds: number) => void
  /** From here on this is a daemon: SIGHUP calls this instead of ending it, and SIGTERM is a normal end. */
  readonly becomeDaemon: (onHangup: () => void) => void
}

/** An action whose exit code is kept: it takes the command's arguments, then its flags, wherever they were written. */
export const ends =
  <Args extends readonly unknown[]>({ keep }: Host, act: (...given: Args) => Promise<number>) =>
  async (...given: unknown[]): Promise<void> => {
    const command = given.at(-1) as Command
    keep(await act(...([...given.slice(0, -2), command.optsWithGlobals()] as unknown as Args)))
  }

const PRINTED_BY = {
  markdown: 'reconcile plan --show FILE',
  prometheus: 'reconcile status',
  html: 'reconcile report',
} as const

/** Throws a Failure if this command cannot print the requested output. `own`: the special format that it can. */
export function openConsole(
  { output, json = false, quiet = false }: SharedFlags,
  own?: keyof typeof PRINTED_BY,
): Console {
  const form: Output = json ? 'json' : output
  if (isOwn(form) && form !== own)
    throw usage(
      `--output ${form} works only with ${PRINTED_BY[form]}`,
      `For example: ${PRINTED_BY[form]} --output ${form}`,
    )
  return processConsole(form, quiet)
}

const isOwn = (form: Output): form is keyof typeof PRINTED_BY => form in PRINTED_BY

export const usage = (message: string, hint = 'reconcile --help lists commands and flags.'): Failure =>
  new Failure({ code: 'usage', message, hint })
