import type { BackupExplanation, Mark, PointLine, SeriesExplanation } from '../model/explanation.ts'
import { type Instant, instant } from '../model/instant.ts'
import { escapeText } from './escape-text.ts'
import { counted, humanCount } from './human-count.ts'
import { humanAge } from './human-time.ts'
import { layRows, type Row } from './lay-rows.ts'
import type { Paint, Tone } from './paint.ts'
import { guessedLines } from './series-facts.ts'
import { indentText } from './wrap-text.ts'

const MARKS: Readonly<Record<Mark, { readonly mark: string; readonly tone: Tone }>> = {
  kept: { mark: '#', tone: 'green' },
  coming: { mark: '+', tone: 'cyan' },
  waiting: { mark: '?', tone: 'yellow' },
  surplus: { mark: 'o', tone: 'dim' },
}
const NONE = '.'

/** Months shown, of those that have a point or are between two that have; more are summed up. */
const MONTHS = 24
/** Months without a point that are shown one by one. */
const GAP = 2
/** Points shown of one series and kind; more are summed up, unless all are asked for. */
const SHOWN = 60
const SHOWN_TRASH = 20
/** Up to this many points that stay for the same reason are still listed one by one. */
const FEW = 3

interface Options {
  readonly width: number
  readonly all: boolean
}

/** The retention calendar: each series with a month a line, its points, and what leaves next. */
export function backupLines(backup: BackupExplanation, brush: Paint, options: Options): readonly string[] {
  const now = instant(Date.parse(backup.asOf))
  const prose = (text: string) => indentText(text, options.width)
  const policy = backup.rules === null ? 'everything is kept' : `keeps ${backup.rules}`
  const pick = backup.pick === 'oldest' ? ', the oldest of each period' : ''
  return [
    ...prose(`${policy}${pick}; days and times of ${backup.timezone}; prune: ${backup.prune}`),
    ...backup.series.flatMap((series) => ['', ...seriesLines(series, now, brush, options)]),
    ...(backup.series.length === 0 ? ['', ...prose(noSeries(backup))] : []),
    ...(backup.unmatched === 0
      ? []
      : [
          '',
          ...prose(
            `${counted(backup.unmatched, 'file matches', 'files match')} no pattern: kept, counted by no rule, never pruned: ${backup.unmatchedNames.join(', ')}${backup.unmatched > backup.unmatchedNames.length ? ', …' : ''}`,
          ),
        ]),
    ...trashLines(backup, brush, options),
  ]
}

const noSeries = ({ known }: BackupExplanation): string =>
  known.destination === 'complete'
    ? 'No file belongs to a series yet.'
    : 'Its series and points are not known: the destination could not be read.'

function seriesLines(
  series: SeriesExplanation,
  now: Instant,
  brush: Paint,
  options: Options,
): readonly string[] {
  const { counts, newest, expect, state, due } = series
  const name = escapeText(series.series)
  const fresh = [
    newest === null ? 'nothing here yet' : `newest ${newest.local} (${humanAge(newest.time, now)})`,
    ...(expect === null ? ['nothing is expected'] : [`expected ${expect}: ${state}`]),
    ...(due === null ? [] : [`next due ${due.local} (${humanAge(due.time, now)})`]),
  ].join(', ')
  const numbers = [
    ...(['kept', 'coming', 'waiting', 'surplus'] as const).map(
      (mark) => `${humanCount(counts[mark])} ${mark}`,
    ),
    ...(counts.notWanted > 0 ? [`${humanCount(counts.notWanted)} only at the source and not wanted`] : []),
  ].join(', ')
  const shown = (marks: readonly Mark[]) => series.points.filter(({ mark }) => marks.includes(mark))
  return [
    brush('bold', name),
    ...guessedLines([series]).flatMap((text) => indentText(text, options.width)),
    ...indentText(fresh, options.width),
    ...indentText(`points: ${numbers}`, options.width),
    '',
    ...calendar(series, brush),
    '',
    ...layRows(
      [
        ...pointRows(shown(['kept', 'coming', 'waiting']), options.all),
        ...pointRows(shown(['surplus']), options.all),
      ],
      brush,
      options.width,
    ),
    '',
    ...indentText(forecastText(series, now), options.width),
  ]
}

function pointRows(points: readonly PointLine[], all: boolean): readonly Row[] {
  const runs = all ? points.map((point) => [point]) : runsOf(points)
  const rows = runs.map((run): Row => {
    const { mark, local, files, why } = run[0]!
    const more = files.length > 1 ? [`and ${counted(files.length - 1, 'file')} more of the point`] : []
    const like =
      run.length > 1
        ? [`so are ${counted(run.length - 1, 'older one')}, back to ${run.at(-1)!.local} (--all shows them)`]
        : []
    const reason = (mark === 'surplus' ? why.slice(-1) : why).join(', ')
    return {
      ...MARKS[mark],
      word: mark,
      path: files[0] ?? '',
      amount: local,
      detail: [reason, ...more, ...like].join('; '),
    }
  })
  if (all || rows.length <= SHOWN + 1) return rows
  const left = runs.slice(SHOWN).reduce((sum, run) => sum + run.length, 0)
  const back = points.at(-1)!.local
  const detail = `… and ${counted(left, 'older point')}, back to ${back} (--all shows them)`
  return [...rows.slice(0, SHOWN), { mark: ' ', word: '', tone: 'dim', detail }]
}

/** Groups adjacent surplus points that stay for the same reason, if there are more than a few. */
function runsOf(points: readonly PointLine[]): readonly (readonly PointLine[])[] {
  const runs: PointLine[][] = []
  for (const point of points) {
    const run = runs.at(-1)
    const isLike = point.mark === 'surplus' && run?.[0]?.why.at(-1) === point.why.at(-1)
    if (isLike && run !== undefined) run.push(point)
    else runs.push([point])
  }
  return runs.flatMap((run) => (run.length > FEW ? [run] : run.map((point) => [point])))
}

function calendar({ days }: SeriesExplanation, brush: Paint): readonly string[] {
  const months = new Map<string, Map<number, Mark>>()
  for (const { day, mark } of days) {
    const [, month = '', date = ''] = /^(.*)-(\d\d)$/.exec(day) ?? []
    const here = months.get(month) ?? new Map<number, Mark>()
    months.set(month, here.set(Number(date), mark))
  }
  if (months.size === 0) return []
  const lines: string[] = []
  const newest = days[0]!.day
  let before: string | null = null
  let shown = 0
  for (const [month, marks] of [...months].sort(([a], [b]) => (a < b ? 1 : -1))) {
    const gap = before === null ? 0 : monthNumber(before) - monthNumber(month) - 1
    if (gap > GAP) lines.push(brush('dim', `  ${counted(gap, 'month')} without a point`))
    else
      for (let i = 1; i <= gap; i++)
        lines.push(monthLine(monthName(monthNumber(before!) - i), new Map(), newest, brush))
    if (shown === MONTHS) {
      const left = months.size - shown
      lines.push(brush('dim', `  … and ${counted(left, 'earlier month')}, not shown`))
      break
    }
    lines.push(monthLine(month, marks, newest, brush))
    before = month
    shown++
  }
  const key = (Object.keys(MARKS) as Mark[]).map((mark) => `${MARKS[mark].mark} ${mark}`)
  return [
    brush('dim', `  ${' '.repeat(9)}1   5    10   15   20   25   30`),
    ...lines,
    brush('dim', `  ${' '.repeat(9)}${[...key, `${NONE} none`].join('   ')}`),
  ]
}

function monthLine(month: string, marks: ReadonlyMap<number, Mark>, newest: string, brush: Paint): string {
  const length = new Date(Date.UTC(...yearAndMonth(month), 0)).getUTCDate()
  const days = Array.from({ length }, (_, i) => {
    const mark = marks.get(i + 1)
    if (mark !== undefined) return brush(MARKS[mark].tone, MARKS[mark].mark)
    return month === newest.slice(0, -3) && i + 1 > Number(newest.slice(-2)) ? ' ' : NONE
  })
  return `  ${month.padEnd(9)}${days.join('')}`.trimEnd()
}

/** The year, and the number of the month after, whose day 0 is this month's last. */
function yearAndMonth(month: string): [year: number, month: number] {
  const at = month.lastIndexOf('-')
  return [Number(month.slice(0, at)), Number(month.slice(at + 1))]
}

function monthNumber(month: string): number {
  const [year, of] = yearAndMonth(month)
  return year * 12 + of - 1
}

const monthName = (number: number): string =>
  `${Math.floor(number / 12)}-${String((number % 12) + 1).padStart(2, '0')}`

function forecastText({ forecast }: SeriesExplanation, now: Instant): string {
  switch (forecast.state) {
    case 'unknown':
      return `Next to be dropped: ${forecast.why}.`
    case 'none':
      return (
        `Next to be dropped: none of those kept now, by the next ${counted(forecast.after, 'point')}` +
        `: ${forecast.until.local} (if one comes ${forecast.every}).`
      )
    case 'drops': {
      const names = forecast.points.slice(0, 3).map(({ name, reasons }) => `${name} (${reasons.join(', ')})`)
      const more = forecast.points.length > 3 ? [`${forecast.points.length - 3} more`] : []
      const comes =
        forecast.after === 1 ? 'the next point comes' : `${humanCount(forecast.after)} more points have come`
      return (
        `Next to be dropped: ${[...names, ...more].join(', ')}, when ${comes}: ${forecast.at.local}` +
        ` (${humanAge(forecast.at.time, now)}), if one comes ${forecast.every}.`
      )
    }
    default:
      return forecast satisfies never
  }
}

function trashLines({ trash }: BackupExplanation, brush: Paint, { all, width }: Options): readonly string[] {
  if (trash.length === 0) return []
  const rows = (all ? trash : trash.slice(0, SHOWN_TRASH)).map(
    ({ path, until, by, reason }): Row => ({
      mark: '-',
      word: 'trash',
      tone: 'dim',
      path,
      amount: until === null ? '' : `until ${until.replace(/\.\d+Z$/, 'Z')}`,
      detail: by === 'person' ? `removed by a person: ${reason}` : reason,
    }),
  )
  const left = trash.length - rows.length
  const more = left > 0 ? [`  … and ${humanCount(left)} more in the trash (--all shows them)`] : []
  return ['', brush('bold', 'In the trash'), ...layRows(rows, brush, width), ...more]
}
