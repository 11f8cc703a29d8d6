import type { Disk } from './disk.ts'

/** Nobody but us has business in there. */
export const PRIVATE_FOLDER_MODE = 0o700

/** Of the folders that backups lie in: the umask takes bits from it. */
export const FOLDER_MODE = 0o777

/** Of what we publish: nobody's to write, less the umask. */
export const fileMode = (): number => 0o444 & ~process.umask()

/** Of what stands already no mode is changed, but that nobody may write to it any more (I1). Tells whether that was news. */
export async function writeProtect(disk: Disk, path: string): Promise<boolean> {
  const mode = (await disk.lstat(path))?.mode ?? 0
  if ((mode & 0o222) === 0) return false
  await disk.chmod(path, mode & ~0o222)
  return true
}
