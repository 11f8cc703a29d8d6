import { fingerprint } from '../decide/documents/fingerprint.ts'
import { readSavedPlan } from '../decide/documents/read-saved-plan.ts'
import { planIdOf } from '../decide/plan/assemble.ts'
import type { SavedPlan } from '../model/saved-plan.ts'
import { readDocument, unreadable } from './private-file.ts'

const HINT = 'Save it again with: reconcile plan --out FILE'

/**
 * Reads a saved plan. `isEdited`: its text, including reasons and removals, differs from what was saved. Throws a Failure if the file
 * is not a valid plan, or is of an unknown version.
 */
export async function openSavedPlan(
  file: string,
): Promise<{ readonly plan: SavedPlan; readonly isEdited: boolean }> {
  const text = await readDocument(file, 'plan-unreadable', HINT)
  const read = readSavedPlan(text)
  if ('fault' in read) throw unreadable('plan-unreadable', file, read.fault, HINT)
  if ('format' in read) {
    const why = `its format is ${read.format}, and this program reads only reconcile.plan/1`
    throw unreadable(
      'plan-version',
      file,
      why,
      'Use the version of reconcile that saved it, or save it again.',
    )
  }
  const { plan } = read
  const { seal, ...rest }: Record<string, unknown> = JSON.parse(text)
  const isEdited = planIdOf(plan.backups, plan.revision) !== plan.planId || seal !== sealOf(rest)
  return { plan, isEdited }
}

/** The last field of a saved plan: reveals a file that was changed, by mistake or to mislead a review. It is not a signature. */
export const sealOf = (plan: object): string => fingerprint(plan)
