import type { HeldFile, LedgerRecord, StagedFile } from '../model/holding.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Problem } from '../model/trouble.ts'
import type { Disk } from './disk.ts'
import type { Layout } from './layout.ts'

export interface Inventory {
  readonly files: ReadonlyMap<RelPath, HeldFile>
  readonly staged: ReadonlyMap<RelPath, StagedFile>
  /** `not-regular`: symlinks, devices and the like under `path`, whether anything wants that name or not. */
  readonly problems: readonly Problem[]
  /** Bytes in data, staging, quarantine and trash. */
  readonly used: number
}

/** What lies in the destination now. Reads the markers of those pairs only that `records` does not know. */
export async function takeInventory(
  disk: Disk,
  destination: string,
  files: Layout,
  records: ReadonlyMap<RelPath, LedgerRecord>,
): Promise<Inventory> {
  throw new Error(`soon ${disk} ${files} ${destination} ${records}`)
}
