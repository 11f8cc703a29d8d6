import { promises } from 'node:fs'
import { dirname } from 'node:path'
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

const isFolder = (path: string): Promise<boolean> =>
  promises.stat(path).then(
    (stat) => stat.isDirectory(),
    () => false,
  )
