import type { Anomaly, Gated } from '../../model/anomaly.ts'
import { baseName } from '../../model/rel-path.ts'

/** A kind of file: what it is called, and how its first bytes show it. */
interface Kind {
  readonly name: string
  readonly begins: (head: string) => boolean
  /** Whether a file of so many bytes, which begins so, has nothing in it. */
  readonly isHollow?: (head: string, size: number) => boolean
}

const starts =
  (...magics: readonly string[]) =>
  (head: string): boolean =>
    magics.some((magic) => head.startsWith(magic))

const upTo =
  (bytes: number) =>
  (_: string, size: number): boolean =>
    size <= bytes

const GZIP: Kind = {
  name: 'gzip',
  begins: starts('\x1f\x8b'),
  // Its last eight bytes are the checksum and the length of what is in it.
  isHollow: (head, size) => size <= head.length && head.endsWith('\0'.repeat(8)),
}
const ZSTD: Kind = {
  name: 'zstd',
  // Or a frame to be skipped, with which pzstd begins.
  begins: (head) => head.startsWith('\x28\xb5\x2f\xfd') || /^[\x50-\x5f]\x2a\x4d\x18/.test(head),
  isHollow: upTo(13),
}
const XZ: Kind = { name: 'xz', begins: starts('\xfd7zXZ\0'), isHollow: upTo(32) }
const BZIP2: Kind = { name: 'bzip2', begins: starts('BZh'), isHollow: upTo(14) }
const ZIP: Kind = { name: 'zip', begins: starts('PK\x03\x04', 'PK\x05\x06', 'PK\x07\x08', 'PK00PK') }
const SEVEN_ZIP: Kind = { name: '7z', begins: starts('7z\xbc\xaf\x27\x1c') }
const TAR: Kind = { name: 'tar', begins: isTar }
const SQLITE: Kind = { name: 'SQLite', begins: starts('SQLite format 3\0') }
const CUSTOM: Kind = { name: 'PostgreSQL custom dump', begins: starts('PGDMP') }

const KINDS: readonly Kind[] = [GZIP, ZSTD, XZ, BZIP2, ZIP, SEVEN_ZIP, TAR, SQLITE, CUSTOM]

/** What a name may end in. `also`: what else may be in such a file; `inner`: what is in it by its name is never nothing. */
interface Ending {
  readonly pattern: RegExp
  readonly kind: Kind
  readonly also?: (head: string) => boolean
}

const isText = (head: string): boolean => !/[^\t\n\f\r\x1b\x20-\x7e\x80-\xff]/.test(head)
const isSql = (head: string): boolean =>
  /^(?:\xef\xbb\xbf)?\s*(?:--|\/\*|\\|#|(?:set|create|begin|start|insert|drop|use|pragma|lock|alter|replace|delimiter|copy|select)\s)/i.test(
    head,
  )
const isMarkup = (head: string): boolean =>
  /^(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|body|\?xml|!--)/i.test(head)

/**
 * The last suffix alone counts: what is encrypted (.gpg, .age), or a part of a split file (.001, .aa), says nothing of its bytes. Only what is
 * written by convention in one way: a .db may be of Berkeley, and a zone file.
 */
const ENDINGS: readonly Ending[] = [
  { pattern: /\.(?:gz|tgz)$/i, kind: GZIP },
  { pattern: /\.(?:zst|zstd|tzst)$/i, kind: ZSTD },
  { pattern: /\.(?:xz|txz)$/i, kind: XZ },
  { pattern: /\.(?:bz2|tbz|tbz2)$/i, kind: BZIP2 },
  { pattern: /\.zip$/i, kind: ZIP },
  { pattern: /\.7z$/i, kind: SEVEN_ZIP },
  { pattern: /\.tar$/i, kind: TAR },
  { pattern: /\.(?:sqlite|sqlite3|db3)$/i, kind: SQLITE },
  { pattern: /\.pgdump$/i, kind: CUSTOM, also: (head) => isSql(head) || isTar(head) },
  // Many programs call theirs so; none of them writes prose.
  { pattern: /\.dump$/i, kind: CUSTOM, also: (head) => isSql(head) || !isText(head) },
  { pattern: /\.db$/i, kind: SQLITE, also: () => true },
]

/** Names under which something is compressed that is never nothing. */
const NEVER_HOLLOW = /\.(?:tgz|tzst|txz|tbz2?|(?:tar|sql|dump|pgdump|db|sqlite3?)\.[^.]+)$/i

/** What is wrong with a file's kind, by its name and its first bytes; null: nothing, or its name says nothing. */
export function oddKind({ path, size, head }: Omit<Gated, 'digests'>): Anomaly | null {
  const name = baseName(path)
  const ending = ENDINGS.find(({ pattern }) => pattern.test(name))
  if (ending === undefined) return null
  const { kind, also } = ending
  const odd = (found: string): Anomaly => ({ kind: 'kind', expected: kind.name, found })
  if (size === 0) return odd('nothing')
  if (kind.begins(head))
    return NEVER_HOLLOW.test(name) && kind.isHollow?.(head, size) ? odd(`${kind.name} of nothing`) : null
  if (isMarkup(head)) return odd('a web page')
  if (also?.(head)) return null
  const other = KINDS.find((one) => one.begins(head))
  return odd(other?.name ?? (isText(head) ? 'plain text' : 'other bytes'))
}

/** Of a kind whose later parts begin with whatever the one before ended with: the name of the part that would show it; null: none. */
export const lastVolumeOf = (path: string): string | null =>
  /\.zip$/i.test(path) ? path.replace(/zip$/i, (ending) => (ending === 'ZIP' ? 'Z01' : 'z01')) : null

/** The suffix by which a name says its kind; null: it says none. */
export const kindOf = (path: string): string | null =>
  ENDINGS.find(({ pattern }) => pattern.test(baseName(path)))?.kind.name ?? null

/** By the magic of POSIX and GNU, else by the checksum of its first header, which older ones have too; all zeros is an empty one. */
function isTar(head: string): boolean {
  if (head.length < 512) return false
  if (head.startsWith('ustar', 257) || /^\0+$/.test(head)) return true
  const written = Number.parseInt(head.slice(148, 156).replace(/^[ \0]+/, ''), 8)
  let [unsigned, signed] = [0, 0]
  for (let at = 0; at < 512; at++) {
    const byte = at >= 148 && at < 156 ? 0x20 : head.charCodeAt(at)
    unsigned += byte
    signed += byte > 127 ? byte - 256 : byte
  }
  return written === unsigned || written === signed
}
