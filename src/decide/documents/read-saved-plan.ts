import { parseDocument } from '../../model/check-json.ts'
import type { Plan } from '../../model/plan.ts'
import { type SavedPlan, savedPlan } from '../../model/saved-plan.ts'

/** What earlier versions did not write. */
const EARLIER = { specs: {} }
const EARLIER_BACKUP = { retained: null, warnings: [], suspended: null, rateUntil: null }

export type ReadPlan =
  | { readonly plan: SavedPlan }
  /** Of a version that this program does not know. */
  | { readonly format: string }
  | { readonly fault: string }

/** What a saved plan's file holds. Whoever made it is not trusted: paths are safe, numbers are numbers, each backup is in it once. */
export function readSavedPlan(json: string): ReadPlan {
  const parsed = parseDocument(json, 'plan', 'saved plan', savedPlan)
  if (!('value' in parsed)) return parsed
  const backups = parsed.value.backups.map((one) => ({ ...EARLIER_BACKUP, ...one }))
  const names = backups.map((one) => one.backup)
  if (new Set(names).size < names.length) return { fault: 'it contains a backup twice' }
  return { plan: { ...EARLIER, ...parsed.value, backups } }
}

/** The document that a plan is saved as. */
export const toSavedPlan = (made: Plan, effective: ReadonlyMap<string, unknown>): SavedPlan => ({
  ...made,
  backups: made.backups.map((one) => ({
    ...one,
    steps: one.steps.filter(({ action }) => action !== 'keep'),
  })),
  specs: Object.fromEntries(
    made.backups.flatMap(({ backup: name }) => (effective.has(name) ? [[name, effective.get(name)]] : [])),
  ),
})
