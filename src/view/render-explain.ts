import type { BackupExplanation, FileExplanation } from '../model/explanation.ts'
import { layRows, type Row } from './lay-rows.ts'
import { paint } from './paint.ts'
import { backupLines } from './render-calendar.ts'
import { fileLines } from './render-file.ts'
import { bothEnds } from './render-plan.ts'
import { alertRow, besideHolds, haltRow, holdRow, problemRow } from './trouble-rows.ts'

export interface ExplainTextOptions {
  readonly color: boolean
  /** Columns; prose is wrapped there, names and commands are not. */
  readonly width: number
  /** Every point, however many. */
  readonly all: boolean
}

/** Why a file, or the points of a backup, are here, and what happens to them next. Ends with a newline. */
export function renderExplain(
  explained: FileExplanation | BackupExplanation,
  options: ExplainTextOptions,
): string {
  const brush = paint(options.color)
  const { backup, known } = explained
  const name = explained.kind === 'file' ? `${backup}/${explained.path}` : backup
  const head = bothEnds(name, explained, brush, options.width)
  const unknown: readonly Row[] = [
    ...(known.source === 'complete' ? [] : [unknownRow(`the source ${readingOf(known.source)}`)]),
    ...(known.destination === 'complete' ? [] : [unknownRow('the destination was not read')]),
  ]
  const trouble = [
    ...(explained.halt === null ? [] : [haltRow(explained.halt)]),
    ...explained.holds.map(holdRow),
    ...besideHolds(explained.problems, explained.holds).map(problemRow),
    ...unknown,
  ]
  const body =
    explained.kind === 'file' ? fileLines(explained, brush, options) : backupLines(explained, brush, options)
  return `${[...head, ...layRows(trouble, brush, options.width), ...body].join('\n')}\n`
}

const unknownRow = (detail: string): Row => alertRow('unknown', 'yellow', detail)

const readingOf = (source: FileExplanation['known']['source']): string =>
  source === 'incomplete' ? 'was not read completely' : 'was not read'
