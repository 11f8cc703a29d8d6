import { escapeJson } from '../../view/escape-text.ts'
import { useColor } from '../../view/paint.ts'
import { foldText } from '../../view/wrap-text.ts'

/** `markdown`: of `plan --show` alone; `prometheus`: of `status`; `html`: of `report`. */
export type Output = 'text' | 'json' | 'ndjson' | 'markdown' | 'prometheus' | 'html'

/** Where a command prints. Results to `write` (stdout), everything else to `writeError` (stderr). */
export interface Console {
  readonly output: Output
  readonly write: (text: string) => void
  readonly writeError: (text: string) => void
  /** Of stdout and stderr. */
  readonly color: { readonly write: boolean; readonly writeError: boolean }
  /** Columns of stdout and of stderr: 80 where it is no terminal. */
  readonly width: number
  readonly errorWidth: number
  /** Lines of stdout; without a terminal none is too many. */
  readonly height: number
  /** stderr itself, for live progress. */
  readonly stderr: NodeJS.WriteStream
  readonly quiet: boolean
  /** Once all that was written to stdout has left this process; false: nobody reads it any more. */
  readonly flushed: () => Promise<boolean>
}

export function processConsole(output: Output, quiet: boolean): Console {
  const { stdout, stderr, env } = process
  return {
    output,
    quiet,
    write: (text) => void stdout.write(text),
    writeError: (text) => void stderr.write(text),
    color: { write: useColor(stdout, env), writeError: useColor(stderr, env) },
    height: stdout.rows || Number.POSITIVE_INFINITY,
    // A terminal that does not know its size has 0.
    width: stdout.columns || 80,
    errorWidth: stderr.columns || 80,
    stderr,
    flushed: () => new Promise((done) => void stdout.write('', (error) => done(error == null))),
  }
}

/** The document, or for people what is made of it. */
export const printEither = <T>(console: Console, document: T, render: (document: T) => string): void =>
  console.output === 'text' ? console.write(render(document)) : printDocument(console, document)

/** Escaped prose, broken into lines that fit stdout. */
export const say = (console: Console, text: string): void => console.write(foldText(text, console.width))

/** The same on stderr. */
export const complain = (console: Console, text: string): void =>
  console.writeError(foldText(text, console.width))

/** A document on one line (ndjson) or many; nothing in it can move a terminal's cursor. */
export function printDocument(console: Console, document: unknown): void {
  const json = console.output === 'ndjson' ? JSON.stringify(document) : JSON.stringify(document, null, 2)
  console.write(`${escapeJson(json)}\n`)
}
