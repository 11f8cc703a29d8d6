import { Failure } from '../model/failure.ts'

const FULL = new Set(['ENOSPC', 'EDQUOT'])

/** Whether a disk or a quota is full. */
export const isFull = (error: unknown): boolean => FULL.has(errnoOf(error) ?? '')

/** The system's own name for an error (`ENOSPC`); null where it is no system error. */
export function errnoOf(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null
  return typeof error.code === 'string' && /^E[A-Z0-9]+$/.test(error.code) ? error.code : null
}

/**
 * The disk's own error in words: a full, read-only, failing or forbidding disk. `doing` completes "cannot ...". A Failure passes
 * through; what is no system error is a bug and is thrown on as it is.
 */
export function diskFailure(error: unknown, doing: string, path: string): Failure {
  if (error instanceof Failure) return error
  const errno = errnoOf(error)
  if (errno === null) throw error
  const words = WORDS[errno] ?? {
    code: 'disk-error',
    why: `the system says ${errno}`,
    hint: 'Look at the system log (dmesg) for what the disk has to say.',
    retryable: false,
  }
  return new Failure({
    code: words.code,
    message: `cannot ${doing} ${path}: ${words.why}`,
    hint: words.hint,
    retryable: words.retryable,
    path,
    cause: error,
  })
}

interface Words {
  readonly code: string
  readonly why: string
  readonly hint: string
  readonly retryable: boolean
}

const full = (why: string): Words => ({
  code: 'disk-full',
  why,
  hint: 'Make room on that file system; what is staged stays and is resumed.',
  retryable: true,
})

const forbidden: Words = {
  code: 'disk-forbidden',
  why: 'this user may not',
  hint: 'Run as the user who owns the destination, or give that user the folder.',
  retryable: false,
}

const WORDS: Readonly<Record<string, Words>> = {
  ENOSPC: full('the file system is full'),
  EDQUOT: full('the quota is used up'),
  EROFS: {
    code: 'disk-read-only',
    why: 'the file system is read-only',
    hint: 'Mount it writable. A file system that turned read-only by itself has seen errors: check dmesg first.',
    retryable: false,
  },
  EIO: {
    code: 'disk-failing',
    why: 'the disk reports an error',
    hint: 'Check dmesg and the disk (smartctl) before anything else is written to it.',
    retryable: false,
  },
  EACCES: forbidden,
  EPERM: forbidden,
  ENOTDIR: {
    code: 'disk-path',
    why: 'a part of the path is no folder',
    hint: 'Move what stands in the way aside.',
    retryable: false,
  },
  ELOOP: {
    code: 'disk-path',
    why: 'a symlink stands there, and symlinks are never followed',
    hint: 'Move the symlink aside.',
    retryable: false,
  },
  EEXIST: {
    code: 'disk-path',
    why: 'something else stands there',
    hint: 'Move what stands in the way aside.',
    retryable: false,
  },
  ENOENT: {
    code: 'disk-path',
    why: 'it is not there',
    hint: 'Something else changed the destination meanwhile; run again, and find out what did.',
    retryable: true,
  },
  EMFILE: {
    code: 'disk-error',
    why: 'too many files are open',
    hint: 'Raise the limit of open files (ulimit -n).',
    retryable: true,
  },
}
