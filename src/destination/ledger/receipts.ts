import type { DrillReceipt } from '../../model/holding.ts'
import { type Instant, instant } from '../../model/instant.ts'
import type { LedgerEvent } from '../../model/ledger-event.ts'

/** By series, point, first file and outcome; the last one comes last. */
export type Receipts = Map<string, DrillReceipt>

export function enterReceipt(
  drills: Receipts,
  line: Extract<LedgerEvent, { readonly event: 'proven' | 'drill-failed' }>,
  at: Instant,
): void {
  const { event, drill, series, files, paths, bytes, restoreSeconds, drillSeconds } = line
  const point = line.point === null ? null : instant(Date.parse(line.point))
  const why = event === 'proven' ? null : line.why
  const key = JSON.stringify([drill, series, line.point, paths[0], event])
  drills.delete(key)
  drills.set(key, { at, drill, series, point, files, paths, bytes, restoreSeconds, drillSeconds, why })
}
