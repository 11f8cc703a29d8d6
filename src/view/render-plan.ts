import stringWidth from 'string-width'
import { isAllShared } from '../decide/status/shared-troubles.ts'
import { byName } from '../decide/status/verdict.ts'
import { humanSize } from '../model/human-size.ts'
import { type Instant, instant } from '../model/instant.ts'
import type { Action, BackupPlan, Plan, Retained, Step } from '../model/plan.ts'
import { escapeText } from './escape-text.ts'
import { becauseOf, faultsLine } from './faults-line.ts'
import { counted, humanCount } from './human-count.ts'
import { aboutDuration } from './human-time.ts'
import { layRows, type Row, shorten } from './lay-rows.ts'
import { localProse } from './local-prose.ts'
import { type Paint, paint, type Tone } from './paint.ts'
import { byTurn, planCounts, stepSize, transferFacts, transfers, troubleCounts } from './plan-totals.ts'
import { besideText, freshFacts, guessedLines, lateRow } from './series-facts.ts'
import { shortCommit } from './short-commit.ts'
import {
  advice,
  askedLines,
  askedOnce,
  besideHolds,
  bothDigests,
  countedRow,
  explainedOnce,
  problemCount,
  problemRow,
  problemRows,
  sharedLine,
  stopRows,
  warningRow,
} from './trouble-rows.ts'
import { padText, wrapList, wrapText } from './wrap-text.ts'

const MARKS: Readonly<Record<Action, { readonly mark: string; readonly tone: Tone }>> = {
  pull: { mark: '+', tone: 'green' },
  resume: { mark: '~', tone: 'green' },
  repair: { mark: '*', tone: 'yellow' },
  adopt: { mark: '=', tone: 'cyan' },
  wait: { mark: '?', tone: 'dim' },
  conflict: { mark: '!', tone: 'red' },
  lost: { mark: '!', tone: 'red' },
  prune: { mark: '-', tone: 'yellow' },
  surplus: { mark: '.', tone: 'dim' },
  expire: { mark: '-', tone: 'dim' },
  keep: { mark: ' ', tone: 'dim' },
}
/** The order in which steps are shown: transfers as they come, then each action's steps by path. */
const TRANSFERS: readonly Action[] = ['pull', 'resume', 'repair']
const ORDER: readonly (readonly Action[])[] = [
  TRANSFERS,
  ...(Object.keys(MARKS) as Action[]).filter((action) => !TRANSFERS.includes(action)).map((one) => [one]),
]

/** The last of more steps, or lines of a list of files, are summed up, unless all are asked for. */
export const SHOWN = 24
export const MORE = '--all shows them'

export interface PlanTextOptions {
  readonly color: boolean
  /** Columns; prose is wrapped there, names and commands are not. */
  readonly width: number
  /** Every step and problem, however many. */
  readonly all?: boolean
  /** The file of the settings, if it is faulty. */
  readonly config?: string | null
}

/**
 * A plan for people: what would happen to each backup and why, then one line with every number that a person must judge.
 * Ends with a newline. Spec faults are only counted here: they are printed when specs are read.
 */
export function renderPlan(plan: Plan, options: PlanTextOptions): string {
  const brush = paint(options.color)
  const { config = null } = options
  const names = Math.max(0, ...plan.backups.filter(inSync).map((backup) => backup.backup.length))
  const lines: string[] = []
  const shared = plan.backups.filter((one) => one.steps.length === 0 && isAllShared(one))
  const own = plan.backups.filter((one) => shared.length < 2 || !shared.includes(one))
  const { own: left, asked } = askedOnce(own.toSorted(byName))
  const isAsked = ({ backup }: BackupPlan): boolean =>
    own.some((one) => one.backup === backup && (one.holds.length > 0 || one.halt !== null))
  for (const backup of explainedOnce(left)) {
    if (inSync(backup) && isAsked(backup)) continue
    if (inSync(backup)) lines.push(...syncLines(backup, names, brush, options.width))
    else {
      if (lines.length > 0 && lines.at(-1) !== '') lines.push('')
      const timed = { ...options, asOf: instant(Date.parse(plan.asOf)) }
      lines.push(...backupLines(backup, plan.backups.length > 1, brush, timed), '')
    }
  }
  if (lines.length > 0 && lines.at(-1) !== '') lines.push('')
  if (asked.length > 0) lines.push(...askedLines(asked, brush, options.width), '')
  const heldBy = plan.backups.flatMap(({ holds }) => holds)
  const troubles = layRows(problemRows(besideHolds(plan.problems ?? [], heldBy), MORE), brush, options.width)
  if (troubles.length > 0) lines.push(...sharedLine(shared, brush, options.width), ...troubles, '')
  const faults = faultsLine(
    plan,
    'faulty backups are not in this plan',
    config && `Nothing is planned ${becauseOf(config)}`,
  )
  if (faults !== null) lines.push(...wrapText(faults, options.width).map((line) => brush('red', line)))
  lines.push(...totalLines(plan, brush, options.width))
  if (plan.revision !== null) lines.push(brush('dim', `Specs of commit ${shortCommit(plan.revision)}.`))
  return `${lines.join('\n')}\n`
}

const inSync = (plan: BackupPlan): boolean =>
  plan.halt === null &&
  plan.suspended === null &&
  plan.series.every(({ state }) => state !== 'late') &&
  plan.holds.length === 0 &&
  plan.problems.length === 0 &&
  plan.warnings.length === 0 &&
  plan.steps.every((step) => step.action === 'keep') &&
  planCounts(plan.summary, '') === ''

function syncLines(plan: BackupPlan, names: number, brush: Paint, width: number): readonly string[] {
  const free = plan.free === null ? 'free space unknown' : `${humanSize(plan.free)} free`
  const beside =
    plan.beside === undefined ? '' : `, ${humanCount(plan.beside.files)} of them matching no series.pattern`
  const facts = `${counted(plan.summary.keep, 'file')}${beside}, ${free}`
  const head = `${brush('bold', padText(plan.backup, names))}  ${brush('green', 'in sync')}`
  if (names + 11 + facts.length > width) return [head, ...dimLines(facts, brush, width)]
  return [`${head}  ${brush('dim', facts)}`]
}

function backupLines(
  plan: BackupPlan,
  several: boolean,
  brush: Paint,
  options: PlanTextOptions & { readonly asOf: Instant },
): readonly string[] {
  const { all = false, asOf } = options
  const problems = besideHolds(plan.problems, plan.holds)
  const rows = [
    ...stopRows(plan),
    ...lateRows(plan, all, asOf),
    ...ORDER.flatMap((actions) => stepRows(actions, plan, all)),
    ...plan.warnings.map(warningRow),
    ...(all
      ? problems.filter(({ shared }) => shared === undefined).map(problemRow)
      : problemRows(problems, MORE)),
  ]
  const { files, bytes } = plan.unwanted
  const notes = [
    ...guessedLines(plan.series),
    ...(plan.beside === undefined ? [] : [besideText(plan.beside)]),
    ...(files === 0
      ? []
      : [`${counted(files, 'more file')} at the source (${humanSize(bytes)}) that retain does not want`]),
    ...(plan.retained === null ? [] : [retainedText(plan.retained)]),
    ...(several && transfers(plan.summary) > 0 ? [transferFacts(plan)] : []),
  ].flatMap((text) => dimLines(localProse(text), brush, options.width))
  return [...headLines(plan, brush, options), ...layRows(rows, brush, options.width), ...notes]
}

/** Both ends, and how fresh it is: on one line if they fit. */
function headLines(
  plan: BackupPlan,
  brush: Paint,
  { width, asOf }: PlanTextOptions & { readonly asOf: Instant },
): readonly string[] {
  const fresh = freshFacts(plan.series, asOf)
  const head = bothEnds(plan.backup, plan, brush, width)
  if (fresh === '') return head
  if (stringWidth(`${plan.backup}  ${escapeText(`${plan.from} -> ${plan.to}`)}   ${fresh}`) > width)
    return [...head, ...dimLines(fresh, brush, width)]
  return [`${head[0]}   ${brush('dim', fresh)}`]
}

/** What it is about, from where and to where: in one line if that fits. */
export function bothEnds(
  name: string,
  ends: Pick<BackupPlan, 'from' | 'to'>,
  brush: Paint,
  width: number,
): readonly string[] {
  const [what, from, to] = [name, ends.from, ends.to].map(escapeText) as [string, string, string]
  const arrow = brush('dim', '->')
  return stringWidth(`${what}  ${from} -> ${to}`) <= width
    ? [`${brush('bold', what)}  ${from} ${arrow} ${to}`]
    : [brush('bold', what), `  ${from}`, `  ${arrow} ${to}`]
}

const dimLines = (text: string, brush: Paint, width: number): readonly string[] =>
  wrapText(text, Math.max(40, width - 2)).map((line) => `  ${brush('dim', line)}`)

/** Both numbers, as `minAge` can hold many times what the rules keep. */
export const retainedText = ({ wanted, held }: Retained): string =>
  `retain keeps about ${wanted} ${wanted === 1 ? 'point' : 'points'} per series${
    held === wanted ? '' : `; with prune.minAge and at most a fifth pruned a day, about ${held} are held`
  }`

function lateRows({ series }: BackupPlan, all: boolean, asOf: Instant): readonly Row[] {
  const rows = series.filter(({ state }) => state === 'late').map((one) => lateRow(one, asOf))
  const [first] = rows
  if (first === undefined || rows.length === 1 || all) return rows
  return [countedRow(rows, { ...first, detail: '', noun: 'series', more: MORE })]
}

function stepRows(actions: readonly Action[], { steps, problems }: BackupPlan, all: boolean): readonly Row[] {
  // A wait that is a problem as well is shown as one.
  const shown = new Set(
    all ? [] : problems.flatMap(({ code, path }) => (code === 'wait-overdue' ? path : [])),
  )
  const these = byTurn(
    steps.filter(({ action, path }) => actions.includes(action) && !(action === 'wait' && shown.has(path))),
  )
  return shorten(these.map(stepRow), all ? Number.POSITIVE_INFINITY : SHOWN, (left) => {
    const folded = these.slice(-left)
    const bytes = folded.reduce((sum, step) => sum + (step.size ?? 0), 0)
    const { action } = folded[0]!
    return {
      ...MARKS[action],
      word: action,
      detail: `… and ${humanCount(left)} more${bytes > 0 ? `, ${humanSize(bytes)}` : ''} (${MORE})`,
    }
  })
}

function stepRow(step: Step): Row {
  const from = isPull(step) && step.from !== undefined ? [`from ${step.from}`] : []
  const because = [...step.because, ...from].join(', ')
  const detail =
    step.held !== undefined && step.source !== undefined
      ? `${bothDigests({ held: step.held, source: step.source })}; ${because}`
      : because
  const hints = step.hint === undefined ? {} : advice(step.hint)
  const row = { ...MARKS[step.action], word: step.action, path: step.path, detail, ...hints }
  const amount = stepAmount(step)
  return amount === null ? row : { ...row, amount }
}

const isPull = ({ action }: Step): boolean => action === 'pull' || action === 'resume'

function stepAmount(step: Step): string | null {
  if (step.size === undefined || step.action === 'conflict' || step.action === 'wait') return null
  return stepSize(step, step.size)
}

function totalLines(plan: Plan, brush: Paint, width: number): readonly string[] {
  const moving = plan.backups.filter((backup) => transfers(backup.summary) > 0)
  const longest = Math.max(0, ...moving.map((backup) => backup.seconds ?? 0))
  const facts =
    moving.length === 1
      ? transferFacts(moving[0]!)
      : humanSize(plan.summary.bytes) + (longest > 0 ? `, the longest ${aboutDuration(longest)}` : '')
  const counts = planCounts(plan.summary, facts)
  const trouble = troubleCounts({
    halted: plan.backups.filter((backup) => backup.halt !== null).length,
    held: plan.backups.reduce((sum, backup) => sum + backup.holds.length, 0),
    problems: problemCount(plan.backups),
  })
  const all = [counts, trouble].filter((part) => part !== '').join(', ')
  const what =
    plan.backups.length === 0
      ? 'no backup to plan'
      : plan.backups.every(inSync)
        ? `nothing to do, ${counted(plan.backups.length, 'backup')} in sync`
        : all || 'see above'
  const removals = plan.summary.prune
  const text = `Plan: ${what}. 0 overwrites, ${counted(removals, 'removal')}.`
  return wrapList(text, width).map((line, i) => (i === 0 ? brush('bold', 'Plan:') + line.slice(5) : line))
}
