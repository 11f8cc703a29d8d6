import { crc32 } from 'node:zlib'
import type { Digest } from '../model/digest.ts'
import type { GateFailure, Seen } from '../model/holding.ts'
import type { Instant } from '../model/instant.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Disk } from './disk.ts'
import { diskFailure, isFull } from './disk-failure.ts'
import type { Layout } from './layout.ts'

/** What the source last showed, by path: a cache that may be lost at any time, and is then empty. */
export interface SeenCache {
  readonly records: ReadonlyMap<RelPath, Seen>
  /** Under the lock only. A null forgets a path. Writes nothing where nothing changed; not durable. */
  remember(changes: ReadonlyMap<RelPath, Seen | null>): Promise<void>
}

const CHUNK = 1 << 20
/** Superseded lines that may pile up before the file is written anew. */
const SLACK = 1000
const CRC_LENGTH = 8

/** Lines that were cut or garbled are passed over: what they said is unknown again, and looked at again. */
export async function openSeen(disk: Disk, files: Layout): Promise<SeenCache> {
  const records = new Map<RelPath, Seen>()
  const found = await readLines(disk, files.seen, (path, seen) => {
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
      const texts: string[] = []
      for (const [path, seen] of changes) {
        const text = lineOf(path, seen)
        const before = records.get(path) ?? null
        if (text === lineOf(path, before)) continue
        if (seen === null) records.delete(path)
        else records.set(path, seen)
        texts.push(text)
      }
      if (texts.length === 0) return
      const anew = !sound || lines + texts.length > 2 * records.size + SLACK
      const bytes = Buffer.from(
        (anew ? Array.from(records, ([path, seen]) => lineOf(path, seen)) : texts).join(''),
      )
      try {
        if (anew) await replace(disk, files.seen, bytes)
        else await disk.writeAt(files.seen, size, bytes)
        size = anew ? bytes.length : size + bytes.length
        lines = anew ? records.size : lines + texts.length
        sound = true
      } catch (error) {
        sound = false
        // A full disk loses a memory, no more; what filled it is reported by whoever needed the room.
        if (!isFull(error)) throw diskFailure(error, 'write', files.seen)
      }
    },
  }
}

async function replace(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  const next = `${path}.new`
  await disk.unlink(next)
  try {
    await disk.create(next, bytes, 0o600)
    await disk.rename(next, path)
  } catch (error) {
    await disk.unlink(next)
    throw error
  }
}

async function readLines(
  disk: Disk,
  path: string,
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
      const line = readLine(bytes.subarray(from, newline))
      if (line === null) sound = false
      else visit(line.path, line.seen)
      lines++
      from = newline + 1
    }
    rest = Buffer.from(bytes.subarray(from))
  }
  return { size, lines, sound: sound && rest.length === 0 }
}

/** `CRC [path, size, mtime, ...]`: the sum keeps a flipped bit from becoming a conflict that is none. */
function lineOf(path: RelPath, seen: Seen | null): string {
  const { marker, gate } = seen ?? { marker: null, gate: null }
  const fields =
    seen === null
      ? [path]
      : [
          path,
          seen.size,
          seen.mtime,
          marker === null ? null : [marker.path, marker.size, marker.mtime],
          seen.digest,
          seen.readAt,
          seen.stagedFor,
          gate === null ? null : [gate.at, gate.size, gate.mtime, gate.digest],
          seen.waitingSince,
        ]
  const text = JSON.stringify(fields)
  return `${sumOf(Buffer.from(text))} ${text}\n`
}

function readLine(bytes: Buffer): { readonly path: RelPath; readonly seen: Seen | null } | null {
  const text = bytes.subarray(CRC_LENGTH + 1)
  if (bytes.toString('latin1', 0, CRC_LENGTH) !== sumOf(text)) return null
  let fields: unknown
  try {
    fields = JSON.parse(text.toString())
  } catch {
    return null
  }
  // The sum is right, so the shape is one that some version wrote; its length tells whether it was this one.
  if (!Array.isArray(fields) || typeof fields[0] !== 'string') return null
  const path = fields[0] as RelPath
  if (fields.length === 1) return { path, seen: null }
  if (fields.length !== 9) return null
  return { path, seen: seenOf(fields as Fields) }
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
]

const seenOf = ([, size, mtime, marker, digest, readAt, stagedFor, gate, waitingSince]: Fields): Seen => ({
  size,
  mtime,
  marker: marker === null ? null : { path: marker[0], size: marker[1], mtime: marker[2] },
  digest,
  readAt,
  stagedFor,
  gate: gate === null ? null : gateOf(gate),
  waitingSince,
})

const gateOf = ([at, size, mtime, digest]: NonNullable<Fields[7]>): GateFailure => ({
  at,
  size,
  mtime,
  digest,
})

const sumOf = (bytes: Uint8Array): string => crc32(bytes).toString(16).padStart(CRC_LENGTH, '0')
