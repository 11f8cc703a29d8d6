import { fchownSync, fstatSync, statSync } from 'node:fs'

/** Who is not root, where root works in this folder, which is theirs; null: it is ours, as far as that matters. */
export function otherOwner(folder: string): { readonly uid: number; readonly gid: number } | null {
  if (process.getuid?.() !== 0) return null
  const { uid, gid } = statSync(folder)
  return uid === 0 ? null : { uid, gid }
}

/**
 * Gives what root has just made in another user's folder to that user, whose own passes must be able to go on with it. A file with a
 * second name is left alone: it may be anybody's.
 */
export function asFolderOwner(descriptor: number, folder: string): void {
  const owner = otherOwner(folder)
  if (owner === null) return
  const made = fstatSync(descriptor)
  if (made.uid === 0 && (made.isDirectory() || made.nlink === 1)) fchownSync(descriptor, owner.uid, owner.gid)
}
