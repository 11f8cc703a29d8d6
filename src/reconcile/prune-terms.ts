import type { PruneTerms } from '../decide/plan/backup.ts'
import type { Instant } from '../model/instant.ts'
import type { LastGood } from '../model/spec.ts'

/** The terms of a plan that is made before anything of it has happened. */
export const plannedTerms = (
  asOf: Instant,
  given: {
    readonly asked: boolean
    readonly released: ReadonlySet<string>
    readonly lastGood: LastGood | null
  },
): PruneTerms => ({ when: 'planned', passBegan: asOf, ...given })
