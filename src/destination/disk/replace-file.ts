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
