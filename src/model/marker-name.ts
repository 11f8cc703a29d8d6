import type { DigestKind } from './digest.ts'
import { baseName, type RelPath } from './rel-path.ts'

const SUFFIX = /\.(md5|sha256)(?:sum)?$/i
// Every sidecar a backup folder is likely to hold. None of them is ever data.
const SIDECAR = /\.(md5|md5sum|sha1|sha1sum|sha224|sha256|sha256sum|sha384|sha512|sha512sum|b2|b3|asc|sig)$/i

/** The data file's path and the checksum's kind, where `path` is a marker's (`X.md5`, `X.SHA256`, `X.md5sum`); else null. */
export function markerOf(path: string): { readonly data: string; readonly kind: DigestKind } | null {
  const found = SUFFIX.exec(path)
  if (found === null || baseName(path).length === found[0].length) return null
  return { data: path.slice(0, found.index), kind: found[1]!.toLowerCase() as DigestKind }
}

/** A data file's marker, by what its path has beyond the data's. */
export const markerPath = (data: RelPath, { suffix }: { readonly suffix: string }): RelPath =>
  `${data}${suffix}` as RelPath

/** A marker as md5sum and sha256sum write it, its bytes as latin1. */
export function markerText(digest: string, data: RelPath): string {
  const name = baseName(data)
  const escaped = name.replaceAll('\\', '\\\\')
  const line = `${escaped === name ? '' : '\\'}${digest}  ${escaped}\n`
  return String.fromCharCode(...new TextEncoder().encode(line))
}

export const USUAL_SUFFIXES = [
  '.md5',
  '.sha256',
  '.md5sum',
  '.sha256sum',
  '.MD5',
  '.SHA256',
  '.MD5SUM',
  '.SHA256SUM',
]

/** Of one kind, the one that counts first where a file has several. */
export const usualSuffixes = (kind: DigestKind): readonly string[] =>
  USUAL_SUFFIXES.filter((suffix) => suffix.toLowerCase().startsWith(`.${kind}`))

/** The other way round. The usual ones are one text each, however many markers have them. */
export const suffixOf = (data: string, marker: string): string =>
  USUAL_SUFFIXES.find((suffix) => marker.length === data.length + suffix.length && marker.endsWith(suffix)) ??
  marker.slice(data.length)

/** A checksum or signature next to data. Sidecars of any kind are never data. */
export const isSidecar = (path: string): boolean => SIDECAR.test(path)

const CHECKSUM = /\.(?:(?:md5|sha1|sha224|sha256|sha384|sha512)(?:sum)?|b2|b3)$/i
const SUMS = /^(?:(?:md5|sha1|sha256|sha512|b2)-?sums?|checksums?)(?:\.(?:txt|md5|sha1|sha256|sha512))?$/i

/** The data file that a checksum of any kind belongs to; null: it is not one. Signatures say nothing of what is finished. */
export const otherChecksum = (path: string): string | null =>
  CHECKSUM.test(path) ? path.replace(CHECKSUM, '') : null

/** A file that by its name holds the sums of many. */
export const isSumsFile = (path: string): boolean => SUMS.test(baseName(path))
