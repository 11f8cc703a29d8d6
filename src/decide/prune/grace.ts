import type { SeenTerms } from '../../model/holding.ts'
import type { Instant } from '../../model/instant.ts'
import type { PruneRules } from '../../model/spec.ts'

/**
 * I9: the span that counts now, seconds. A longer one counts at once; a shorter one when the old span has passed since the pass that
 * first saw the new one.
 */
export function graceInForce(
  terms: readonly SeenTerms[],
  declared: PruneRules,
  which: 'minAge' | 'trashFor',
  asOf: Instant,
): number {
  const stillCount = terms.filter((one, i) => {
    const next = terms[i + 1]
    return next === undefined || asOf < next.at + one[which] * 1000
  })
  return Math.max(declared[which], ...stillCount.map((one) => one[which]))
}
