import type { Observation } from '../model/observation.ts'
import type { Problem } from '../model/trouble.ts'

/** What stands in for an observation where nothing may be looked at. */
export const unobserved = (problems: readonly Problem[] = []): Observation => ({
  source: { completeness: 'unknown', files: new Map(), problems },
  destination: {
    identity: { found: null, expected: null, lastSeenAt: null, hasPrivateFolder: false },
    files: new Map(),
    records: new Map(),
    staged: new Map(),
    abandoned: new Map(),
    pruned: new Map(),
    begun: new Map(),
    lastPrune: null,
    created: null,
    listedBefore: null,
    lastTime: null,
    seen: new Map(),
    head: null,
    free: null,
    used: 0,
    halt: null,
    problems: [],
  },
})
