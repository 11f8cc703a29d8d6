import { execa } from 'execa'

/** A program on a terminal of its own (script(1) makes one), and who types there. */
export interface Terminal {
  /** All that was shown so far, without the carriage returns. */
  shown(): string
  /** Resolves once something new is shown that fits; throws, with what was shown, if the program ends before. */
  until(pattern: RegExp): Promise<void>
  /** Types a line. */
  type(line: string): void
  /** Presses keys. */
  press(keys: string): void
  /** The exit code. */
  readonly ended: Promise<number | undefined>
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`

export function onTerminal(
  words: readonly string[],
  options: { readonly cwd: string; readonly env?: Record<string, string> },
): Terminal {
  const command = ['stty cols 80 rows 60; exec', ...words.map(quoted)].join(' ')
  const child = execa('script', ['-qefc', command, '/dev/null'], {
    ...options,
    env: { ...options.env, SHELL: '/bin/sh', TERM: 'dumb' },
    reject: false,
    stdin: 'pipe',
    buffer: false,
  })
  let shown = ''
  let isOver = false
  let look = (): void => {}
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString('utf8').replaceAll('\r', '')
    look()
  })
  const ended = child.then(({ exitCode }) => {
    isOver = true
    look()
    return exitCode
  })
  let from = 0
  return {
    ended,
    shown: () => shown,
    type: (line) => void child.stdin.write(`${line}\n`),
    press: (keys) => void child.stdin.write(keys),
    until: (pattern) =>
      new Promise((resolve, reject) => {
        look = () => {
          const found = pattern.exec(shown.slice(from))
          if (found !== null) {
            from += found.index + found[0].length
            look = () => {}
            resolve()
          } else if (isOver) reject(new Error(`ended without ${pattern}:\n${shown}`))
        }
        look()
      }),
  }
}
