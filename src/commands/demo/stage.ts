import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { shellWords } from '../../model/shell-words.ts'
import { startChild } from '../../system/child.ts'
import { paint } from '../../view/paint.ts'
import { ourCommand } from '../our-command.ts'

export type DemoStage = ReturnType<typeof demoStage>

interface RunOptions {
  /** Runs there instead, relative to the demo's folder, with stdout into this file. */
  readonly redirect?: { readonly folder: string; readonly file: string }
  /** Called once it runs. */
  readonly meanwhile?: (child: { readonly pid: number; readonly ended: AbortSignal }) => Promise<void>
}

interface Ended {
  /** Null: a signal ended it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** Milliseconds. On SIGTERM the command keeps what it has; the demo waits for that before it cleans up. */
const PATIENCE = 60_000
const SHOW_CURSOR = '\u001b[?25h'

/** Prints the demo's text, runs the commands it prints, and records which promises held. */
export function demoStage(options: {
  readonly folder: string
  readonly write: (text: string) => void
  readonly color: boolean
  readonly signal: AbortSignal
}) {
  const { write, signal } = options
  const styled = paint(options.color)
  const promises: { readonly text: string; readonly seen: boolean }[] = []
  const ours = ourCommand()
  let chapter = 0

  /** Prints one command as it would be typed in the demo's folder and runs exactly that, with the demo's output. */
  async function run(argv: readonly string[], how: RunOptions = {}): Promise<Ended> {
    signal.throwIfAborted()
    const typed = shellWords(argv)
    const shown =
      how.redirect === undefined
        ? typed
        : `(cd ${shellWords([how.redirect.folder])} && ${typed} > ${shellWords([how.redirect.file])})`
    write(`${styled('cyan', '$')} ${styled('bold', shown)}\n`)
    const cwd = join(options.folder, how.redirect?.folder ?? '.')
    const into = how.redirect === undefined ? null : await open(join(cwd, how.redirect.file), 'w')
    try {
      const [program = '', ...words] = argv
      const child = startChild({
        program,
        arguments: words,
        env: process.env as Record<string, string>,
        cwd,
        onto: [into?.fd ?? 1, 2],
        signal,
        patience: PATIENCE,
      })
      const over = new AbortController()
      const ended = child.ended.finally(() => over.abort())
      if (child.pid !== null) await how.meanwhile?.({ pid: child.pid, ended: over.signal })
      const { code, endedBy } = await ended
      signal.throwIfAborted()
      return { code, signal: endedBy }
    } finally {
      await into?.close()
    }
  }

  return {
    title(text: string): void {
      chapter++
      write(`\n${styled('bold', `${chapter}. ${text}`)}\n`)
    },
    say: (text: string): void => write(`${text}\n`),
    run,
    /** The same as `run` for our own command. */
    async reconcile(args: readonly string[], options?: RunOptions): Promise<Ended> {
      const ended = await run([...ours, ...args, '--config', 'etc/config.yaml'], options)
      // A killed command cannot restore the terminal.
      if (ended.signal !== null && process.stderr.isTTY) write(SHOW_CURSOR)
      const how = ended.code === null ? `ended by ${ended.signal}` : `exit code ${ended.code}`
      write(`${styled('dim', `(${how})`)}\n`)
      return ended
    },
    /** SIGKILL, printed as it would be typed. */
    kill(pid: number): void {
      process.kill(pid, 'SIGKILL')
      write(`\n${styled('cyan', '$')} ${styled('bold', `kill -9 ${pid}`)}\n`)
    },
    /** Records whether something promised was seen. */
    promise(text: string, seen: boolean): void {
      promises.push({ text, seen })
    },
    promises,
  }
}
