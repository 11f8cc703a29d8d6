import type { LedgerHead } from '../model/holding.ts'
import type { Instant } from '../model/instant.ts'
import type { Disk } from './disk.ts'
import type { Layout } from './layout.ts'

/**
 * Under the lock: puts the ledger, if there is one, into quarantine and starts a new one with the same id (a new one where there is none)
 * that names the old head. Its files are then pairs no ledger knows, and the next pass adopts them. `recordHead` is `box.recordHead`.
 */
export async function rebuildLedger(
  disk: Disk,
  files: Layout,
  options: {
    readonly now: () => Instant
    readonly recordHead: (id: string, head: LedgerHead) => Promise<void>
  },
): Promise<{ readonly id: string; readonly oldHead: LedgerHead | null; readonly quarantine: string | null }> {
  throw new Error(`soon ${disk} ${files} ${options}`)
}
