import type { Diagnostic } from '../model/trouble.ts'
import { escapeText } from './escape-text.ts'
import { paint } from './paint.ts'

/**
 * Faults of specs and settings in a compiler's style: the place, the fault, the lines around it, a hint. A blank line between two;
 * a newline at the end. Files below `folder` are named relative to it.
 */
export function renderDiagnostics(
  diagnostics: readonly Diagnostic[],
  options: { readonly color: boolean; readonly folder?: string },
): string {
  const tone = paint(options.color)
  return diagnostics
    .map(({ file, line, column, severity, message, hint, frame }) => {
      const near = options.folder !== undefined && file.startsWith(`${options.folder}/`)
      const name = escapeText(near ? file.slice(options.folder.length + 1) : file)
      const rank = severity === 'error' ? tone('red', 'error') : tone('yellow', 'warning')
      const lines = [`${tone('bold', `${name}:${line}:${column}`)}: ${rank}: ${escapeText(message)}`]
      for (const each of frame?.split('\n') ?? [])
        lines.push(tone('dim', `    ${escapeText(each)}`.trimEnd()))
      if (hint !== undefined) lines.push(`  ${tone('cyan', 'hint')}: ${escapeText(hint)}`)
      return `${lines.join('\n')}\n`
    })
    .join('\n')
}
