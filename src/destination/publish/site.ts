import { join } from 'node:path'
import type { Digest, DigestPair } from '../../model/digest.ts'
import { digestKind } from '../../model/digest.ts'
import type { Staged } from '../../model/ports.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { Run } from '../../model/run.ts'
import type { Problem } from '../../model/trouble.ts'
import { diskFailure } from '../../system/disk-failure.ts'
import type { Disk, DiskStat } from '../disk/disk.ts'
import type { HashFiles } from '../hash-pool.ts'
import type { Layout } from '../layout.ts'
import type { Ledger } from '../ledger/ledger.ts'

/** What every step of the protocol works with, under the lock and after recovery. */
export interface Site {
  /** The destination's folder, absolute. */
  readonly path: string
  readonly files: Layout
  readonly disk: Disk
  readonly hash: HashFiles
  readonly uid: number
  /** Its name, for events. */
  readonly backup: string
  readonly ledger: Ledger
  /** Staged files, by their names there, whose bytes were read under this lock; publish takes no others. */
  readonly judged: Map<RelPath, Omit<ReadBytes, 'head'>>
  /** Asked once: see `canLink`. */
  links: Promise<boolean> | null
}

/** The very bytes that were read: those of one inode, at one size, and not written to since. */
export interface ReadBytes {
  readonly inode: string
  readonly modified: string
  readonly size: number
  readonly digests: DigestPair
  /** The first 512 of them, one character a byte (latin1). */
  readonly head: string
}

export const finalPath = (site: Pick<Site, 'path'>, path: string): string => join(site.path, path)
export const stagedPath = (site: Pick<Site, 'files'>, path: string): string => join(site.files.staging, path)
/** What a file is called in staging. */
export const nameInStaging = ({ path, from }: Staged): RelPath => from ?? path

/** Whether what is there now is the very file that was read. */
export const isStill = (now: DiskStat | null, judged: Omit<ReadBytes, 'head'>): boolean =>
  now?.kind === 'file' &&
  now.inode === judged.inode &&
  now.modified === judged.modified &&
  now.size === judged.size

/** An absolute place relative to the destination. */
export const relativeTo = (site: Pick<Site, 'path'>, place: string): string =>
  place.slice(site.path.length + 1)

/** How many files a step works on at a time: enough for a disk to sort them, few enough to stop soon. */
export const AT_ONCE = 8

export const sameDigests = (
  a: { md5: string; sha256: string },
  b: { md5: string; sha256: string },
): boolean => a.md5 === b.md5 && a.sha256 === b.sha256

/** The one of both that is of the same kind as `like`. */
export const likeDigest = (digests: DigestPair, like: Digest): Digest => digests[digestKind(like)]

/** I2: whether a marker's claim is of these very bytes. A marker that claims nothing does not agree. */
export const agrees = (digests: DigestPair, claim: Digest | null): boolean =>
  claim !== null && likeDigest(digests, claim) === claim

/** A disk's error with one file as its problem. What is no disk's error is a bug and is thrown on. */
export function diskProblem(error: unknown, doing: string, path: string): Problem {
  const { code, message, hint } = diskFailure(error, doing, path)
  return { code, path, message, hint }
}

/**
 * Reads files whole, at absolute places: what each turned out to be, or why it could not be read. `size` guides the work. Throws the
 * signal's reason.
 */
export async function readWhole(
  { hash }: Pick<Site, 'hash'>,
  files: readonly { readonly path: RelPath; readonly place: string; readonly size: number }[],
  { signal }: Run,
): Promise<ReadonlyMap<RelPath, ReadBytes | Problem>> {
  const hashed = await hash(
    files.map(({ place, size }) => ({ path: place, size })),
    signal,
  )
  signal.throwIfAborted()
  return new Map(
    files.map(({ path, place }): [RelPath, ReadBytes | Problem] => {
      const result = hashed.get(place)
      if (result === undefined) throw new Error(`hashing ${path} came to nothing`)
      const { state: _, ...rest } = result
      if ('digests' in rest) return [path, rest]
      return [path, diskProblem(Object.assign(new Error(rest.code), { code: rest.code }), 'read', path)]
    }),
  )
}

/**
 * Reads files whole at their places, those of which `look` returns the stat of a regular file; what else it returns, or the disk's error,
 * is what they come to. `moved`: what one comes to that was replaced meanwhile. Throws the signal's reason.
 */
export async function readEach<T extends { readonly path: RelPath; readonly place: string }, End>(
  site: Site,
  items: readonly T[],
  run: Run,
  look: (item: T) => Promise<DiskStat | End>,
  moved: (path: string) => Problem,
): Promise<Map<RelPath, ReadBytes | Problem | End>> {
  const results = new Map<RelPath, ReadBytes | Problem | End>()
  const open = new Map<RelPath, DiskStat & { readonly path: RelPath; readonly place: string }>()
  for (const item of items) {
    const { path, place } = item
    try {
      const found = await look(item)
      if (isStat(found)) open.set(path, { ...found, path, place })
      else results.set(path, found)
    } catch (error) {
      results.set(path, diskProblem(error, 'look at', path))
    }
  }
  for (const [path, found] of await readWhole(site, [...open.values()], run))
    results.set(path, isRead(found) && found.inode !== open.get(path)!.inode ? moved(path) : found)
  return results
}

const isStat = (found: unknown): found is DiskStat =>
  typeof found === 'object' && found !== null && 'inode' in found

export const isRead = (found: ReadBytes | Problem): found is ReadBytes => 'digests' in found
