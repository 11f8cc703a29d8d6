import { createHash, type Hash } from 'node:crypto'
import { constants, promises } from 'node:fs'
import { dirname, join } from 'node:path'
import type { DigestPair } from '../model/digest.ts'
import type { Problem } from '../model/trouble.ts'
import { diskFailure, errnoOf, isAbsence, whyNoFolder } from '../system/disk-failure.ts'
import { makeWithParents } from '../system/make-with-parents.ts'
import { errno, moveNoReplace } from '../system/move-no-replace.ts'
import { synced } from '../system/replace-file.ts'

type Handle = promises.FileHandle

export interface CopyRequest {
  /** Absolute: the published file, and the name that its copy gets. */
  readonly from: string
  readonly to: string
  /** The path for people. */
  readonly path: string
  /** One of them at least. */
  readonly digests: Partial<DigestPair>
  /** Seconds since 1970 to give the copy; null: leaves it. */
  readonly mtime: number | null
}

export type CopyVerdict =
  | { readonly verdict: 'restored' | 'present' }
  | { readonly verdict: 'problem'; readonly problem: Problem }

const BLOCK = 1 << 20
const { O_RDONLY, O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants
const READ = O_RDONLY | O_NOFOLLOW | O_NONBLOCK

/**
 * Copies a published file to a new name, reading it once: the copy gets its name only when all bytes that were read have the digests, and
 * never in anything's place. What an interrupted copy left (`.restoring-…` next to it) is compared on the way and kept as far as it is
 * right. Throws the signal's reason once it aborts, and a Failure where the disk that is copied to cannot go on.
 */
export async function copyVerified(
  request: CopyRequest,
  signal: AbortSignal,
  report: (bytes: number) => void,
): Promise<CopyVerdict> {
  const { from, to, path, digests } = request
  const problem = (code: string, message: string, hint: string): CopyVerdict => ({
    verdict: 'problem',
    problem: { code, path, message, hint },
  })
  const source = await promises.open(from, READ).catch((error: unknown) => errnoOf(error) ?? 'EIO')
  if (typeof source === 'string') return unreadable(source)
  const part = join(dirname(to), `.restoring-${digests.sha256 ?? digests.md5}`.slice(0, 60))
  try {
    if (!(await source.stat()).isFile()) return unreadable('EINVAL')
    if ((await lstat(to)) !== null) {
      const isSame = await holds(to, digests, signal)
      return isSame
        ? { verdict: 'present' }
        : problem('restore-exists', `${to} is there with other bytes, and is left alone`, ELSEWHERE)
    }
    try {
      await makeWithParents(dirname(to))
    } catch (error) {
      if (!IN_THE_WAY.has(errnoOf(error) ?? '')) throw error
      return problem(
        'restore-exists',
        whyNoFolder(dirname(to)) ?? `something is in the way of the folder ${dirname(to)}`,
        ELSEWHERE,
      )
    }
    const copy = await openPart(part)
    try {
      const read = await copyAll(source, copy, digests, signal, report)
      if (read.state === 'unreadable') return unreadable(read.code)
      if (read.state === 'other') {
        await promises.unlink(part)
        return problem(
          'rot',
          'it has rotted here: its bytes are not those that were published, and nothing of it was restored',
          ROT_HINT,
        )
      }
      if (request.mtime !== null) await copy.utimes(request.mtime, request.mtime)
      await copy.sync()
    } finally {
      await copy.close()
    }
    await place(part, to)
    return { verdict: 'restored' }
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (errnoOf(error) === 'EEXIST')
      return problem('restore-exists', `${to} appeared meanwhile, and is left alone`, ELSEWHERE)
    throw diskFailure(error, 'restore to', to)
  } finally {
    await source.close()
  }

  function unreadable(code: string): CopyVerdict {
    if (code === 'ENOENT' || code === 'ENOTDIR')
      return problem('missing-here', 'it was published, and is gone from the destination', ROT_HINT)
    return problem('unreadable', `cannot read it at the destination (${code})`, UNREADABLE_HINT)
  }
}

/** What was left by one that was killed between its two names is a finished copy, and perhaps in use by now: that one is never written to. */
async function openPart(part: string): Promise<Handle> {
  const there = await lstat(part)
  if (there !== null && there.nlink > 1) await promises.unlink(part)
  return promises.open(part, O_RDWR | O_CREAT | O_NOFOLLOW, 0o666)
}

const IN_THE_WAY = new Set(['EEXIST', 'ENOTDIR'])

const ELSEWHERE = 'Restore to another folder, or move that file away.'
const ROT_HINT = 'A pass puts it back if the source still has it; else restore an older point.'
const UNREADABLE_HINT = 'Check the disk and the rights of the file: reconcile status shows the destination.'

/** `other`: the bytes that were read are others than were published. */
type Read = { readonly state: 'right' | 'other' } | { readonly state: 'unreadable'; readonly code: string }

async function copyAll(
  source: Handle,
  copy: Handle,
  digests: Partial<DigestPair>,
  signal: AbortSignal,
  report: (bytes: number) => void,
): Promise<Read> {
  const hashes = hashesOf(digests)
  const bytes = Buffer.allocUnsafe(BLOCK)
  const there = Buffer.allocUnsafe(BLOCK)
  /** Up to here the copy is known to have the same bytes. */
  let at = 0
  let staged = (await copy.stat()).size
  for (;;) {
    signal.throwIfAborted()
    let count: number
    try {
      count = (await source.read(bytes, 0, BLOCK, at)).bytesRead
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

async function holds(path: string, digests: Partial<DigestPair>, signal: AbortSignal): Promise<boolean> {
  const file = await promises.open(path, READ).catch(() => null)
  if (file === null) return false
  try {
    if (!(await file.stat()).isFile()) return false
    const hashes = hashesOf(digests)
    for await (const block of file.createReadStream({ autoClose: false, highWaterMark: BLOCK, signal }))
      for (const [, hash] of hashes) hash.update(block)
    return isRight(hashes, digests)
  } finally {
    await file.close()
  }
}

/** Gives the copy its name, never in anything's place: throws EEXIST. Durable. */
async function place(part: string, to: string): Promise<void> {
  try {
    await promises.link(part, to)
    await promises.unlink(part)
  } catch (error) {
    if (!NO_LINKS.has(errnoOf(error) ?? '')) throw error
    if ((await moveNoReplace(part, to)) === 'exists') throw errno('EEXIST', `it exists: ${to}`, to)
  }
  await synced(dirname(to), O_RDONLY)
}

const NO_LINKS = new Set(['EPERM', 'EOPNOTSUPP', 'ENOTSUP', 'EMLINK', 'ENOSYS'])

const lstat = (path: string) =>
  promises.lstat(path).catch((error: unknown) => {
    if (isAbsence(error)) return null
    throw error
  })
