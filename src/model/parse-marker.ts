import { type Digest, type DigestKind, toDigest } from './digest.ts'
import { baseName } from './rel-path.ts'

/** One for all: each has memory of its own, which half a million markers would make gigabytes. */
const utf8 = new TextDecoder('utf-8')

/** Bytes; a longer file is not a marker. */
export const MARKER_LIMIT = 4096

export type MarkerFault = 'too-long' | 'empty' | 'no-digest' | 'other-name' | 'other-kind' | 'ambiguous'

/** Why a marker cannot be used, and what it looks like, for those who have to write another one. */
export interface FaultyMarker {
  readonly fault: MarkerFault
  /** The name in it, where it is about another file. */
  readonly name?: string
  /** What wrote it, where that is known. */
  readonly writtenAs?: 'utf-16' | 'certutil' | 'get-filehash' | 'windows' | 'bsd'
}

/**
 * What a marker claims of the data file `dataPath`. Reads all that `md5sum -c` does: GNU (`digest  name`, `digest *name`, one blank or tab
 * between, `\`-escaped names), BSD and openssl (`MD5 (name) = digest`, `MD5(name)= digest`), blanks before, comment lines; and bare
 * digests, LF or CRLF, blanks at the end, and `\` between folders. The base name must be the data file's; one digest, of the marker's kind.
 */
export function parseMarker(
  bytes: Uint8Array,
  dataPath: string,
  kind: DigestKind,
): { readonly digest: Digest } | FaultyMarker {
  if (bytes.length > MARKER_LIMIT) return { fault: 'too-long' }
  const text = utf8.decode(bytes)
  const faulty = (fault: MarkerFault): FaultyMarker => {
    const writtenAs = isUtf16(bytes) ? 'utf-16' : WRITERS.find(([, mark]) => mark.test(text))?.[0]
    return writtenAs === undefined ? { fault } : { fault, writtenAs }
  }
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'))
  if (lines.length === 0) return faulty('empty')
  if (lines.length > 1) return faulty('ambiguous')
  const claim = parseLine(lines[0]!)
  if (claim === null) return faulty('no-digest')
  if (claim.name !== null && !isNameOf(claim.name, baseName(dataPath)))
    return { ...faulty('other-name'), name: claim.name }
  const digest = toDigest(claim.hex)
  if (digest === null) return faulty('no-digest')
  if (digest.length !== (kind === 'md5' ? 32 : 64)) return faulty('other-kind')
  return { digest }
}

const WRITERS = [
  ['certutil', /^CertUtil:|\bhash of (?:file )?.+:\r?\n/im],
  ['get-filehash', /^Algorithm\s+(?:Hash|:)/m],
  ['bsd', /^\s*(?:MD5|SHA2?-?256) \(/],
  ['windows', /\r\n|\b[A-Za-z]:\\/],
] as const

/** By its byte order mark, or by ASCII's other half. */
const isUtf16 = ([first, second]: Uint8Array): boolean =>
  (first === 0xff && second === 0xfe) ||
  (first === 0xfe && second === 0xff) ||
  (second !== undefined && (first === 0) !== (second === 0))

/** Whether a name as somebody wrote it, with whatever folders before it, is that of this file. */
const isNameOf = (written: string, name: string): boolean =>
  [written, written.trimEnd()].some(
    (text) => baseName(text) === name || baseName(text.replaceAll('\\', '/')) === name,
  )

/** One line of a checksum file: `name` is null for a bare digest, and for one of standard input (`-`). */
export function parseLine(line: string): { readonly hex: string; readonly name: string | null } | null {
  const bsd = /^[ \t]*(\\?)(MD5|SHA256|SHA2-256)[ \t]*\((.+)\)[ \t]*=[ \t]*([0-9a-fA-F]+)\s*$/s.exec(line)
  if (bsd !== null) {
    const [, escaped, kind, name, hex] = bsd as unknown as readonly string[]
    if (hex!.length !== (kind === 'MD5' ? 32 : 64)) return null
    return { hex: hex!, name: escaped === '' ? name! : unescapeName(name!) }
  }
  const gnu = /^[ \t]*(\\?)([0-9a-fA-F]{32}|[0-9a-fA-F]{64})[ \t][ *]?(.*\S.*)$/s.exec(line)
  if (gnu !== null) {
    const [, escaped, hex, name] = gnu as unknown as readonly string[]
    if (name!.trim() === '-') return { hex: hex!, name: null }
    return { hex: hex!, name: escaped === '' ? name! : unescapeName(name!) }
  }
  const bare = /^\s*([0-9a-fA-F]{32}|[0-9a-fA-F]{64})\s*$/.exec(line)
  return bare === null ? null : { hex: bare[1]!, name: null }
}

const unescapeName = (name: string): string =>
  name.replace(/\\(.)/gs, (_, c: string) => (c === 'n' ? '\n' : c === 'r' ? '\r' : c))
