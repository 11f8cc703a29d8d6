import type { Spec } from '../../model/spec.ts'
import { nameWarnings } from '../files/as-and-pattern.ts'
import { reachWarnings } from '../retention/retained.ts'
import { type TimeWarning, timeWarnings } from '../time/warnings.ts'

/** What will not go well, by the spec alone. */
export const specWarnings = (spec: Spec): readonly TimeWarning[] => [
  ...timeWarnings(spec),
  ...reachWarnings(spec),
  ...nameWarnings(spec),
]
