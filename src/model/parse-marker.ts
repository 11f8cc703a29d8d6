import { type Digest, type DigestKind, toDigest } from './digest.ts'
import { baseName } from './rel-path.ts'

/** One for all: each has memory of its own, which half a million markers would make gigabytes. */
const utf8 = new TextDecoder('utf-8')

/** Bytes; a longer file is no marker. */
export const MARKER_LIMIT = 4096

export type MarkerFault = 'too-long' | 'empty' | 'no-digest' | 'other-name' | 'other-kind' | 'ambiguous'

/**
 * What a marker claims of the data file `dataPath`. Knows GNU (`digest  name`, `digest *name`, `\`-escaped names), BSD
 * (`MD5 (name) = digest`) and bare digests, LF or CRLF. The base name must be the data file's; one digest, of the marker's kind.
 */
export function parseMarker(
  bytes: Uint8Array,
  dataPath: string,
  kind: DigestKind,
): { readonly digest: Digest } | { readonly fault: MarkerFault } {
  if (bytes.length > MARKER_LIMIT) return { fault: 'too-long' }
  const lines = utf8
    .decode(bytes)
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
  if (lines.length === 0) return { fault: 'empty' }
  if (lines.length > 1) return { fault: 'ambiguous' }
  const claim = parseLine(lines[0]!)
  if (claim === null) return { fault: 'no-digest' }
  if (claim.name !== null && baseName(claim.name) !== baseName(dataPath)) return { fault: 'other-name' }
  const digest = toDigest(claim.hex)
  if (digest === null) return { fault: 'no-digest' }
  if (digest.length !== (kind === 'md5' ? 32 : 64)) return { fault: 'other-kind' }
  return { digest }
}

/** One line of a checksum file: `name` is null for a bare digest, and for one of standard input (`-`). */
export function parseLine(line: string): { readonly hex: string; readonly name: string | null } | null {
  const bsd = /^(\\?)(MD5|SHA256|SHA2-256) \((.+)\) = ([0-9a-fA-F]+)\s*$/s.exec(line)
  if (bsd !== null) {
    const [, escaped, kind, name, hex] = bsd as unknown as readonly string[]
    if (hex!.length !== (kind === 'MD5' ? 32 : 64)) return null
    return { hex: hex!, name: escaped === '' ? name! : unescapeName(name!) }
  }
  const gnu = /^(\\?)([0-9a-fA-F]{32}|[0-9a-fA-F]{64}) [ *](.+)$/s.exec(line)
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
