import { spawn } from 'node:child_process'
import { closeSync, constants, fstatSync, lstatSync, openSync } from 'node:fs'
import { Failure } from '../model/failure.ts'
import { diskFailure } from './disk-failure.ts'
import { missingTool, TOOL_ENVIRONMENT } from './host-tool.ts'

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants
/** What flock(1) is told to exit with when somebody else holds the lock. */
const BUSY = 75
const DIES_WITH_US = ['--pdeathsig', 'KILL', '--']

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
    } catch (error) {
      throw diskFailure(error, 'take the lock', path)
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
    // In a group of its own, for a Ctrl-C is ours to answer; and gone with us, for nobody needs the lock then.
    const child = spawn('setpriv', [...DIES_WITH_US, 'flock', '-x', '-E', String(BUSY), ...wait, '3'], {
      env: TOOL_ENVIRONMENT,
      stdio: ['ignore', 'ignore', 'ignore', descriptor],
      detached: true,
    })
    const stop = (): void => void child.kill('SIGKILL')
    signal.addEventListener('abort', stop, { once: true })
    child.on('error', (error) => {
      signal.removeEventListener('abort', stop)
      reject(missingTool('setpriv and flock', error))
    })
    child.on('close', (code) => {
      signal.removeEventListener('abort', stop)
      if (signal.aborted) reject(signal.reason)
      else if (code === 0 || code === BUSY) resolve(code === 0)
      else reject(cannotLock(code))
    })
  })
}

const cannotLock = (code: number | null): Failure =>
  new Failure({
    code: 'cannot-lock',
    message: `cannot take a lock: flock(1) ended with ${code ?? 'a signal'}`,
    hint: 'Check that flock (util-linux) is installed, and that the file system has locks (NFS: version 4, or with lockd).',
    retryable: false,
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
