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
  const next = `${path}.new`
  await disk.unlink(next)
  try {
    await disk.create(next, bytes, 0o600)
    await disk.syncFile(next)
  } catch (error) {
    await disk.unlink(next)
    throw error
  }
  await before()
  await disk.rename(next, path)
  await disk.syncFolder(files.own)
}

/** The same without any sync: after a power cut it is the old one, the new one, or none. */
export async function replaceUnsynced(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  const next = `${path}.new`
  await disk.unlink(next)
  await disk.create(next, bytes, 0o600)
  await disk.rename(next, path)
}
