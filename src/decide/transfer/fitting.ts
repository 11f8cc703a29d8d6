import type { DestinationPlace } from '../../model/spec.ts'
import type { Halt } from '../../model/trouble.ts'
import type { BatchItem } from './batches.ts'
import { roomHalt } from './room-halt.ts'

/** Parts ordered files into those for which there is room and the halt that speaks for the rest. */
export function fitting<Item extends BatchItem>(
  items: readonly Item[],
  place: DestinationPlace,
  now: { readonly free: number | null; readonly used: number },
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
