import { until } from './fault-processes.ts'
import type { Started, World } from './world.ts'

type Line = Readonly<Record<string, unknown>> & { readonly type: string; readonly backup?: string }

export interface Daemon {
  readonly command: Started
  /** What it has streamed so far. */
  lines(): readonly Line[]
  /** Comes back with the first line, from `from` on, that is as asked for. */
  saw(isIt: (line: Line) => boolean, from?: number): Promise<Line>
  /** Ends it as a service manager does, and tells its exit code. */
  stop(): Promise<number | undefined>
}

/** The real `reconcile watch`, followed by its stream. */
function startDaemon(world: Pick<World, 'start'>, ...words: readonly string[]): Daemon {
  const command = world.start(['watch', '--output', 'ndjson', ...words])
  const lines: Line[] = []
  let rest = ''
  let ended = false
  command.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop()!
    for (const one of parts) lines.push(JSON.parse(one) as Line)
  })
  void command.then(() => {
    ended = true
  })
  return {
    command,
    lines: () => lines,
    async saw(isIt, from = 0) {
      let found: Line | undefined
      await until(() => {
        found = lines.slice(from).find(isIt)
        return found !== undefined || ended
      })
      if (found !== undefined) return found
      const { stderr, exitCode } = await command
      throw new Error(`the daemon ended with ${exitCode} instead: ${stderr}`)
    },
    async stop() {
      command.kill('SIGTERM')
      return (await command).exitCode
    },
  }
}

export const finished =
  (backup: string) =>
  (line: Line): boolean =>
    line.type === 'backup-finished' && line.backup === backup

/** The daemons of one test, killed with it. */
export function openDaemons() {
  let daemons: Daemon[] = []
  return {
    start(world: Pick<World, 'start'>, ...words: readonly string[]): Daemon {
      const daemon = startDaemon(world, ...words)
      daemons.push(daemon)
      return daemon
    },
    async kill(): Promise<void> {
      for (const { command } of daemons) command.kill('SIGKILL')
      await Promise.all(daemons.map(({ command }) => command))
      daemons = []
    },
  }
}
