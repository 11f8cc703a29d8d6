import { clockSanity } from '../../model/clock-sanity.ts'
import type { Digest } from '../../model/digest.ts'
import {
  firstPublished,
  type Holding,
  type LedgerRecord,
  type PrunedFile,
  type SeenTerms,
} from '../../model/holding.ts'
import { type Instant, instant } from '../../model/instant.ts'
import type { FileEvent, LedgerEvent, LedgerLine, PruneBegin } from '../../model/ledger-event.ts'
import { type RelPath, toRelPath } from '../../model/rel-path.ts'
import { isEventName } from './event-name.ts'
import { markerSum } from './line.ts'
import { enterReceipt, type Receipts } from './receipts.ts'

export type RepairIntent = Extract<LedgerEvent, { readonly event: 'repair-begin' }>
export type PruneIntent = PruneBegin & { readonly path: RelPath }
export type UndoIntent = Extract<LedgerEvent, { readonly event: 'undo-begin' }> & { readonly path: RelPath }

/** A line's place in the ledger's file, bytes. */
export interface LinePlace {
  readonly offset: number
  readonly length: number
}

/** A record that knows the line it came from, so that its marker need not be kept in memory. */
interface BookRecord extends LedgerRecord {
  readonly lineAt: number
  readonly lineLength: number
}

/** All that the ledger's lines add up to, before the first of them. Changed by {@link enter} alone. */
export const emptyBook = () => ({
  id: null as string | null,
  created: null as Instant | null,
  /** The latest time that was ever written by a clock that was believed, and that a person has not disowned since. */
  lastTime: instant(0),
  /** Of the line at hand, as read and as written. */
  stampTime: instant(0),
  lastStamp: '',
  isBehind: false,
  /** Lines were written since by a clock that was not believed: they count as written at `lastTime` for now. */
  isDoubtful: false,
  /** `seq` of the line by which a person last let the clock count as it is; 0: none. */
  clockLet: 0,
  lastPrune: null as Holding['lastPrune'],
  surplus: new Map<RelPath, Instant>(),
  terms: [] as SeenTerms[],
  drills: new Map() as Receipts,
  records: new Map<RelPath, BookRecord>(),
  repairs: new Map<RelPath, RepairIntent>(),
  abandoned: new Map<RelPath, Instant>(),
  pruned: new Map<RelPath, PrunedFile>(),
  prunes: new Map<RelPath, PruneIntent>(),
  undos: new Map<RelPath, UndoIntent>(),
  /** Files in the trash that were published again since. */
  strays: new Map<string, { readonly path: RelPath; readonly trash: string }>(),
  foreign: [] as readonly string[],
  /** Of the texts that the lines of one removal repeat, one copy each. */
  texts: new Map<string, string>(),
})
export type Book = ReturnType<typeof emptyBook>

/** Holds that ask whether this box's clock is right. */
const CLOCK_HOLDS: ReadonlySet<string> = new Set(['prune-clock-back', 'clock-leap'])

/** Enters one line. Lines of a kind this version does not know, and paths that are not safe (I6), are passed over. */
export function enter(book: Book, line: LedgerLine, place: LinePlace): void {
  // The lines of one append share their time.
  if (line.time !== book.lastStamp) {
    book.lastStamp = line.time
    book.stampTime = instant(Date.parse(line.time) || 0)
    book.isBehind = clockSanity(book.lastTime, book.stampTime) === 'behind'
  }
  if (book.isBehind || line.clock !== undefined) book.isDoubtful = true
  else believe(book, instant(Math.max(book.lastTime, book.stampTime)))
  // The order of the lines counts, and only trusted times: nothing is older than the line before it.
  const at = book.lastTime
  book.created ??= at
  switch (line.event) {
    case 'created':
      book.id = line.id
      return
    case 'published':
    case 'adopted':
    case 'repaired': {
      const path = toRelPath(line.path)
      if (path === null) return
      const before = book.records.get(path)
      const removal = book.pruned.get(path)
      // What is seldom there comes last: spread in between, it would cost each of a million records a second object.
      book.records.set(path, {
        path: before?.path ?? path,
        size: line.size,
        md5: line.md5 as Digest,
        sha256: line.sha256 as Digest,
        mtime: line.mtime,
        markerMtime: line.markerMtime,
        markerSize: line.marker.text.length,
        markerSum: markerSum(Buffer.from(line.marker.text, 'latin1')),
        // What comes again after a prune is as young as what comes for the first time.
        since: (removal === undefined ? before?.since : null) ?? at,
        readAt: at,
        planId: line.planId === null ? null : once(book, line.planId),
        lineAt: place.offset,
        lineLength: place.length,
        ...(line.revision == null ? {} : { revision: once(book, line.revision) }),
        ...versionOf(line, before),
        ...(before === undefined ? {} : { first: firstPublished(before) }),
        ...removedBefore(removal, before),
        ...anomaliesIn(line, before),
        ...(line.event === 'adopted' ? { here: null } : {}),
      })
      book.abandoned.delete(path)
      const trash = removal?.trash ?? book.prunes.get(path)?.trash
      if (trash != null) book.strays.set(`${trash}/${path}`, { path, trash })
      // Whatever was begun with it before, it is here now: nothing may take it away on the strength of an older plan.
      for (const ended of [book.pruned, book.prunes, book.undos]) ended.delete(path)
      return
    }
    case 'same': {
      const record = book.records.get(line.path as RelPath)
      if (record !== undefined && Number.isSafeInteger(line.mtime))
        book.records.set(record.path, { ...record, same: Math.max(line.mtime, record.same ?? line.mtime) })
      return
    }
    case 'verified': {
      const record = book.records.get(line.path as RelPath)
      if (record === undefined) return
      const { isRotten: _, damage: __, ...sound } = record
      book.records.set(line.path as RelPath, {
        ...sound,
        readAt: at,
        ...(line.here === undefined || line.here === record.mtime ? {} : { here: line.here }),
      })
      return
    }
    case 'rotten': {
      const record = book.records.get(line.path as RelPath)
      if (record !== undefined) book.records.set(line.path as RelPath, { ...record, isRotten: true })
      return
    }
    case 'damaged': {
      const record = book.records.get(line.path as RelPath)
      if (record !== undefined) book.records.set(line.path as RelPath, { ...record, damage: line.code })
      return
    }
    case 'foreign':
      book.foreign = line.paths
      return
    case 'prune-terms': {
      const { policy, basis, keepAtLeast = 0, minAge, trashFor } = line
      book.lastPrune = { policy, basis }
      if (minAge !== undefined && trashFor !== undefined)
        book.terms.push({ at, keepAtLeast, minAge, trashFor })
      return
    }
    case 'proven':
    case 'drill-failed':
      enterReceipt(book.drills, line, at)
      return
    case 'surplus':
      for (const path of line.paths) {
        const record = book.records.get(path as RelPath)
        if (record !== undefined) book.surplus.set(record.path, at)
      }
      return
    case 'wanted':
      for (const path of line.paths) book.surplus.delete(path as RelPath)
      return
    case 'repair-begin': {
      const path = toRelPath(line.path)
      if (path !== null && toRelPath(line.from ?? path) !== null) book.repairs.set(path, line)
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
    case 'released':
      // A person lets the clock count as it is: what was written by another one is no measure any more.
      if (!CLOCK_HOLDS.has(line.code)) return
      book.clockLet = line.seq
      book.isDoubtful = true
      believe(book, book.stampTime)
      return
    case 'clock-believed':
      believe(book, instant(Math.max(book.lastTime, book.stampTime)))
      return
    case 'rot':
    case 'recovered':
    case 'rebuilt':
      return
    default:
      enterRemoval(book, line, at)
  }
}

/**
 * From here on this is the time. What was written meanwhile by a clock that was not believed happened by now at the latest, and so does
 * what another clock dated later: as young as it can be, so that no age and no grace is over too soon (I9). When it was last read stays as
 * long ago as it can be.
 */
export function believe(book: Book, to: Instant): void {
  const from = book.lastTime
  book.lastTime = to
  if (!book.isDoubtful) return
  book.isDoubtful = false
  const isMoved = (at: Instant): boolean => at === from || at > to
  if (book.created !== null && isMoved(book.created)) book.created = to
  for (const [path, record] of book.records) {
    const { since, first, removedBefore: before } = record
    const moved: Partial<LedgerRecord> = {
      ...(isMoved(since) ? { since: to } : {}),
      ...(first !== undefined && isMoved(first.at) ? { first: { ...first, at: to } } : {}),
      ...(before !== undefined && isMoved(before.at) ? { removedBefore: { ...before, at: to } } : {}),
    }
    if (Object.keys(moved).length > 0) book.records.set(path, { ...record, ...moved })
  }
  for (const [path, one] of book.pruned) if (isMoved(one.at)) book.pruned.set(path, { ...one, at: to })
  for (const times of [book.abandoned, book.surplus])
    for (const [path, at] of times) if (isMoved(at)) times.set(path, to)
  for (const [i, one] of book.terms.entries()) if (isMoved(one.at)) book.terms[i] = { ...one, at: to }
}

type Removal = Extract<
  LedgerEvent,
  { readonly event: 'prune-begin' | 'prune-done' | 'undo-begin' | 'undo-done' | 'trash-expired' }
>

function enterRemoval(book: Book, line: Removal, at: Instant): void {
  const path = line.path as RelPath
  switch (line.event) {
    case 'prune-begin': {
      // A path without a record was never a safe one.
      if (!book.records.has(path) || !isEventName(line.trash)) return
      book.prunes.set(path, { ...line, path })
      const { by, policy, basis } = line
      if (by === 'policy' && policy !== null && basis !== null) book.lastPrune = { policy, basis }
      return
    }
    case 'prune-done': {
      const intent = book.prunes.get(path)
      if (intent?.trash !== line.trash) return
      book.prunes.delete(path)
      if (line.failed === true) return
      book.pruned.set(path, prunedFile(book, intent, at))
      // What comes back is surplus from then on, if it still is.
      book.surplus.delete(path)
      return
    }
    case 'undo-begin':
      if (book.pruned.get(path)?.trash === line.trash) book.undos.set(path, { ...line, path })
      return
    case 'undo-done':
      if (book.undos.get(path)?.trash !== line.trash) return
      book.undos.delete(path)
      if (line.failed !== true) comeBack(book, path, at)
      return
    case 'trash-expired': {
      book.strays.delete(`${line.trash}/${path}`)
      const entry = book.pruned.get(path)
      if (entry?.trash !== line.trash) return
      book.pruned.set(path, { ...entry, trash: null })
      book.undos.delete(path)
      return
    }
    default:
      line satisfies never
  }
}

/** It was read whole on its way back. Its time as surplus starts again, as the prune ended the recorded one. */
function comeBack(book: Book, path: RelPath, at: Instant): void {
  const record = book.records.get(path)
  if (record !== undefined) {
    const removal = removedBefore(book.pruned.get(path), record)
    book.records.set(path, { ...record, since: at, readAt: at, first: firstPublished(record), ...removal })
  }
  book.pruned.delete(path)
}

function prunedFile(
  book: Book,
  { trash, trashFor, by, reason, series, point, planId }: PruneIntent,
  at: Instant,
): PrunedFile {
  return {
    at,
    trash: once(book, trash),
    by,
    reason: once(book, reason),
    series: once(book, series),
    point: instant(Date.parse(point) || 0),
    planId: planId === null ? null : once(book, planId),
    ...(trashFor === undefined ? {} : { trashFor }),
  }
}

/** A removal by policy counts for its day, whatever comes after it. */
function removedBefore(
  removal: PrunedFile | undefined,
  before: LedgerRecord | undefined,
): Pick<LedgerRecord, 'removedBefore'> {
  if (removal?.by === 'policy') {
    const { at, series, point } = removal
    return { removedBefore: { at, series, point } }
  }
  return before?.removedBefore === undefined ? {} : { removedBefore: before.removedBefore }
}

/** The same bytes that were odd once are so still, when their marker is put back or they come again. */
function anomaliesIn(
  { anomalies, sha256 }: FileEvent,
  before: LedgerRecord | undefined,
): Pick<LedgerRecord, 'anomalies'> {
  const found = anomalies ?? (before?.sha256 === sha256 ? before.anomalies : undefined)
  return found === undefined ? {} : { anomalies: found }
}

/** Of a version: an older one is at the source no more, and what was known of it stays known. */
function versionOf({ from, mtime }: FileEvent, before: LedgerRecord | undefined): Partial<LedgerRecord> {
  const name = from === undefined ? (before?.from ?? null) : toRelPath(from)
  if (name === null) return before?.same === undefined ? {} : { same: before.same }
  return {
    from: name,
    mtime: before?.mtime ?? mtime,
    ...(before?.same === undefined ? {} : { same: before.same }),
  }
}

const TEXTS = 4096

/** A million lines would each hold their own copy of a text that few of them differ in. */
function once({ texts }: Book, text: string): string {
  const known = texts.get(text)
  if (known !== undefined) return known
  if (texts.size >= TEXTS) texts.clear()
  texts.set(text, text)
  return text
}
