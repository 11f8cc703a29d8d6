import type { Box } from '../model/box.ts'
import type { LockedDestination } from '../model/ports.ts'
import type { Run } from '../model/run.ts'
import type { Hold } from '../model/trouble.ts'

/** Holds that a person has released are passed once, and the ledger says so. */
export async function useReleases(
  passed: readonly Hold[],
  box: Box,
  destination: LockedDestination,
  run: Run,
): Promise<void> {
  for (const { id, code } of passed) {
    const release = await box.released(id)
    if (release === null) continue
    const { reason, by } = release
    await destination.record([{ event: 'released', hold: id, code, reason, by }], run)
    await box.consume(id)
  }
}
