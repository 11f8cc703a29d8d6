import { promises } from 'node:fs'
import { dirname } from 'node:path'
import { errnoIn } from '../model/system-error.ts'
import { otherOwner } from './as-folder-owner.ts'
import { runTool } from './child.ts'
import { errnoOf } from './disk-failure.ts'

/**
 * Makes a folder and those above it, private to their user unless `mode` says otherwise; one that is there stays as it is. By hand: Node's own `recursive` says ENOENT
 * for a disk that is read-only, and never returns below /proc.
 */
export async function makeWithParents(folder: string, mode = 0o700): Promise<void> {
  if (await isFolder(folder)) return
  if (folder !== dirname(folder)) await makeWithParents(dirname(folder), mode)
  try {
    await promises.mkdir(folder, { mode })
  } catch (error) {
    // Another process made it meanwhile.
    if (errnoOf(error) !== 'EEXIST' || !(await isFolder(folder))) throw error
  }
}

/**
 * The same, private, for what a box keeps. In another user's folder root has them made by that user: what root made there it could only
 * find again by a path, which may lead elsewhere by then.
 */
export async function makeForOwner(folder: string, mode = 0o700): Promise<void> {
  const user = otherOwner(folder)
  if (user === null) return makeWithParents(folder, mode)
  const missing: string[] = []
  for (let at = folder; !(await isFolder(at)) && at !== dirname(at); at = dirname(at)) missing.unshift(at)
  if (missing.length === 0) return
  const { exitCode, stderr } = await runTool('mkdir', ['-p', '-m', mode.toString(8), '--', ...missing], user)
  if (exitCode !== 0)
    throw Object.assign(new Error(stderr), { code: errnoIn(stderr) ?? 'ENOTDIR', syscall: 'mkdir' })
}

const isFolder = (path: string): Promise<boolean> =>
  promises.stat(path).then(
    (stat) => stat.isDirectory(),
    () => false,
  )
