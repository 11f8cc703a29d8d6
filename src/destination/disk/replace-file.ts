import type { Layout } from '../layout.ts'
import type { Disk } from './disk.ts'

/** A file of ours in `.reconcile`, replaced whole and durably, by the protocol of `src/system/replace-file.ts`. */
export async function replaceFile(
  disk: Disk,
  files: Layout,
  path: string,
  bytes: Uint8Array,
  before: () => Promise<void> = async () => {},
): Promise<void> {
  await replaceUnsynced(disk, path, bytes, async (next) => {
    await disk.syncFile(next)
    await before()
  })
  await disk.syncFolder(files.own)
}

/** The same without any sync: after a power cut it is the old one, the new one, or none. Leaves nothing behind where it fails. */
export async function replaceUnsynced(
  disk: Disk,
  path: string,
  bytes: Uint8Array,
  before: (next: string) => Promise<void> = async () => {},
): Promise<void> {
  const next = `${path}.new`
  await disk.unlink(next)
  try {
    await disk.create(next, bytes, 0o600)
    await before(next)
    await disk.rename(next, path)
  } catch (error) {
    await disk.unlink(next)
    throw error
  }
}
