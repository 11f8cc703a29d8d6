import { accessSync, constants, statfsSync, statSync } from 'node:fs'
import { dirname, isAbsolute } from 'node:path'
import { Failure } from '../model/failure.ts'
import { shellWords } from '../model/shell-words.ts'
import { failureOf, systemErrorOf } from '../model/system-error.ts'
import { userName } from './who-am-i.ts'

const FULL = new Set(['ENOSPC', 'EDQUOT'])

/** Whether a disk or a quota is full. */
export const isFull = (error: unknown): boolean => FULL.has(errnoOf(error) ?? '')

/** The system's own name for an error (`ENOSPC`); null where it is no system error. */
export const errnoOf = (error: unknown): string | null => systemErrorOf(error)?.name ?? null

/** Whether there is nothing of that name, or a parent that is no folder. */
export function isAbsence(error: unknown): boolean {
  const code = errnoOf(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/**
 * The disk's own error in words: a full, read-only, failing or forbidding disk. `doing` completes "cannot ...". A Failure passes
 * through; what is no system error is a bug and is thrown on as it is.
 */
export function diskFailure(error: unknown, doing: string, path: string): Failure {
  const found = systemErrorOf(error)
  const place = isAbsolute(path) ? path : (found?.path ?? null)
  const lacksInodes = found?.name === 'ENOSPC' && place !== null && inodesAt(place) === 0
  const isFolder = found?.name === 'ENOTDIR' || (found?.name === 'EEXIST' && found.syscall === 'mkdir')
  const noFolder = isFolder && place !== null ? whyNoFolder(place) : null
  const failure = failureOf(error, { doing, path, lacksInodes, noFolder })
  if (failure === null) throw error
  const { dest } = error as { readonly dest?: unknown }
  const at = [...(typeof dest === 'string' ? [dest] : []), place ?? ''].filter(isAbsolute)
  const whose = failure === error || failure.code !== 'disk-forbidden' ? null : whoForbids(at)
  if (whose === null) return failure
  const { code, retryable } = failure
  const hint = `Run as the user who owns the destination, or give it to this user: ${whose.give}`
  const about = failure.path === null ? {} : { path: failure.path }
  return new Failure({
    code,
    message: `${failure.message}: ${whose.whose}`,
    hint,
    retryable,
    ...about,
    cause: error,
  })
}

/** Whose the file or folder is that this user has no right to, of these or the folders they are in, and how to give it; null: none is seen. */
export function whoForbids(
  paths: readonly string[],
): { readonly whose: string; readonly give: string } | null {
  for (const at of paths.flatMap((path) => [path, dirname(path)])) {
    const there = statOf(at)
    if (there === null) continue
    try {
      accessSync(at, there.isDirectory() ? constants.W_OK | constants.X_OK : constants.R_OK)
    } catch {
      const uid = process.getuid?.() ?? 0
      const mode = (there.mode & 0o777).toString(8)
      const give =
        there.uid === uid
          ? ['chmod', there.isDirectory() ? 'u+rwx' : 'u+r', at]
          : ['sudo', 'chown', userName(uid) ?? String(uid), at]
      return {
        whose: `${at} belongs to ${userName(there.uid) ?? `uid ${there.uid}`}, mode ${mode}`,
        give: shellWords(give),
      }
    }
  }
  return null
}

function statOf(path: string) {
  try {
    return statSync(path)
  } catch {
    return null
  }
}

/** `/a/b is a file, not a folder`: what keeps an absolute path from being that of a folder, or of something in one; null: nothing does. */
export function whyNoFolder(path: string): string | null {
  for (let at = path; ; at = dirname(at)) {
    try {
      return statSync(at).isDirectory() ? null : `${at} is a file, not a folder`
    } catch {
      if (at === dirname(at)) return null
    }
  }
}

/** Inodes that are free on the file system of the nearest folder that is there; null where it does not count them. */
export function inodesAt(path: string): number | null {
  for (let at = path; ; at = dirname(at)) {
    try {
      const { files, ffree } = statfsSync(at)
      return files === 0 ? null : ffree
    } catch {
      if (at === dirname(at)) return null
    }
  }
}
