import stringWidth from 'string-width'
import { isTrouble } from '../decide/status/conditions.ts'
import { diskKey } from '../decide/status/disk-growth.ts'
import { isNotSeen, isRefusal } from '../decide/status/over-specs.ts'
import { freshOf, isSick, isUnderWay, isWarned, worstFirst } from '../decide/status/verdict.ts'
import type { Zone } from '../decide/time/zone.ts'
import { humanSize } from '../model/human-size.ts'
import type { Instant } from '../model/instant.ts'
import type { BackupState, BackupStatus, Condition, StatusReport } from '../model/status.ts'
import type { Diagnostic } from '../model/trouble.ts'
import { escapeProse, escapeText } from './escape-text.ts'
import { faultsLine } from './faults-line.ts'
import { counted } from './human-count.ts'
import { humanAge, inLocalTime } from './human-time.ts'
import { shorten } from './lay-rows.ts'
import { type Paint, paint, type Tone } from './paint.ts'
import { detailLines } from './render-status-detail.ts'
import { newestText, renderVerdict } from './render-verdict.ts'
import { besideText } from './series-facts.ts'
import { causeText, runningText, stagedText } from './status-facts.ts'
import { splitHint } from './trouble-rows.ts'
import { clipText, cutText, padText, wrapText } from './wrap-text.ts'

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
  /** Lines of the screen; null: everything is shown. */
  readonly height: number | null
  /** What ages are counted from, and whose wall clock is shown. */
  readonly now: Instant
  readonly zone: Zone
  /** Of a few named backups: conditions, series and times under each line. */
  readonly detail: boolean
}

/** The verdict, the worst first, free space, and how old all of it is. Ends with a newline. */
export function renderStatus(report: StatusReport, options: StatusTextOptions): string {
  const brush = paint(options.color)
  const { backups, diagnostics } = report
  const isBad = backups.some(isSick) || backups.length === 0
  const verdict = brush(isBad ? 'red' : 'bold', renderVerdict(report, options))
  const end = [
    ...problemLines(report, options, brush),
    ...diskLines(backups, options, brush),
    ...ageLines(backups, options, brush),
    ...specLines(report, options, brush),
  ]
  const fixed = [verdict, ...(backups.length === 0 ? [] : ['']), ...(end.length === 0 ? [] : ['']), ...end]
  const room =
    options.height === null || options.detail ? Number.POSITIVE_INFINITY : options.height - 1 - fixed.length
  const table =
    backups.length === 0 ? [] : tableLines(worstFirst(backups), room, { ...options, diagnostics }, brush)
  const lines = [
    verdict,
    ...(table.length === 0 ? [] : ['', ...table]),
    ...(end.length === 0 ? [] : ['', ...end]),
  ]
  return `${lines.join('\n')}\n`
}

/** One backup: its line, and the lines under it. */
interface Block {
  readonly backup: BackupStatus
  readonly lines: readonly string[]
}

interface TableOptions extends StatusTextOptions, Pick<StatusReport, 'diagnostics'> {}

/** As much of the table as there is room for, and who is not shown. */
function tableLines(
  backups: readonly BackupStatus[],
  room: number,
  options: TableOptions,
  brush: Paint,
): readonly string[] {
  const table = layTable(backups, options)
  const head = brush('dim', table[0]!.join('  ').trimEnd())
  const rows = backups.map((backup, i) => {
    const [name, state, ...rest] = table[i + 1]!
    return [brush('bold', name!), brush(TONES[backup.state], state!), ...rest].join('  ').trimEnd()
  })
  const sick = backups.filter(isSick).length
  let tightest: readonly string[] = []
  // About six lines of causes in all; where there is no room, one each, then none.
  const whole =
    options.height === null ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(6 / Math.max(1, sick)))
  for (const causes of new Set([whole, 1, 0])) {
    const blocks = backups.map((backup, i): Block => {
      const under = options.detail
        ? detailLines(backup, options, brush)
        : underLines(backup, causes, options, brush)
      const gap = options.detail && i > 0 ? [''] : []
      return { backup, lines: [...gap, rows[i]!, ...under] }
    })
    for (let shown = blocks.length; shown >= Math.max(1, causes === 0 ? 1 : sick); shown--) {
      tightest = [
        head,
        ...blocks.slice(0, shown).flatMap(({ lines }) => lines),
        ...foldLines(backups.slice(shown), options, brush),
      ]
      if (tightest.length <= room) return tightest
    }
  }
  return tightest
}

/** Those who need somebody are named in any case. */
function foldLines(
  hidden: readonly BackupStatus[],
  { width }: StatusTextOptions,
  brush: Paint,
): readonly string[] {
  const sick = hidden.filter(isSick)
  const rest = hidden.length - sick.length
  const count = (state: BackupState) => hidden.filter((one) => one.state === state).length
  const states = (['pending', 'suspended'] as const).flatMap((state) =>
    count(state) === 0 ? [] : [`${count(state)} ${state}`],
  )
  const fine = count('ok')
  const others = [...(fine === 0 ? [] : [`${fine} fine`]), ...states].join(', ')
  const what = fine === rest ? `${rest} more ${rest === 1 ? 'is' : 'are'} fine` : `${rest} more: ${others}`
  const names = sick.map(({ backup }) => escapeText(backup)).join(', ')
  return [
    ...(sick.length === 0
      ? []
      : wrapText(`… ${sick.length} more ${sick.length === 1 ? 'needs' : 'need'} you: ${names}`, width)),
    ...(rest === 0 ? [] : [clipText(`… ${what}; --all shows them`, width)]),
  ].map((line) => brush('dim', line))
}

const HEAD: readonly string[] = ['BACKUP', 'STATE', 'NEWEST', 'DUE', 'NEXT', 'HELD']
/** What goes first where the screen is narrow: by column. */
const DROPS: readonly (readonly number[])[] = [[], [4], [4, 3], [4, 3, 2]]
/** Columns go before names are cut shorter than this. */
const NAME = 20
const SHORTEST_NAME = 12

/**
 * Cells of one width a column. Where the screen is narrow, what is held is said in bytes alone, then columns go, and names lose their
 * beginnings.
 */
function layTable(
  backups: readonly BackupStatus[],
  { now, width }: StatusTextOptions,
): readonly (readonly string[])[] {
  const full = [HEAD, ...backups.map((backup) => cells(backup, now))]
  const short = full.map((row, i) => (i === 0 ? row : [...row.slice(0, -1), size(backups[i - 1]!.bytes)]))
  const shapes = [full, ...DROPS.map((drop) => short.map((row) => row.filter((_, at) => !drop.includes(at))))]
  const spare = (rows: readonly (readonly string[])[]) =>
    widths(rows)
      .slice(1)
      .reduce((left, one) => left - one - 2, width)
  const names = widths(full)[0]!
  const shape = shapes.find((rows) => spare(rows) >= Math.min(names, NAME)) ?? shapes.at(-1)!
  const columns = widths(shape).with(0, Math.min(names, Math.max(SHORTEST_NAME, spare(shape))))
  return shape.map((row) =>
    row.map((cell, at) => padText(at === 0 ? cutText(cell, columns[0]!) : cell, columns[at]!)),
  )
}

const widths = (rows: readonly (readonly string[])[]): readonly number[] =>
  rows[0]!.map((_, at) => Math.max(...rows.map((row) => stringWidth(row[at] ?? ''))))

function cells(backup: BackupStatus, now: Instant): readonly string[] {
  const { newest, due } = freshOf(backup)
  const { files, bytes, nextRun, state } = backup
  return [
    escapeText(backup.backup),
    state,
    newest === null ? (bytes === null ? 'unknown' : 'none') : newestText(newest, now),
    due === null ? '-' : humanAge(due, now),
    isUnderWay(backup) ? 'running' : nextRun === null || state === 'suspended' ? '-' : humanAge(nextRun, now),
    files === 0 ? 'nothing' : files === null ? size(bytes) : `${counted(files, 'file')}, ${size(bytes)}`,
  ]
}

const size = (bytes: number | null): string => (bytes === null ? 'unknown' : humanSize(bytes))

/** Why it is not well, in so many lines, and how far a pass is or was. */
function underLines(
  backup: BackupStatus,
  causes: number,
  { diagnostics, ...options }: TableOptions,
  brush: Paint,
): readonly string[] {
  const { running, staged, beside } = backup
  const room = options.width - 2
  const why = causesOf(backup).flatMap((one) => {
    const text = inLocalTime(escapeProse(faultText(one, diagnostics) ?? causeText(one)), options.zone)
    return one.type === 'SpecValid' ? [clipText(text, room)] : wrapText(text, room)
  })
  return [
    ...why.slice(0, causes).map((line, i) => (i + 1 === causes && why.length > causes ? `${line}…` : line)),
    ...(running === null ? [] : [runningText(running, options, room)]),
    ...(staged === null ? [] : [stagedText(staged)]),
    ...(beside === undefined || causes === 0 ? [] : [escapeProse(besideText(beside))]),
  ].map((line) => `  ${brush('dim', clipText(line, room))}`)
}

/** The first of a spec's faults; all of them are for validate to say. Null: it is none of a spec. */
function faultText({ type, message }: Condition, diagnostics: readonly Diagnostic[]): string | null {
  if (type !== 'SpecValid') return null
  const errors = diagnostics.filter(
    ({ severity, file, line, column }) =>
      severity === 'error' && message.includes(`${file}:${line}:${column}: `),
  )
  const [first] = errors
  if (first === undefined) return null
  const name = first.file.split('/').at(-1)
  const more = errors.length > 1 ? `, and ${errors.length - 1} more` : ''
  return `${first.code}: ${name}:${first.line}:${first.column}: ${first.message}${more}`
}

/** Each cause once; that something is unknown only where nothing worse is known. */
function causesOf(backup: BackupStatus): readonly Condition[] {
  if (!isSick(backup) && !isWarned(backup) && backup.state !== 'suspended') return []
  if (backup.shared !== undefined) return []
  const troubles = backup.conditions.filter(isTrouble)
  const fault = troubles.filter(({ type, status }) => type === 'SpecValid' && status === 'false')
  const known = troubles.filter(({ status, reason }) => status !== 'unknown' && reason !== 'spec-invalid')
  const said = new Set<string>()
  return (known.length > 0 ? [...fault, ...known] : troubles).filter(
    ({ reason }) => !said.has(reason) && said.add(reason),
  )
}

const DISKS = 5

/** Free space once a disk, the fullest first. */
function diskLines(
  backups: readonly BackupStatus[],
  { width }: StatusTextOptions,
  brush: Paint,
): readonly string[] {
  const disks = new Map<
    string,
    { readonly name: string; readonly free: number; readonly size: number | null }
  >()
  for (const { disk, free } of backups) {
    if (free === null || disk === null) continue
    const key = diskKey(disk)
    if (!disks.has(key)) disks.set(key, { name: disk.mountPoint, free, size: disk.size })
  }
  const lines = [...disks.values()]
    .toSorted((a, b) => a.free - b.free)
    .map(
      ({ name, free, size: all }) =>
        `${escapeText(name)}: ${humanSize(free)} free${all === null ? '' : ` of ${humanSize(all)}`}`,
    )
  return shorten(lines, DISKS, (left) => `and ${counted(left, 'disk')} with more`).map((line) =>
    brush('dim', cutText(line, width)),
  )
}

/** The box's own problems, such as a lost state folder or a disk that fills up. */
const problemLines = (
  { problems = [] }: StatusReport,
  { width }: StatusTextOptions,
  brush: Paint,
): readonly string[] =>
  problems.flatMap(({ code, message, hint }) => {
    const { prose, command } = splitHint(hint)
    const lines = wrapText(escapeProse(`${code}: ${message}. ${prose}`), width)
    return [
      ...lines.map((line) => brush('red', line)),
      ...(command === null ? [] : [`  ${escapeText(command)}`]),
    ]
  })

/** Status asks no source: what it shows of them is what the last passes saw. */
function ageLines(
  backups: readonly BackupStatus[],
  { now, width }: StatusTextOptions,
  brush: Paint,
): readonly string[] {
  const times = backups
    .flatMap(({ lastPass }) => lastPass ?? [])
    .toSorted((a, b) => Date.parse(b) - Date.parse(a))
  if (times.length === 0) return []
  const [newest, oldest] = [humanAge(times[0]!, now), humanAge(times.at(-1)!, now)]
  const when = newest === oldest ? newest : `${newest} to ${oldest}`
  return [brush('dim', clipText(`Sources as the last pass of each saw them: ${when}.`, width))]
}

/** What is wrong with the specs, where no backup above shows it, and whose spec is gone. */
function specLines(
  report: StatusReport,
  { width, zone }: StatusTextOptions,
  brush: Paint,
): readonly string[] {
  const prose = (tone: Tone, text: string) =>
    wrapText(inLocalTime(escapeProse(text), zone), width).map((line) => brush(tone, line))
  const refused = report.stale.find(({ code }) => isRefusal(code))
  const errors = report.diagnostics.filter(({ severity }) => severity === 'error')
  const shown = report.backups.flatMap(({ conditions }) =>
    conditions.filter(({ type, status }) => type === 'SpecValid' && status === 'false'),
  )
  const unshown = errors.find(
    (one) => refused === undefined && !shown.some(({ message }) => message.includes(`${one.file}:`)),
  )
  const faults = faultsLine(report, whatFaultsMean(report))
  const unseen = report.stale.find(({ code }) => isNotSeen(code))
  return [
    ...(unshown === undefined
      ? []
      : prose(
          'red',
          `${unshown.file === '' ? '' : `${unshown.file}:${unshown.line}:${unshown.column}: `}${unshown.message}`,
        )),
    ...(refused === undefined ? [] : prose('red', `specs: ${refused.message}`)),
    ...(faults === null ? [] : prose('red', faults)),
    ...(unseen === undefined ? [] : prose('yellow', `specs: ${unseen.message}`)),
    ...report.orphans.flatMap(({ backup, destination, since }) =>
      prose(
        'dim',
        `orphaned: ${destination}, of ${backup}, whose spec has been gone since ${since}. Nothing touches it.`,
      ),
    ),
  ]
}

/** Only a running daemon uses the last good version of a faulty spec. */
function whatFaultsMean({ backups }: StatusReport): string {
  const faulty = backups.filter(({ conditions }) =>
    conditions.some(({ type, status }) => type === 'SpecValid' && status === 'false'),
  )
  const obeyed = faulty.filter(({ watch }) => watch !== null)
  if (obeyed.length === 0) return NO_RUN
  return obeyed.length === faulty.length ? GOES_ON : SOME_GO_ON
}

const NO_RUN = 'faulty backups do not run'
const SOME_GO_ON =
  'watch uses the last good specs where there are any, and a manual run skips them; the others do not run'
const GOES_ON = 'watch uses the last good specs instead, and a manual run skips them'
