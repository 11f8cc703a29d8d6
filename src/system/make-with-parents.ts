import { closeSync, constants, openSync, promises } from 'node:fs'
import { dirname } from 'node:path'
import { asFolderOwner } from './as-folder-owner.ts'
import { errnoOf } from './disk-failure.ts'

/**
 * Makes a folder and those above it, private to their user unless `mode` says otherwise; one that is there stays as it is. By hand: Node's own `recursive` says ENOENT
 * for a disk that is read-only, and never returns below /proc.
 */
export async function makeWithParents(
  folder: string,
  mode = 0o700,
  made: (folder: string) => void = () => {},
): Promise<void> {
  if (await isFolder(folder)) return
  if (folder !== dirname(folder)) await makeWithParents(dirname(folder), mode, made)
  try {
    await promises.mkdir(folder, { mode })
    made(folder)
  } catch (error) {
    // Another process made it meanwhile.
    if (errnoOf(error) !== 'EEXIST' || !(await isFolder(folder))) throw error
  }
}

/** The same, private, for what a box keeps: those that root makes go to the owner of the folder that they are made in. */
export const makeForOwner = (folder: string): Promise<void> =>
  makeWithParents(folder, 0o700, (made) => {
    const descriptor = openSync(made, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    try {
      asFolderOwner(descriptor, dirname(made))
    } finally {
      closeSync(descriptor)
    }
  })

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants

const isFolder = (path: string): Promise<boolean> =>
  promises.stat(path).then(
    (stat) => stat.isDirectory(),
    () => false,
  )
