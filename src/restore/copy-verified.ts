import { createHash, type Hash } from 'node:crypto'
import { constants, promises } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { DigestPair } from '../model/digest.ts'
import type { Problem } from '../model/trouble.ts'
import { runTool } from '../system/child.ts'
import { diskFailure, errnoOf, isAbsence, whyNoFolder } from '../system/disk-failure.ts'
import { makeWithParents } from '../system/make-with-parents.ts'
import { errno, moveNoReplace } from '../system/move-no-replace.ts'
import { synced } from '../system/replace-file.ts'

type Handle = promises.FileHandle

export interface CopyRequest {
  /** Absolute: the published file, and the folder that copies go to, under the same path. */
  readonly from: string
  readonly folder: string
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** One of them at least. */
  readonly digests: Partial<DigestPair>
  /** Seconds since 1970 to give the copy; null: leaves it. */
  readonly mtime: number | null
}

export type CopyVerdict =
  | { readonly verdict: 'restored' | 'present' }
  | { readonly verdict: 'problem'; readonly problem: Problem }

const BLOCK = 1 << 20
const SMALL = 1 << 16
const { O_RDONLY, O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants
const READ = O_RDONLY | O_NOFOLLOW | O_NONBLOCK

/** What is synced together: its files stay open meanwhile. */
const FILES = 256
const BYTES = 256 << 20
/** From so many files on, one sync of the whole file system makes those of each file cheap. */
const MANY = 32

/** A copy whose bytes are right. `part`: what it is still called; null: it was there already. */
interface Copied {
  readonly request: CopyRequest
  readonly file: Handle
  readonly part: string | null
}

/**
 * Copies published files into a folder, reading each once: a copy gets its name only when all bytes that were read have the digests and
 * are durable, and never in anything's place; below the folder no symlink is followed. What an interrupted copy left (`.restoring-…` next
 * to it) is compared on the way and kept as far as it is right. When it returns, all names are durable. Throws the signal's reason once it
 * aborts, and a Failure where the disk that is copied to cannot go on.
 */
export async function copyVerified(
  requests: readonly CopyRequest[],
  signal: AbortSignal,
  report: (path: string, bytes: number) => void = () => {},
): Promise<ReadonlyMap<CopyRequest, CopyVerdict>> {
  const verdicts = new Map<CopyRequest, CopyVerdict>()
  const folders: Folders = { sound: new Set(), made: new Set(), unsynced: new Set() }
  let batch: Copied[] = []
  let bytes = 0
  let at = requests[0]
  try {
    for (const request of requests) {
      at = request
      const copied = await copyOne(request, folders, signal, (count) => report(request.path, count))
      if ('verdict' in copied) verdicts.set(request, copied)
      else batch.push(copied)
      bytes += request.size
      if (batch.length < FILES && bytes < BYTES) continue
      await finish(batch, folders, verdicts)
      batch = []
      bytes = 0
    }
    await finish(batch, folders, verdicts)
    batch = []
    return verdicts
  } catch (error) {
    if (signal.aborted) throw signal.reason
    throw diskFailure(error, 'restore to', at === undefined ? '.' : join(at.folder, at.path))
  } finally {
    for (const { file } of batch) await file.close().catch(() => {})
  }
}

/** The order is the promise: bytes, then names, then the folders that have them. */
async function finish(
  batch: readonly Copied[],
  folders: Folders,
  verdicts: Map<CopyRequest, CopyVerdict>,
): Promise<void> {
  const [first] = batch
  if (first !== undefined && batch.length >= MANY)
    await runTool('sync', ['-f', first.request.folder]).catch(() => null)
  await Promise.all(batch.map(syncCopy))
  for (const { request, part, file } of batch) {
    await file.close()
    const to = join(request.folder, request.path)
    folders.unsynced.add(dirname(to))
    verdicts.set(request, part === null ? { verdict: 'present' } : await place(part, to, request.path))
  }
  for (const folder of folders.unsynced) await synced(folder, O_RDONLY)
  folders.unsynced.clear()
}

/** The bytes in memory may never reach the disk once it fails, and a second fsync would say that all is well. */
async function syncCopy({ file, part }: Copied): Promise<void> {
  try {
    await file.sync()
  } catch (error) {
    if (part !== null) await promises.unlink(part).catch(() => {})
    throw error
  }
}

const problem = (code: string, path: string, message: string, hint: string): CopyVerdict => ({
  verdict: 'problem',
  problem: { code, path, message, hint },
})

async function copyOne(
  request: CopyRequest,
  folders: Folders,
  signal: AbortSignal,
  report: (bytes: number) => void,
): Promise<CopyVerdict | Copied> {
  const { from, folder, path, digests } = request
  const to = join(folder, path)
  const source = await promises.open(from, READ).catch((error: unknown) => errnoOf(error) ?? 'EIO')
  if (typeof source === 'string') return unreadable(path, source)
  try {
    if (!(await source.stat()).isFile()) return unreadable(path, 'EINVAL')
    const inTheWay = await makeFolders(folder, dirname(path), folders)
    if (inTheWay !== null) return problem('restore-exists', path, inTheWay, ELSEWHERE)
    // Two files may have the same bytes.
    const name = createHash('sha256').update(`${digests.sha256 ?? digests.md5}/${basename(path)}`)
    const part = join(dirname(to), `.restoring-${name.digest('hex').slice(0, 40)}`)
    if ((await lstat(to)) !== null) {
      const there = await openSame(to, digests, signal)
      // One that was killed between its two names has left the first.
      if (there !== null && (await lstat(part)) !== null) await promises.unlink(part)
      return there === null
        ? problem('restore-exists', path, `${to} is there with other bytes, and is left alone`, ELSEWHERE)
        : { request, file: there, part: null }
    }
    const copy = await openPart(part)
    let isRight = false
    try {
      const read = await copyAll(source, copy, request, signal, report)
      if (read.state === 'unreadable') return unreadable(path, read.code)
      if (read.state === 'other') {
        await promises.unlink(part)
        await takeBack(dirname(part), folders)
        return problem('rot', path, ROT, ROT_HINT)
      }
      if (request.mtime !== null) await copy.utimes(request.mtime, request.mtime)
      isRight = true
      return { request, file: copy, part }
    } finally {
      if (!isRight) await copy.close()
    }
  } finally {
    await source.close()
  }
}

function unreadable(path: string, code: string): CopyVerdict {
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return problem('missing-here', path, 'it was published, and is gone from the destination', ROT_HINT)
  return problem('unreadable', path, `cannot read it at the destination (${code})`, UNREADABLE_HINT)
}

interface Folders {
  /** Those that are there and no symlinks. */
  readonly sound: Set<string>
  /** Of these, those that were made below the folder that was asked for. */
  readonly made: Set<string>
  /** Those whose newest names are not durable. */
  readonly unsynced: Set<string>
}

/** Removes a folder that was made for what did not come, and those above it, where nothing is in them. */
async function takeBack(folder: string, { sound, made, unsynced }: Folders): Promise<void> {
  for (let at = folder; made.has(at); at = dirname(at)) {
    if (
      await promises.rmdir(at).then(
        () => false,
        () => true,
      )
    )
      return
    for (const known of [sound, made, unsynced]) known.delete(at)
  }
}

/** Makes `path` below `folder`. Returns what is in its way, in words; null: nothing. Who chose `folder` may have it be a symlink. */
async function makeFolders(
  folder: string,
  path: string,
  { sound, made: ours, unsynced }: Folders,
): Promise<string | null> {
  const all = path === '.' ? [] : path.split('/')
  for (let depth = 0; depth <= all.length; depth++) {
    const at = join(folder, ...all.slice(0, depth))
    if (sound.has(at)) continue
    const there = depth === 0 ? await promises.stat(at).catch(() => null) : await lstat(at)
    if (there?.isSymbolicLink() === true) return `${at} is a symlink, which is not followed`
    if (there !== null && !there.isDirectory())
      return whyNoFolder(at) ?? `something is in the way of the folder ${at}`
    if (there === null) {
      const made: string[] = []
      for (let above = at; (await lstat(above)) === null; above = dirname(above)) made.push(dirname(above))
      try {
        await makeWithParents(at)
      } catch (error) {
        if (!IN_THE_WAY.has(errnoOf(error) ?? '')) throw error
        return whyNoFolder(at) ?? `something is in the way of the folder ${at}`
      }
      for (const above of made) unsynced.add(above)
      if (depth > 0) ours.add(at)
    }
    sound.add(at)
  }
  return null
}

/** What was left by one that was killed between its two names is a finished copy, and perhaps in use by now: that one is never written to. */
async function openPart(part: string): Promise<Handle> {
  const there = await lstat(part)
  if (there !== null && there.nlink > 1) await promises.unlink(part)
  return promises.open(part, O_RDWR | O_CREAT | O_NOFOLLOW, 0o666)
}

const IN_THE_WAY = new Set(['EEXIST', 'ENOTDIR'])

const ELSEWHERE = 'Restore to another folder, or move that file away.'
const ROT = 'it has rotted here: its bytes are not those that were published, and nothing of it was restored'
const ROT_HINT = 'A pass puts it back if the source still has it; else restore an older point.'
const UNREADABLE_HINT = 'Check the disk and the rights of the file: reconcile status shows the destination.'

/** `other`: the bytes that were read are others than were published. */
type Read = { readonly state: 'right' | 'other' } | { readonly state: 'unreadable'; readonly code: string }

async function copyAll(
  source: Handle,
  copy: Handle,
  { digests, size }: Pick<CopyRequest, 'digests' | 'size'>,
  signal: AbortSignal,
  report: (bytes: number) => void,
): Promise<Read> {
  const hashes = hashesOf(digests)
  // Two whole blocks for each of many tiny files would cost more than all else.
  const room = Math.min(BLOCK, Math.max(SMALL, size))
  const bytes = Buffer.allocUnsafe(room)
  const there = Buffer.allocUnsafe(room)
  /** Up to here the copy is known to have the same bytes. */
  let at = 0
  let staged = (await copy.stat()).size
  for (;;) {
    signal.throwIfAborted()
    let count: number
    try {
      count = (await source.read(bytes, 0, room, at)).bytesRead
    } catch (error) {
      return { state: 'unreadable', code: errnoOf(error) ?? 'EIO' }
    }
    if (count === 0) break
    const block = bytes.subarray(0, count)
    for (const [, hash] of hashes) hash.update(block)
    if (!(staged >= at + count && (await isThere(copy, there.subarray(0, count), block, at)))) {
      staged = 0
      for (let done = 0; done < count; )
        done += (await copy.write(block, done, count - done, at + done)).bytesWritten
    }
    at += count
    report(count)
  }
  await copy.truncate(at)
  return { state: isRight(hashes, digests) ? 'right' : 'other' }
}

async function isThere(copy: Handle, there: Buffer, block: Buffer, at: number): Promise<boolean> {
  for (let done = 0; done < block.length; ) {
    const { bytesRead } = await copy.read(there, done, block.length - done, at + done)
    if (bytesRead === 0) return false
    done += bytesRead
  }
  return there.equals(block)
}

const hashesOf = (digests: Partial<DigestPair>): readonly (readonly [keyof DigestPair, Hash])[] =>
  (['md5', 'sha256'] as const).flatMap((kind) =>
    digests[kind] === undefined ? [] : ([[kind, createHash(kind)]] as const),
  )

const isRight = (hashes: ReturnType<typeof hashesOf>, digests: Partial<DigestPair>): boolean =>
  hashes.length > 0 && hashes.every(([kind, hash]) => hash.digest('hex') === digests[kind])

/** The file, where its bytes are these; null: they are not, or it is no file. */
async function openSame(
  path: string,
  digests: Partial<DigestPair>,
  signal: AbortSignal,
): Promise<Handle | null> {
  const file = await promises.open(path, READ).catch(() => null)
  if (file === null) return null
  let isSame = false
  try {
    if (!(await file.stat()).isFile()) return null
    const hashes = hashesOf(digests)
    for await (const block of file.createReadStream({ autoClose: false, highWaterMark: BLOCK, signal }))
      for (const [, hash] of hashes) hash.update(block)
    isSame = isRight(hashes, digests)
    return isSame ? file : null
  } finally {
    if (!isSame) await file.close()
  }
}

/** Gives the copy its name, never in anything's place. */
async function place(part: string, to: string, path: string): Promise<CopyVerdict> {
  try {
    try {
      await promises.link(part, to)
      await promises.unlink(part)
    } catch (error) {
      if (!NO_LINKS.has(errnoOf(error) ?? '')) throw error
      if ((await moveNoReplace(part, to)) === 'exists') throw errno('EEXIST', `it exists: ${to}`, to)
    }
    return { verdict: 'restored' }
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
    return problem('restore-exists', path, `${to} appeared meanwhile, and is left alone`, ELSEWHERE)
  }
}

const NO_LINKS = new Set(['EPERM', 'EOPNOTSUPP', 'ENOTSUP', 'EMLINK', 'ENOSYS'])

const lstat = (path: string) =>
  promises.lstat(path).catch((error: unknown) => {
    if (isAbsence(error)) return null
    throw error
  })
