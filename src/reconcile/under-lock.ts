import { mustBeMeant } from '../decide/specs/identity-hold.ts'
import { Failure } from '../model/failure.ts'
import type { Holding } from '../model/holding.ts'
import type { LockHolder } from '../model/outcome.ts'
import type { Destination, LockedDestination } from '../model/ports.ts'
import type { Run } from '../model/run.ts'

/** Work on one destination at a person's word, outside of any pass. */
export type UnderLock<T> =
  | { readonly state: 'done'; readonly value: T }
  | { readonly state: 'busy'; readonly holders: readonly LockHolder[] }

/**
 * Takes the lock, finishes what an earlier run began, and does `work` with what is held. Throws a Failure where the destination is not
 * the expected one, may not be written, or its ledger cannot be trusted.
 */
export async function underLock<T>(
  destination: Destination,
  lockWait: number,
  run: Run,
  work: (locked: LockedDestination, holding: Holding) => Promise<T>,
): Promise<UnderLock<T>> {
  const { identity, halt } = await destination.identify(run)
  mustBeMeant(destination.path, { identity, halt })
  if (!identity.hasPrivateFolder) {
    throw new Failure({
      code: 'no-destination',
      message: `${destination.path} holds no backup yet`,
      hint: 'A pass creates one: reconcile --dry-run shows what that would do.',
      retryable: false,
    })
  }
  const lock = await destination.lock(lockWait, run)
  if (lock.state === 'busy') return lock
  if (lock.state === 'refused') throw new Failure({ ...lock.halt, retryable: false })
  const locked = lock.destination
  try {
    await locked.recover(run)
    const holding = await locked.inspect(run)
    if (holding.halt !== null) throw new Failure({ ...holding.halt, retryable: false })
    const value = await work(locked, holding)
    // The box learns the ledger's new head with the status.
    const status = await destination.readStatus()
    if (status !== null) await locked.writeStatus({ ...status, head: locked.head() })
    return { state: 'done', value }
  } finally {
    await locked.close()
  }
}
