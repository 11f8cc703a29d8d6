import { type Digest, toDigest } from '../model/digest.ts'
import { findCollisions } from '../model/find-collisions.ts'
import { type Concern, EVERYTHING, type ListFile } from '../model/listing.ts'
import { isSidecar } from '../model/marker-name.ts'
import { parseLine } from '../model/parse-marker.ts'
import { pathFault, type RelPath } from '../model/rel-path.ts'
import type { Problem } from '../model/trouble.ts'
import { listFailure } from './check-list.ts'
import { collectProblems, collision, refusedInList } from './problems.ts'
import { quote } from './quote.ts'

/** Bytes; a longer list is refused whole. */
export const LIST_LIMIT = 64 * 1024 * 1024
/** A list that names more is refused whole, like a listing of so many entries. */
const LIST_NAMES = 2_000_000

/**
 * What a list file names: one name per line, or md5sum lines if every line is one, whose sums are then hints. CRLF, blank lines and `./`
 * are tolerated; the list itself, sidecars and dotfiles are skipped silently, so that `ls > LIST` works. Anything else that is not a
 * plain name is a problem.
 */
export function parseListFile(
  bytes: Uint8Array,
  listName: string,
  concern: Concern = EVERYTHING,
): { readonly list: ListFile; readonly problems: readonly Problem[] } {
  // Read twice, line by line: all lines at once would take several times the memory of their names.
  let sums = 0
  let others = 0
  for (const line of linesOf(bytes)) {
    if (parseLine(line)?.name == null) others++
    else sums++
    if (sums > 0 && others > 0) break
  }
  const asSums = sums > 0 && others === 0
  const problems = collectProblems()
  if (sums > 0 && others > 0)
    problems.add({
      code: 'list-mixed',
      path: listName,
      message: `${quote(listName)} mixes checksum lines with other lines; all are read as names.`,
      hint: 'Write one name per line, or nothing but the output of md5sum.',
    })

  const names = new Map<RelPath, Digest | null>()
  for (const line of linesOf(bytes)) {
    const sum = asSums ? parseLine(line) : null
    const name = (sum?.name ?? line).replace(/^(?:\.\/+)+/, '')
    const digest = sum === null ? null : toDigest(sum.hex)
    const fault = pathFault(name)
    if (fault === 'absolute' || name.split('/').includes('..')) {
      problems.add(refusedInList(listName, name, fault ?? 'dot-part'))
      continue
    }
    if (name === listName || name === '' || name.startsWith('.') || isSidecar(name)) continue
    if ((fault !== null || name.includes('/')) && !concern.path(name)) continue
    if (name.includes('/')) {
      problems.add({
        code: 'list-folder',
        path: listName,
        message: `${quote(listName)} names ${quote(name)}, which is a folder or is inside one.`,
        hint: 'A list file names files in its own folder. For folders, remove source.listing: rsync lists them.',
      })
      continue
    }
    if (fault !== null) {
      problems.add(refusedInList(listName, name, fault))
      continue
    }
    const path = name as RelPath
    const before = names.get(path)
    if (before !== undefined && before !== digest) {
      names.set(path, null)
      if (!concern.path(path)) continue
      problems.add({
        code: 'list-ambiguous',
        path,
        message: `${quote(listName)} names ${quote(name)} twice with different checksums; neither counts.`,
        hint: 'Have the list written again.',
      })
      continue
    }
    names.set(path, digest)
    if (names.size > LIST_NAMES) throw listFailure('too-long', listName as RelPath, 'so it was not read')
  }
  refuseCollisions(names, concern, problems)
  return { list: { names }, problems: problems.all() }
}

/** I6: names that a file system may confuse are not fetched. */
function refuseCollisions(
  names: Map<RelPath, Digest | null>,
  concern: Concern,
  problems: { add(problem: Problem): void },
): void {
  const concerning = new Set<string>()
  for (const name of names.keys()) if (concern.path(name)) concerning.add(name)
  for (const [path, others] of findCollisions(concerning, new Set())) {
    problems.add(collision(path, others))
    names.delete(path as RelPath)
  }
}

/** The lines that are not blank, one at a time, each its own string. */
export function* linesOf(bytes: Uint8Array): Generator<string> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let from = buffer.subarray(0, BOM.length).equals(BOM) ? BOM.length : 0
  while (from < buffer.length) {
    const end = buffer.indexOf(NEWLINE, from)
    const to = end === -1 ? buffer.length : end
    const line = buffer.toString('utf8', from, buffer[to - 1] === RETURN ? to - 1 : to)
    from = to + 1
    if (line.trim() !== '') yield line
  }
}

const BOM = Buffer.from('\ufeff')
const NEWLINE = 10
const RETURN = 13
