import type { Holding, Identity } from '../model/holding.ts'
import type { Instant } from '../model/instant.ts'
import type { DestinationPlace } from '../model/spec.ts'
import type { Halt } from '../model/trouble.ts'
import type { BoxState } from './box.ts'
import type { Disk } from './disk.ts'
import type { Ledger } from './ledger.ts'
import type { SeenCache } from './seen-cache.ts'

/** What every part of one destination works with. */
export interface Ground {
  readonly place: DestinationPlace
  readonly disk: Disk
  readonly box: BoxState
  readonly uid: number
}

/** `Destination.identify`: reads the id, the mount and the owner, no more. */
export async function identify(
  ground: Ground,
): Promise<{ readonly identity: Identity; readonly halt: Halt | null }> {
  throw new Error(`soon ${ground}`)
}

/**
 * `Destination.inspect` and `LockedDestination.inspect`: the second passes the ledger and the cache that its lock keeps open, the
 * first passes null and has both read here. A damaged ledger, another owner or a missing mount is the holding's halt.
 */
export async function takeHolding(
  ground: Ground,
  now: () => Instant,
  open: { readonly ledger: Ledger; readonly seen: SeenCache } | null,
): Promise<Holding> {
  throw new Error(`soon ${ground} ${now} ${open}`)
}
