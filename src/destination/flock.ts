import { spawn } from 'node:child_process'
import { closeSync, constants, fstatSync, lstatSync, openSync } from 'node:fs'
import { Failure } from '../model/failure.ts'
import { diskFailure } from './disk-failure.ts'
import { TOOL_ENVIRONMENT } from './host-tool.ts'

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants
/** What flock(1) is told to exit with when somebody else holds the lock. */
const BUSY = 75

export interface Flock {
  /** Node opens it close-on-exec: only a child that is handed it in `stdio` shares the lock. */
  readonly descriptor: number
  /** Lets go, as far as this process is concerned. */
  close(): void
}

/**
 * flock(2) on a descriptor of ours: the lock belongs to the open file, so it outlives the flock(1) that took it and ends with the
 * last process that has the descriptor. Null: still held by others after `waitSeconds`. Throws the signal's reason.
 */
export async function takeFlock(
  path: string,
  waitSeconds: number,
  signal: AbortSignal,
): Promise<Flock | null> {
  for (;;) {
    signal.throwIfAborted()
    const descriptor = open(path)
    let kept = false
    try {
      if (!(await lock(descriptor, waitSeconds, signal))) return null
      // Whoever waited for a file that was replaced meanwhile holds a lock that nobody else looks at.
      kept = isStillAt(descriptor, path)
      if (kept) return { descriptor, close: closeOnce(descriptor) }
    } finally {
      if (!kept) closeSync(descriptor)
    }
  }
}

function open(path: string): number {
  try {
    return openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600)
  } catch (error) {
    throw diskFailure(error, 'open the lock', path)
  }
}

function lock(descriptor: number, waitSeconds: number, signal: AbortSignal): Promise<boolean> {
  const wait = waitSeconds <= 0 ? ['-n'] : Number.isFinite(waitSeconds) ? ['-w', String(waitSeconds)] : []
  return new Promise((resolve, reject) => {
    const child = spawn('flock', ['-x', '-E', String(BUSY), ...wait, '3'], {
      env: TOOL_ENVIRONMENT,
      stdio: ['ignore', 'ignore', 'ignore', descriptor],
    })
    const stop = (): void => void child.kill('SIGKILL')
    signal.addEventListener('abort', stop, { once: true })
    child.on('error', (error) => {
      signal.removeEventListener('abort', stop)
      reject(cannotLock(error))
    })
    child.on('close', (code) => {
      signal.removeEventListener('abort', stop)
      if (signal.aborted) reject(signal.reason)
      else if (code === 0 || code === BUSY) resolve(code === 0)
      else reject(cannotLock(new Error(`flock ended with ${code ?? 'a signal'}`)))
    })
  })
}

const cannotLock = (cause: Error): Failure =>
  new Failure({
    code: 'missing-tool',
    message: `cannot take a lock with flock(1): ${cause.message}`,
    hint: 'Install util-linux; on NFS, mount with locks that work (local_lock=none, NFSv4).',
    retryable: false,
    cause,
  })

function isStillAt(descriptor: number, path: string): boolean {
  const held = fstatSync(descriptor, { bigint: true })
  const there = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  return there !== undefined && there.ino === held.ino && there.dev === held.dev
}

function closeOnce(descriptor: number): () => void {
  let isOpen = true
  return () => {
    if (isOpen) closeSync(descriptor)
    isOpen = false
  }
}
