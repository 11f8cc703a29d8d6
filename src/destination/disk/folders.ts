import { dirname, join } from 'node:path'
import type { Problem } from '../../model/trouble.ts'
import type { Disk } from './disk.ts'

/** The folders below `root` that a step works in: shared by a batch, so that each is looked at and synced once. */
export interface Folders {
  /**
   * Makes the folder of `path`, relative to `root`, and all between where they are missing; `root` itself is there. A problem where
   * something that is no folder is in the way: a symlinked folder would lead out of the destination (I6).
   */
  make(path: string, mode: number): Promise<Problem | null>
  /** Whether the folder of `path` is there. Makes nothing; a problem where something that is no folder is in the way (I6). */
  find(path: string): Promise<'there' | 'absent' | Problem>
  /** A name in the folder of `path` was made or removed. Absolute. */
  touched(path: string): void
  /** Makes those folders durable; returns those that failed, with their errors. */
  sync(): Promise<FailedFolders>
}

export type FailedFolders = ReadonlyMap<string, unknown>

export function folders(disk: Disk, root: string): Folders {
  const known = new Set<string>()
  const dirty = new Set<string>()
  /** `missing`: what to do where the folder `at` is not there; returns what ends the walk, or null. */
  const walk = async <End>(
    path: string,
    doing: string,
    missing: (at: string) => Promise<End | null>,
  ): Promise<End | Problem | null> => {
    let at = root
    for (const part of path.split('/').slice(0, -1)) {
      at = join(at, part)
      if (known.has(at)) continue
      const stat = await disk.lstat(at)
      if (stat !== null && stat.kind !== 'folder') return inTheWay(path, at, stat.kind, doing)
      const end = stat === null ? await missing(at) : null
      if (end !== null) return end
      known.add(at)
    }
    return null
  }
  return {
    make: (path, mode) =>
      walk(path, 'put in place', async (at) =>
        // If it cannot be made, something else may have made it meanwhile: look again.
        (await disk.mkdir(at, mode)) || (await disk.lstat(at))?.kind === 'folder'
          ? null
          : inTheWay(path, at, 'something', 'put in place'),
      ),
    find: async (path) => (await walk(path, 'reached', async () => 'absent' as const)) ?? 'there',
    touched(path) {
      // All above it too: a folder that a killed run made may not be durable yet, and looks like any other.
      for (let at = dirname(path); at.length >= root.length; at = dirname(at)) {
        dirty.add(at)
        if (at === root) break
      }
    },
    async sync() {
      const failed = new Map<string, unknown>()
      // Innermost first: a folder's own names, then its name in its parent.
      for (const folder of [...dirty].sort((a, b) => b.length - a.length)) {
        try {
          await disk.syncFolder(folder)
        } catch (error) {
          failed.set(folder, error)
        }
      }
      dirty.clear()
      return failed
    },
  }
}

/** The error of the folder of `path`, or of one above it, if it could not be synced. */
export function failedAbove(failed: FailedFolders, path: string): { readonly error: unknown } | null {
  if (failed.size === 0) return null
  for (let at = dirname(path); ; at = dirname(at)) {
    if (failed.has(at)) return { error: failed.get(at) }
    if (at === dirname(at)) return null
  }
}

const inTheWay = (path: string, folder: string, kind: string, what: string): Problem => ({
  code: 'folder-blocked',
  path,
  message: `cannot be ${what}: ${folder} is a ${kind}, not a folder`,
  hint: 'Move it aside. Symlinks are never followed in a destination.',
})
