import { escapeText } from '../view/escape-text.ts'
import { renderPlan } from '../view/render-plan.ts'
import { renderPlanMarkdown } from '../view/render-plan-markdown.ts'
import { type Console, printDocument } from './argv/console.ts'
import { openSavedPlan } from './open-saved-plan.ts'

/** `reconcile plan --show F`: prints a saved plan, stale or not; nothing else is looked at. */
export async function showPlan(
  file: string,
  flags: { readonly markdown: boolean; readonly all: boolean },
  console: Console,
): Promise<number> {
  const { plan, isEdited } = await openSavedPlan(file)
  if (isEdited) {
    console.tell(`Warning: ${escapeText(file)} was changed after it was saved. It cannot be applied.\n`)
  }
  if (flags.markdown) console.write(renderPlanMarkdown(plan, isEdited))
  else if (console.output !== 'text') printDocument(console, plan)
  else console.write(renderPlan(plan, { color: console.color.write, width: console.width, all: flags.all }))
  return 0
}
