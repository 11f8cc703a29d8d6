import { type Faults, faultsOf } from '../decide/status/causes.ts'
import { diskKey } from '../decide/status/disk-growth.ts'
import { isNotSeen, isRefusal } from '../decide/status/over-specs.ts'
import { isSick, worstFirst } from '../decide/status/verdict.ts'
import { inLocalTime } from '../decide/time/local-time.ts'
import { groupBy } from '../model/group-by.ts'
import { humanSize } from '../model/human-size.ts'
import type { BackupStatus, StatusReport } from '../model/status.ts'
import { withHint } from '../model/trouble.ts'
import { escapeProse, escapeText } from './escape-text.ts'
import { faultsLine } from './faults-line.ts'
import { counted } from './human-count.ts'
import { humanAge } from './human-time.ts'
import { shorten } from './lay-rows.ts'
import { type Paint, paint, type Tone } from './paint.ts'
import { renderVerdict } from './render-verdict.ts'
import { faultText, turnName, turnText, verifiedOfAll } from './status-facts.ts'
import { type TableOptions, tableLines } from './status-table.ts'
import { splitHint } from './trouble-rows.ts'
import { clipText, cutText, wrapText } from './wrap-text.ts'

export interface StatusTextOptions extends TableOptions {
  readonly color: boolean
  /** Lines of the screen; infinity: everything is shown. */
  readonly height: number
}

/** The verdict, faults that are under several, the worst first, free space, and how old all of it is. Ends with a newline. */
export function renderStatus(report: StatusReport, options: StatusTextOptions): string {
  const brush = paint(options.color)
  const { backups } = report
  const isBad = backups.some(isSick) || backups.length === 0
  const faults = faultsOf(report)
  const above = [
    brush(isBad ? 'red' : 'bold', renderVerdict(report, options)),
    ...faultLines(report, faults, options, brush),
  ]
  const below = [
    ...problemLines(report, options, brush),
    ...diskLines(backups, options, brush),
    ...turnLines(backups, options, brush),
    ...verifiedLines(backups, options, brush),
    ...ageLines(backups, options, brush),
    ...specLines(report, options, brush),
  ]
  const paragraph = (lines: readonly string[]) => (lines.length === 0 ? [] : ['', ...lines])
  const height = options.detail ? Number.POSITIVE_INFINITY : options.height
  const room = height - 2 - above.length - paragraph(below).length
  const table = backups.length === 0 ? [] : tableLines(worstFirst(backups), faults, room, options, brush)
  return `${[...above, ...paragraph(table), ...paragraph(below)].join('\n')}\n`
}

const FAULTS = 3

/** Faults that are not one backup's own: each once, however many it keeps from running. */
function faultLines(
  { backups, stale }: StatusReport,
  { common }: Faults,
  { detail, width }: StatusTextOptions,
  brush: Paint,
): readonly string[] {
  if (stale.some(({ code }) => isRefusal(code))) return []
  const isAbout = (file: string) =>
    backups.some(({ conditions }) => conditions.some(({ place }) => place?.file === file))
  const shown = detail ? common.filter(({ file }) => isAbout(file)) : common
  return shorten(shown.map(faultText), FAULTS, (left) => `and ${counted(left, 'more fault')}`).map((line) =>
    brush('red', clipText(escapeProse(line), width)),
  )
}

const DISKS = 5

/** Free space once a disk, the fullest first. */
function diskLines(
  backups: readonly BackupStatus[],
  { width }: StatusTextOptions,
  brush: Paint,
): readonly string[] {
  const known = backups.filter(({ disk, free }) => disk !== null && free !== null)
  const lines = [...groupBy(known, ({ disk }) => diskKey(disk!)).values()]
    .map(([first]) => first!)
    .toSorted((a, b) => a.free! - b.free!)
    .map(({ disk, free }) => {
      const all = disk!.size === null ? '' : ` of ${humanSize(disk!.size)}`
      return `${escapeText(disk!.mountPoint)}: ${humanSize(free!)} free${all}`
    })
  return shorten(lines, DISKS, (left) => `and ${counted(left, 'disk')} with more`).map((line) =>
    brush('dim', cutText(line, width)),
  )
}

/** Disks that take turns, each once for all the backups on it: the newest point of the one that is the furthest behind counts. */
function turnLines(
  backups: readonly BackupStatus[],
  { now, width, detail }: StatusTextOptions,
  brush: Paint,
): readonly string[] {
  if (detail) return []
  const all = backups.flatMap(({ disks = [] }) => disks)
  // Two folders of one file system may take turns too.
  const isShared = backups.some(
    ({ disks = [] }) => new Set(disks.map(({ filesystem }) => filesystem)).size < disks.length,
  )
  const lines = [...groupBy(all, ({ id, filesystem }) => (isShared ? id : filesystem)).values()].map(
    (same) => {
      const oldest = same.toSorted((a, b) => Date.parse(a.newest ?? '') - Date.parse(b.newest ?? ''))[0]!
      const { newest } = same.find((one) => one.newest === null) ?? oldest
      const lastHere = same
        .map((one) => one.lastHere)
        .toSorted((a, b) => Date.parse(b ?? '') - Date.parse(a ?? ''))[0]!
      const unknown = same.some(({ known }) => known === false) ? { known: false as const } : {}
      const turn = { here: same.some(({ here }) => here), lastHere, newest, ...unknown }
      return `${turnName(same[0]!)}: ${turnText(turn, now)}`
    },
  )
  return shorten(lines, DISKS, (left) => `and ${counted(left, 'disk')} more`).map((line) =>
    brush('dim', clipText(line, width)),
  )
}

function verifiedLines(
  backups: readonly BackupStatus[],
  { width, detail }: StatusTextOptions,
  brush: Paint,
): readonly string[] {
  const text = detail ? null : verifiedOfAll(backups)
  return text === null ? [] : [brush('dim', cutText(escapeText(sentence(text)), width))]
}

const sentence = (text: string): string => `${text[0]!.toUpperCase()}${text.slice(1)}.`

/** The box's own problems, such as a lost state folder or a disk that fills up. */
const problemLines = (
  { problems = [] }: StatusReport,
  { width }: StatusTextOptions,
  brush: Paint,
): readonly string[] =>
  problems.flatMap(({ code, message, hint }) => {
    const { prose, command } = splitHint(hint)
    const lines = wrapText(escapeProse(`${code}: ${withHint({ message, hint: prose })}`), width)
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

/** Whether specs are faulty, refused or not seen, and whose spec is gone. */
function specLines(
  report: StatusReport,
  { width, zone }: StatusTextOptions,
  brush: Paint,
): readonly string[] {
  const prose = (tone: Tone, text: string) =>
    wrapText(inLocalTime(escapeProse(text), zone), width).map((line) => brush(tone, line))
  const refused = report.stale.find(({ code }) => isRefusal(code))
  const faults = faultsLine(report, whatFaultsMean(report), null)
  const unseen = report.stale.find(({ code }) => isNotSeen(code))
  return [
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
  if (obeyed.length === 0)
    return faulty.some(({ series }) => series.length > 0)
      ? `${NO_RUN}, and ages go by the times of files`
      : NO_RUN
  return obeyed.length === faulty.length ? GOES_ON : SOME_GO_ON
}

const NO_RUN = 'faulty backups do not run'
const SOME_GO_ON =
  'watch uses the last good specs where there are any, and a manual run skips them; the others do not run'
const GOES_ON = 'watch uses the last good specs instead, and a manual run skips them'
