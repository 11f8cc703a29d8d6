import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { paint } from '../../view/paint.ts'
import { shellWords } from '../../view/shell-words.ts'
import { ourCommand } from '../our-command.ts'

/** Where the demo speaks, runs what it prints, and keeps count of what it promised. */
export interface DemoStage {
  title(text: string): void
  say(text: string): void
  /** Prints one command as it would be typed in the demo's folder, and runs exactly that; its output is the demo's own. */
  run(argv: readonly string[], options?: RunOptions): Promise<Ended>
  /** The same for our own command. */
  reconcile(args: readonly string[], options?: RunOptions): Promise<Ended>
  /** SIGKILL, printed as it would be typed. */
  kill(pid: number): void
  /** Records whether something promised was seen. */
  promise(text: string, seen: boolean): void
  readonly promises: readonly { readonly text: string; readonly seen: boolean }[]
}

export interface RunOptions {
  /** Runs there instead, relative to the demo's folder, with stdout into this file. */
  readonly redirect?: { readonly folder: string; readonly file: string }
  /** Called once it runs; what it does is part of the play. */
  readonly meanwhile?: (child: { readonly pid: number; readonly ended: AbortSignal }) => Promise<void>
}

export interface Ended {
  /** Null: a signal ended it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

const SHOW_CURSOR = '\u001b[?25h'

export function demoStage(options: {
  readonly folder: string
  readonly write: (text: string) => void
  readonly color: boolean
  readonly signal: AbortSignal
}): DemoStage {
  const { write, signal } = options
  const styled = paint(options.color)
  const promises: { text: string; seen: boolean }[] = []
  const ours = ourCommand()
  let chapter = 0

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
      const child = spawn(argv[0]!, argv.slice(1), {
        cwd,
        stdio: ['ignore', into?.fd ?? 'inherit', 'inherit'],
      })
      const ended = new AbortController()
      // The command keeps what it has on SIGTERM; the demo waits for it, and only then cleans up.
      const stop = (): unknown => child.kill('SIGTERM')
      signal.addEventListener('abort', stop, { once: true })
      const closed = once(child, 'close').finally(() => {
        signal.removeEventListener('abort', stop)
        ended.abort()
      })
      if (child.pid !== undefined) await how.meanwhile?.({ pid: child.pid, ended: ended.signal })
      const [code, by] = (await closed) as [number | null, NodeJS.Signals | null]
      signal.throwIfAborted()
      return { code, signal: by }
    } finally {
      await into?.close()
    }
  }

  return {
    title(text) {
      chapter++
      write(`\n${styled('bold', `${chapter}. ${text}`)}\n`)
    },
    say: (text) => write(`${text}\n`),
    run,
    async reconcile(args, how) {
      const ended = await run([...ours, ...args, '--config', 'etc/config.yaml'], how)
      // A killed command cannot put the terminal right.
      if (ended.signal !== null && process.stderr.isTTY) write(SHOW_CURSOR)
      write(
        `${styled('dim', ended.code === null ? `(ended by ${ended.signal})` : `(exit code ${ended.code})`)}\n`,
      )
      return ended
    },
    kill(pid) {
      process.kill(pid, 'SIGKILL')
      write(`\n${styled('cyan', '$')} ${styled('bold', `kill -9 ${pid}`)}\n`)
    },
    promise(text, seen) {
      promises.push({ text, seen })
    },
    promises,
  }
}
