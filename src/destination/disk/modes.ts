import type { Disk } from './disk.ts'

/** Nobody but us has business in there. */
export const PRIVATE_FOLDER_MODE = 0o700

/** Of the folders that hold backups, less the umask. */
export const FOLDER_MODE = 0o777

/** Of published files: read-only for everyone, less the umask. */
export const fileMode = (): number => 0o444 & ~process.umask()

/** Removes the write bits of an existing file and keeps the rest of its mode (I1). Returns whether there were any. */
export async function writeProtect(disk: Disk, path: string): Promise<boolean> {
  const mode = (await disk.lstat(path))?.mode ?? 0
  if ((mode & 0o222) === 0) return false
  await disk.chmod(path, mode & ~0o222)
  return true
}
