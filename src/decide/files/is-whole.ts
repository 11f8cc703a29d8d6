import type { HeldFile, LedgerRecord } from '../../model/holding.ts'

/** Published and, as far as a look can tell, whole: data of the ledger's size beside the marker that was published with it. */
export const isWhole = (held: HeldFile | undefined, record: LedgerRecord | undefined): boolean =>
  held !== undefined &&
  record !== undefined &&
  record.isRotten === undefined &&
  held.size === record.size &&
  held.foundOther === undefined &&
  held.marker !== null &&
  held.marker.isWrong === undefined
