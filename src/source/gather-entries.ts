import type { ListedFile, Listing } from '../model/listing.ts'
import { markerOf } from '../model/marker-name.ts'
import { folderOf, foldName, pathFault, type RelPath } from '../model/rel-path.ts'
import { collectProblems, refusedName } from './problems.ts'
import { printable, quote } from './quote.ts'
import { unescapeName } from './unescape-name.ts'

export interface Entry {
  readonly kind: string
  readonly size: string
  readonly mtime: number
  /** As rsync prints it. */
  readonly name: string
}

export interface Entries {
  add(entry: Entry): void
  end(): Omit<Listing, 'completeness'>
}

const KINDS: Record<string, string> = {
  l: 'a symlink',
  c: 'a device',
  b: 'a device',
  p: 'a FIFO',
  s: 'a socket',
}
const LATEST = Date.UTC(9999, 11, 31) / 1000
const EARLIEST = Date.UTC(1900, 0, 1) / 1000

/** Sorts listed entries into files that may be fetched and problems. What is in `files` has a safe name that collides with none (I6). */
export function gatherEntries(): Entries {
  const files = new Map<RelPath, ListedFile>()
  const folders = new Set<string>([''])
  // The first path of each folded spelling, files and folders alike.
  const spelled = new Map<string, string>()
  const colliding = new Map<string, Set<string>>()
  const reserved = new Set<string>()
  const problems = collectProblems()

  /** False: this very path was there before. */
  const spell = (path: string): boolean => {
    const folded = foldPath(path)
    const first = spelled.get(folded)
    if (first === undefined) {
      spelled.set(folded, path)
      return true
    }
    if (first === path) return false
    // X.md5 and X.MD5 beside each other are two markers of one file.
    if (!areMarkersOfOne(first, path)) {
      const members = colliding.get(folded) ?? new Set([first])
      colliding.set(folded, members.add(path))
    }
    return true
  }
  const addFolder = (path: string): void => {
    if (folders.has(path)) return
    addFolder(folderOf(path))
    folders.add(path)
    if (spell(path)) return
    collide(path, [])
    files.delete(path as RelPath)
  }
  const collide = (path: string, others: readonly string[]): void =>
    problems.add({
      code: 'name-collision',
      path: printable(path),
      message:
        others.length === 0
          ? `The source lists ${quote(path)} twice; it is refused.`
          : `The source's name ${quote(path)} is refused: a file system may take it for ${others.map(quote).join(', ')}.`,
      hint: 'Rename all but one of them at the source.',
    })

  return {
    add({ kind, size, mtime, name }) {
      if (name === '.' && kind === 'd') return
      const path = unescapeName(name)
      const fault = path === null ? 'not-utf-8' : pathFault(path)
      if (path === null || fault !== null) {
        // One word for our own folder at the source is enough, however much it holds.
        if (fault === 'reserved' && isUnder(path!, reserved)) return
        if (fault === 'reserved' && kind === 'd') reserved.add(path!)
        problems.add(refusedName(path ?? name, fault!))
        return
      }
      if (kind === 'd') {
        addFolder(path)
        return
      }
      addFolder(folderOf(path))
      if (kind !== '-') {
        problems.add({
          code: 'not-regular',
          path,
          message: `${quote(path)} is ${KINDS[kind] ?? 'no regular file'} at the source; only regular files are backed up.`,
          hint: 'Put the file itself there, or keep the entry out of the folder.',
        })
        return
      }
      const bytes = Number(size)
      if (!Number.isSafeInteger(bytes) || bytes < 0 || !(mtime >= EARLIEST && mtime <= LATEST)) {
        const size = !Number.isSafeInteger(bytes) || bytes < 0
        problems.add({
          code: size ? 'absurd-size' : 'absurd-time',
          path,
          message: size
            ? `The source lists ${quote(path)} with a size of ${bytes} bytes; it is refused.`
            : `The source lists ${quote(path)} with a time outside the years 1900 to 9999; it is refused.`,
          hint: size
            ? 'See whether the file system at the source is sound.'
            : 'Set its time at the source with touch.',
        })
        return
      }
      if (!spell(path)) {
        collide(path, [])
        files.delete(path as RelPath)
        return
      }
      files.set(path as RelPath, { size: bytes, mtime })
    },

    end() {
      const refused = new Set<string>()
      for (const members of colliding.values())
        for (const path of members) {
          refused.add(path)
          collide(
            path,
            [...members].filter((other) => other !== path),
          )
        }
      // What lies in a colliding folder would end up in one with what lies in the other.
      if (refused.size > 0) for (const path of files.keys()) if (isUnder(path, refused)) files.delete(path)
      return { files, problems: problems.all() }
    },
  }
}

/** Whether it is one of `folders`, or below one. */
function isUnder(path: string, folders: ReadonlySet<string>): boolean {
  if (folders.size === 0) return false
  for (let at = path; at !== ''; at = folderOf(at)) if (folders.has(at)) return true
  return false
}

function areMarkersOfOne(a: string, b: string): boolean {
  const one = markerOf(a)
  const other = markerOf(b)
  return one !== null && other !== null && one.data === other.data
}

const ASCII = /^[\u0000-\u007f]*$/

const foldPath = (path: string): string => (ASCII.test(path) ? path.toLowerCase() : foldName(path))
