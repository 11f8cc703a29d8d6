import { PUT_BACK } from '../decide/files/problems.ts'
import { isAllShared } from '../decide/status/shared-troubles.ts'
import { byName } from '../decide/status/verdict.ts'
import { humanRate, humanSize } from '../model/human-size.ts'
import type { BackupOutcome, BackupResult, LateSeries, Result } from '../model/outcome.ts'
import type { Difference } from '../model/saved-plan.ts'
import { UNDATED } from '../model/status.ts'
import { becauseOf, faultsLine } from './faults-line.ts'
import { counted, humanCount } from './human-count.ts'
import { humanDuration } from './human-time.ts'
import { layRows, type Row, shorten } from './lay-rows.ts'
import { inUse, localProse } from './local-prose.ts'
import { type Paint, paint, type Tone } from './paint.ts'
import { countedWords } from './plan-totals.ts'
import { shortCommit } from './short-commit.ts'
import {
  alertRow,
  askedLines,
  askedOnce,
  besideHolds,
  conflictRows,
  countedRow,
  explainedOnce,
  NAMED,
  problemCount,
  problemRows,
  sharedLine,
  stopRows,
  warningRow,
} from './trouble-rows.ts'
import { padText, wrapList, wrapText } from './wrap-text.ts'

const TONES: Readonly<Record<BackupResult, Tone>> = {
  'in-sync': 'green',
  applied: 'green',
  incomplete: 'yellow',
  busy: 'yellow',
  suspended: 'dim',
  halted: 'red',
  failed: 'red',
  cancelled: 'yellow',
}
/** What an exit code means. */
const MEANINGS: Readonly<Record<number, string>> = {
  0: 'fine',
  1: 'a step failed, something is late, or nothing was found to back up',
  2: 'changes are pending',
  3: 'a spec or a setting is invalid',
  4: 'the plan is stale',
  5: 'another run is using the destination',
  6: 'a conflict, a failed checksum, rot, loss or a damaged ledger: a person must look',
  7: 'halted or held: a person must decide',
  64: 'wrong usage, or something required is missing',
  70: 'a bug in reconcile',
  130: 'interrupted',
  143: 'terminated',
}

function meaning({ exitCode, backups, problems }: Result): string {
  const unwell = backups.filter((one) => one.exitCode !== 0)
  const isLateAlone = ({ late, result, problems: own }: BackupOutcome) =>
    late.length > 0 && own.length === 0 && (result === 'in-sync' || result === 'applied')
  if (exitCode === 1 && problems.length === 0 && unwell.every(isLateAlone))
    return unwell.length > 0 ? 'something is late' : 'nothing was found to back up'
  return MEANINGS[exitCode] ?? 'unknown'
}

/** Differences from a saved plan; the document that --json prints has them all. */
const SHOWN = 50
const MORE = '--json shows them'

/** What of a result is shown where only trouble is. */
export interface Brief {
  /** Backups in trouble. */
  readonly unwell: ReadonlySet<string>
  /** Those that were, and are no more. */
  readonly recovered: ReadonlySet<string>
  /** What is over all backups, such as faulty specs: it is as it was, or over. */
  readonly box: 'shown' | 'same' | 'recovered'
  /** Where that is over: codes of what was the box's own trouble, and none of specs or settings. */
  readonly over?: readonly string[]
}

/**
 * The result of a pass, for people: a line for each backup, what needs a person and what to do, and last the state with the exit
 * code's meaning. Ends with a newline, or is empty. Spec faults are only counted: they are printed when specs are read. `brief`: only
 * that, without warnings.
 */
export function renderResult(
  result: Result,
  options: {
    readonly color: boolean
    readonly width: number
    readonly brief?: Brief | undefined
    /** The file of the settings, if it is faulty. */
    readonly config?: string | null
  },
): string {
  const brush = paint(options.color)
  const { width, brief, config = null } = options
  const shared = result.backups.filter(isAllShared)
  const late = result.backups
    .filter(
      (one) =>
        one.late.length > 0 &&
        !(shared.length > 1 && shared.includes(one)) &&
        (brief === undefined || brief.unwell.has(one.backup)),
    )
    .toSorted(byName)
  const others = result.backups.filter((one) => shared.length < 2 || !shared.includes(one))
  const isShown = ({ backup }: BackupOutcome): boolean => brief === undefined || brief.unwell.has(backup)
  const { own, asked } = askedOnce(others.filter(isShown).toSorted(byName))
  const shown = explainedOnce(own)
  const isAsked = ({ result, halt, holds }: BackupOutcome): boolean =>
    result === 'halted' && halt === null && holds.length === 0
  const quiet = others.filter((one) => !isShown(one))
  const backups = [...shown, ...quiet].toSorted(byName).flatMap((outcome): readonly Shown[] => {
    const word = outcome.result.replace('-', ' ')
    if (brief?.recovered.has(outcome.backup) === true)
      return [{ outcome, word: 'well again', tone: 'green', rows: [] }]
    if (brief !== undefined && !brief.unwell.has(outcome.backup)) return []
    const rows = troubleRows(outcome, { isBrief: brief !== undefined, isLateAlone: late.length <= NAMED })
    if (rows.length === 0 && isAsked(outcome)) return []
    return [{ outcome, word, tone: TONES[outcome.result], rows }]
  })
  const columns = {
    names: Math.max(0, ...backups.map(({ outcome }) => outcome.backup.length)),
    words: Math.max(0, ...backups.map(({ word }) => word.length)),
  }
  const lines = backups.flatMap((one) => [
    ...headLines(one, columns, brush, { width, started: result.started }),
    ...layRows(one.rows, brush, width),
  ])
  lines.push(...askedLines(asked, brush, width), ...sharedLine(shared, brush, width))
  if (late.length > NAMED) lines.push(...layRows([lateBackups(late)], brush, width))
  const box = brief?.box ?? 'shown'
  if (box === 'recovered') {
    const over = brief?.over ?? []
    const text = over.length === 0 ? 'Specs and settings are well again.' : `Resolved: ${over.join(', ')}.`
    lines.push(brush('green', text))
  }
  if (box === 'shown') {
    const heldBy = result.backups.flatMap(({ holds }) => holds)
    lines.push(...layRows(problemRows(besideHolds(result.problems, heldBy), MORE), brush, width))
    const faults = faultsLine(
      result,
      'faulty backups did not run',
      config && `Nothing ran ${becauseOf(config)}`,
    )
    if (faults !== null) lines.push(...wrapText(faults, width).map((line) => brush('red', line)))
  }
  if (brief === undefined && result.revision !== null)
    lines.push(brush('dim', `Specs of commit ${shortCommit(result.revision)}.`))
  if (brief !== undefined && brief.unwell.size === 0 && box !== 'shown')
    return lines.map((line) => `${line}\n`).join('')
  const same = result.backups.filter(
    ({ backup, exitCode }) => brief !== undefined && exitCode !== 0 && !brief.unwell.has(backup),
  )
  if (same.length > 0)
    lines.push(...wrapText(`As before: ${same.map(({ backup }) => backup).join(', ')}.`, width))
  const last = wrapList(`Result: ${state(result)} (exit ${result.exitCode}: ${meaning(result)}).`, width)
  const tinted = (text: string) => (result.exitCode === 0 ? text : brush('red', text))
  lines.push(
    ...last.map((line, i) => (i === 0 ? brush('bold', 'Result:') + tinted(line.slice(7)) : tinted(line))),
  )
  return `${lines.join('\n')}\n`
}

interface Shown {
  readonly outcome: BackupOutcome
  readonly word: string
  readonly tone: Tone
  readonly rows: readonly Row[]
}

function headLines(
  { outcome, word, tone }: Shown,
  columns: { readonly names: number; readonly words: number },
  brush: Paint,
  { width, started }: { readonly width: number; readonly started: string },
): readonly string[] {
  const head = `${brush('bold', padText(outcome.backup, columns.names))}  ${brush(tone, padText(word, columns.words))}  `
  const indent = columns.names + columns.words + 4
  const text = localProse(facts(outcome, started))
  // After long names there is no room.
  if (width - indent < 30) return [head.trimEnd(), ...wrapText(text, width - 4).map((line) => `    ${line}`)]
  const [first = '', ...rest] = wrapText(text, width - indent)
  return [`${head}${first}`.trimEnd(), ...rest.map((line) => ' '.repeat(indent) + line)]
}

function facts(outcome: BackupOutcome, started: string): string {
  const { published, adopted, repaired, pruned, bytes, seconds } = outcome
  const rate = seconds >= 1 ? ` (${humanRate(bytes / seconds)})` : ''
  return [
    ...countedWords([
      [published.length - adopted.length - repaired.length, 'pulled'],
      [adopted.length, 'adopted'],
      [pruned.length, 'pruned'],
      [repaired.length, 'repaired'],
      [outcome.pending, 'still to come'],
      [failedTwice(outcome), 'with a failed checksum'],
    ]),
    ...offUntil(outcome.off),
    ...(bytes > 0 ? [`${humanSize(bytes)} in ${humanDuration(seconds)}${rate}`] : []),
    ...(outcome.result === 'busy' ? [inUse(outcome.backup, outcome.holders, started)] : []),
    ...held(outcome, started),
  ].join(', ')
}

/** They are not pulled again before they change at the source or a day has passed. */
const failedTwice = ({ problems }: BackupOutcome): number =>
  problems.filter(({ code }) => code === 'checksum-failed').length

const offUntil = (off: BackupOutcome['off']): readonly string[] => {
  if (off === null) return []
  return [off.until === null ? 'bandwidth is off' : `bandwidth is off until ${off.until}`]
}

/** What is known of the destination, and if this pass did not look at it, as of when. */
function held({ result, stale, complete, lookedAt }: BackupOutcome, started: string): readonly string[] {
  if (result === 'busy' || result === 'suspended' || stale.length > 0 || lookedAt === null) return []
  if (Date.parse(lookedAt) < Date.parse(started)) return [`not looked at since ${lookedAt}`]
  // What stopped it may have kept it from counting.
  if (result === 'halted' && complete.files === 0) return []
  return [`${counted(complete.files, 'file')} complete, ${humanSize(complete.bytes)}`]
}

/** `isLateAlone`: what is late is shown with each backup, and not once for many. */
function troubleRows(
  outcome: BackupOutcome,
  { isBrief, isLateAlone }: { readonly isBrief: boolean; readonly isLateAlone: boolean },
): readonly Row[] {
  const { conflicts, lost, problems, waiting, warnings, late, stale } = outcome
  const overdue = new Set(problems.flatMap(({ code, path }) => (code === 'wait-overdue' ? path : [])))
  const rows = [
    ...stopRows(outcome),
    ...shorten(stale.map(staleRow), SHOWN, (left) =>
      alertRow('stale', 'red', `… and ${humanCount(left)} more (${MORE})`),
    ),
    ...conflictRows(conflicts, MORE),
    ...filesRow(lost, LOST),
    ...problemRows(problems, MORE),
    ...(isLateAlone ? lateRows(outcome.backup, late) : []),
  ]
  const shown = warnings.filter(({ code }) => code === 'repaired' || (!isBrief && SHOWN_WARNINGS.has(code)))
  if (isBrief) return [...rows, ...shown.map(warningRow)]
  return [
    ...rows,
    ...shown.map(warningRow),
    ...filesRow(
      waiting.filter((path) => !overdue.has(path)),
      WAITING,
    ),
  ]
}

/** What plans say of times is said there. */
const SHOWN_WARNINGS: ReadonlySet<string> = new Set(['points-pushed', 'links-skipped'])

function lateRows(backup: string, late: readonly LateSeries[]): readonly Row[] {
  const rows = late.map((one) =>
    alertRow(
      'late',
      'yellow',
      lateText(one),
      one.series === backup || (one.series === UNDATED && !isNamed(one)) ? {} : { path: one.series },
    ),
  )
  if (rows.length < 2) return rows
  return [countedRow(rows, { ...alertRow('late', 'yellow', ''), noun: 'series', more: MORE })]
}

const isNamed = ({ series, message }: LateSeries): boolean => message.startsWith(`${series}: `)

const lateText = (late: LateSeries): string =>
  isNamed(late) ? late.message.slice(late.series.length + 2) : late.message

/** Of many backups at once: how many, and the first of them. */
function lateBackups(backups: readonly BackupOutcome[]): Row {
  const items = backups.map(({ backup, late }) => {
    const more = late.length > 1 ? ` (and ${humanCount(late.length - 1)} more of its series)` : ''
    return { path: backup, detail: `${lateText(late[0]!)}${more}` }
  })
  return countedRow(items, { ...alertRow('late', 'yellow', ''), noun: 'backup', more: MORE })
}

const WAITING: Row = {
  mark: '?',
  word: 'waiting',
  tone: 'dim',
  detail: 'not finished at the source yet',
}

const LOST = alertRow('lost', 'red', 'gone or rotten here, and no longer at the source', {
  hints: [
    {
      prose:
        `${PUT_BACK}. To accept the loss on the record, ` +
        'acknowledge its path in the spec with the digest that the plan shows.',
    },
  ],
})

function filesRow(paths: readonly string[], row: Row): readonly Row[] {
  const [path] = paths
  if (path === undefined) return []
  if (paths.length === 1) return [{ ...row, path }]
  const items = paths.map((one) => ({ path: one }))
  return [countedRow(items, { ...row, noun: 'file', more: MORE })]
}

const staleRow = ({ path, message }: Difference): Row =>
  alertRow('stale', 'red', message, path === undefined ? {} : { path })

function state({ backups }: Result): string {
  if (backups.length === 0) return 'no backup ran'
  const sum = (count: (outcome: BackupOutcome) => number): number =>
    backups.reduce((total, outcome) => total + count(outcome), 0)
  // What a hold halts is counted as held.
  const endedAs = (result: BackupResult) =>
    [
      sum((one) => Number(one.result === result && (one.result !== 'halted' || one.holds.length === 0))),
      result,
    ] as const
  const said = countedWords([
    [sum((one) => one.published.length), 'published'],
    [sum((one) => one.pruned.length), 'pruned'],
    [sum((one) => one.late.length), 'late'],
    [sum((one) => one.pending), 'still to come'],
    [sum(failedTwice), 'with a failed checksum'],
    [sum((one) => one.waiting.length), 'waiting'],
    [sum((one) => one.conflicts.length), 'in conflict'],
    [sum((one) => one.lost.length), 'lost'],
    [sum((one) => one.holds.length), 'held'],
    [sum((one) => one.stale.length), 'stale'],
    ...(['halted', 'failed', 'busy', 'incomplete', 'cancelled', 'suspended'] as const).map(endedAs),
  ])
  const problems = problemCount(backups)
  const [inSync] = endedAs('in-sync')
  const all = inSync === backups.length
  return (
    [
      ...(inSync === 0 ? [] : [all ? `${counted(inSync, 'backup')} in sync` : `${inSync} in sync`]),
      ...said,
      ...(problems > 0 ? [counted(problems, 'problem')] : []),
    ].join(', ') || 'done'
  )
}
