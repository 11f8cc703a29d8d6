import { type Digest, toDigest } from '../model/digest.ts'
import type { Listing, SumsFile } from '../model/listing.ts'
import { parseLine } from '../model/parse-marker.ts'
import { baseName, folderOf, pathFault, type RelPath } from '../model/rel-path.ts'
import { linesOf } from './parse-list-file.ts'

/** Lines of a sums file beyond these are not read: no source lists more files. */
const LINES = 2_000_000

/**
 * What a sums file claims of the files that were listed: names are relative to its folder, as whoever wrote it ran md5sum there. A name with
 * another root, or one that leaves the folder, counts by its base name, in that folder. Lines of no form that md5sum -c reads are passed
 * over, like those of digests of another length. Null: named twice, with two digests of one kind.
 */
export function parseSums(
  bytes: Uint8Array,
  sums: RelPath,
  length: number,
  { files }: Listing,
): { readonly claims: SumsFile; readonly others: number } {
  const folder = folderOf(sums)
  const inside = (name: string): RelPath => (folder === '' ? name : `${folder}/${name}`) as RelPath
  const claims = new Map<RelPath, Digest | null>()
  let lines = 0
  let others = 0
  for (const line of linesOf(bytes)) {
    if (++lines > LINES) break
    const read = parseLine(line)
    const digest = read?.name == null ? null : toDigest(read.hex)
    if (read?.name == null || digest === null) continue
    if (digest.length !== length) {
      others++
      continue
    }
    const path = [read.name, read.name.trimEnd()]
      .flatMap((name) => [name, name.replaceAll('\\', '/')])
      .map((name) => inside(isForeign(name) ? baseName(name) : name.replace(/^(?:\.\/+)+/, '')))
      .find((one) => files.has(one))
    if (path === undefined || pathFault(path) !== null) continue
    const before = claims.get(path)
    claims.set(path, before === undefined || before === digest ? digest : null)
  }
  return { claims, others }
}

/** Absolute, of a Windows drive, or out of the folder. */
const isForeign = (name: string): boolean => /^\/|^[A-Za-z]:\/|(?:^|\/)\.\.(?:\/|$)/.test(name)
