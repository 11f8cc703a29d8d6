import { createLogUpdate } from 'log-update'
import type { RestorePoint } from '../decide/restore/points.ts'
import { zoneOf } from '../decide/time/zone.ts'
import type { DrillReport } from '../model/drilled.ts'
import { humanPart, humanSize } from '../model/human-size.ts'
import { type Instant, isoTime } from '../model/instant.ts'
import type { PointList, RestoreReport } from '../model/restored.ts'
import { type Problem, withHint } from '../model/trouble.ts'
import { escapeText } from './escape-text.ts'
import { counted } from './human-count.ts'
import { humanDuration, localMinute } from './human-time.ts'
import { cutText, foldText, indentText, padText, wrapText } from './wrap-text.ts'

/** The points as a document, oldest first in each series. */
export function pointList(backup: string, points: readonly RestorePoint[]): PointList {
  const orNull = (at: Instant | null): string | null => (at === null ? null : isoTime(at))
  const oneOf = (pick: (...of: number[]) => number, times: readonly (Instant | null)[]): string | null =>
    times.includes(null) ? null : isoTime(pick(...(times as readonly number[])) as Instant)
  return {
    format: 'reconcile.points/1',
    backup,
    points: points.map(({ series, time, files, proven }) => ({
      series,
      time: orNull(time),
      files: files.map(({ path }) => path),
      bytes: files.reduce((sum, { size }) => sum + size, 0),
      published: oneOf(
        Math.max,
        files.map(({ published }) => published),
      ),
      verified: oneOf(
        Math.min,
        files.map(({ verified }) => verified),
      ),
      proven: orNull(proven),
      rotten: files.some(({ isRotten }) => isRotten),
      gone: files.some(({ isGone }) => isGone),
    })),
  }
}

export function renderPoints({ backup, points }: PointList, { width }: { readonly width: number }): string {
  if (points.length === 0) return foldText(`${escapeText(backup)} holds nothing complete.`, width)
  const zone = zoneOf(Intl.DateTimeFormat().resolvedOptions().timeZone)
  const when = (time: string | null): string => (time === null ? '-' : localMinute(time, zone))
  const lines: string[] = []
  let last: string | null = null
  const hasProof = points.some(({ proven }) => proven !== null)
  for (const { series, time, files, bytes, published, verified, proven, ...point } of points) {
    if (series !== last) {
      lines.push(...wrapText(`Series ${escapeText(series)}`, width))
      lines.push(`  ${ROW('POINT', 'SIZE', 'PUBLISHED', 'VERIFIED', hasProof ? 'PROVEN' : '')}`.trimEnd())
    }
    last = series
    const state = point.gone ? 'GONE' : point.rotten ? 'ROTTEN' : null
    const row = ROW(
      when(time),
      humanSize(bytes),
      when(published),
      state ?? when(verified),
      hasProof ? when(proven) : '',
    )
    lines.push(`  ${row}`.trimEnd())
    for (const path of files) lines.push(`    ${escapeText(path)}`)
  }
  return `${lines.join('\n')}\n`
}

const ROW = (point: string, size: string, published: string, verified: string, proven: string): string => {
  // The last column may be left out.
  const wide = proven === '' ? 18 : 17
  return `${padText(point, wide)}${padText(size, 10)}${padText(published, wide)}${padText(verified, wide)}${proven}`
}

/** As a document has it. */
export const takenPoint = ({ series, time, files }: RestorePoint) => ({
  series,
  time: time === null ? null : isoTime(time),
  files: files.map(({ path }) => path),
})

const TAKEN = 24

/** Which points were taken, a line each. */
function takenLines(points: NonNullable<RestoreReport['points']>, width: number): readonly string[] {
  const zone = zoneOf(Intl.DateTimeFormat().resolvedOptions().timeZone)
  const more = points.length - TAKEN
  return [
    ...points.slice(0, TAKEN).map(({ series, time, files: [first = '', ...others] }) => {
      const when = time === null ? 'of unknown time' : `of ${localMinute(time, zone)}`
      const rest = others.length === 0 ? '' : ` and ${counted(others.length, 'more file')}`
      return foldText(`${escapeText(series)}: the point ${when}, ${escapeText(first)}${rest}`, width)
    }),
    ...(more > 0 ? [`and ${counted(more, 'more point')}\n`] : []),
  ]
}

export function renderRestored(
  { backup, files, to, problems, points = [] }: RestoreReport,
  { width, quiet }: { readonly width: number; readonly quiet: boolean },
): string {
  const bytes = files.reduce((sum, { size }) => sum + size, 0)
  const present = files.filter(({ state }) => state === 'present').length
  const before = present === 0 ? '' : `, ${present} of them there already`
  const failed = problems.length === 0 ? '' : ` ${counted(problems.length, 'file')} not restored.`
  const done = `${counted(files.length, 'file')} of ${escapeText(backup)} (${humanSize(bytes)}) verified and in ${escapeText(to)}${before}.`
  const rows = problemRows(problems, width).join('')
  return quiet ? rows : rows + takenLines(points, width).join('') + foldText(done + failed, width)
}

export function renderDrills(
  { drills, problems }: DrillReport,
  { width, quiet }: { readonly width: number; readonly quiet: boolean },
): string {
  const good = drills.filter(({ why }) => why === null)
  const done = good.map(({ backup, series, bytes, restoreSeconds, drillSeconds }) =>
    foldText(
      `${escapeText(backup)}: ${escapeText(series)} is proven. The restore of ${humanSize(bytes)} took ${humanDuration(restoreSeconds)}, the drill ${humanDuration(drillSeconds)}.`,
      width,
    ),
  )
  return [...problemRows(problems, width), ...(quiet ? [] : done)].join('')
}

const problemRows = (problems: readonly Problem[], width: number): readonly string[] =>
  problems.flatMap((problem) =>
    [`! ${escapeText(problem.path ?? '')}`, ...indentText(withHint(problem), width)].map(
      (line) => `${line}\n`,
    ),
  )

/** One line on a terminal, redrawn in place; elsewhere nothing. */
export function restoreProgress(
  out: NodeJS.WriteStream | null,
  files: readonly { readonly path: string; readonly size: number }[],
): { add(path: string, bytes: number): void; end(): void } {
  if (out?.isTTY !== true) return { add() {}, end() {} }
  const picture = createLogUpdate(out, { showCursor: true })
  const total = files.reduce((sum, { size }) => sum + size, 0)
  let done = 0
  let drawn = 0
  return {
    add(path, bytes) {
      done += bytes
      const step = Math.floor((done * 1000) / Math.max(1, total))
      if (step === drawn) return
      drawn = step
      const amount = humanPart(Math.min(done, total), total)
      picture(
        `${amount}  ${cutText(escapeText(path), Math.max(20, (out.columns ?? 80) - amount.length - 4))}`,
      )
    },
    end: () => picture.clear(),
  }
}
