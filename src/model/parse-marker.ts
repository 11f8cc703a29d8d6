import type { Digest, DigestKind } from './digest.ts'
import { baseName } from './rel-path.ts'

/** One for all: each has memory of its own, which half a million markers would make gigabytes. */
const utf8 = new TextDecoder('utf-8')
const utf16 = { le: new TextDecoder('utf-16le'), be: new TextDecoder('utf-16be') }

/** Bytes; a longer file is not a marker. */
export const MARKER_LIMIT = 4096

export type MarkerFault = 'too-long' | 'empty' | 'no-digest' | 'other-name' | 'other-kind' | 'ambiguous'

/** Why a marker cannot be used, and what it looks like, for those who have to write another one. */
export interface FaultyMarker {
  readonly fault: MarkerFault
  /** The name in it, where it is about another file, and what it claims of that. */
  readonly name?: string
  /** Where it has more than one: which are at fault, counted from 1, and the names in them. */
  readonly lines?: readonly { readonly number: number; readonly name: string | null }[]
  readonly ofOther?: Digest
  /** Hexadecimal digits of what it holds, where the marker's kind has another number. */
  readonly digits?: number
  /** What wrote it, where that is known. */
  readonly writtenAs?: WrittenAs
  /** The first line that is not blank, where it is text. */
  readonly first?: { readonly number: number; readonly text: string }
}

export type WrittenAs = (typeof WRITERS)[number][0] | 'utf-16'

/** Checksums by their number of hexadecimal digits. */
export const CHECKSUMS: Readonly<Record<number, string>> = {
  8: 'CRC-32',
  32: 'MD5',
  40: 'SHA-1',
  56: 'SHA-224',
  64: 'SHA-256',
  96: 'SHA-384',
  128: 'SHA-512',
}

/** Hexadecimal digits of a digest. */
export const DIGITS: Readonly<Record<DigestKind, number>> = { md5: 32, sha256: 64 }

/**
 * What a marker claims of the data file `dataPath`. Reads all that `md5sum -c` does: GNU (`digest  name`, `digest *name`, one blank or tab
 * between, `\`-escaped names), BSD and openssl (`MD5 (name) = digest`, `MD5(name)= digest`), blanks before, a zero byte after, comments and
 * whatever else is around a line that names the file; and bare digests, those of standard input (`-`, `(stdin)`), any line end, blanks at
 * the end, `;` comments, and `\` between folders. The base name must be the data file's; one digest of the marker's kind, however often.
 */
export function parseMarker(
  bytes: Uint8Array,
  dataPath: string,
  kind: DigestKind,
): { readonly digest: Digest } | FaultyMarker {
  if (bytes.length > MARKER_LIMIT) return { fault: 'too-long' }
  const text = utf8.decode(bytes)
  const faulty = (
    fault: MarkerFault,
    more: Pick<FaultyMarker, 'name' | 'digits' | 'lines' | 'ofOther'> = {},
  ): FaultyMarker => {
    const look = lookOf(bytes)
    if (look.first === undefined && look.writtenAs === undefined) return { fault: 'empty' }
    // One fault for each form, whatever a line of it happens to look like.
    if (!isPlain(look.writtenAs) && more.name === undefined) return { fault: 'no-digest', ...look }
    return { fault, ...more, ...look }
  }
  const lines = text
    .split(/\r\n?|\n/)
    .map((line, i) => ({ line, number: i + 1 }))
    .filter(({ line }) => line.trim() !== '' && !/^[#;]/.test(line))
  if (lines.length === 0) return faulty('empty')
  const all = lines.flatMap(({ line, number }) => {
    const read = readLine(line.replace(/\0.*$/s, ''))
    return read === null ? [] : [{ ...read, number }]
  })
  const at = (...these: typeof all) =>
    lines.length === 1 && lines[0]!.number === 1
      ? {}
      : { lines: these.map(({ number, name }) => ({ number, name })) }
  const claims = all.filter(({ hex }) => hex.length === DIGITS[kind])
  const [claim = all[0]] = claims
  if (claim === undefined) return faulty('no-digest')
  const digits = claim.hex.length
  if (claims.length === 0)
    return faulty(digits in CHECKSUMS ? 'other-kind' : 'no-digest', { digits, ...at(claim) })
  const otherName = ({ name }: Claim) =>
    name === null || name === STANDARD_INPUT || isNameOf(name, baseName(dataPath)) ? undefined : name
  const name = otherName(claim)
  const other = claims.find((one) => one.hex !== claim.hex || otherName(one) !== name)
  if (other !== undefined) return faulty('ambiguous', at(claim, other))
  // Only a line that names the file stands out from others.
  if (claims.length < lines.length && claims.every((one) => one.name === null))
    return faulty('ambiguous', at(claim))
  const digest = claim.hex as Digest
  return name === undefined ? { digest } : faulty('other-name', { name, ofOther: digest, ...at(claim) })
}

/** As openssl calls it; md5sum writes `-`. */
const STANDARD_INPUT = 'stdin'

/** What text is, by its look. What no `md5sum -c` reads comes first. */
const WRITERS = [
  ['zeros', /^\0+$/],
  ['binary', /[\0-\x08\x0e-\x1a\x1c-\x1f]|^(?:[^\ufffd]{0,3}\ufffd)+[^\ufffd]{0,3}$/],
  ['html', /^\s*<(?:!doctype|html|head|body|error|\?xml)\b/i],
  // In any language: its name in the last line, or a line of `MD5` that ends in a colon with nothing but digits below it.
  [
    'certutil',
    /^CertUtil\s?:|^[^\r\n]{0,300}(?:MD5|SHA-?\d+)[^\r\n]{0,300}[:\uff1a][ \t]*\r?\n[ \t]*(?:[0-9a-f]{2} ?){16,}\s*$/im,
  ],
  ['get-filehash', /^[\s"{[]*Algorithm"?,?\s*(?:"?Hash|:)/m],
  ['json', /^\s*[{[]/],
  ['gpg', /^-----BEGIN PGP /m],
  ['etag', /^\s*(?:etag:\s*)?(?:W\/)?(?:"[0-9a-f]{32}(?:-\d+)?"|[0-9a-f]{32}-\d+)\s*$|^\s*etag:/im],
  ['base64', /^\s*(?:Content-MD5:\s*)?(?:md5-|sha256-)?(?:[A-Za-z0-9+/]{22}==|[A-Za-z0-9+/]{43}=)(?:\s|$)/im],
  ['bsd', /^\s*(?:MD5|SHA2?-?256) \(/],
  ['windows', /\r\n|\b[A-Za-z]:\\/],
] as const

const isPlain = (writtenAs: WrittenAs | undefined): boolean =>
  writtenAs === undefined || writtenAs === 'bsd' || writtenAs === 'windows'

/** What a file looks like that should hold checksums. */
export function lookOf(bytes: Uint8Array): Pick<FaultyMarker, 'writtenAs' | 'first'> {
  const order = orderOfUtf16(bytes)
  const text = (order === null ? utf8 : utf16[order]).decode(bytes)
  const found = WRITERS.find(([, mark]) => mark.test(text))?.[0]
  if (found === 'zeros' || found === 'binary') return { writtenAs: found }
  const lines = text.split(/\r\n?|\n/)
  const at = lines.findIndex((line) => line.trim() !== '')
  if (at === -1) return {}
  const writtenAs = order !== null && isPlain(found) ? 'utf-16' : found
  const first = { number: at + 1, text: lines[at]!.trim() }
  return writtenAs === undefined ? { first } : { writtenAs, first }
}

/** By its byte order mark, or by ASCII's other half; null: it is not UTF-16. */
function orderOfUtf16([first, second]: Uint8Array): 'le' | 'be' | null {
  if (first === undefined || second === undefined) return null
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return 'le'
  return (first === 0xfe && second === 0xff) || (first === 0 && second !== 0) ? 'be' : null
}

/** Whether a name as somebody wrote it, with whatever folders before it, is that of this file. */
const isNameOf = (written: string, name: string): boolean =>
  [written, written.trimEnd()].some(
    (text) => baseName(text) === name || baseName(text.replaceAll('\\', '/')) === name,
  )

interface Claim {
  /** In lower case. */
  readonly hex: string
  /** Null for a bare digest, and for one of standard input (`-`). */
  readonly name: string | null
}

/** One line of a checksum file. */
export function parseLine(line: string): Claim | null {
  const claim = readLine(line)
  return claim !== null && Object.values(DIGITS).includes(claim.hex.length) ? claim : null
}

const TAG = /^(?:MD5|SHA(?:1|224|384)|SHA(?:2-)?(?:256|512))$/

const isTagOf = (tag: string, hex: string): boolean =>
  TAG.test(tag) && CHECKSUMS[hex.length] === tag.replace(/^SHA(?:2-)?/, 'SHA-')

/** What has the form of a line of a checksum file, whatever the number of digits. */
function readLine(line: string): Claim | null {
  const bsd = /^[ \t]*(\\?)([A-Z0-9-]{3,8})?[ \t]*\((.+)\)[ \t]*=[ \t]*([0-9a-fA-F]+)\s*$/s.exec(line)
  if (bsd !== null) {
    const [, escaped, tag, name, hex] = bsd as unknown as readonly (string | undefined)[]
    // An old openssl names no kind.
    const isOne = tag === undefined ? name === STANDARD_INPUT : isTagOf(tag, hex!)
    return isOne ? claimOf(hex!, name!, escaped !== '') : null
  }
  const gnu = /^[ \t]*(\\?)([0-9a-fA-F]{8,})[ \t][ *]?(.*\S.*)$/s.exec(line)
  if (gnu !== null) {
    const [, escaped, hex, name] = gnu as unknown as readonly string[]
    return name!.trim() === '-' ? claimOf(hex!, null) : claimOf(hex!, name!, escaped !== '')
  }
  const bare = /^\s*([0-9a-fA-F]{8,})\s*$/.exec(line)
  if (bare !== null) return claimOf(bare[1]!, null)
  // As .sfv files have it.
  const sfv = /^(.*\S)[ \t]+([0-9a-fA-F]{8})\s*$/s.exec(line)
  return sfv === null ? null : claimOf(sfv[2]!, sfv[1]!)
}

const claimOf = (hex: string, name: string | null, isEscaped = false): Claim => ({
  hex: hex.toLowerCase(),
  name: name !== null && isEscaped ? unescapeName(name) : name,
})

const unescapeName = (name: string): string =>
  name.replace(/\\(.)/gs, (_, c: string) => (c === 'n' ? '\n' : c === 'r' ? '\r' : c))
