import stringWidth from 'string-width'
import { groupBy } from '../model/group-by.ts'
import type { Diagnostic } from '../model/trouble.ts'
import { escapeText } from './escape-text.ts'
import { paint } from './paint.ts'
import { clipText, wrapText } from './wrap-text.ts'

/** As many faults of one code at one place are shown one by one; as many with one hint are shown with it and the lines around. */
const SAME = 3

/**
 * Faults of specs and settings in a compiler's style: the place, the fault, the lines around it, a hint. A blank line between two;
 * a newline at the end. Files below `folder` are named relative to it. Prose breaks at `width` columns; frames are cut there.
 */
export function renderDiagnostics(
  diagnostics: readonly Diagnostic[],
  options: { readonly color: boolean; readonly folder?: string; readonly width: number },
): string {
  const tone = paint(options.color)
  // Less the indent of further lines.
  const width = options.width - 4
  const byPlace = groupBy(diagnostics, ({ file, line, column, code }) =>
    [file, line, column, code].join('\0'),
  )
  // What is written for all backups is wrong for each of them, and is shown for the first.
  const isMany = (of: readonly Diagnostic[]): boolean => of.length > SAME
  // What is wrong in one way in many files, one thing to do for all, is explained in the first ones.
  const seen = new Map<string, number>()
  const isExplained = ({ code, hint }: Diagnostic): boolean => {
    const key = `${code}\0${hint}`
    const before = seen.get(key) ?? 0
    seen.set(key, before + 1)
    return hint !== undefined && before >= SAME
  }
  return [...byPlace.values()]
    .flatMap((same) =>
      isMany(same) ? [[same[0]!, same.length - 1] as const] : same.map((one) => [one, 0] as const),
    )
    .map(([one, others], i) => {
      const { file, line, column, severity, message, hint, frame } = one
      const isBrief = isExplained(one)
      const near = options.folder !== undefined && file.startsWith(`${options.folder}/`)
      const name = escapeText(near ? file.slice(options.folder.length + 1) : file)
      const rank = severity === 'error' ? tone('red', 'error') : tone('yellow', 'warning')
      const at = `${name}:${line}:${column}`
      // What comes before the message takes its room, and is not broken itself.
      const before = '.'.repeat(stringWidth(`${at}: ${severity}:`))
      const [first = '', ...rest] = wrapText(`${before} ${escapeText(message)}`, width)
      const lines = [
        `${tone('bold', at)}: ${rank}:${first.slice(before.length)}`,
        ...rest.map((more) => `    ${more}`),
      ]
      for (const each of frame === undefined || isBrief ? [] : fitFrame(frame, width))
        lines.push(tone('dim', `    ${each}`.trimEnd()))
      if (hint !== undefined && !isBrief)
        lines.push(
          ...wrapText(`hint: ${escapeText(hint)}`, width).map((text, i) =>
            i === 0 ? `  ${tone('cyan', 'hint')}${text.slice(4)}` : `    ${text}`,
          ),
        )
      if (others > 0) lines.push(`  and ${others} more at this place, for other backups`)
      return `${i === 0 || isBrief ? '' : '\n'}${lines.join('\n')}\n`
    })
    .join('')
}

/** The lines around a fault, escaped. Where they do not fit, what is shown of them is around the place that the carets mark. */
function fitFrame(frame: string, width: number): readonly string[] {
  const lines = frame.split('\n').map(escapeText)
  const carets = lines.map((line) => /^\s*\| *\^/.exec(line)?.[0].length ?? 0)
  const caret = Math.max(...carets)
  const gutter = lines[0]!.indexOf('|') + 2
  // The place is in the first half, unless it is there anyway.
  const skip = caret > width * 0.75 ? caret - Math.floor(width / 2) : 0
  return lines.map((line) => {
    const shown = skip === 0 ? line : `${line.slice(0, gutter)}${line.slice(gutter + skip)}`
    return clipText(shown, width)
  })
}
