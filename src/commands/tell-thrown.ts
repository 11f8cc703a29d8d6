import { codeOfFailure } from '../decide/exit-code.ts'
import { Failure } from '../model/failure.ts'
import { escapeProse, escapeText } from '../view/escape-text.ts'

/** Puts what ended a command into words, and tells the exit code. A stack is for bugs alone. */
export function tellThrown(error: unknown, tell: (text: string) => void): number {
  if (error instanceof Failure) {
    const where = error.path === null ? '' : `${escapeText(error.path)}: `
    tell(`reconcile: ${where}${escapeProse(error.message)}\n  ${escapeProse(error.hint)}\n`)
    return codeOfFailure(error.code)
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  tell(`reconcile: this is a bug, please report it with what follows.\n${stack}\n`)
  return 70
}
