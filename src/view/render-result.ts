import { humanRate, humanSize } from '../model/human-size.ts'
import type { BackupOutcome, BackupResult, LateSeries, LockHolder, Result } from '../model/outcome.ts'
import type { Difference } from '../model/saved-plan.ts'
import { escapeText } from './escape-text.ts'
import { exitMeaning } from './exit-meaning.ts'
import { faultsLine } from './faults-line.ts'
import { counted, humanCount } from './human-count.ts'
import { humanDuration } from './human-time.ts'
import { type Hint, layRows, type Row } from './lay-rows.ts'
import { type Paint, paint, type Tone } from './paint.ts'
import { shortCommit } from './short-commit.ts'
import {
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
const WORDS: Readonly<Record<BackupResult, string>> = {
  'in-sync': 'in sync',
  applied: 'applied',
  incomplete: 'incomplete',
  busy: 'busy',
  suspended: 'suspended',
  halted: 'halted',
  failed: 'failed',
  cancelled: 'cancelled',
}
/** Of each kind of trouble; the document that --json prints has them all. */
const SHOWN = 50
const SHOWN_WAITING = 10

/**
 * What a pass came to, for people: a calm line for each backup, what needs a person and what that person can do, and last the
 * state with the exit code's meaning. Ends with a newline. Spec faults are only counted: they are printed where specs are read.
 */
export function renderResult(
  result: Result,
  options: { readonly color: boolean; readonly width: number },
): string {
  const brush = paint(options.color)
  const names = Math.max(0, ...result.backups.map((backup) => backup.backup.length))
  const results = Math.max(0, ...result.backups.map((backup) => WORDS[backup.result].length))
  const lines = result.backups.flatMap((outcome) => [
    ...headLines(outcome, { names, results }, brush, options.width),
    ...layRows(troubleRows(outcome), brush, options.width),
  ])
  lines.push(...layRows(result.problems.map(problemRow), brush, options.width))
  const faults = faultsLine(result, 'what is faulty did not run')
  if (faults !== null) lines.push(brush('red', faults))
  if (result.revision !== null) lines.push(brush('dim', `Specs of commit ${shortCommit(result.revision)}.`))
  const last = wrapList(
    `Result: ${state(result)} (exit ${result.exitCode}: ${exitMeaning(result.exitCode)}).`,
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
  const word = padText(WORDS[outcome.result], columns.results)
  const head = `${brush('bold', padText(outcome.backup, columns.names))}  ${brush(TONES[outcome.result], word)}  `
  const indent = columns.names + columns.results + 4
  return wrapText(escapeText(facts(outcome)), Math.max(40, width - indent)).map((line, i) =>
    i === 0 ? head + line : ' '.repeat(indent) + line,
  )
}

function facts(outcome: BackupOutcome): string {
  const pulled = outcome.published.length - outcome.adopted.length - outcome.repaired.length
  const done = [
    ...(pulled > 0 ? [`${humanCount(pulled)} pulled`] : []),
    ...(outcome.adopted.length > 0 ? [`${humanCount(outcome.adopted.length)} adopted`] : []),
    ...(outcome.pruned.length > 0 ? [`${humanCount(outcome.pruned.length)} pruned`] : []),
    ...(outcome.repaired.length > 0 ? [`${humanCount(outcome.repaired.length)} repaired`] : []),
  ]
  const moved =
    outcome.bytes > 0
      ? [
          `${humanSize(outcome.bytes)} in ${humanDuration(outcome.seconds)}` +
            (outcome.seconds >= 1 ? ` (${humanRate(outcome.bytes / outcome.seconds)})` : ''),
        ]
      : []
  const held =
    outcome.result === 'busy' || outcome.result === 'suspended' || outcome.stale.length > 0
      ? []
      : [`${counted(outcome.complete.files, 'file')} complete, ${humanSize(outcome.complete.bytes)}`]
  const pending = outcome.pending > 0 ? [`${humanCount(outcome.pending)} still to come`] : []
  return [
    ...done,
    ...pending,
    ...offUntil(outcome.off),
    ...moved,
    ...busyWith(outcome.holders),
    ...held,
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

/** The advice stands under the last of its kind, once. */
function withHints(rows: readonly Row[], word: string, hints: readonly Hint[]): readonly Row[] {
  const last = rows.findLastIndex((row) => row.word === word)
  return rows.map((row, i) => (i === last ? { ...row, hints } : row))
}

function some<T>(
  items: readonly T[],
  row: (item: T) => Row,
  limit: number,
  word: string,
  tone: Tone,
): readonly Row[] {
  if (items.length <= limit + 1) return items.map(row)
  const left = humanCount(items.length - limit)
  const more: Row = { mark: ' ', word, tone, detail: `… and ${left} more (--json shows them)` }
  return [...items.slice(0, limit).map(row), more]
}

const waitRow = (path: string): Row => ({
  mark: '?',
  word: 'waiting',
  tone: 'dim',
  path,
  detail: 'not finished at the source yet',
})

const lostRow = (path: string): Row => ({
  mark: '!',
  word: 'lost',
  tone: 'red',
  path,
  detail: 'held once, gone here, and the source has it no more',
})

const LOST_HINTS: readonly Hint[] = [
  {
    prose:
      'Put the file and its marker back from another copy; it is judged like any other. To accept the loss on the record, ' +
      'acknowledge its path in the spec with the digest that the plan shows.',
  },
]

const staleRow = ({ path, message }: Difference): Row => ({
  mark: '!',
  word: 'stale',
  tone: 'red',
  ...(path === undefined ? {} : { path }),
  detail: message,
})

const lateRow = ({ message }: LateSeries): Row => ({
  mark: '!',
  word: 'late',
  tone: 'yellow',
  detail: message,
})

function state(result: Result): string {
  const { backups } = result
  if (backups.length === 0) return 'no backup ran'
  const sum = (count: (outcome: BackupOutcome) => number): number =>
    backups.reduce((total, outcome) => total + count(outcome), 0)
  const parts = [
    [sum((one) => one.published.length), 'published'],
    [sum((one) => one.pruned.length), 'pruned'],
    [sum((one) => one.late.length), 'late'],
    [sum((one) => one.pending), 'still to come'],
    [sum((one) => one.waiting.length), 'waiting'],
    [sum((one) => one.conflicts.length), 'in conflict'],
    [sum((one) => one.lost.length), 'lost'],
    [sum((one) => one.holds.length), 'held'],
    [sum((one) => one.stale.length), 'stale'],
    [sum((one) => (one.result === 'halted' ? 1 : 0)), 'halted'],
    [sum((one) => (one.result === 'failed' ? 1 : 0)), 'failed'],
    [sum((one) => (one.result === 'busy' ? 1 : 0)), 'busy'],
    [sum((one) => (one.result === 'incomplete' ? 1 : 0)), 'incomplete'],
    [sum((one) => (one.result === 'cancelled' ? 1 : 0)), 'cancelled'],
    [sum((one) => (one.result === 'suspended' ? 1 : 0)), 'suspended'],
  ] as const
  const problems = sum((one) => one.problems.length)
  const said = [
    ...parts.filter(([count]) => count > 0).map(([count, word]) => `${humanCount(count)} ${word}`),
    ...(problems > 0 ? [counted(problems, 'problem')] : []),
  ]
  const all = backups.every((one) => one.result === 'in-sync')
  return [...(all ? [`${counted(backups.length, 'backup')} in sync`] : []), ...said].join(', ') || 'done'
}
