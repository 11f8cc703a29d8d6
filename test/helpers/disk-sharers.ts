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

/** Resolves once some process waits in flock(1) for a descriptor of ours: the kernel lists it with an arrow. */
export async function untilSomebodyWaits(inode: bigint): Promise<void> {
  for (;;) {
    const waits = readFileSync('/proc/locks', 'latin1')
      .split('\n')
      .some((line) => line.includes('->') && line.includes(`:${inode} `))
    if (waits) return
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function endAfterTest(child: ChildProcess): void {
  onTestFinished(() => kill(child))
}
