import { humanRate, humanSize } from '../model/human-size.ts'
import type { BackupOutcome, BackupResult, LateSeries, LockHolder, Result } from '../model/outcome.ts'
import type { Difference } from '../model/saved-plan.ts'
import { escapeText } from './escape-text.ts'
import { faultsLine } from './faults-line.ts'
import { counted, humanCount } from './human-count.ts'
import { humanDuration } from './human-time.ts'
import { type Hint, layRows, type Row, shorten } from './lay-rows.ts'
import { type Paint, paint, type Tone } from './paint.ts'
import { countedWords } from './plan-totals.ts'
import { shortCommit } from './short-commit.ts'
import {
  alertRow,
  conflictHints,
  conflictRow,
  haltRow,
  holdRow,
  problemRow,
  suspendedRow,
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
const wordOf = ({ result }: BackupOutcome): string => result.replace('-', ' ')
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

/** Of each kind of trouble; the document that --json prints has them all. */
const SHOWN = 50
const SHOWN_WAITING = 10

/**
 * The result of a pass, for people: a line for each backup, what needs a person and what to do, and last the state with the exit
 * code's meaning. Ends with a newline. Spec faults are only counted: they are printed when specs are read.
 */
export function renderResult(
  result: Result,
  options: { readonly color: boolean; readonly width: number },
): string {
  const brush = paint(options.color)
  const names = Math.max(0, ...result.backups.map((backup) => backup.backup.length))
  const results = Math.max(0, ...result.backups.map((backup) => wordOf(backup).length))
  const lines = result.backups.flatMap((outcome) => [
    ...headLines(outcome, { names, results }, brush, options.width),
    ...layRows(troubleRows(outcome), brush, options.width),
  ])
  lines.push(...layRows(result.problems.map(problemRow), brush, options.width))
  const faults = faultsLine(result, 'faulty backups did not run')
  if (faults !== null) lines.push(brush('red', faults))
  if (result.revision !== null) lines.push(brush('dim', `Specs of commit ${shortCommit(result.revision)}.`))
  const last = wrapList(
    `Result: ${state(result)} (exit ${result.exitCode}: ${MEANINGS[result.exitCode] ?? 'unknown'}).`,
    options.width,
  )
  const tone = result.exitCode === 0 ? 'green' : 'red'
  lines.push(
    ...last.map((line, i) => (i === 0 ? brush('bold', 'Result:') + tinted(line.slice(7)) : tinted(line))),
  )
  return `${lines.join('\n')}\n`

  function tinted(text: string): string {
    return result.exitCode === 0 ? text : brush(tone, text)
  }
}

function headLines(
  outcome: BackupOutcome,
  columns: { readonly names: number; readonly results: number },
  brush: Paint,
  width: number,
): readonly string[] {
  const word = padText(wordOf(outcome), columns.results)
  const head = `${brush('bold', padText(outcome.backup, columns.names))}  ${brush(TONES[outcome.result], word)}  `
  const indent = columns.names + columns.results + 4
  return wrapText(escapeText(facts(outcome)), Math.max(40, width - indent)).map((line, i) =>
    i === 0 ? head + line : ' '.repeat(indent) + line,
  )
}

function facts(outcome: BackupOutcome): string {
  const { published, adopted, repaired, pruned, bytes, seconds, complete } = outcome
  const rate = seconds >= 1 ? ` (${humanRate(bytes / seconds)})` : ''
  const isSilent = outcome.result === 'busy' || outcome.result === 'suspended' || outcome.stale.length > 0
  return [
    ...countedWords([
      [published.length - adopted.length - repaired.length, 'pulled'],
      [adopted.length, 'adopted'],
      [pruned.length, 'pruned'],
      [repaired.length, 'repaired'],
      [outcome.pending, 'still to come'],
    ]),
    ...offUntil(outcome.off),
    ...(bytes > 0 ? [`${humanSize(bytes)} in ${humanDuration(seconds)}${rate}`] : []),
    ...busyWith(outcome.holders),
    ...(isSilent ? [] : [`${counted(complete.files, 'file')} complete, ${humanSize(complete.bytes)}`]),
  ].join(', ')
}

const offUntil = (off: BackupOutcome['off']): readonly string[] => {
  if (off === null) return []
  return [off.until === null ? 'bandwidth is off' : `bandwidth is off until ${off.until}`]
}

const busyWith = (holders: readonly LockHolder[]): readonly string[] =>
  holders.length === 0
    ? []
    : [`held by ${holders.map((holder) => `${holder.command} (pid ${holder.pid})`).join(', ')}`]

function troubleRows(outcome: BackupOutcome): readonly Row[] {
  const { halt, holds, conflicts, lost, problems, waiting, warnings, late, stale, suspended } = outcome
  const rows = [
    ...(suspended === null ? [] : [suspendedRow(outcome.backup, suspended)]),
    ...(halt === null ? [] : [haltRow(halt)]),
    ...holds.map(holdRow),
    ...some(stale, staleRow, SHOWN, 'stale', 'red'),
    ...some(conflicts, conflictRow, SHOWN, 'conflict', 'red'),
    ...some(lost, lostRow, SHOWN, 'lost', 'red'),
    ...some(problems, problemRow, SHOWN, 'problem', 'red'),
    ...warnings.filter(({ code }) => code === 'points-pushed').map(warningRow),
    ...some(late, lateRow, SHOWN, 'late', 'yellow'),
    ...some(waiting, waitRow, SHOWN_WAITING, 'waiting', 'dim'),
  ]
  const advised = lost.length === 0 ? rows : withHints(rows, 'lost', LOST_HINTS)
  const first = conflicts[0]
  return first === undefined ? advised : withHints(advised, 'conflict', conflictHints(first) ?? [])
}

/** Puts the hints under the last row of their kind, once. */
function withHints(rows: readonly Row[], word: string, hints: readonly Hint[]): readonly Row[] {
  const last = rows.findLastIndex((row) => row.word === word)
  return rows.map((row, i) => (i === last ? { ...row, hints } : row))
}

const some = <T>(
  items: readonly T[],
  row: (item: T) => Row,
  limit: number,
  word: string,
  tone: Tone,
): readonly Row[] =>
  shorten(items.map(row), limit, (left) => ({
    mark: ' ',
    word,
    tone,
    detail: `… and ${humanCount(left)} more (--json shows them)`,
  }))

const waitRow = (path: string): Row => ({
  mark: '?',
  word: 'waiting',
  tone: 'dim',
  path,
  detail: 'not finished at the source yet',
})

const lostRow = (path: string): Row =>
  alertRow('lost', 'red', 'held before, now gone both here and at the source', { path })

const LOST_HINTS: readonly Hint[] = [
  {
    prose:
      'Put the file and its marker back from another copy; it is checked like any other. To accept the loss on the record, ' +
      'acknowledge its path in the spec with the digest that the plan shows.',
  },
]

const staleRow = ({ path, message }: Difference): Row =>
  alertRow('stale', 'red', message, path === undefined ? {} : { path })

const lateRow = ({ message }: LateSeries): Row => alertRow('late', 'yellow', message)

function state({ backups }: Result): string {
  if (backups.length === 0) return 'no backup ran'
  const sum = (count: (outcome: BackupOutcome) => number): number =>
    backups.reduce((total, outcome) => total + count(outcome), 0)
  const endedAs = (result: BackupResult) => [sum((one) => Number(one.result === result)), result] as const
  const said = countedWords([
    [sum((one) => one.published.length), 'published'],
    [sum((one) => one.pruned.length), 'pruned'],
    [sum((one) => one.late.length), 'late'],
    [sum((one) => one.pending), 'still to come'],
    [sum((one) => one.waiting.length), 'waiting'],
    [sum((one) => one.conflicts.length), 'in conflict'],
    [sum((one) => one.lost.length), 'lost'],
    [sum((one) => one.holds.length), 'held'],
    [sum((one) => one.stale.length), 'stale'],
    ...(['halted', 'failed', 'busy', 'incomplete', 'cancelled', 'suspended'] as const).map(endedAs),
  ])
  const problems = sum((one) => one.problems.length)
  const all = backups.every((one) => one.result === 'in-sync')
  return (
    [
      ...(all ? [`${counted(backups.length, 'backup')} in sync`] : []),
      ...said,
      ...(problems > 0 ? [counted(problems, 'problem')] : []),
    ].join(', ') || 'done'
  )
}
