import { createHash } from 'node:crypto'
import { constants, promises } from 'node:fs'
import type { RelPath } from '../model/rel-path.ts'
import type { Pace, Reread } from '../model/verified.ts'
import { errnoOf, whoForbids } from '../system/disk-failure.ts'
import { type Disk, secondsOf } from './disk/disk.ts'
import { folders } from './disk/folders.ts'
import { markerSum } from './ledger/line.ts'
import { markerPlaces, readMarkerAt } from './publish/find-markers.ts'
import { finalPath } from './publish/site.ts'

const BLOCK = 1 << 20
/** What a WebAssembly memory grows by, bytes. */
const PAGE = 1 << 16
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_DIRECT } = constants
const READ = O_RDONLY | O_NOFOLLOW | O_NONBLOCK

/**
 * Reads one published file whole, past the page cache where its file system can (O_DIRECT), with what the markers next to it claim.
 * Needs no lock and changes nothing. `pace` is asked before each block. Throws the signal's reason once it aborts.
 */
export function reread(...given: Parameters<typeof rereadNow>): Promise<Reread> {
  // One at a time: they share the blocks, and a disk that seeks between two files is slower than one after the other.
  const mine = turn.then(() => rereadNow(...given))
  turn = mine.then(
    () => {},
    () => {},
  )
  return mine
}

let turn: Promise<void> = Promise.resolve()

async function rereadNow(
  { disk, path: root }: { readonly disk: Disk; readonly path: string },
  path: RelPath,
  pace: Pace,
  signal: AbortSignal,
): Promise<Reread> {
  const nothing = { digests: null, size: 0, modified: 0, markers: [], why: '' }
  // I6: through a symlinked folder we would read a file that is not ours.
  const above = await folders(disk, root).find(path)
  if (above !== 'there') return { ...nothing, state: 'missing' }
  const place = finalPath({ path: root }, path)
  const found = await readAll(place, pace, signal)
  if (found === 'ENOENT' || found === 'ELOOP' || found === 'EINVAL') return { ...nothing, state: 'missing' }
  const places = await markerPlaces({ disk }, 'any')(place)
  const markers = await Promise.all(
    places.map(async (marker) => {
      const { digest, bytes } = await readMarkerAt({ disk }, marker, path)
      return { claim: digest, sum: markerSum(bytes) }
    }),
  )
  if (typeof found === 'string') {
    const whose = found === 'EACCES' || found === 'EPERM' ? whoForbids([place]) : null
    if (whose === null) return { ...nothing, state: 'unreadable', why: found, markers }
    const [why, hint] = [
      `permission denied: ${whose.whose}`,
      `Give it to the user who runs this: ${whose.give}`,
    ]
    return { ...nothing, state: 'unreadable', why, hint, markers }
  }
  return { ...found, state: 'read', markers, why: '' }
}

/** The digests, or Node's error code. */
async function readAll(place: string, pace: Pace, signal: AbortSignal) {
  let isDirect = true
  let handle = null as promises.FileHandle | null
  /** Only a refusal shows that a file system cannot read past the page cache: at the opening, or at the first read. */
  const orCached = async <T>(attempt: () => Promise<T>): Promise<T> => {
    try {
      return await attempt()
    } catch (error) {
      if (!isDirect || errnoOf(error) !== 'EINVAL') throw error
      isDirect = false
      await handle?.close()
      handle = await promises.open(place, READ)
      return attempt()
    }
  }
  try {
    await orCached(async () => {
      handle ??= await promises.open(place, READ | O_DIRECT)
    })
    const stat = await handle!.stat({ bigint: true })
    if (!stat.isFile()) return 'EINVAL'
    const [md5, sha256] = [createHash('md5'), createHash('sha256')]
    const blocks = alignedBlocks()
    let size = 0
    const next = async (i: number) => {
      await pace(Math.max(1, Math.min(BLOCK, Number(stat.size) - size)))
      signal.throwIfAborted()
      return orCached(() => handle!.read(blocks[i % 2]!, 0, BLOCK, size))
    }
    for (let i = 0; ; i++) {
      const { bytesRead, buffer } = await next(i)
      if (bytesRead === 0) break
      size += bytesRead
      const block = buffer.subarray(0, bytesRead)
      md5.update(block)
      sha256.update(block)
      // Past the end, a read that is not aligned would fail.
      if (size >= stat.size) break
    }
    const digests = { md5: md5.digest('hex'), sha256: sha256.digest('hex') }
    return { digests, size, modified: secondsOf(String(stat.mtimeNs)) }
  } catch (error) {
    if (signal.aborted) throw signal.reason
    const code = errnoOf(error)
    if (code === null) throw error
    return code
  } finally {
    await handle?.close()
  }
}

/** Node has it, and its types do not say so. */
declare const WebAssembly: {
  readonly Memory: new (size: {
    readonly initial: number
    readonly maximum: number
  }) => { readonly buffer: ArrayBuffer }
}

let kept: readonly [Buffer, Buffer] | null = null

/** O_DIRECT wants addresses that are aligned to the disk's blocks: Node's own buffers never are, those of WebAssembly begin a page. */
function alignedBlocks(): readonly [Buffer, Buffer] {
  if (kept !== null) return kept
  const memory = pages()
  kept = [Buffer.from(memory, 0, BLOCK), Buffer.from(memory, BLOCK, BLOCK)]
  return kept
}

function pages(): ArrayBuffer {
  try {
    return new WebAssembly.Memory({ initial: (2 * BLOCK) / PAGE, maximum: (2 * BLOCK) / PAGE }).buffer
  } catch {
    // It reserves gigabytes of addresses, which a limit may refuse. Then it is read through the page cache.
    return new ArrayBuffer(2 * BLOCK)
  }
}
