import { type BabelCodeFrameOptions, codeFrameColumns } from '@babel/code-frame'
import { groupBy } from '../../model/group-by.ts'
import { comparePaths } from '../../model/rel-path.ts'
import type { Diagnostic } from '../../model/trouble.ts'
import { type Fault, faultAt, lineAndColumn } from './located.ts'

const LINES_ABOVE = 2
const LINES_BELOW = 1
/** Longer lines are cut in a frame; a place beyond it has no frame. */
const MAX_WIDTH = 160

/** Of one file; whatever has more has one cause for them. */
const MAX_FAULTS = 100

/**
 * Faults as people and JSON see them: each once (a fault in `_defaults.yaml` is found again in every spec), in the order of
 * files and places.
 */
export function toDiagnostics(faults: readonly Fault[]): readonly Diagnostic[] {
  const once = new Map<string, Fault>()
  for (const fault of faults) {
    const { place, code, message } = fault
    once.set(`${place.source.file}\0${place.start}\0${code}\0${message}`, fault)
  }
  return [...groupBy(once.values(), ({ place }) => place.source.file)]
    .sort(([a], [b]) => comparePaths(a, b))
    .flatMap(([, inFile]) => {
      const shown = inFile.sort((a, b) => a.place.start - b.place.start).slice(0, MAX_FAULTS)
      const last = shown.at(-1)
      const more = inFile.length - shown.length
      return [
        ...shown.map(toDiagnostic),
        ...(more === 0 || last === undefined
          ? []
          : [toDiagnostic(faultAt(last.place, 'more-faults', `and ${more} more`))]),
      ]
    })
}

/** The fault with its file, line and column, and the lines around it as a frame. */
function toDiagnostic({ place, severity, code, message, hint }: Fault): Diagnostic {
  const { text, file } = place.source
  const { line, column } = lineAndColumn(text, place.start)
  const frame = place.end > place.start ? frameOf(text, line, column, place.end - place.start) : null
  return {
    file,
    line,
    column,
    severity,
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(frame === null ? {} : { frame }),
  }
}

function frameOf(text: string, line: number, column: number, length: number): string | null {
  if (column > MAX_WIDTH) return null
  const first = Math.max(1, line - LINES_ABOVE)
  const lines = text.split(/\r?\n/, line + LINES_BELOW).slice(first - 1)
  const width = Math.min(lines[line - first]?.length ?? 0, MAX_WIDTH)
  const end = Math.max(column + 1, Math.min(column + length, width + 1))
  const options: BabelCodeFrameOptions & { startLine: number } = {
    startLine: first,
    linesAbove: LINES_ABOVE,
    linesBelow: LINES_BELOW,
  }
  return codeFrameColumns(
    lines.map((each) => each.slice(0, MAX_WIDTH)).join('\n'),
    { start: { line, column }, end: { line, column: end } },
    options,
  )
}
