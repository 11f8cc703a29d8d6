import { crc32 } from 'node:zlib'
import type { Digest } from '../../model/digest.ts'
import type { GateFailure, LedgerRecord, Seen, SeenClaim } from '../../model/holding.ts'
import type { Instant } from '../../model/instant.ts'
import type { ListedFile } from '../../model/listing.ts'
import { markerPath, suffixOf } from '../../model/marker-name.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { NoMarker } from '../../model/source-file.ts'

const CRC_LENGTH = 8

/** `CRC [path, size, mtime, ...]`: the sum keeps a flipped bit from becoming a conflict that is none. With its newline. */
export function seenLine(path: RelPath, seen: Seen | null): string {
  const text = JSON.stringify(seen === null ? [path] : fieldsOf(path, seen))
  return `${sumOf(Buffer.from(text))} ${text}\n`
}

function fieldsOf(path: RelPath, { listed, marker, readAt, stagedFor, gate, waitingSince }: Seen): Fields {
  const claim = marker.state === 'claimed' ? marker : null
  return [
    path,
    listed.size,
    listed.mtime,
    claim === null ? null : [markerPath(path, claim), claim.size, claim.mtime],
    claim?.digest ?? null,
    readAt,
    stagedFor,
    gate === null ? null : [gate.at, gate.size, gate.mtime, gate.digest],
    waitingSince,
  ]
}

/** One line, without its newline; null where it is none that was written here. */
export function readSeen(
  bytes: Buffer,
  published: ReadonlyMap<RelPath, LedgerRecord>,
): { readonly path: RelPath; readonly seen: Seen | null } | null {
  const text = bytes.subarray(CRC_LENGTH + 1)
  if (bytes.toString('latin1', 0, CRC_LENGTH) !== sumOf(text)) return null
  let fields: unknown
  try {
    fields = JSON.parse(text.toString())
  } catch {
    return null
  }
  // The sum is right, so the shape is one that some version wrote; its length tells whether it was this one.
  if (!Array.isArray(fields) || typeof fields[0] !== 'string') return null
  const record = published.get(fields[0] as RelPath)
  const path = record?.path ?? (fields[0] as RelPath)
  if (fields.length === 1) return { path, seen: null }
  if (fields.length !== 9) return null
  return { path, seen: seenOf(fields as Fields, record) }
}

type Fields = [
  RelPath,
  number,
  number,
  [string, number, number] | null,
  Digest | null,
  Instant | null,
  Digest | null,
  [Instant, number, number, Digest] | null,
  Instant | null,
]

const NO_MARKER: NoMarker = { state: 'none' }

function seenOf(
  [path, size, mtime, marker, digest, readAt, stagedFor, gate, waitingSince]: Fields,
  record: LedgerRecord | undefined,
): Seen {
  const listed = { size, mtime }
  const claim =
    marker === null || digest === null ? NO_MARKER : claimOf(path, marker, ownText(digest, record))
  return claim.state === 'claimed' && stagedFor === null && gate === null && waitingSince === null
    ? new SeenMarked(listed, claim, readAt)
    : { listed, marker: claim, readAt, stagedFor, gate: gate === null ? null : gateOf(gate), waitingSince }
}

/** A file that its marker stands beside, of which nothing else is to be remembered: of a million nearly all are, and this is half as large. */
class SeenMarked implements Seen {
  readonly #size: number
  readonly #mtime: number
  readonly #suffix: string
  readonly #digest: Digest
  readonly #markerSize: number
  readonly #markerMtime: number
  readonly #readAt: Instant | null

  constructor(listed: ListedFile, claim: SeenClaim, readAt: Instant | null) {
    this.#size = listed.size
    this.#mtime = listed.mtime
    this.#suffix = claim.suffix
    this.#digest = claim.digest
    this.#markerSize = claim.size
    this.#markerMtime = claim.mtime
    this.#readAt = readAt
  }

  get listed(): ListedFile {
    return { size: this.#size, mtime: this.#mtime }
  }

  get marker(): SeenClaim {
    return {
      state: 'claimed',
      suffix: this.#suffix,
      digest: this.#digest,
      size: this.#markerSize,
      mtime: this.#markerMtime,
      text: null,
    }
  }

  get readAt(): Instant | null {
    return this.#readAt
  }

  get stagedFor(): null {
    return null
  }

  get gate(): null {
    return null
  }

  get waitingSince(): null {
    return null
  }
}

const claimOf = (
  path: RelPath,
  [marker, size, mtime]: NonNullable<Fields[3]>,
  digest: Digest,
): SeenClaim => ({ state: 'claimed', suffix: suffixOf(path, marker), digest, size, mtime, text: null })

/** The same digest, in the ledger's text where it has one. */
const ownText = (digest: Digest, record: LedgerRecord | undefined): Digest =>
  digest === record?.md5 ? record.md5 : digest === record?.sha256 ? record.sha256 : digest

const gateOf = ([at, size, mtime, digest]: NonNullable<Fields[7]>): GateFailure => ({
  at,
  size,
  mtime,
  digest,
})

const sumOf = (bytes: Uint8Array): string => crc32(bytes).toString(16).padStart(CRC_LENGTH, '0')
