import type { Instant } from '../model/instant.ts'
import type { Disk } from './disk.ts'
import type { Layout } from './layout.ts'

/** What `.reconcile/id` says; null where there is none, or it cannot be one. */
export async function readId(disk: Disk, files: Layout): Promise<string | null> {
  throw new Error(`soon ${disk} ${files}`)
}

/**
 * Under the lock, before `openLedger`: makes the ledger's first line and then the id where there is neither, and finishes a crash
 * between the two. A ledger missing beside an id is left as it is: `openLedger` reports it. `announce` learns the new id durably
 * before anything of it is on the disk (`box.expect`), so that no crash makes our own new disk look like a stranger's.
 */
export async function establishIdentity(
  disk: Disk,
  files: Layout,
  options: { readonly now: () => Instant; readonly announce: (id: string) => Promise<void> },
): Promise<void> {
  throw new Error(`soon ${disk} ${files} ${options}`)
}
