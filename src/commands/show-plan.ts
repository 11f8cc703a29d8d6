import { comparePlans } from '../decide/plan/compare.ts'
import { renderComparison } from '../view/describe-comparison.ts'
import { escapeText } from '../view/escape-text.ts'
import { renderPlan } from '../view/render-plan.ts'
import { renderPlanMarkdown } from '../view/render-plan-markdown.ts'
import { type Console, printDocument } from './argv/console.ts'
import { openSavedPlan } from './open-saved-plan.ts'

/**
 * `reconcile plan --show F`: prints a saved plan, stale or not; nothing else is looked at. `against`: another one, to tell what
 * changes between the two.
 */
export async function showPlan(
  file: string,
  flags: { readonly against: string | null; readonly markdown: boolean; readonly all: boolean },
  console: Console,
): Promise<number> {
  const { plan, isEdited } = await openSavedPlan(file)
  const against =
    flags.against === null ? null : comparePlans((await openSavedPlan(flags.against)).plan, plan)
  if (isEdited) {
    console.tell(`Warning: ${escapeText(file)} was changed after it was saved. It cannot be applied.\n`)
  }
  if (flags.markdown) console.write(renderPlanMarkdown(plan, { against, isEdited }))
  else if (console.output !== 'text') printDocument(console, against === null ? plan : { ...plan, against })
  else {
    if (against !== null) console.write(`${renderComparison(against)}\n`)
    console.write(renderPlan(plan, { color: console.color.write, width: console.width, all: flags.all }))
  }
  return 0
}
