import stringWidth from 'string-width'
import { type Cause, causesOf, type Faults, releasingAll, sameCauses } from '../decide/status/causes.ts'
import { fewOf } from '../decide/status/conditions.ts'
import { freshOf, isSick, isUnderWay, needsWords } from '../decide/status/verdict.ts'
import { inLocalTime } from '../decide/time/local-time.ts'
import type { Zone } from '../decide/time/zone.ts'
import { groupBy } from '../model/group-by.ts'
import { humanSize } from '../model/human-size.ts'
import type { Instant } from '../model/instant.ts'
import type { BackupState, BackupStatus } from '../model/status.ts'
import { escapeProse, escapeText } from './escape-text.ts'
import { counted, humanCount } from './human-count.ts'
import { humanAge, newestText } from './human-time.ts'
import type { Paint, Tone } from './paint.ts'
import { detailLines } from './render-status-detail.ts'
import { besideText } from './series-facts.ts'
import { causeText, runningText, stagedText, waitingText } from './status-facts.ts'
import { clipLines, clipText, cutText, padText, wrapText } from './wrap-text.ts'

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

export interface TableOptions {
  readonly width: number
  /** What ages are counted from, and whose wall clock is shown. */
  readonly now: Instant
  readonly zone: Zone
  /** Of a few named backups: conditions, series and times under each line. */
  readonly detail: boolean
}

/** As much of the table as there is room for, in lines: whoever needs somebody with the cause, then the others, then who is not shown. */
export function tableLines(
  backups: readonly BackupStatus[],
  faults: Faults,
  room: number,
  options: TableOptions,
  brush: Paint,
): readonly string[] {
  const [head, ...rows] = layTable(backups, options)
  const needy = backups.filter(isSick).length
  const same = sameCauses(backups.filter(isSick))
  const block = (backup: BackupStatus, i: number, causes: number): readonly string[] => {
    const [name, state, ...cells] = rows[i]!
    return [
      ...(options.detail && i > 0 ? [''] : []),
      [brush('bold', name!), brush(TONES[backup.state], state!), ...cells].join('  ').trimEnd(),
      ...(options.detail
        ? detailLines(backup, faults, options, brush)
        : underLines(backup, { faults, same: same.get(backup) ?? [] }, causes, options, brush)),
    ]
  }
  // About six lines of causes in all, but one for each that is shown.
  const explained = backups.filter((one) => needsWords(one) && (same.get(one)?.[0] ?? one) === one).length
  const whole = room === Number.POSITIVE_INFINITY ? room : Math.max(1, Math.floor(6 / Math.max(1, explained)))
  const top = brush('dim', head!.join('  ').trimEnd())
  for (const causes of new Set([whole, 1])) {
    const blocks = backups.slice(0, room).map((backup, i) => block(backup, i, causes))
    // Causes are cut short before anybody who needs somebody is left out.
    const least = causes === whole && whole > 1 ? needy : 1
    for (let shown = blocks.length; shown >= least; shown--) {
      const fold = foldLines(backups.slice(shown), room, options, brush)
      const lines = [top, ...blocks.slice(0, shown).flat(), ...fold]
      if (lines.length <= room) return lines
    }
  }
  return [top, ...block(backups[0]!, 0, 1), ...foldLines(backups.slice(1), room, options, brush)]
}

/** Who is not shown: those who need somebody by name, as far as half of the room allows. */
function foldLines(
  hidden: readonly BackupStatus[],
  room: number,
  { width }: TableOptions,
  brush: Paint,
): readonly string[] {
  const sick = hidden.filter(isSick).map(({ backup }) => escapeText(backup))
  const others = hidden.filter((one) => !isSick(one))
  const rest = humanCount(others.length)
  const kinds = [...groupBy(others, ({ state }) => state)].map(
    ([state, these]) => `${humanCount(these.length)} ${state === 'ok' ? 'fine' : state}`,
  )
  const areFine = `${rest} more ${others.length === 1 ? 'is' : 'are'} fine`
  const what = others.every(({ state }) => state === 'ok') ? areFine : `${rest} more: ${kinds.join(', ')}`
  return [
    ...(sick.length === 0 ? [] : needyLines(sick, Math.max(1, Math.floor(room / 2)), width)),
    ...(others.length === 0
      ? []
      : [clipText(`… ${what}${sick.length === 0 ? '; --all shows them' : ''}`, width)]),
  ].map((line) => brush('dim', line))
}

function needyLines(names: readonly string[], most: number, width: number): readonly string[] {
  const lead = `… and ${humanCount(names.length)} more ${names.length === 1 ? 'needs' : 'need'} you (reconcile status --all, or NAME): `
  for (let shown = Math.min(names.length, most * width); shown > 0; shown--) {
    const more = shown === names.length ? '' : ', …'
    const lines = wrapText(`${lead}${names.slice(0, shown).join(', ')}${more}`, width)
    if (lines.length <= most) return lines
  }
  return [clipText(lead, width)]
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
  { now, width }: TableOptions,
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
  const { files, bytes, state } = backup
  return [
    escapeText(backup.backup),
    state,
    newest === null ? (bytes === null ? 'unknown' : 'none') : newestText(newest, now),
    due === null ? '-' : humanAge(due, now),
    nextText(backup, now),
    files === 0 ? 'nothing' : files === null ? size(bytes) : `${counted(files, 'file')}, ${size(bytes)}`,
  ]
}

function nextText(backup: BackupStatus, now: Instant): string {
  const { nextRun, state } = backup
  if (isUnderWay(backup)) return 'running'
  if (nextRun === null || state === 'suspended') return '-'
  return Date.parse(nextRun) <= now ? 'due' : humanAge(nextRun, now)
}

const size = (bytes: number | null): string => (bytes === null ? 'unknown' : humanSize(bytes))

/**
 * Why it is not well, in so many lines, and how far a pass is or was. `same`: who is stopped by the same as it is, of whom the first says
 * that for all.
 */
function underLines(
  backup: BackupStatus,
  { faults, same }: { readonly faults: Faults; readonly same: readonly BackupStatus[] },
  causes: number,
  options: TableOptions,
  brush: Paint,
): readonly string[] {
  const { running, staged, beside, waiting } = backup
  const room = options.width - 2
  const all = needsWords(backup) ? causesOf(backup) : []
  const own = same.length > 0 && same[0] !== backup ? all.slice(1) : all
  const names = fewOf(
    same.map((one) => one.backup),
    same.length,
  )
  const texts = own.map((cause, i) => {
    const isForAll = i === 0 && same[0] === backup
    const text = causeText(cause, faults)
    return {
      ...cause,
      text: inLocalTime(
        escapeProse(isForAll ? `${names}: ${releasingAll(text, same, IDS)}` : text),
        options.zone,
      ),
    }
  })
  const part = staged === null ? [] : [stagedText(staged)]
  // A first pass that was stopped: that there is none yet says less.
  const isFirst = texts[0]?.code === 'never-run'
  return [
    ...(isFirst ? part : []),
    ...causeLines(texts, causes, room),
    ...(running === null ? [] : [runningText(running, options, room)]),
    ...(isFirst ? [] : part),
    ...(waiting === undefined || backup.state !== 'pending' ? [] : [escapeProse(waitingText(waiting))]),
    ...(beside === undefined ? [] : [escapeProse(besideText(beside))]),
  ].map((line) => `  ${brush('dim', clipText(line, room))}`)
}

/** Ids in one line; a dry run prints the whole command. */
const IDS = 4

/** In at most so many lines: the first as whole as there is room for, of the others a line each, and how many are left. */
function causeLines(
  causes: readonly (Cause & { readonly text: string })[],
  most: number,
  width: number,
): readonly string[] {
  const whole = causes.flatMap(({ text, place }) =>
    place === undefined ? wrapText(text, width) : clipCause(text, width),
  )
  if (whole.length <= most) return whole
  const [first, ...others] = causes
  const spare = most - others.length
  if (spare > 0)
    return [...clipCause(first!.text, width, spare), ...others.flatMap(({ text }) => clipCause(text, width))]
  const shown = others.slice(0, Math.max(0, most - 2))
  const left = others.slice(shown.length)
  const named = `and ${counted(left.length, 'more', 'more')}: ${left.map(({ code }) => code).join(', ')}`
  if (most > 1) return [first!, ...shown].flatMap(({ text }) => clipCause(text, width)).concat(named)
  const short = stringWidth(named) <= width / 2 ? named : named.split(':')[0]!
  return [`${clipCause(first!.text, width - stringWidth(short) - 2)[0]}; ${short}`]
}

/** In at most so many lines. Of a hold its beginning and the id by which it is released stay. */
function clipCause(text: string, width: number, most = 1): readonly string[] {
  const [, message, release] =
    /^(.*?)( \((?:reconcile )?(?:release [\w ]+|-n shows the release)\))/.exec(text) ?? []
  if (release === undefined || wrapText(text, width).length <= most) return clipLines(text, width, most)
  const lines = wrapText(`${message}${release}`, width)
  if (lines.length <= most) return lines
  const last = lines
    .slice(most - 1)
    .join(' ')
    .slice(0, -release.length)
  return [...lines.slice(0, most - 1), clipText(last, width - stringWidth(release)) + release]
}
