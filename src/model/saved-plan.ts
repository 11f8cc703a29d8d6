import { type Check, type Checked, newer, object } from './check-json.ts'
import { PLAN } from './plan.ts'

/** A plan in a file: `reconcile.plan/1` without its `keep` steps, and with the specs it was made from. */
export const savedPlan = object({
  ...PLAN,
  /** By name, the spec as it counted: defaults merged in. Plain JSON data, for people who review a change. */
  specs: newer(object({}) as Check<Readonly<Record<string, unknown>>>),
})
export type SavedPlan = Checked<typeof savedPlan>

/** One thing that is not as a saved plan expects it. */
export interface Difference {
  readonly code: string
  readonly path?: string
  readonly message: string
  /** In words; left out where there are not two things to compare. */
  readonly expected?: string
  readonly found?: string
}
