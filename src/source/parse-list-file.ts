import type { Digest } from '../model/digest.ts'
import { toDigest } from '../model/digest.ts'
import type { ListFile } from '../model/listing.ts'
import { isSidecar } from '../model/marker-name.ts'
import { parseLine } from '../model/parse-marker.ts'
import { pathFault, type RelPath } from '../model/rel-path.ts'
import type { Problem } from '../model/trouble.ts'
import { collectProblems, refusedInList } from './problems.ts'
import { quote } from './quote.ts'

/** Bytes; a longer list is refused whole. */
export const LIST_LIMIT = 64 * 1024 * 1024

/**
 * What a list file names: one name a line, or md5sum lines where every line is one, whose sums are then hints. CRLF, blank lines and
 * `./` are tolerated; the list itself, sidecars and dotfiles are no data and are left out without a word, so that `ls > LIST`
 * does. Everything else that is no plain name is a problem.
 */
export function parseListFile(
  bytes: Uint8Array,
  listName: string,
): { readonly list: ListFile; readonly problems: readonly Problem[] } {
  const lines = new TextDecoder('utf-8')
    .decode(bytes)
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
  const sums = lines.map(parseLine)
  const asSums = lines.length > 0 && sums.every((sum) => sum !== null && sum.name !== null)
  const problems = collectProblems()
  if (!asSums && sums.some((sum) => sum !== null && sum.name !== null))
    problems.add({
      code: 'list-mixed',
      path: listName,
      message: `${quote(listName)} holds checksum lines and other lines; all are taken for names.`,
      hint: 'Write one name a line, or the output of md5sum and nothing else.',
    })

  const names = new Map<RelPath, Digest | null>()
  lines.forEach((line, i) => {
    const name = (asSums ? sums[i]!.name! : line).replace(/^(?:\.\/+)+/, '')
    const digest = asSums ? toDigest(sums[i]!.hex) : null
    const fault = pathFault(name)
    if (fault === 'absolute' || name.split('/').includes('..')) {
      problems.add(refusedInList(listName, name, fault ?? 'dot-part'))
      return
    }
    if (name === listName || name === '' || name.startsWith('.') || isSidecar(name)) return
    if (name.includes('/')) {
      problems.add({
        code: 'list-folder',
        path: listName,
        message: `${quote(listName)} names ${quote(name)}, which is a folder or lies in one.`,
        hint: 'A list file names files of its own folder. For folders leave source.listing out: rsync lists them.',
      })
      return
    }
    if (fault !== null) {
      problems.add(refusedInList(listName, name, fault))
      return
    }
    const path = name as RelPath
    const before = names.get(path)
    if (before !== undefined && before !== digest) {
      problems.add({
        code: 'list-ambiguous',
        path,
        message: `${quote(listName)} names ${quote(name)} twice, with different sums; neither is believed.`,
        hint: 'Have the list written anew.',
      })
      names.set(path, null)
      return
    }
    names.set(path, digest)
  })
  return { list: { names }, problems: problems.all() }
}
