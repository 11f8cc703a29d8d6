import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { onTestFinished } from 'vitest'

/** A real process of another program that holds the lock at `path` until it is killed. */
export async function otherHolder(path: string): Promise<ChildProcess> {
  const child = spawn('flock', ['-x', '--no-fork', path, 'sh', '-c', 'echo held; exec sleep 1000'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  endAfterTest(child)
  await once(child.stdout!, 'data')
  return child
}

/** A child that inherits a lock's descriptor, as rsync does, and knows nothing of it. */
export async function inheritor(descriptor: number): Promise<ChildProcess> {
  const child = spawn('sh', ['-c', 'echo up; exec sleep 1000'], {
    stdio: ['ignore', 'pipe', 'ignore', descriptor],
  })
  endAfterTest(child)
  await once(child.stdout!, 'data')
  return child
}

export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'close')
}

/** The process that waits for the lock on this inode, once there is one: the kernel lists it with an arrow. */
export async function untilSomebodyWaits(inode: bigint): Promise<number> {
  for (;;) {
    for (const line of readFileSync('/proc/locks', 'latin1').split('\n')) {
      // `7: -> FLOCK  ADVISORY  WRITE 4711 fe:00:1234 0 EOF`
      const fields = line.split(/ +/)
      if (fields[1] === '->' && fields[6]?.endsWith(`:${inode}`)) return Number(fields[5])
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function endAfterTest(child: ChildProcess): void {
  onTestFinished(() => kill(child))
}
