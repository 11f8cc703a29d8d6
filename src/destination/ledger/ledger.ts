import { type ClockSanity, clockSanity } from '../../model/clock-sanity.ts'
import type {
  Holding,
  LedgerEnd,
  LedgerHead,
  LedgerRecord,
  PrunedFile,
  ReadLine,
} from '../../model/holding.ts'
import { type Instant, instant } from '../../model/instant.ts'
import type { LedgerEvent } from '../../model/ledger-event.ts'
import { markerOf } from '../../model/marker-name.ts'
import { baseName, type RelPath } from '../../model/rel-path.ts'
import type { Halt, LedgerDamage } from '../../model/trouble.ts'
import { diskFailure } from '../../system/disk-failure.ts'
import type { Disk } from '../disk/disk.ts'
import { keepReserve } from '../disk/reserve.ts'
import type { Layout } from '../layout.ts'
import { writeAppend } from './append.ts'
import {
  type Book,
  believe,
  emptyBook,
  enter,
  type PruneIntent,
  type RepairIntent,
  type UndoIntent,
} from './book.ts'
import { type Chain, headIn, type Placed, readOn, readPieces } from './chain.ts'
import { openLine } from './line.ts'
import { setTailAside } from './tail.ts'

export interface LedgerOptions {
  /** `read`: needs no lock, tolerates a torn tail, writes nothing. `write`: under the lock only; mends a torn tail. */
  readonly mode: 'read' | 'write'
  readonly now: () => Instant
  /** The highest head that status.json or the box recorded, read BEFORE the ledger is. */
  readonly knownHead: LedgerHead | null
  /** The time of the last pass whose clock was believed, and the ledger's last line then; left out: it is not known. */
  readonly believed?: { readonly at: Instant; readonly seq: number } | null
  /** Milliseconds past that which are believed; left out: those of a backup with frequent passes. */
  readonly leap?: number
}

export type LedgerState =
  /** Neither ledger nor id: `establishIdentity` makes both. */
  | { readonly state: 'absent' }
  | { readonly state: 'damaged'; readonly halt: Halt }
  | { readonly state: 'open'; readonly ledger: Ledger }

/** An open ledger. In `write` mode head, records and the rest move with every append. */
export interface Ledger {
  readonly id: string
  readonly head: LedgerHead
  /** The latest time that was written down by a clock that was believed: by the ledger, or by what `believed` says. */
  readonly lastTime: Instant
  readonly records: ReadonlyMap<RelPath, LedgerRecord>
  /** `repair-begin` without its `repair-done`, in the order they began. */
  readonly repairs: ReadonlyMap<RelPath, RepairIntent>
  /** Staged files that were given up and not expired yet: path -> since when. */
  readonly abandoned: ReadonlyMap<RelPath, Instant>
  /** When its first line was written. */
  readonly created: Instant
  readonly pruned: ReadonlyMap<RelPath, PrunedFile>
  readonly lastPrune: Holding['lastPrune']
  readonly surplus: Holding['surplus']
  readonly terms: Holding['terms']
  readonly foreign: Holding['foreign']
  readonly drills: Holding['drills']
  /** `prune-begin` without its `prune-done`, and `undo-begin` without its `undo-done`, in the order they began. */
  readonly prunes: ReadonlyMap<RelPath, PruneIntent>
  readonly undos: ReadonlyMap<RelPath, UndoIntent>
  /** Files in the trash that were published again after they were pruned. */
  readonly strays: ReadonlyMap<string, { readonly path: RelPath; readonly trash: string }>
  /** The torn tail that this opening moved into quarantine (`write`) or read past (`read`); null: there was none. */
  readonly recovered: { readonly bytes: number; readonly quarantine: string } | null
  /** The marker the ledger's last word on `path` holds, read from the disk; null: it knows none. */
  readMarker(path: RelPath): Promise<{ readonly name: string; readonly text: string } | null>
  /** Durable when it returns; one write and one fsync a megabyte. Throws a Failure where the disk refuses. Calls queue. */
  append(events: readonly LedgerEvent[]): Promise<void>
}

/** Reads and checks the whole ledger (I10). Throws a Failure where the disk itself refuses. */
export async function openLedger(disk: Disk, files: Layout, options: LedgerOptions): Promise<LedgerState> {
  try {
    return await open(disk, files, options)
  } catch (error) {
    throw diskFailure(error, 'read', files.ledger)
  }
}

async function open(disk: Disk, files: Layout, options: LedgerOptions): Promise<LedgerState> {
  const book = emptyBook()
  const pieces = readLedger(disk, files, options.knownHead)
  for (;;) {
    const { done, value } = await pieces.next()
    if (!done) for (const { line, place } of value) enter(book, line, place)
    else if (value.halt !== null) return { state: 'damaged', halt: value.halt }
    else if (value.chain === null) return { state: 'absent' }
    else return { state: 'open', ledger: await ledgerFrom(disk, files, options, book, value.chain) }
  }
}

/** Every line from the first on, in pieces, then how it ended; of a damaged one what can be read of it. Needs no lock and writes nothing. Throws as `openLedger` does. */
export async function* ledgerHistory(
  disk: Disk,
  files: Layout,
  knownHead: LedgerHead | null,
): AsyncGenerator<readonly ReadLine[], LedgerEnd> {
  try {
    const pieces = readLedger(disk, files, knownHead)
    for (;;) {
      const { done, value } = await pieces.next()
      if (!done) {
        yield value
        continue
      }
      const { chain, halt } = value
      if (halt !== null && chain !== null && chain.state !== 'whole')
        yield* readOn(disk, files.ledger, chain.end, chain.head)
      const head = chain === null || chain.head.seq === 0 ? null : chain.head
      const garbled = chain?.isGarbled === true ? ({ isGarbled: true } as const) : {}
      return { head, torn: chain?.state === 'torn' ? chain.size - chain.end : 0, ...garbled, halt }
    }
  } catch (error) {
    throw diskFailure(error, 'read', files.ledger)
  }
}

/** `chain` null: there is no ledger; `halt` says where there should be one, or what is wrong with it. */
async function* readLedger(
  disk: Disk,
  files: Layout,
  known: LedgerHead | null,
): AsyncGenerator<readonly Placed[], { readonly chain: Chain | null; readonly halt: Halt | null }> {
  const place = await disk.lstat(files.ledger)
  if (place === null) {
    const hadOne = known !== null || (await disk.lstat(files.id)) !== null
    return { chain: null, halt: hadOne ? missing(files.ledger) : null }
  }
  if (place.kind !== 'file') return { chain: null, halt: damaged(files.ledger, 'it is not a regular file') }
  let hasId = false
  const pieces = readPieces(disk, files.ledger, known)
  for (;;) {
    const { done, value } = await pieces.next()
    if (!done) {
      hasId ||= value.some(({ line }) => line.event === 'created')
      yield value
      continue
    }
    if (value === null) return { chain: null, halt: missing(files.ledger) }
    const fault = faultOf(value, hasId, known)
    return {
      chain: value,
      halt: fault === null ? null : { ...damaged(files.ledger, fault.why), damage: fault.damage },
    }
  }
}

/** What makes a chain no ledger of ours; null: nothing does. */
function faultOf(
  chain: Chain,
  hasId: boolean,
  known: LedgerHead | null,
): { readonly damage: LedgerDamage; readonly why: string } | null {
  const { seq } = chain.head
  const at = `line ${seq + 1} (byte ${chain.end})`
  if (chain.size === 0) return { damage: 'cut', why: 'it is empty' }
  if (seq === 0 && chain.state !== 'cut') return { damage: 'edited', why: 'it has no valid line' }
  if (seq > 0 && !hasId) return { damage: 'cut', why: 'its first line names no destination' }
  if (chain.state === 'edited') return { damage: 'edited', why: `${at} was changed after it was written` }
  if (chain.state === 'cut') return { damage: 'cut', why: `lines are missing before ${at}` }
  if (chain.state === 'reordered')
    return { damage: 'reordered', why: `${at} is not in its place: lines were moved` }
  if (known === null) return null
  const holds = headIn(chain, known)
  if (holds === 'cut' && chain.isGarbled)
    return { damage: 'edited', why: `${at} was changed after it was written` }
  if (holds === 'cut')
    return { damage: 'cut', why: `it ends with line ${seq}, and an earlier run wrote line ${known.seq}` }
  if (holds === 'other')
    return {
      damage: 'edited',
      why: `its line ${known.seq} differs from what an earlier run wrote: lines were rewritten`,
    }
  return null
}

async function ledgerFrom(
  disk: Disk,
  files: Layout,
  options: LedgerOptions,
  book: Book,
  chain: Chain,
): Promise<Ledger> {
  let { head, end } = chain
  let broken: unknown = null
  let last: Promise<void> = Promise.resolve()

  const { believed = null } = options
  const lastTime = (): Instant => {
    // A person may have disowned it since.
    const counts = believed !== null && book.clockLet <= believed.seq
    return counts ? instant(Math.max(book.lastTime, believed.at)) : book.lastTime
  }
  const clock = clockNow(lastTime, options.now, options.leap)

  const appendNow = async (events: readonly LedgerEvent[]): Promise<void> => {
    if (broken !== null) throw broken
    try {
      const state = clock()
      const marked = state === 'sane' ? events : events.map((event) => ({ ...event, clock: state }))
      for await (const written of writeAppend(disk, files, { head, end }, marked, options.now)) {
        for (const [line, at] of written.lines) enter(book, line, at)
        head = written.head
        end = written.end
      }
    } catch (error) {
      const failure = diskFailure(error, 'record in', files.ledger)
      // After a failed fsync it is unknown what the disk holds: it must be read again first.
      if (failure.code !== 'disk-full') broken = failure
      throw failure
    }
  }

  let recovered: Ledger['recovered'] = null
  if (chain.state === 'torn') {
    const bytes = chain.size - chain.end
    const quarantine = options.mode === 'write' ? await setTailAside(disk, files, chain, options.now()) : ''
    if (options.mode === 'write') await appendNow([{ event: 'recovered', bytes, quarantine }])
    recovered = { bytes, quarantine }
  }
  if (options.mode === 'write') await keepReserve(disk, files)
  if (book.isDoubtful && clock() === 'sane') {
    if (options.mode === 'write') await appendNow([{ event: 'clock-believed' }])
    else believe(book, options.now())
  }

  return {
    id: book.id!,
    recovered,
    records: book.records,
    abandoned: book.abandoned,
    get head() {
      return head
    },
    get lastTime() {
      return lastTime()
    },
    get created() {
      return book.created!
    },
    pruned: book.pruned,
    get lastPrune() {
      return book.lastPrune
    },
    surplus: book.surplus,
    terms: book.terms,
    get foreign() {
      return book.foreign
    },
    get drills() {
      return [...book.drills.values()]
    },
    repairs: book.repairs,
    prunes: book.prunes,
    undos: book.undos,
    strays: book.strays,
    readMarker: (path) => readMarker(disk, files, book, path),
    append(events) {
      if (options.mode === 'read') throw new Error('a ledger that was opened for reading is not written to')
      const done = last.then(() => appendNow(events))
      last = done.catch(() => undefined)
      return done
    },
  }
}

/** Whether the clock is trusted right now. A pass may take days, so the monotonic clock is a measure too. */
function clockNow(lastTime: () => Instant, now: () => Instant, leap?: number): () => ClockSanity {
  const opened = now()
  const began = performance.now()
  const isSane = clockSanity(lastTime(), opened, leap) === 'sane'
  return () => {
    const passed = isSane ? Math.floor(opened + performance.now() - began) : 0
    return clockSanity(instant(Math.max(lastTime(), passed)), now(), leap)
  }
}

async function readMarker(
  disk: Disk,
  files: Layout,
  book: Book,
  path: RelPath,
): Promise<{ readonly name: string; readonly text: string } | null> {
  const record = book.records.get(path)
  if (record === undefined) return null
  const bytes = await disk.read(files.ledger, { from: record.lineAt, limit: record.lineLength })
  const line = bytes === null ? null : openLine(Buffer.from(bytes))
  if (line === null || !('marker' in line) || line.path !== path) return null
  // I6: the name becomes a path; it must be this file's marker's and nothing else.
  return markerOf(baseName(line.marker.name))?.data === baseName(path) ? line.marker : null
}

const WHAT_TO_DO =
  'Find out who or what wrote there (a restored copy, an editor, a failing disk). Then run `reconcile doctor --rebuild-ledger NAME`: it moves the ledger to quarantine and starts a new one, and the next pass hashes every file again.'

const damaged = (path: string, why: string): Halt => ({
  code: 'ledger-damaged',
  message: `the ledger ${path} is damaged: ${why}`,
  hint: WHAT_TO_DO,
})

const missing = (path: string): Halt => ({
  code: 'ledger-missing',
  message: `the ledger ${path} is gone: this destination had one`,
  hint: WHAT_TO_DO,
})
