import type { LedgerHead } from '../../model/holding.ts'
import type { Instant } from '../../model/instant.ts'
import type { LedgerEvent, LedgerLine } from '../../model/ledger-event.ts'
import type { Disk } from '../disk/disk.ts'
import { withReserve } from '../disk/reserve.ts'
import type { Layout } from '../layout.ts'
import type { LinePlace } from './book.ts'
import { APPEND_LIMIT } from './chain.ts'
import { sealLine } from './line.ts'

interface LedgerEnd {
  readonly head: LedgerHead
  /** Bytes. */
  readonly end: number
}

interface Written extends LedgerEnd {
  readonly lines: readonly (readonly [LedgerLine, LinePlace])[]
}

/** Writes events after `from`, in appends that a torn tail's limit can hold; each is durable when it is yielded (I5). */
export async function* writeAppend(
  disk: Disk,
  files: Layout,
  from: LedgerEnd,
  events: readonly LedgerEvent[],
  now: () => Instant,
): AsyncGenerator<Written> {
  let at = from
  let next = 0
  while (next < events.length) {
    const { bytes, written, taken } = sealAppend(at, events, next, now())
    await withReserve(disk, files, () => write(disk, files, at.end, bytes))
    yield written
    at = written
    next += taken
  }
}

/** The text of a ledger's first lines. */
export function sealFirst(
  from: LedgerEnd,
  events: readonly LedgerEvent[],
  at: Instant,
): { readonly bytes: Buffer; readonly head: LedgerHead } {
  const { bytes, written } = sealAppend(from, events, 0, at)
  return { bytes, head: written.head }
}

function sealAppend(from: LedgerEnd, events: readonly LedgerEvent[], first: number, at: Instant) {
  const texts: string[] = []
  const lines: [LedgerLine, LinePlace][] = []
  const append = from.head.seq + 1
  let { head, end }: LedgerEnd = from
  for (let i = first; i < events.length; i++) {
    const { text, line } = sealLine(events[i]!, head, append, at)
    const length = Buffer.byteLength(text)
    if (length >= APPEND_LIMIT) throw new Error(`a ledger line of ${length} bytes`)
    if (end + length + 1 - from.end > APPEND_LIMIT) break
    texts.push(text, '\n')
    lines.push([line, { offset: end, length }])
    head = line
    end += length + 1
  }
  return {
    bytes: Buffer.from(texts.join('')),
    written: { head: { seq: head.seq, hash: head.hash }, end, lines },
    taken: lines.length,
  }
}

async function write(disk: Disk, files: Layout, end: number, bytes: Buffer): Promise<void> {
  try {
    await disk.writeAt(files.ledger, end, bytes)
    await disk.syncFile(files.ledger)
  } catch (error) {
    // Half a line, or a line that may not be durable, must not be built upon. Where even this fails, the next reading mends it.
    await disk.truncate(files.ledger, end).catch(() => undefined)
    throw error
  }
}
