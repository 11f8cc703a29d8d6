import { lstat, readlink, realpath } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { isWithin } from '../model/is-within.ts'
import { isAbsence } from './disk-failure.ts'

/** `sure` is false where a folder on the way could not be looked into, or links go round in circles. */
export interface RealPath {
  readonly path: string
  readonly sure: boolean
  /** The way there, or its end, lies in /proc: what is found depends on who looks. */
  readonly throughProc: boolean
}

const MAX_LINKS = 40

/**
 * Where an absolute path leads once all symlinks are followed, dangling ones too. What is not there yet is taken as it is
 * written: it would be made there.
 */
export async function realPath(absolute: string): Promise<RealPath> {
  // Most ways have no link. This asks once, and not for each folder on the way.
  if ((await realpath(absolute).catch(() => null)) === absolute)
    return { path: absolute, sure: true, throughProc: isWithin(absolute, '/proc') }
  const waiting = absolute.split('/').filter((part) => part !== '')
  let here = '/'
  let links = 0
  let sure = true
  let throughProc = false
  while (waiting.length > 0) {
    const part = waiting.shift()!
    if (part === '..') {
      here = dirname(here)
      continue
    }
    const next = join(here, part)
    if (next === '/proc') throughProc = true
    const target = await linkTarget(next)
    if (target === 'unknown') sure = false
    if (target === null || target === 'unknown') {
      here = next
      continue
    }
    if (++links > MAX_LINKS) return { path: absolute, sure: false, throughProc }
    if (target.to.startsWith('/')) here = '/'
    waiting.unshift(...target.to.split('/').filter((piece) => piece !== '' && piece !== '.'))
  }
  return { path: resolve(here), sure, throughProc }
}

/** Null: no symlink, or nothing there. */
async function linkTarget(path: string): Promise<{ readonly to: string } | null | 'unknown'> {
  try {
    return (await lstat(path)).isSymbolicLink() ? { to: await readlink(path) } : null
  } catch (error) {
    return isAbsence(error) ? null : 'unknown'
  }
}
