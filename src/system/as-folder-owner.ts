import { fchownSync, fstatSync, statSync } from 'node:fs'

/**
 * Gives a file that root has just made in another user's folder to that user, whose own passes must be able to go on with it. A file with
 * a second name is left alone: it may be anybody's.
 */
export function asFolderOwner(descriptor: number, folder: string): void {
  if (process.getuid?.() !== 0) return
  const { uid, gid } = statSync(folder)
  const file = fstatSync(descriptor)
  if (uid !== 0 && file.uid === 0 && file.nlink === 1) fchownSync(descriptor, uid, gid)
}
