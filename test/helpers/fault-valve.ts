import { access, chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './fault-processes.ts'
import { makeWorld, type World, type WorldOptions } from './world.ts'

/** A world whose source can be made to fall silent in the middle of a transfer, at a byte that a test chooses. */
export interface ValveWorld extends World {
  /** The next session that sends data (not listings, not markers) sends so many bytes, and then waits. */
  closeAfter(bytes: number): Promise<void>
  /** Comes back when it waits. */
  reached(): Promise<void>
  /** Lets it go on. */
  open(): Promise<void>
}

/**
 * Runs rrsync behind a real sshd. Between the two stands a shell that counts; it ends with its session. Only a data session
 * carries `--append` or `--inplace` to the source.
 */
export async function makeValveWorld(options: Pick<WorldOptions, 'calls'> = {}): Promise<ValveWorld> {
  const valve = await mkdtemp(join(tmpdir(), 'valve-'))
  const at = (name: string): string => join(valve, name)
  const world = await makeWorld('ssh', { ...options, command: at('serve') })
  await writeFile(
    at('serve'),
    `#!/bin/sh
cd '${valve}'
case "$SSH_ORIGINAL_COMMAND" in *--append*|*--inplace*)
  if read -r limit < limit; then
    rm limit
    rrsync -ro '${world.source}' | {
      stdbuf -o0 head -c "$limit"
      : > reached
      while [ ! -e open ] && kill -0 $PPID; do sleep 0.02; done
      exec cat
    }
    exit
  fi
esac 2> /dev/null
exec rrsync -ro '${world.source}'
`,
  )
  await chmod(at('serve'), 0o755)
  const exists = (name: string): Promise<boolean> =>
    access(at(name)).then(
      () => true,
      () => false,
    )
  return {
    ...world,
    async closeAfter(bytes) {
      for (const name of ['reached', 'open']) await rm(at(name), { force: true })
      await writeFile(at('limit'), `${bytes}\n`)
    },
    reached: () => until(() => exists('reached')),
    open: () => writeFile(at('open'), ''),
    async end() {
      await world.end()
      await rm(valve, { recursive: true, force: true })
    },
  }
}
