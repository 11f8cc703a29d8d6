import { closeSync, constants, fstatSync, lstatSync, openSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Failure } from '../model/failure.ts'
import type { LockHolder } from '../model/outcome.ts'
import { holdFolder } from './as-folder-owner.ts'
import { runChild } from './child.ts'
import { diskFailure, errnoOf } from './disk-failure.ts'
import { findHolders } from './lock-holders.ts'

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants
/** The exit code for flock(1) to use when another process holds the lock. */
const BUSY = 75

export interface Flock {
  /** Node opens it close-on-exec: only a child that is handed it in `stdio` shares the lock. */
  readonly descriptor: number
  /** Whether its file is still the one at its path: not where that was replaced, or another disk is mounted there by now. */
  isInPlace(): boolean
  /** Lets go, as far as this process is concerned. */
  close(): void
}

export type LockState =
  /** Held for as long as this process or any child that inherited the descriptor lives, or until `close` everywhere. */
  ({ readonly state: 'locked' } & Flock) | { readonly state: 'busy'; readonly holders: readonly LockHolder[] }

/**
 * Takes a destination's lock, or the daemon's (I11), waiting at most `waitSeconds`. Busy is busy: the holders are named and left alone.
 * Throws the signal's reason when it is aborted.
 */
export async function takeLock(path: string, waitSeconds: number, signal: AbortSignal): Promise<LockState> {
  const held = await takeFlock(path, waitSeconds, signal)
  return held === null ? { state: 'busy', holders: findHolders(path) } : { state: 'locked', ...held }
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
      // If the file was replaced while we waited, no other process looks at the lock that we hold.
      kept = isStillAt(descriptor, path)
      if (kept)
        return { descriptor, isInPlace: () => isStillAt(descriptor, path), close: closeOnce(descriptor) }
    } catch (error) {
      throw diskFailure(error, 'take the lock', path)
    } finally {
      if (!kept) closeSync(descriptor)
    }
  }
}

function open(path: string): number {
  try {
    const folder = holdFolder(dirname(path))
    const at = join(folder.at, basename(path))
    try {
      const made = openNew(at)
      if (made === null) return openSync(at, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600)
      folder.own(made)
      return made
    } finally {
      folder.close()
    }
  } catch (error) {
    throw diskFailure(error, 'open the lock', path)
  }
}

/** Null: something is there, which may be anybody's. */
function openNew(path: string): number | null {
  try {
    return openSync(path, O_RDWR | O_CREAT | O_EXCL, 0o600)
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return null
    throw error
  }
}

async function lock(descriptor: number, waitSeconds: number, signal: AbortSignal): Promise<boolean> {
  const wait = waitSeconds <= 0 ? ['-n'] : Number.isFinite(waitSeconds) ? ['-w', String(waitSeconds)] : []
  const words = ['-x', '-E', String(BUSY), ...wait, '3']
  const { code } = await runChild({ program: 'flock', arguments: words, inherit: descriptor, signal })
  signal.throwIfAborted()
  if (code === 0 || code === BUSY) return code === 0
  throw cannotLock(code)
}

const cannotLock = (code: number | null): Failure =>
  new Failure({
    code: 'cannot-lock',
    message: `cannot take a lock: flock(1) ended with ${code ?? 'a signal'}`,
    hint: 'Check that flock (util-linux) is installed, and that the file system has locks (NFS: version 4, or with lockd).',
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
