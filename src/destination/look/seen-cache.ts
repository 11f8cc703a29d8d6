import type { LedgerRecord, Seen } from '../../model/holding.ts'
import type { RelPath } from '../../model/rel-path.ts'
import { diskFailure, isFull } from '../../system/disk-failure.ts'
import type { Disk } from '../disk/disk.ts'
import { replaceUnsynced } from '../disk/replace-file.ts'
import type { Layout } from '../layout.ts'
import { readSeen, seenLine } from './seen-line.ts'

/** What the source last showed, by path: a cache that may be lost at any time, and is then empty. */
export interface SeenCache {
  readonly records: ReadonlyMap<RelPath, Seen>
  /** Under the lock only. A null forgets a path. Writes nothing where nothing changed; not durable. */
  remember(changes: ReadonlyMap<RelPath, Seen | null>): Promise<void>
}

const CHUNK = 1 << 20
/** Superseded lines that may pile up before the file is written again. */
const SLACK = 1000

/**
 * Lines that were cut or garbled are passed over: what they said is unknown again, and looked at again. Texts that the ledger has too
 * are taken from `published`.
 */
export async function openSeen(
  disk: Disk,
  files: Layout,
  published: ReadonlyMap<RelPath, LedgerRecord>,
): Promise<SeenCache> {
  const records = new Map<RelPath, Seen>()
  const found = await readLines(disk, files.seen, published, (path, seen) => {
    if (seen === null) records.delete(path)
    else records.set(path, seen)
  }).catch(() => {
    // Not to be read, so not remembered: all of it is looked at again.
    records.clear()
    return { size: 0, lines: 0, sound: false }
  })
  let { size, lines } = found
  let sound = found.sound

  return {
    records,
    async remember(changes) {
      let changed = 0
      let bytes = bytesOf(function* () {
        for (const [path, seen] of changes) {
          const text = seenLine(path, seen)
          const before = records.get(path) ?? null
          if (text === seenLine(path, before)) continue
          if (seen === null) records.delete(path)
          else records.set(path, seen)
          changed++
          yield text
        }
      })
      if (changed === 0) return
      const anew = !sound || lines + changed > 2 * records.size + SLACK
      if (anew)
        bytes = bytesOf(function* () {
          for (const [path, seen] of records) yield seenLine(path, seen)
        })
      try {
        if (anew) await replaceUnsynced(disk, files.seen, bytes)
        else await disk.writeAt(files.seen, size, bytes)
        size = anew ? bytes.length : size + bytes.length
        lines = anew ? records.size : lines + changed
        sound = true
      } catch (error) {
        sound = false
        // On a full disk only a cache is lost; whatever needs the space reports it.
        if (!isFull(error)) throw diskFailure(error, 'write', files.seen)
      }
    },
  }
}

/** Lines as bytes, a piece at a time: of a million lines the texts alone would be many times as large. */
function bytesOf(lines: () => Iterable<string>): Buffer {
  const pieces: Buffer[] = []
  let piece = ''
  for (const line of lines()) {
    piece += line
    if (piece.length < PIECE) continue
    pieces.push(Buffer.from(piece))
    piece = ''
  }
  return Buffer.concat([...pieces, Buffer.from(piece)])
}

const PIECE = 1024 * 1024

async function readLines(
  disk: Disk,
  path: string,
  published: ReadonlyMap<RelPath, LedgerRecord>,
  visit: (path: RelPath, seen: Seen | null) => void,
): Promise<{ readonly size: number; readonly lines: number; readonly sound: boolean }> {
  let size = 0
  let lines = 0
  let sound = true
  let rest: Buffer = Buffer.alloc(0)
  const entry = await disk.lstat(path)
  // Something strange in its place is overwritten by the next rename.
  if (entry === null || entry.kind !== 'file') return { size, lines, sound: entry === null }
  for (;;) {
    const read = await disk.read(path, { from: size, limit: CHUNK })
    if (read === null || read.length === 0) break
    size += read.length
    const bytes = Buffer.concat([rest, read])
    let from = 0
    for (;;) {
      const newline = bytes.indexOf(0x0a, from)
      if (newline === -1) break
      const line = readSeen(bytes.subarray(from, newline), published)
      if (line === null) sound = false
      else visit(line.path, line.seen)
      lines++
      from = newline + 1
    }
    rest = Buffer.from(bytes.subarray(from))
  }
  return { size, lines, sound: sound && rest.length === 0 }
}
