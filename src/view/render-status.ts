import stringWidth from 'string-width'
import { isTrouble, isWell } from '../decide/status/conditions.ts'
import { describeCause } from '../decide/status/late-cause.ts'
import { isNotSeen } from '../decide/status/over-specs.ts'
import { humanSize } from '../model/human-size.ts'
import type { Instant } from '../model/instant.ts'
import type { BackupState, BackupStatus, Condition, StatusReport } from '../model/status.ts'
import type { WatchWord } from '../model/watch-beat.ts'
import { escapeProse, escapeText } from './escape-text.ts'
import { faultsLine } from './faults-line.ts'
import { counted } from './human-count.ts'
import { humanAge } from './human-time.ts'
import { type Paint, paint, type Tone } from './paint.ts'
import { besideText, guessedLines } from './series-facts.ts'
import { indentText, padText } from './wrap-text.ts'

const TONES: Readonly<Record<BackupState, Tone>> = {
  ok: 'green',
  pending: 'yellow',
  empty: 'red',
  late: 'red',
  conflict: 'red',
  held: 'yellow',
  suspended: 'dim',
  failed: 'red',
  unknown: 'yellow',
}

export interface StatusTextOptions {
  readonly color: boolean
  readonly width: number
  /** What ages are counted from. */
  readonly now: Instant
  /** Conditions, series and times of each backup under its line. */
  readonly detail: boolean
}

/** Every backup's state in a table; with `detail`, what is behind it. Ends with a newline. */
export function renderStatus(report: StatusReport, options: StatusTextOptions): string {
  const brush = paint(options.color)
  const rows = report.backups.map((backup) => cells(backup, options.now))
  const table = [HEAD, ...rows]
  const widths = HEAD.map((_, i) => Math.max(...table.map((row) => stringWidth(row[i] ?? ''))))
  const lines =
    rows.length === 0
      ? ['No backup is declared.']
      : [
          brush('dim', tableLine(HEAD, widths)),
          ...report.backups.flatMap((backup, i) => [
            tableLine(rows[i] ?? [], widths, (cell, at) =>
              at === 0 ? brush('bold', cell) : at === 1 ? brush(TONES[backup.state], cell) : cell,
            ),
            ...(options.detail
              ? [...detailLines(backup, options, brush), '']
              : [...reasonLines(backup, options, brush), ...besideLines(backup, options, brush)]),
          ]),
        ]
  if (lines.at(-1) === '') lines.pop()
  for (const { code, message, hint } of report.problems ?? []) {
    const text = `${code}: ${message}. ${hint}`
    lines.push(...indentText(text, options.width, (line) => brush('red', line)))
  }
  const faults = faultsLine(report, whatFaultsMean(report))
  if (faults !== null) lines.push(brush('red', faults))
  const unseen = report.stale.find(({ code }) => isNotSeen(code))
  if (unseen !== undefined) lines.push(brush('yellow', `specs: ${escapeProse(unseen.message)}`))
  for (const { backup, destination, since } of report.orphans)
    lines.push(
      brush(
        'dim',
        `orphaned: ${escapeText(destination)}, of ${escapeText(backup)}, whose spec has been gone since ${since}. Nothing touches it.`,
      ),
    )
  return `${lines.join('\n')}\n`
}

/** A faulty spec has a known destination only if a running daemon uses its last good version. */
function whatFaultsMean({ backups }: StatusReport): string {
  const faulty = backups.filter(({ conditions }) =>
    conditions.some(({ type, status }) => type === 'SpecValid' && status === 'false'),
  )
  const obeyed = faulty.filter(({ destination }) => destination !== null)
  if (obeyed.length === 0) return NO_RUN
  return obeyed.length === faulty.length ? GOES_ON : SOME_GO_ON
}

const NO_RUN = 'faulty backups do not run'
const SOME_GO_ON =
  'watch uses the last good specs where there are any, and a manual run skips them; the others do not run'
const GOES_ON = 'watch uses the last good specs instead, and a manual run skips them'

const HEAD: readonly string[] = ['BACKUP', 'STATE', 'LAST SUCCESS', 'HELD', 'FREE', 'DESTINATION']

const cells = (backup: BackupStatus, now: Instant): readonly string[] => [
  escapeText(backup.backup),
  backup.state,
  humanAge(backup.lastSuccess, now),
  size(backup.bytes),
  size(backup.free),
  backup.destination === null ? 'unknown' : escapeText(backup.destination),
]

const size = (bytes: number | null): string => (bytes === null ? 'unknown' : humanSize(bytes))

const tableLine = (
  row: readonly string[],
  widths: readonly number[],
  tint: (cell: string, at: number) => string = (cell) => cell,
): string =>
  row
    .map((cell, i) => (i === row.length - 1 ? tint(cell, i) : tint(padText(cell, widths[i] ?? 0), i)))
    .join('   ')

/** In the table, only why a backup is not well, each cause once. */
function reasonLines(backup: BackupStatus, options: StatusTextOptions, brush: Paint): readonly string[] {
  const said = new Set<string>()
  const shown = backup.conditions.filter(
    (condition) => isTrouble(condition) && (backup.state !== 'ok' || condition.type === 'Pushed'),
  )
  return shown.flatMap((condition) => {
    // A reason that two conditions share is shown once.
    const isShown = said.has(condition.reason)
    said.add(condition.reason)
    return isShown ? [] : indentText(reason(condition), options.width, (line) => brush('dim', line))
  })
}

const besideLines = ({ beside }: BackupStatus, { width }: StatusTextOptions, brush: Paint) =>
  beside === undefined ? [] : indentText(besideText(beside), width, (line) => brush('dim', line))

const reason = ({ reason, message }: Condition): string =>
  message === '' || message === reason ? reason : `${reason}: ${message}`

function detailLines(backup: BackupStatus, options: StatusTextOptions, brush: Paint): readonly string[] {
  const facts = [
    ['last success', when(backup.lastSuccess, options.now)],
    ...(backup.lastPass === null ? [] : [['last pass', when(backup.lastPass, options.now)]]),
    ...(backup.observed === null ? [] : [['spec obeyed', observed(backup.observed)]]),
    ...(backup.nextRun === null ? [] : [['next run', when(backup.nextRun, options.now)]]),
    ...(backup.watch === null ? [] : [['watch', daemonWord(backup.watch)]]),
    ...(backup.validUntil === null ? [] : [['valid until', when(backup.validUntil, options.now)]]),
    ...backup.series.map((series) => [
      series.series,
      [
        series.state,
        counted(series.points, 'point'),
        `newest ${when(series.newest, options.now)}`,
        ...(series.expect === null ? [] : [`expected ${series.expect}`]),
        ...(series.cause === undefined ? [] : [describeCause(series.cause)]),
      ].join(', '),
    ]),
  ].map(([name, value]) => [escapeText(name ?? ''), escapeProse(value ?? '')] as const)
  const width = Math.max(...facts.map(([name]) => stringWidth(name)))
  return [
    ...facts.map(([name, value]) => `  ${brush('dim', padText(name, width))}   ${value}`),
    ...guessedLines(backup.series).flatMap((text) =>
      indentText(text, options.width, (line) => brush('dim', line)),
    ),
    ...besideLines(backup, options, brush),
    ...backup.conditions.flatMap((condition) =>
      indentText(sentence(condition, options.now), options.width, (line) =>
        isTrouble(condition) ? brush('yellow', line) : line,
      ),
    ),
  ]
}

const daemonWord = ({ phase, failures, crash, lastGood }: WatchWord): string =>
  [
    phase === 'idle' && failures > 0 ? 'waiting to retry' : phase,
    ...(failures > 0 ? [failures === 1 ? 'after a failure' : `after ${failures} failures in a row`] : []),
    ...(crash === null ? [] : [`a bug ended its last pass: ${crash}`]),
    ...(lastGood ? ['using its last good spec'] : []),
  ].join(', ')

/** A digest is recognised by its beginning. */
const observed = ({ digest, revision }: NonNullable<BackupStatus['observed']>): string =>
  `${digest.slice(0, 12)}${revision === null ? '' : `, at commit ${revision}`}`

/** `Ready: true since …`, and why, if it is not well. */
const sentence = (condition: Condition, now: Instant): string =>
  `${condition.type}: ${condition.status} since ${when(condition.since, now)}` +
  (isWell(condition) && ['', condition.reason].includes(condition.message) ? '' : `. ${reason(condition)}`)

const when = (time: string | null, now: Instant): string =>
  time === null ? 'never' : `${time} (${humanAge(time, now)})`
