import { spanText } from '../decide/status/freshness.ts'
import { inLocalTime } from '../decide/time/local-time.ts'
import { type Zone, zoneOf } from '../decide/time/zone.ts'
import { groupBy } from '../model/group-by.ts'
import { headText } from '../model/holding.ts'
import { humanSize } from '../model/human-size.ts'
import type { BackupStatement, DamageThen, DrillThen, LateTime, SeriesStatement } from '../model/statement.ts'
import { withHint } from '../model/trouble.ts'
import { counted, humanCount } from './human-count.ts'
import { humanDuration, localMinute } from './human-time.ts'

/** One thing a statement says of a backup. Raw text, its times local; `bad`: it needs a reader's eye. */
export interface StatementFact {
  readonly label: string
  readonly lines: readonly string[]
  readonly bad: boolean
}

const PATHS = 10

/** All that a statement says of one backup, in the order in which it is read. */
export function statementFacts(one: BackupStatement, zone: Zone): readonly StatementFact[] {
  const { came, verified, removed, held, released, head, halt } = one
  const local = (text: string) => inLocalTime(text.replace(/(?<=:\d\d)\.\d+Z/g, 'Z'), zone)
  if (halt !== null && isUnread(one))
    return [{ label: 'ledger', bad: true, lines: [local(`Nothing is known: ${withHint(halt)}`)] }]
  const late = one.series.flatMap((series) => lateLines(series, one.until))
  const [isUnknown, none] = onTime(one)
  const day = (time: string) => dayOf(time, one)
  const size = (amount: { readonly files: number; readonly bytes: number }) =>
    `${counted(amount.files, 'file')}, ${humanSize(amount.bytes)}`
  const facts: readonly (readonly [label: string, bad: boolean, lines: readonly string[]])[] = [
    ['ledger', true, halt === null ? [] : [`Nothing here is the whole truth: ${withHint(halt)}`]],
    [
      'came',
      false,
      [
        size(came),
        ...(came.adopted > 0 ? [`${counted(came.adopted, 'file')} that were here already were adopted`] : []),
        ...(came.repaired > 0 ? [`${counted(came.repaired, 'file')} repaired`] : []),
        ...one.series.map((series) => seriesText(series)),
      ],
    ],
    ['late', late.length > 0 || isUnknown, late.length > 0 ? late : [none]],
    [
      'verified',
      verified.overdue > 0,
      [`${size(verified)} read again whole, and right`, ...(verified.oldest === null ? [] : [readText(one)])],
    ],
    ['damaged', true, few(one.damaged.map(damageText))],
    [
      'foreign',
      true,
      one.foreign.length === 0
        ? []
        : [`${counted(one.foreign.length, 'file')} that the ledger does not know: ${named(one.foreign)}`],
    ],
    [
      'unusual',
      one.anomalies.some(({ accepted }) => accepted === null),
      few(
        one.anomalies.map(
          ({ time, path, message, accepted }) => `${time} ${path}: ${message}${acceptedText(accepted)}`,
        ),
      ),
    ],
    [
      'proven',
      one.drillsFailed.length > 0 || unproven(one).length > 0 || (one.prove && one.proven.length === 0),
      provenLines(one),
    ],
    [
      'removed',
      false,
      removed.length === 0
        ? ['nothing']
        : removed.map(
            (group) =>
              `${size(group)}: ${group.by === 'person' ? 'a person said: ' : ''}${group.reason} (${group.paths.join(', ')}${group.paths.length < group.files ? ', …' : ''})`,
          ),
    ],
    ['released', true, released.map(({ time, code, by, reason }) => `${time} ${code}, by ${by}: ${reason}`)],
    [
      'held',
      false,
      [size(held), `size: ${one.trend.map(({ at, bytes }) => `${day(at)} ${humanSize(bytes)}`).join(', ')}`],
    ],
    ['full by', false, [fullText(one, day)]],
    [
      'head',
      false,
      head === null ? [halt === null ? 'the ledger has no line by then' : 'not known'] : [headText(head)],
    ],
  ]
  return facts.flatMap(([label, bad, lines]) =>
    lines.length === 0 ? [] : { label, bad, lines: lines.map(local) },
  )
}

/** Nothing of it could be read: its zeros are not facts. */
const isUnread = ({ head, series, held }: BackupStatement): boolean =>
  head === null && series.length === 0 && held.files === 0

const named = (paths: readonly string[]): string =>
  `${paths.slice(0, PATHS).join(', ')}${paths.length > PATHS ? ', …' : ''}`

const few = (lines: readonly string[]): readonly string[] =>
  lines.length <= PATHS ? lines : [...lines.slice(0, PATHS), `and ${humanCount(lines.length - PATHS)} more`]

function readText({ verified: { oldest, every, overdue } }: BackupStatement): string {
  if (overdue === 0) return `every file held was read whole since ${oldest}`
  const were = overdue === 1 ? 'was' : 'were'
  return `${counted(overdue, 'file')} held ${were} not read for over ${spanText(every)}; the longest since ${oldest}`
}

const DAMAGE: Readonly<Record<DamageThen['code'], string>> = {
  rot: 'other bytes than were published',
  'missing-here': 'gone',
  'marker-missing': 'its marker gone',
  'marker-altered': 'its marker altered',
}

const acceptedText = (accepted: string | null): string => (accepted === null ? '' : `; accepted: ${accepted}`)

function damageText({ path, code, found, ended, accepted }: DamageThen): string {
  const end = ended === null ? (accepted === null ? ', not mended' : '') : `, mended ${ended}`
  return `${path}: ${DAMAGE[code] ?? code}, found ${found}${end}${acceptedText(accepted)}`
}

/** Series that hold something and were never proven, where drills are asked for. */
const unproven = ({ prove, series, proven }: BackupStatement): readonly string[] =>
  prove
    ? series.flatMap(({ series: name, newest }) =>
        newest === null || proven.some((one) => one.series === name) ? [] : name,
      )
    : []

function provenLines(one: BackupStatement): readonly string[] {
  const of = ({ series, point, files }: DrillThen) =>
    `${series}: ${point === null ? counted(files, 'file') : `the point of ${point}`}`
  const lines = [
    ...one.proven.map(
      (drill) =>
        `${of(drill)} restored in ${humanDuration(drill.restoreSeconds)}, and the drill ${drill.drill} passed in ${humanDuration(drill.drillSeconds)}, ${drill.time}`,
    ),
    ...few(
      one.drillsFailed.map(
        (drill) => `${of(drill)}: the drill ${drill.drill} failed, ${drill.time}: ${drill.why}`,
      ),
    ),
  ]
  const never = unproven(one)
  if (lines.length === 0) return ['no drill is on record']
  return never.length === 0 ? lines : [...lines, `never proven: ${named(never)}`]
}

function seriesText({ series, points, newest, expect }: SeriesStatement): string {
  const last = newest === null ? 'nothing held' : `newest ${newest}`
  return `${series}: ${counted(points, 'point')} came, ${last}${expect === null ? '' : `, expected ${expect}`}`
}

const WHY: Readonly<Record<LateTime['cause'], string>> = {
  'made-late': 'made late at the source',
  'came-late': 'made in time, and brought late',
  'never-came': 'nothing newer has come',
}

/** Times of one cause that are named one by one; of more their count, their sum and the longest. */
const FEW = 3

function lateLines({ series, late }: SeriesStatement, until: string): readonly string[] {
  return [...groupBy(late, ({ cause }) => cause).values()].flatMap((times) => {
    const spans = times.map((time) => (Date.parse(time.ended ?? until) - Date.parse(time.began)) / 1000)
    const longest = times[spans.indexOf(Math.max(...spans))]!
    if (times.length <= FEW) return times.map((time, i) => `${series}: ${lateText(time, spans[i]!)}`)
    const sum = spans.reduce((all, span) => all + span, 0)
    return `${series}: ${counted(times.length, 'time')}, ${humanDuration(sum)} in all, ${WHY[longest.cause]}; the longest: ${lateText(longest, Math.max(...spans))}`
  })
}

function lateText({ due, began, ended, cause }: LateTime, seconds: number): string {
  const span = ended === null ? `late since ${began}` : `late from ${began} for ${humanDuration(seconds)}`
  return `due ${due}, ${span}: ${WHY[cause]}`
}

/** Nothing that came is not the same as nothing that was late. */
function onTime({ series }: BackupStatement): readonly [bad: boolean, line: string] {
  if (series.length === 0) return [true, 'not known: nothing has come yet']
  return [false, series.some(({ expect }) => expect !== null) ? 'never' : 'nothing is expected']
}

function fullText({ fullBy, growth, free }: BackupStatement, day: (time: string) => string): string {
  const room = free === null ? 'free space is not known' : `${humanSize(free)} free now`
  if (growth === null) return `not known: too short a time to say how it grows; ${room}`
  if (growth <= 0) return `not in sight: it did not grow; ${room}`
  const pace = `${humanSize(Math.round(growth))} a day, ${room}`
  return fullBy === null ? `not known: ${pace}` : `${day(fullBy)}, at ${pace}`
}

/** The day by the clock that cuts the month. */
export const dayOf = (time: string, { timezone }: BackupStatement): string =>
  localMinute(time, zoneOf(timezone)).slice(0, 10)

/** How to check a head, wherever the disk is. */
export const HOW_TO_CHECK =
  'A head is the number and the hash of a line of .reconcile/ledger.jsonl on the disk. Each line holds the hash of the one before it, and its own hash over all its other bytes; so whoever kept a head finds any later change to what came before it, without the box that made this: reconcile verify FOLDER --head SEQ:HASH checks the whole chain, on any machine.'
