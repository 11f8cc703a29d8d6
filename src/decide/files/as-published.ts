import type { LedgerRecord, Seen } from '../../model/holding.ts'
import type { SourceFile } from '../../model/source-file.ts'
import { claimOf, digestOfKind, type FileFacts, isWhole } from './facts.ts'

/**
 * Whether all that there is to say is that it stays: `judgeFile` then answers one `keep`. Asked before, for most of a million files it
 * spares the judgement.
 */
export function isAsPublished({ held, record, source, seen }: FileFacts): boolean {
  if (record === undefined || !isWhole(held, record)) return false
  const claim = claimOf(source)
  if (claim !== null && claim !== digestOfKind(record, claim)) return false
  return source === undefined || !(isNextVersion(source, record) || changedUnderMarker(source, record, seen))
}

/** What will have the same name here, and is not finished. */
export const isNextVersion = (
  source: SourceFile | undefined,
  { mtime, same }: LedgerRecord,
): source is SourceFile =>
  source?.from !== undefined &&
  source.marker.state === 'none' &&
  source.listed !== null &&
  source.listed.mtime > (same ?? mtime ?? Number.POSITIVE_INFINITY)

/**
 * Other data under a marker that still claims ours. Another size is certain; another time may be that of a copy made with its marker,
 * and counts only under a marker that was there when the data was as we took it, or as it was last seen.
 */
export function changedUnderMarker(
  source: SourceFile,
  record: LedgerRecord,
  seen: Seen | undefined,
): boolean {
  const { listed, marker, from } = source
  if (listed === null || marker.state !== 'claimed') return false
  if (listed.size !== record.size) return true
  // A version is what its marker, which is no older, says.
  if (from !== undefined) return false
  if (record.mtime !== null && marker.mtime === record.markerMtime) return listed.mtime !== record.mtime
  return changedSinceSeen(source, record, seen)
}

/** Under a marker other than the one published: data that is neither what was published nor what stood there when we last looked. */
export function changedSinceSeen(
  { listed, marker }: SourceFile,
  record: LedgerRecord,
  seen: Seen | undefined,
): boolean {
  if (listed === null || marker.state !== 'claimed' || seen?.marker.state !== 'claimed') return false
  if (marker.digest !== digestOfKind(record, marker.digest) || marker.mtime === record.markerMtime)
    return false
  if (marker.mtime !== seen.marker.mtime || marker.digest !== seen.marker.digest) return false
  return (
    listed.mtime !== record.mtime && listed.mtime !== seen.listed.mtime && seen.listed.size === record.size
  )
}

/** Days of changes that are remembered. */
const DAYS = 3

/**
 * The mtimes (seconds) under which a file was seen to have other bytes than the copy here, the last of each of the last days, this look
 * included. Undefined: it has none.
 */
export function changesOf(
  { listed, marker, from }: SourceFile,
  record: LedgerRecord | undefined,
  seen: Seen | undefined,
): readonly number[] | undefined {
  if (record === undefined || listed === null || from !== undefined) return undefined
  const before = seen?.changes
  if (marker.state !== 'claimed') return before
  if (marker.digest === digestOfKind(record, marker.digest)) return undefined
  return [...(before ?? []).filter((one) => dayOf(one) < dayOf(listed.mtime)), listed.mtime].slice(-DAYS)
}

/** Whether it changed on each of three days that follow each other. */
export const changesDaily = (changes: readonly number[] = []): boolean =>
  changes.length === DAYS && changes.every((one, i) => dayOf(one) - dayOf(changes[0]!) === i)

const dayOf = (mtime: number): number => Math.floor(mtime / 86_400)
