import type { Seen } from '../model/holding.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Disk } from './disk.ts'
import type { Layout } from './layout.ts'

/** What the source last showed, by path: a cache that may be lost at any time, and is then empty. */
export interface SeenCache {
  readonly records: ReadonlyMap<RelPath, Seen>
  /** Under the lock only. A null forgets a path. Writes nothing where nothing changed; not durable. */
  remember(changes: ReadonlyMap<RelPath, Seen | null>): Promise<void>
}

export async function openSeen(disk: Disk, files: Layout): Promise<SeenCache> {
  throw new Error(`soon ${disk} ${files}`)
}
