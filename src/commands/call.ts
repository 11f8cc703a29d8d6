import { CommanderError } from 'commander'
import { codeOfFailure } from '../decide/status/exit-code.ts'
import { failureOf } from '../model/system-error.ts'
import { escapeProse, escapeText } from '../view/escape-text.ts'
import { wrapText } from '../view/wrap-text.ts'
import type { Host } from './argv/command-line.ts'
import { edgeOf } from './argv/console.ts'
import { program } from './program.ts'

/** Runs one command line and returns its exit code. Every error is printed here, and nowhere else. */
export async function call(
  argv: readonly string[],
  host: Omit<Host, 'keep'>,
  print: (text: string) => void,
): Promise<number> {
  let code = 0
  const { main, advise } = await program(argv, {
    ...host,
    keep(result) {
      code = result
    },
  })
  try {
    await main.parseAsync([...argv], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) print(indented(await advise(error)))
    code = codeOfThrown(error, host.run.signal, print)
  }
  return code
}

/** Escaped text on lines of its own; empty where it is. */
const indented = (text: string): string =>
  wrapText(text, edgeOf(process.stderr) - 2)
    .map((line) => `  ${line}\n`)
    .join('')

/** Commander prints its own errors about the command line. */
function codeOfThrown(error: unknown, signal: AbortSignal, print: (text: string) => void): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 64
  if (signal.aborted && error === signal.reason) return 0
  return printThrown(error, print)
}

/** Prints the error that ended a command and returns the exit code. Only bugs get a stack. */
function printThrown(error: unknown, print: (text: string) => void): number {
  const failure = failureOf(error)
  if (failure !== null) {
    const { path, message, hint, code } = failure
    const where = path === null || message.includes(path) ? '' : `${escapeText(path)}: `
    print(
      `${wrapText(`reconcile: ${where}${escapeProse(message)}`, edgeOf(process.stderr) - 2).join('\n  ')}\n${indented(escapeProse(hint))}`,
    )
    return codeOfFailure(code)
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  print(`reconcile: this is a bug. Please report it with the text below.\n${stack}\n`)
  return 70
}
