import { inLocalTime } from '../decide/time/local-time.ts'
import { zoneOf } from '../decide/time/zone.ts'
import type { Bringing, LostAtExplanation, LostSeries } from '../model/explanation.ts'
import { humanRate, humanSize } from '../model/human-size.ts'
import { instant } from '../model/instant.ts'
import { counted } from './human-count.ts'
import { aboutDuration, humanDuration, newestText } from './human-time.ts'
import { layRows, type Row } from './lay-rows.ts'
import { type Paint, paint } from './paint.ts'
import { indentText, wrapText } from './wrap-text.ts'

/** What would be here, had the source died at a moment, and how long to bring it back. Ends with a newline. */
export function renderLostAt(
  lost: LostAtExplanation,
  { color, width }: { readonly color: boolean; readonly width: number },
): string {
  const brush: Paint = paint(color)
  const { missed, rotten, gone, bring } = lost
  const prose = (text: string) => indentText(text, width)
  const zone = zoneOf(Intl.DateTimeFormat().resolvedOptions().timeZone)
  const moment = inLocalTime(`at ${lost.lostAt.replace(/\.\d+Z$/, 'Z')}`, zone)
  const lines = [
    ...wrapText(`${brush('bold', lost.backup)}  had the source died ${moment}`, width - 2).map((line, i) =>
      i === 0 ? line : `  ${line}`,
    ),
    ...layRows(
      lost.series.map((one) => seriesRow(one, lost)),
      brush,
      width,
    ),
    ...(lost.series.length === 0 ? prose('Nothing would be here: nothing had come yet.') : []),
    ...(missed.files === 0
      ? []
      : prose(
          `${counted(missed.files, 'file')} (${humanSize(missed.bytes)}), made at the source by then, came here only later and would be gone: ${missed.paths.join(', ')}${missed.paths.length < missed.files ? ', …' : ''}.`,
        )),
    ...(gone.length === 0 ? [] : prose(`Published, and gone by then: ${gone.join(', ')}.`)),
    ...(rotten.length === 0 ? [] : prose(`Found rotten by then, and of no use: ${rotten.join(', ')}.`)),
    ...(bring.newest.bytes === 0
      ? []
      : prose(`To bring back the newest of each series, ${timeText(bring.newest, lost)}.`)),
    ...(lost.files === 0
      ? []
      : prose(`To bring back all ${counted(lost.files, 'file')} held then, ${timeText(bring.all, lost)}.`)),
  ]
  return `${lines.join('\n')}\n`
}

function seriesRow({ series, newest, points, state }: LostSeries, { lostAt }: LostAtExplanation): Row {
  const late = state === 'late' ? ['it was late then'] : []
  if (newest === null)
    return {
      mark: '!',
      word: 'nothing',
      tone: 'red',
      path: series,
      detail: ['no whole point', ...late].join(', '),
    }
  const age = newestText(newest.time, instant(Date.parse(lostAt)))
  const old = age === 'today' ? 'of that day' : `${humanDuration(newest.age)} old`
  const more = newest.files.length > 1 ? [`${counted(newest.files.length, 'file')}`] : []
  return {
    mark: '#',
    word: 'newest',
    tone: state === 'late' ? 'yellow' : 'green',
    path: newest.files[0]!,
    amount: newest.local,
    detail: [old, ...more, humanSize(newest.bytes), `of ${counted(points, 'point')}`, ...late].join(', '),
  }
}

function timeText({ bytes, seconds, rate, by }: Bringing, { measured }: LostAtExplanation): string {
  const size = humanSize(bytes)
  if (by === null)
    return `${size}: how long is not known, as transfer.bandwidth sets no limit and no recent pass brought enough to measure the line`
  if (seconds === null) return `${size}: never, as transfer.bandwidth is off`
  const takes = `${size}: ${aboutDuration(seconds)}`
  if (by === 'measured')
    return `${takes} at ${humanRate(rate!)}, as measured over ${counted(measured!.passes, 'recent pass', 'recent passes')}`
  return rate === null
    ? `${takes} by the timetable of transfer.bandwidth`
    : `${takes} at ${humanRate(rate)}, which is transfer.bandwidth`
}
