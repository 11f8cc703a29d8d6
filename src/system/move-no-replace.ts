import { lstatSync } from 'node:fs'
import { dirname } from 'node:path'
import { errnoIn } from '../model/system-error.ts'
import { runTool } from './child.ts'

/** renameat2(RENAME_NOREPLACE) by mv, within one file system, checked by inode. Throws Node's own ErrnoException. */
export async function moveNoReplace(from: string, to: string): Promise<'moved' | 'exists'> {
  const before = statOf(from)
  if (before === undefined) throw errno('ENOENT', `nothing to move: ${from}`, from)
  // mv copies across file systems, and would show halves under the final name.
  if (statOf(dirname(to))?.dev !== before.dev) throw errno('EXDEV', `another file system: ${to}`, to)
  const moved = await runTool('mv', ['-nT', '--', from, to])
  // Whether `mv -n` fails when it refuses depends on its version: only the inodes tell.
  const after = statOf(to)
  const left = statOf(from)
  if (left === undefined && after?.ino === before.ino && after.dev === before.dev) return 'moved'
  if (left !== undefined && after !== undefined) return 'exists'
  const code = errnoIn(moved.stderr) ?? 'EIO'
  throw errno(code, `mv did not move ${from}: ${moved.stderr.trim().slice(0, 200)}`, to)
}

const statOf = (path: string) => lstatSync(path, { bigint: true, throwIfNoEntry: false })

export const errno = (code: string, message: string, path: string): NodeJS.ErrnoException =>
  Object.assign(new Error(message), { code, path })
