import { nothingHeld } from '../../model/holding.ts'
import type { Observation } from '../../model/observation.ts'
import type { Problem } from '../../model/trouble.ts'

/** What stands in for an observation where nothing may be looked at. */
export const unobserved = (problems: readonly Problem[] = []): Observation => ({
  source: { completeness: 'unknown', files: new Map(), problems },
  destination: {
    ...nothingHeld,
    identity: { found: null, expected: null, lastSeenAt: null, hasPrivateFolder: false },
    free: null,
    halt: null,
  },
})
