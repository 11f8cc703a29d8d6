import { randomBytes } from 'node:crypto'
import { constants, promises } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { holdFolder, notTheirs } from './as-folder-owner.ts'

/**
 * Replaces a file whole, readable by its owner alone: a reader, and a crash, sees the old text or the new one. Durable. The protocol of
 * all files of ours that are replaced (those in a destination go by it too, through `Disk`): a new file beside the old one, its data
 * synced, then its name, then the folder. What root makes in another user's folder is theirs. Throws the system's own error, or a Failure (`disk-forbidden`), and leaves nothing behind.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const folder = holdFolder(dirname(path))
  const next = join(folder.at, `.${basename(path)}.${randomBytes(6).toString('hex')}.new`)
  try {
    if (!folder.isSafe) throw notTheirs(dirname(path))
    await synced(next, 'wx', async (file) => {
      folder.own(file.fd)
      await file.writeFile(text)
    })
    await promises.rename(next, join(folder.at, basename(path)))
    await synced(folder.at, constants.O_RDONLY | constants.O_DIRECTORY)
  } catch (error) {
    await promises.rm(next, { force: true }).catch(() => {})
    throw error
  } finally {
    folder.close()
  }
}

/** Opens a file or a folder, does what is to be done to it, and makes that durable. */
export async function synced(
  path: string,
  flags: string | number,
  write: (file: promises.FileHandle) => Promise<void> = async () => {},
): Promise<void> {
  const file = await promises.open(path, flags, 0o600)
  try {
    await write(file)
    await file.sync()
  } finally {
    await file.close()
  }
}
