import { describeSuspended } from '../decide/status/suspended.ts'
import { humanSize } from '../model/human-size.ts'
import type { Action, BackupPlan, Plan, Step } from '../model/plan.ts'
import { escapeProse } from './escape-text.ts'
import { counted, humanCount } from './human-count.ts'
import { shorten } from './lay-rows.ts'
import { planCounts, stepSize, transferFacts, transfers } from './plan-totals.ts'
import { besideText, guessedLines } from './series-facts.ts'

/** Items shown of one action, and of problems: comments have a size limit. */
const SHOWN = 20
/** What is removed, and what needs a person, first. */
const ORDER: readonly Action[] = [
  'prune',
  'conflict',
  'lost',
  'surplus',
  'pull',
  'resume',
  'repair',
  'adopt',
  'wait',
  'expire',
]

/**
 * A plan as a comment on a merge request, each backup's steps folded. Text from a source, a spec or the file itself is in code spans,
 * where it cannot be markup, a link or a mention.
 */
export function renderPlanMarkdown(plan: Plan, isEdited: boolean): string {
  const parts = [
    `## Backup plan ${code(plan.planId)}`,
    ...(isEdited
      ? ['> **Edited:** this file was changed after it was saved. `reconcile apply` refuses it.']
      : []),
    `As of ${code(plan.asOf)}, specs at ${plan.revision === null ? 'no known revision' : code(plan.revision)}.`,
    ...plan.diagnostics
      .slice(0, SHOWN)
      .map(
        ({ file, line, severity, message }) =>
          `- **${severity}** ${code(`${file}:${line}`)} ${code(message)}`,
      ),
    ...some(
      (plan.problems ?? []).map(
        ({ code: kind, message, hint }) => `- **problem** ${code(kind)} ${code(message)}: ${code(hint)}`,
      ),
    ),
    ...plan.backups.map(section),
    `**Plan:** ${totals(plan)}`,
  ]
  return `${parts.join('\n\n')}\n`
}

/** Not reported once for many. */
const isOwn = ({ shared }: { readonly shared?: string }): boolean => shared === undefined

function section(backup: BackupPlan): string {
  const counts = planCounts(backup.summary, transferFacts(backup))
  const stops = [
    ...(backup.suspended === null ? [] : [`- **suspended** ${code(describeSuspended(backup.suspended))}`]),
    ...(backup.halt === null ? [] : [`- **halted** ${code(backup.halt.code)} ${code(backup.halt.message)}`]),
    ...backup.holds
      .filter(isOwn)
      .map((hold) => `- **held** ${code(hold.id)} ${code(hold.code)} ${code(hold.message)}`),
    ...some(
      backup.problems.filter(isOwn).map(({ code: kind, path, message }) => {
        const where = path === undefined ? '' : `${code(path)} `
        return `- **problem** ${code(kind)} ${where}${code(message)}`
      }),
    ),
    ...backup.warnings.map(({ code: kind, message }) => `- **warning** ${code(kind)} ${code(message)}`),
    ...guessedLines(backup.series).map((text) => `- ${code(text)}`),
    ...(backup.beside === undefined ? [] : [`- ${code(besideText(backup.beside))}`]),
  ]
  const steps = ORDER.flatMap((action) =>
    some(backup.steps.filter((step) => step.action === action).map(stepItem), action),
  )
  const head = `### ${code(backup.backup)}\n\n${code(backup.from)} → ${code(backup.to)}: ${counts === '' ? 'in sync' : counts}`
  const folded =
    steps.length === 0
      ? []
      : [
          `<details><summary>${counted(backup.steps.length, 'step')}</summary>`,
          steps.join('\n'),
          '</details>',
        ]
  return [head, ...(stops.length === 0 ? [] : [stops.join('\n')]), ...folded].join('\n\n')
}

function stepItem(step: Step): string {
  const amount = step.size === undefined ? '' : ` ${stepSize(step, step.size)}`
  const digests =
    step.held === undefined || step.source === undefined
      ? ''
      : ` held ${code(step.held.slice(0, 8))}, source ${code(step.source.slice(0, 8))}`
  return `- ${step.action} ${code(step.path)}${amount}${digests}: ${code(step.because.join(', '))}`
}

const some = (items: readonly string[], what = 'problem'): readonly string[] =>
  shorten(items, SHOWN, (left) => `- … and ${humanCount(left)} more: ${what}`)

function totals(plan: Plan): string {
  const moving = plan.backups.filter(({ summary }) => transfers(summary) > 0)
  const facts = moving.length === 1 ? transferFacts(moving[0]!) : humanSize(plan.summary.bytes)
  const counts = planCounts(plan.summary, facts)
  return `${counts === '' ? 'nothing to do' : counts}. 0 overwrites, ${counted(plan.summary.prune, 'removal')}.`
}

/** A code span around any text: its fence is longer than any run of backticks in it. */
function code(text: string): string {
  const plain = escapeProse(text)
  if (plain === '') return '` `'
  const longest = Math.max(0, ...(plain.match(/`+/g) ?? []).map((run) => run.length))
  const fence = '`'.repeat(longest + 1)
  const pad = plain.startsWith('`') || plain.endsWith('`') ? ' ' : ''
  return `${fence}${pad}${plain}${pad}${fence}`
}
