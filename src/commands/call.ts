import { CommanderError } from 'commander'
import { codeOfFailure } from '../decide/status/exit-code.ts'
import { shellWords } from '../model/shell-words.ts'
import { failureOf } from '../model/system-error.ts'
import { escapeProse, escapeText } from '../view/escape-text.ts'
import { wrapText } from '../view/wrap-text.ts'
import type { Host } from './argv/command-line.ts'
import { type Program, program, withHelpFlag } from './program.ts'

/** Runs one command line and returns its exit code. Every error is printed here, and nowhere else. */
export async function call(
  argv: readonly string[],
  host: Omit<Host, 'keep' | 'typed'>,
  print: (text: string) => void,
): Promise<number> {
  let code = 0
  let parsed: Program | null = null
  try {
    const words = withHelpFlag(argv)
    parsed = await program(words, {
      ...host,
      typed: (...missing) => `For example: reconcile ${[shellWords(words), ...missing].join(' ')}`,
      keep(result) {
        code = result
      },
    })
    await parsed.main.parseAsync([...words], { from: 'user' })
  } catch (error) {
    const { signal } = host.run
    if (signal.aborted && error === signal.reason) return 0
    const fault = error instanceof CommanderError ? await parsed!.faultOf(error) : error
    if (fault !== null) return printThrown(fault, print)
    // The help of a command that only groups others is not what was asked for.
    return (error as CommanderError).exitCode === 0 ? 0 : 64
  }
  return code
}

/** Prints the error that ended a command and returns the exit code. Only bugs get a stack. */
function printThrown(error: unknown, print: (text: string) => void): number {
  const failure = failureOf(error)
  if (failure !== null) {
    const { path, message, hint, code } = failure
    const where = path === null || message.includes(path) ? '' : `${escapeText(path)}: `
    const width = (process.stderr.columns ?? 80) - 2
    const lines = [`reconcile: ${where}${escapeProse(message)}`, escapeProse(hint)]
    print(`${lines.flatMap((text) => wrapText(text, width)).join('\n  ')}\n`)
    return codeOfFailure(code)
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  print(`reconcile: this is a bug. Please report it with the text below.\n${stack}\n`)
  return 70
}
