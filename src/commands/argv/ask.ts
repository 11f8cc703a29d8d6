import { createInterface } from 'node:readline'
import { usage } from './command-line.ts'

/** Somebody at a terminal. */
export interface Asker {
  /** The line that is typed after the question, without blanks around it. Throws the signal's reason where the run is stopped. */
  ask(question: string): Promise<string>
  /** Nothing is read any more. */
  close(): void
}

/** Null: nobody is there to answer. Questions go to stderr. */
export function openAsker(signal: AbortSignal): Asker | null {
  const { stdin, stderr } = process
  if (stdin.isTTY !== true || stderr.isTTY !== true) return null
  // The terminal itself edits the line, so that Ctrl-C is the signal that it is everywhere.
  const lines = createInterface({ input: stdin, terminal: false })
  let isOver = false
  lines.once('close', () => {
    isOver = true
  })
  return {
    ask: (question) =>
      new Promise((resolve, reject) => {
        stderr.write(question)
        const ended = () => {
          stderr.write('\n')
          reject(usage('the input ended before every question was answered', GOES_ON))
        }
        const stopped = () => reject(signal.reason)
        const answered = (line: string) => {
          signal.removeEventListener('abort', stopped)
          lines.off('close', ended)
          resolve(line.trim())
        }
        if (signal.aborted) return stopped()
        if (isOver) return ended()
        signal.addEventListener('abort', stopped, { once: true })
        lines.once('close', ended)
        lines.once('line', answered)
      }),
    close: () => lines.close(),
  }
}

/** Asks until it is answered; nothing typed is yes. */
export async function isYes(asker: Asker, question: string): Promise<boolean> {
  for (;;) {
    const answer = await asker.ask(question)
    if (/^(?:y|yes)?$/i.test(answer)) return true
    if (/^no?$/i.test(answer)) return false
  }
}

export const GOES_ON = 'Run the same command again: it goes on from what is done.'
