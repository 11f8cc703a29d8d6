import type { LedgerHead, ReadLine } from '../../model/holding.ts'
import type { LedgerLine } from '../../model/ledger-event.ts'
import type { Disk } from '../disk/disk.ts'
import { BEGINNING, openLine } from './line.ts'

/** Bytes of one append at most, and so of a torn tail. */
export const APPEND_LIMIT = 1 << 20

const CHUNK = 1 << 20

/** How far a ledger's bytes are a chain. */
export interface Chain {
  /** The last good line. */
  readonly head: LedgerHead
  /** Bytes up to its end. */
  readonly end: number
  /** Bytes in all. */
  readonly size: number
  /**
   * `whole`: nothing follows. `torn`: what follows can only be an append that a crash cut or garbled. No crash does the rest: `edited`: the
   * next line's bytes were changed. `cut`: it is good, and lines before it are missing. `reordered`: lines were moved. `forged`: its lines
   * are good, but one is another than was recorded elsewhere.
   */
  readonly state: 'whole' | 'torn' | 'edited' | 'cut' | 'reordered' | 'forged'
  /** Of a torn one: a line that ends is not as it was written, so that it was no mere cut if the disk once held it. */
  readonly isGarbled?: true
}

/**
 * Reads and checks a ledger in pieces, keeping none of them; null if there is no ledger. `visit` sees each good line with its place in the
 * file. Meanwhile appended lines may or may not be seen.
 */
export async function readChain(
  disk: Disk,
  path: string,
  known: LedgerHead | null,
  visit: (line: LedgerLine, place: Placed['place']) => void,
): Promise<Chain | null> {
  const pieces = readPieces(disk, path, known)
  for (;;) {
    const next = await pieces.next()
    if (next.done) return next.value
    for (const { line, place } of next.value) visit(line, place)
  }
}

export interface Placed {
  readonly line: LedgerLine
  /** In the file, bytes. */
  readonly place: { readonly offset: number; readonly length: number }
}

/** The same, handed over in pieces as they are read; what it comes to is returned. */
export async function* readPieces(
  disk: Disk,
  path: string,
  known: LedgerHead | null,
): AsyncGenerator<readonly Placed[], Chain | null> {
  let head = BEGINNING
  let end = 0
  let size = 0
  let rest: Buffer = Buffer.alloc(0)
  for (;;) {
    const read = await disk.read(path, { from: size, limit: CHUNK })
    if (read === null) return null
    if (read.length === 0) break
    size += read.length
    const piece = asBuffer(read)
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece])
    const lines: Placed[] = []
    let from = 0
    for (;;) {
      const newline = bytes.indexOf(0x0a, from)
      if (newline === -1) break
      const line = openLine(bytes.subarray(from, newline))
      if (line === null || line.seq !== head.seq + 1 || line.prev !== head.hash || line.append > line.seq) {
        yield lines
        return brokenAt(disk, path, head, end)
      }
      lines.push({ line, place: { offset: end, length: newline - from } })
      head = { seq: line.seq, hash: line.hash }
      end += newline + 1 - from
      if (known?.seq === line.seq && known.hash !== line.hash) {
        yield lines
        return { head, end, size, state: 'forged' }
      }
      from = newline + 1
    }
    yield lines
    // What is left over is copied, so that it keeps no chunk alive.
    rest = Buffer.from(bytes.subarray(from))
    if (rest.length > APPEND_LIMIT) return brokenAt(disk, path, head, end)
  }
  // Judged by what was read, and not read again: by now a writer may have finished the line.
  return { head, end, size, state: rest.length > 0 ? 'torn' : 'whole' }
}

/** Each whole line from this byte on, for people who look at a damaged ledger. One that does not follow `before` is marked. */
export async function* readOn(
  disk: Disk,
  path: string,
  from: number,
  before: LedgerHead,
): AsyncGenerator<readonly ReadLine[]> {
  let { seq, hash } = before
  let rest: Buffer = Buffer.alloc(0)
  for (let at = from; ; ) {
    const read = await disk.read(path, { from: at, limit: CHUNK })
    if (read === null || read.length === 0) return
    at += read.length
    const bytes = Buffer.concat([rest, read])
    const lines: ReadLine[] = []
    let start = 0
    for (let newline = bytes.indexOf(0x0a); newline !== -1; newline = bytes.indexOf(0x0a, start)) {
      const line = openLine(bytes.subarray(start, newline))
      start = newline + 1
      if (line === null) continue
      lines.push(line.prev === hash && line.seq === seq + 1 ? { line } : { line, isBreak: true })
      ;({ seq, hash } = line)
    }
    yield lines
    rest = bytes.length - start > APPEND_LIMIT ? Buffer.alloc(0) : Buffer.from(bytes.subarray(start))
  }
}

/**
 * Whether a chain contains the line that this head names, wherever the head was kept: `cut`: it ends before. The chain must have been read
 * with this head as `known`.
 */
export function headIn(
  { head, state }: Pick<Chain, 'head' | 'state'>,
  known: LedgerHead,
): 'held' | 'cut' | 'other' {
  if (state === 'forged') return 'other'
  return head.seq < known.seq ? 'cut' : 'held'
}

/** I10: distinguishes a write torn by a crash from a changed line. `end`: where the good lines end. */
async function brokenAt(disk: Disk, path: string, head: LedgerHead, end: number): Promise<Chain> {
  const read = asBuffer((await disk.read(path, { from: end, limit: APPEND_LIMIT + 1 })) ?? new Uint8Array())
  const size = end + read.length
  if (read.length <= APPEND_LIMIT && isTorn(read, head.seq + 1))
    return { head, end, size, state: 'torn', isGarbled: true }
  const line = openLine(read.subarray(0, Math.max(0, read.indexOf(0x0a))))
  if (line === null) return { head, end, size, state: 'edited' }
  const isMoved = line.seq <= head.seq || (await holdsLine(disk, path, head.seq + 1, end))
  return { head, end, size, state: isMoved ? 'reordered' : line.seq > head.seq + 1 ? 'cut' : 'edited' }
}

/** Whether a line of this number follows somewhere. */
async function holdsLine(disk: Disk, path: string, seq: number, from: number): Promise<boolean> {
  const start = `{"seq":${seq},`
  for (let at = from + 1; ; at += CHUNK) {
    const read = await disk.read(path, { from: at, limit: CHUNK + start.length })
    if (read === null || read.length === 0) return false
    if (asBuffer(read).includes(`\n${start}`)) return true
  }
}

/**
 * Whether bad bytes that begin where line `seq` should be can be one torn append. Of such an append later lines may have
 * survived whole, and they say where it began: at `seq` or before. A whole line at the very start is out of its place, and no crash
 * moves bytes.
 */
function isTorn(bytes: Buffer, seq: number): boolean {
  let from = 0
  let append: number | null = null
  for (;;) {
    const newline = bytes.indexOf(0x0a, from)
    if (newline === -1) return true
    const line = openLine(bytes.subarray(from, newline))
    if (line !== null) {
      if (from === 0 || line.append > seq || line.seq <= seq) return false
      if (append !== null && line.append !== append) return false
      append = line.append
    }
    from = newline + 1
  }
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
