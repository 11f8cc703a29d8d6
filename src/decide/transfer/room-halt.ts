import { humanSize } from '../../model/human-size.ts'
import { folderOf, type RelPath } from '../../model/rel-path.ts'
import type { DestinationPlace } from '../../model/spec.ts'
import type { Halt } from '../../model/trouble.ts'
import type { BatchItem } from './batches.ts'

/** The halt that stops everything; null: there is none, or one that stops pulls alone. */
export const fullHalt = (halt: Halt | null): Halt | null =>
  halt === null || halt.code === 'min-free' || halt.code === 'max-size' ? null : halt

interface Room {
  readonly free: number | null
  /** What is free and other passes are about to fill. */
  readonly others?: number
  /** By this backup. */
  readonly used: number
}

/** Stops pulls, never anything that makes room: `bytes` more would leave less than minFree, or more than maxSize. */
export function roomHalt(place: DestinationPlace, now: Room, bytes: number): Halt | null {
  if (bytes === 0) return null
  const { free, others = 0 } = now
  if (free !== null && free - others - bytes < place.minFree) {
    const coming = others === 0 ? '' : `, ${humanSize(others)} of it for what other backups are transferring`
    return {
      code: 'min-free',
      message: `${humanSize(bytes)} to transfer, ${humanSize(free)} free at ${place.path}${coming}, and destination.minFree reserves ${humanSize(place.minFree)}`,
      hint: 'Make room on the destination, lower destination.minFree, or select less. What fits is still pulled.',
    }
  }
  if (place.maxSize !== null && now.used + bytes > place.maxSize) {
    return {
      code: 'max-size',
      message: `${humanSize(bytes)} to transfer, ${humanSize(now.used)} held in ${place.path}, and destination.maxSize is ${humanSize(place.maxSize)}`,
      hint: 'Raise destination.maxSize in the spec, or select less. What fits is still pulled.',
    }
  }
  return null
}

/** Parts ordered files into those for which there is room and the halt that speaks for the rest. */
export function fitting<Item extends BatchItem>(
  items: readonly Item[],
  place: DestinationPlace,
  now: Room,
): { readonly fit: readonly Item[]; readonly halt: Halt | null } {
  const fit: Item[] = []
  let taken = 0
  let refused = 0
  for (const item of items) {
    const bytes = Math.max(0, item.size - item.stagedBytes)
    if (roomHalt(place, now, taken + bytes) === null) {
      fit.push(item)
      taken += bytes
    } else {
      refused += bytes
    }
  }
  return { fit, halt: refused === 0 ? null : roomHalt(place, now, taken + refused) }
}

/** Never staged away (I15): for the status, the ledger's torn tail, quarantine, the trash, and anything else that makes a file there. */
const KEPT = 16

interface ToStage {
  readonly path: RelPath
  readonly stagedBytes: number
}

/** Inodes at most that these files still take: in staging and, until they are published, for markers and folders. */
export function inodesOf(files: readonly ToStage[]): number {
  const folders = new Set<string>()
  let inodes = 0
  for (const { path, stagedBytes } of files) {
    // The file, its marker, and for a while a second name of each, which some file systems (tmpfs) count as well.
    inodes += stagedBytes > 0 ? 3 : 4
    for (let at = folderOf(path); at !== '' && !folders.has(at); at = folderOf(at)) {
      folders.add(at)
      // In staging and under its final name.
      inodes += 2
    }
  }
  return inodes
}

/** The first of these files that can be staged and published with so many inodes; null: the file system does not count them. */
export function fittingInodes<Item extends ToStage>(
  files: readonly Item[],
  free: number | null,
): readonly Item[] {
  if (free === null || inodesOf(files) + KEPT <= free) return files
  // Each file takes one more at least: halving finds the last that fits.
  let [fit, tooMany] = [0, files.length]
  while (tooMany - fit > 1) {
    const middle = (fit + tooMany) >> 1
    if (inodesOf(files.slice(0, middle)) + KEPT <= free) fit = middle
    else tooMany = middle
  }
  return files.slice(0, fit)
}

/** What stops pulls where there is no room for another file. */
export const inodeHalt = (place: DestinationPlace, free: number | null): Halt => ({
  code: 'disk-full',
  message: `only ${free ?? 0} inodes are left on the file system of ${place.path}, and they are reserved for publishing what has arrived and for the ledger: there may be room for bytes but not for more files`,
  hint: 'Remove files there (df -i shows how many it can hold), or recreate the file system with more inodes. What fits is still pulled.',
})
