import { folderOf, type RelPath } from '../../model/rel-path.ts'
import type { DestinationPlace } from '../../model/spec.ts'
import type { Halt } from '../../model/trouble.ts'

/** Never staged away (I15): for the status, the ledger's torn tail, quarantine, the trash, and whoever else makes a file there. */
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
  message: `${free ?? 0} inodes are left on the file system of ${place.path}, and these are kept for publishing what has come and for writing down what happens: there may be room for bytes, and there is none for more files`,
  hint: 'Remove files there (df -i shows how many it can hold), or make the file system anew with more inodes. What fits is still pulled.',
})
