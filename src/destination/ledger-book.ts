import type { Digest } from '../model/digest.ts'
import type { LedgerRecord } from '../model/holding.ts'
import { type Instant, instant } from '../model/instant.ts'
import type { LedgerEvent } from '../model/ledger-event.ts'
import { type RelPath, toRelPath } from '../model/rel-path.ts'
import type { LedgerLine } from './ledger-line.ts'

export type RepairIntent = Extract<LedgerEvent, { readonly event: 'repair-begin' }>

/** Where a line lies in the ledger's file, bytes. */
export interface LinePlace {
  readonly offset: number
  readonly length: number
}

/** A record that knows the line it came from, so that its marker need not be kept in memory. */
interface BookRecord extends LedgerRecord {
  readonly line: LinePlace
}

/** All that the ledger's lines add up to. Changed by {@link enter} alone. */
export interface Book {
  id: string | null
  lastTime: Instant
  lastStamp: string
  readonly records: Map<RelPath, BookRecord>
  readonly repairs: Map<RelPath, RepairIntent>
  readonly abandoned: Map<RelPath, Instant>
}

export const emptyBook = (): Book => ({
  id: null,
  lastTime: instant(0),
  lastStamp: '',
  records: new Map(),
  repairs: new Map(),
  abandoned: new Map(),
})

/** Enters one line. Lines of a kind this version does not know, and paths that are not safe (I6), are passed over. */
export function enter(book: Book, line: LedgerLine, place: LinePlace): void {
  // The lines of one append share their time.
  if (line.time !== book.lastStamp) {
    book.lastStamp = line.time
    book.lastTime = instant(Date.parse(line.time) || 0)
  }
  const at = book.lastTime
  switch (line.event) {
    case 'created':
      book.id = line.id
      return
    case 'published':
    case 'adopted':
    case 'repaired': {
      const path = toRelPath(line.path)
      if (path === null) return
      book.records.set(path, {
        size: line.size,
        md5: line.md5 as Digest,
        sha256: line.sha256 as Digest,
        mtime: line.mtime,
        markerMtime: line.markerMtime,
        markerSize: line.marker.text.length,
        since: book.records.get(path)?.since ?? at,
        readAt: at,
        planId: line.planId,
        line: place,
      })
      book.abandoned.delete(path)
      return
    }
    case 'repair-begin': {
      const path = toRelPath(line.path)
      if (path !== null) book.repairs.set(path, line)
      return
    }
    case 'repair-done':
      book.repairs.delete(line.path as RelPath)
      return
    case 'staging-abandoned': {
      const path = toRelPath(line.path)
      if (path !== null) book.abandoned.set(path, at)
      return
    }
    case 'staging-wanted':
    case 'staging-expired':
      book.abandoned.delete(line.path as RelPath)
      return
    case 'verified':
    case 'prune-begin':
    case 'prune-done':
    case 'undo-begin':
    case 'undo-done':
    case 'trash-expired':
    case 'rot':
    case 'recovered':
    case 'rebuilt':
    case 'released':
      return
    default:
      line satisfies never
  }
}
