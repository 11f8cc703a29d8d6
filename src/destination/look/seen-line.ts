import { crc32 } from 'node:zlib'
import type { Digest } from '../../model/digest.ts'
import type { LedgerRecord, Seen } from '../../model/holding.ts'
import type { Instant } from '../../model/instant.ts'
import type { RelPath } from '../../model/rel-path.ts'
import { fromSeenRow, type SeenRow, toSeenRow } from '../../model/seen-row.ts'
import type { Voucher } from '../../model/source-file.ts'

const CRC_LENGTH = 8

/** `CRC [path, size, mtime, ...]`: the sum keeps a flipped bit from becoming a conflict that is none. With its newline. */
export function seenLine(path: RelPath, seen: Seen | null): string {
  const text = JSON.stringify(seen === null ? [path] : fieldsOf(toSeenRow(path, seen)))
  return `${sumOf(Buffer.from(text))} ${text}\n`
}

const fieldsOf = (row: SeenRow): Fields => [
  row.path,
  row.size,
  row.mtime,
  row.marker === null ? null : [row.marker.path, row.marker.size, row.marker.mtime],
  row.digest,
  row.readAt,
  row.stagedFor,
  row.gate === null ? null : [row.gate.at, row.gate.size, row.gate.mtime, row.gate.digest],
  row.waitingSince,
  ...lastOf(row),
]

/** What earlier versions did not write: who vouches for the claim, or when the first of quiet's two looks was; and when it changed. */
function lastOf({ by, quiet, changes }: SeenRow): readonly Last[] {
  const who = by ?? (quiet === undefined ? null : ([quiet.at, quiet.boot, quiet.up, quiet.stops] as const))
  return changes === undefined ? (who === null ? [] : [who]) : [who, changes]
}

type Last = Voucher | Look | readonly number[] | null

/** One line, without its newline; null if it was not written here. */
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
  // The sum is right, so the shape is one that some version wrote; its length says whether it was this one.
  if (!Array.isArray(fields) || typeof fields[0] !== 'string') return null
  const record = published.get(fields[0] as RelPath)
  const path = record?.path ?? (fields[0] as RelPath)
  if (fields.length === 1) return { path, seen: null }
  if (fields.length < 9 || fields.length > 11) return null
  return { path, seen: fromSeenRow(rowOf(path, fields as Fields, record)) }
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
  ...Last[],
]

type Look = readonly [at: Instant, boot: string | null, up: number, stops: number]

const rowOf = (
  path: RelPath,
  [, size, mtime, marker, digest, readAt, stagedFor, gate, waitingSince, last, changes]: Fields,
  record: LedgerRecord | undefined,
): SeenRow => ({
  path,
  size,
  mtime,
  marker: marker === null ? null : { path: marker[0], size: marker[1], mtime: marker[2] },
  digest: digest === null ? null : ownText(digest, record),
  readAt,
  stagedFor,
  gate: gate === null ? null : { at: gate[0], size: gate[1], mtime: gate[2], digest: gate[3] },
  waitingSince,
  ...(typeof last === 'string' ? { by: last } : {}),
  ...(Array.isArray(last) ? { quiet: lookOf(last as unknown as Look) } : {}),
  ...(Array.isArray(changes) ? { changes: changes as readonly number[] } : {}),
})

const lookOf = ([at, boot, up, stops]: Look) => ({ at, boot, up, stops })

/** The same digest, in the ledger's text where it has one. */
const ownText = (digest: Digest, record: LedgerRecord | undefined): Digest =>
  digest === record?.md5 ? record.md5 : digest === record?.sha256 ? record.sha256 : digest

const sumOf = (bytes: Uint8Array): string => crc32(bytes).toString(16).padStart(CRC_LENGTH, '0')
