import type { Instant } from '../../model/instant.ts'
import type { LateSeries } from '../../model/outcome.ts'
import { type StatusFacts, viewsOf } from './backup.ts'
import { lateSeries } from './series.ts'

export interface LateNow {
  readonly late: readonly LateSeries[]
  /** When the next one will be, if nothing comes meanwhile; null: none ever. */
  readonly next: Instant | null
}

/** Which series are late from what the disk says alone, without a pass; null: it cannot be told. */
export function lateNow(facts: StatusFacts, asOf: Instant): LateNow | null {
  if (facts.holding === null || (facts.halt ?? facts.holding.halt) !== null) return null
  const views = viewsOf(facts, asOf)
  const next = views.reduce<Instant | null>(
    (first, { late, lateAfter }) =>
      late !== null || lateAfter === null || (first !== null && first <= lateAfter) ? first : lateAfter,
    null,
  )
  return { late: lateSeries(views), next }
}
