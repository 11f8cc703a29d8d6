import { closeSync, constants, fchownSync, fstatSync, lstatSync, openSync, readlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Failure } from '../model/failure.ts'

interface Owner {
  readonly uid: number
  readonly gid: number
}

/** More links than that are not followed by the kernel either. */
const MAX_LINKS = 40

/**
 * Who is not root, where root works at this absolute path, which is theirs: the owner of the first part of the path, from `/` down, that
 * is not root's, a link counting by its own owner. What lies above it they cannot change, and what lies below they can exchange at any
 * moment, whoever owns that. Null: all of it that is there is root's, or this is not root.
 */
export function otherOwner(path: string): Owner | null {
  if (process.getuid?.() !== 0) return null
  const waiting = path.split('/')
  let here = '/'
  for (let links = 0; waiting.length > 0; ) {
    const part = waiting.shift()!
    if (part === '' || part === '.') continue
    const next = part === '..' ? dirname(here) : join(here, part)
    const found = lstatSync(next, { throwIfNoEntry: false })
    if (found === undefined) return null
    if (found.uid !== 0) return { uid: found.uid, gid: found.gid }
    if (!found.isSymbolicLink()) {
      here = next
      continue
    }
    if (++links > MAX_LINKS) return null
    const target = readlinkSync(next)
    if (target.startsWith('/')) here = '/'
    waiting.unshift(...target.split('/'))
  }
  return null
}

interface HeldFolder {
  /** Leads to this very folder, even if its path leads to another one by now. */
  readonly at: string
  /** False: it lies in another user's folder and is not theirs: they may have put it, or a link to it, there. */
  readonly isSafe: boolean
  /** Gives them what we have just made in it, where it is theirs: their own passes must be able to go on with it. */
  own(madeByUs: number): void
  close(): void
}

/** A folder to make files in: root holds another user's folder by descriptor, as they may exchange what is at its path. */
export function holdFolder(folder: string): HeldFolder {
  const owner = otherOwner(folder)
  if (owner === null) return { at: folder, isSafe: true, own: () => {}, close: () => {} }
  const held = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY)
  const isSafe = fstatSync(held).uid === owner.uid
  return {
    at: `/proc/self/fd/${held}`,
    isSafe,
    own: (made) => {
      if (isSafe) fchownSync(made, owner.uid, owner.gid)
    },
    close: () => closeSync(held),
  }
}

/** What root makes no file in. */
export const notTheirs = (folder: string): Failure =>
  new Failure({
    code: 'disk-forbidden',
    message: `root writes nothing to ${folder}: it lies in a folder of user ${otherOwner(folder)?.uid ?? '?'}, and does not belong to that user`,
    hint: 'Give it to that user (chown), or run this as the user who owns it.',
    path: folder,
  })
