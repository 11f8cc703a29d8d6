import type { LedgerRecord } from '../model/holding.ts'
import type { SourceFile } from '../model/source-file.ts'
import { claimOf, digestOfKind, type FileFacts } from './file-facts.ts'
import { isWhole } from './is-whole.ts'

/**
 * Whether all that there is to say is that it stays: `judgeFile` then answers one `keep`. Asked before, for most of a million files it
 * spares the judgement.
 */
export function isAsPublished({ held, record, source }: FileFacts): boolean {
  if (record === undefined || !isWhole(held, record)) return false
  const claim = claimOf(source)
  if (claim !== null && claim !== digestOfKind(record, claim)) return false
  return source === undefined || !changedUnderMarker(source, record)
}

/** Data whose size or time is not what we took, under a marker whose time is. */
export function changedUnderMarker(source: SourceFile, record: LedgerRecord): boolean {
  if (source.listed === null || source.marker.state !== 'claimed') return false
  if (record.mtime === null || record.markerMtime === null) return false
  if (source.marker.mtime !== record.markerMtime) return false
  return source.listed.size !== record.size || source.listed.mtime !== record.mtime
}
