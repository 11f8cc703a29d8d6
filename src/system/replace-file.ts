import { randomBytes } from 'node:crypto'
import { constants, promises } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { asFolderOwner } from './as-folder-owner.ts'

/**
 * Replaces a file whole, readable by its owner alone: a reader, and a crash, sees the old text or the new one. Durable. The protocol of
 * all files of ours that are replaced (those in a destination go by it too, through `Disk`): a new file beside the old one, its data
 * synced, then its name, then the folder. Root's are the folder's owner's. Throws the system's own error, and leaves nothing behind.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const next = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.new`)
  try {
    await synced(next, 'wx', async (file) => {
      asFolderOwner(file.fd, dirname(path))
      await file.writeFile(text)
    })
    await promises.rename(next, path)
    await synced(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
  } catch (error) {
    await promises.rm(next, { force: true }).catch(() => {})
    throw error
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
