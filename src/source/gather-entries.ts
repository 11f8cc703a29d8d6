import { findCollisions } from '../model/find-collisions.ts'
import { type Concern, EVERYTHING, type ListedFile, type Listing } from '../model/listing.ts'
import { markerOf } from '../model/marker-name.ts'
import { folderOf, pathFault, type RelPath } from '../model/rel-path.ts'
import type { Problem } from '../model/trouble.ts'
import { collectProblems, collision, refusedName } from './problems.ts'
import { quote } from './quote.ts'
import { readings, unescapeName } from './unescape-name.ts'

export interface Entry {
  readonly kind: string
  /** Bytes; NaN or beyond 2^53 where it makes no sense. */
  readonly size: number
  /** Whole seconds since 1970, or NaN. */
  readonly mtime: number
}

export interface Entries {
  /** `name` as rsync prints it. */
  add(entry: Entry, name: string): void
  /** `folders`: each as rsync printed it. */
  end(): Required<Omit<Listing, 'completeness' | 'booted'>> & { readonly folders: ReadonlySet<string> }
}

const KINDS: Record<string, string> = {
  c: 'a device',
  b: 'a device',
  p: 'a FIFO',
  s: 'a socket',
}
const LATEST = Date.UTC(9999, 11, 31) / 1000
const EARLIEST = Date.UTC(1900, 0, 1) / 1000

/**
 * Sorts listed entries into files that may be fetched and problems. What is in `files` has a safe name, and where it is of `concern` one
 * that collides with no other such (I6). Where a list file says what counts, it is held against odd names and collisions itself.
 */
export function gatherEntries(concern: Concern = EVERYTHING, isListed = false): Entries {
  const files = new Map<RelPath, ListedFile>()
  const links = new Set<RelPath>()
  const folders = new Set<string>()
  const twice = new Set<string>()
  const reserved = new Set<string>()
  const problems = collectProblems()

  const collide = (path: string, others: readonly string[]): void => problems.add(collision(path, others))

  return {
    add({ kind, size, mtime }, name) {
      if (name === '.' && kind === 'd') return
      if (kind === 'd') folders.add(name)
      const path = unescapeName(name)
      const fault = path === null ? 'not-utf-8' : pathFault(path)
      if (path === null || fault !== null) {
        // A link is never followed, whatever its name; files in a folder are judged by themselves.
        if (isListed || kind === 'l' || !concern.path(...readings(name))) return
        // One problem for our own folder at the source is enough, however much it holds.
        if (fault === 'reserved' && isUnder(path!, reserved)) return
        if (fault === 'reserved' && kind === 'd') reserved.add(path!)
        problems.add(refusedName(path ?? name, fault!))
        return
      }
      if (kind === 'd') return
      if (kind === 'l') {
        if (concern.path(path)) links.add(path as RelPath)
        return
      }
      const unfit = unfitFile(path, { kind, size, mtime })
      if (unfit !== null) {
        if (concern.path(path)) problems.add(unfit)
        return
      }
      if (files.has(path as RelPath) && concern.path(path)) twice.add(path)
      files.set(path as RelPath, { size, mtime })
    },

    end() {
      const parents = new Set<string>()
      const concerning = new Set<RelPath>()
      for (const path of files.keys()) {
        if (isListed || !concern.path(path)) continue
        concerning.add(path)
        for (let at = folderOf(path); at !== '' && !parents.has(at); at = folderOf(at)) parents.add(at)
      }
      for (const path of parents) if (files.has(path as RelPath)) twice.add(path)
      for (const path of twice) collide(path, [])
      const collisions = findCollisions(concerning, parents)
      for (const [path, others] of collisions) {
        // Its data is refused, and has its own problem.
        const of = markerOf(path)
        if (of === null || !collisions.has(of.data)) collide(path, others)
      }
      // The files of colliding folders would end up in one folder.
      const refused = new Set([...twice, ...collisions.keys()])
      if (refused.size > 0) for (const path of files.keys()) if (isUnder(path, refused)) files.delete(path)
      return { files, links, folders, problems: problems.all() }
    },
  }
}

/** Why an entry cannot be backed up as a file; null: it can. */
function unfitFile(path: string, { kind, size, mtime }: Entry): Problem | null {
  if (kind !== '-')
    return {
      code: 'not-regular',
      path,
      message: `${quote(path)} is ${KINDS[kind] ?? 'not a regular file'} at the source; only regular files are backed up.`,
      hint: 'Put the file itself there, or remove the entry from the folder.',
    }
  if (!Number.isSafeInteger(size) || size < 0)
    return {
      code: 'absurd-size',
      path,
      message: `The source lists ${quote(path)} with a size of ${size} bytes; it is refused.`,
      hint: 'Check the file system at the source.',
    }
  if (mtime >= EARLIEST && mtime <= LATEST) return null
  return {
    code: 'absurd-time',
    path,
    message: `The source lists ${quote(path)} with a time outside the years 1900 to 9999; it is refused.`,
    hint: 'Set its time at the source with touch.',
  }
}

/** Whether it is one of `folders`, or below one. */
function isUnder(path: string, folders: ReadonlySet<string>): boolean {
  if (folders.size === 0) return false
  for (let at = path; at !== ''; at = folderOf(at)) if (folders.has(at)) return true
  return false
}
