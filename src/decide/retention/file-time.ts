import type { Digest } from '../../model/digest.ts'
import type { LedgerRecord } from '../../model/holding.ts'
import { type Instant, instant } from '../../model/instant.ts'
import { claimOf, type FileFacts } from '../files/facts.ts'

/**
 * The time of a file apart from what its name says: the source's mtime, as it was when it was published where it is held, or was pruned and is
 * the same still: a new mtime alone makes no new point of it.
 */
export function fileTime({ source, held, record, pruned }: FileFacts): Instant | null {
  const isSame = source?.listed == null || (pruned !== undefined && isSameClaim(claimOf(source), record))
  if (record !== undefined && (isSame || held !== undefined)) return recordedTime(record)
  return source?.listed == null ? null : instant(source.listed.mtime * 1000)
}

/** The source's mtime when it was published, else when that was. */
export const recordedTime = ({ mtime, since }: LedgerRecord): Instant =>
  mtime === null ? since : instant(mtime * 1000)

export const isOther = (claim: Digest | null, record: LedgerRecord | undefined): boolean =>
  claim !== null && record !== undefined && claim !== record.md5 && claim !== record.sha256

const isSameClaim = (claim: Digest | null, record: LedgerRecord | undefined): boolean =>
  claim !== null && record !== undefined && !isOther(claim, record)
