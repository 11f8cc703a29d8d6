import { codeOfFailure } from '../../decide/status/exit-code.ts'
import { failureOf } from '../../model/system-error.ts'
import { escapeProse, escapeText } from '../../view/escape-text.ts'

/** Puts what ended a command into words, and tells the exit code. A stack is for bugs alone. */
export function tellThrown(error: unknown, tell: (text: string) => void): number {
  const failure = failureOf(error)
  if (failure !== null) {
    const { path, message, hint, code } = failure
    const where = path === null || message.includes(path) ? '' : `${escapeText(path)}: `
    tell(`reconcile: ${where}${escapeProse(message)}\n  ${escapeProse(hint)}\n`)
    return codeOfFailure(code)
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  tell(`reconcile: this is a bug, please report it with what follows.\n${stack}\n`)
  return 70
}
