import { readSavedPlan } from '../decide/read-saved-plan.ts'
import type { SavedPlan } from '../model/saved-plan.ts'
import { planIdOf } from '../reconcile/assemble-plan.ts'
import { readDocument, unreadable } from './private-file.ts'

const HINT = 'Save it anew with: reconcile plan --out FILE'

/**
 * Reads a saved plan. `isEdited`: its id is not that of its steps. Throws a Failure where the file holds no sound plan, or one of a
 * version that this program does not know.
 */
export async function openSavedPlan(
  file: string,
): Promise<{ readonly plan: SavedPlan; readonly isEdited: boolean }> {
  const read = readSavedPlan(await readDocument(file, 'plan-unreadable', HINT))
  if (read.state === 'broken') throw unreadable('plan-unreadable', file, read.fault, HINT)
  if (read.state === 'other-version') {
    const why = `it is a plan of another version, ${read.format}, and this program knows reconcile.plan/1`
    throw unreadable(
      'plan-version',
      file,
      why,
      'Use the version of reconcile that saved it, or save it anew.',
    )
  }
  const { plan } = read
  return { plan, isEdited: planIdOf(plan.backups, plan.revision) !== plan.planId }
}
