import type { Paint } from './paint.ts'

/** One cell each: bytes an earlier run had brought, bytes of this run, bytes still to come. */
export interface BarGlyphs {
  readonly resumed: string
  readonly done: string
  readonly left: string
}

export const UNICODE_BAR: BarGlyphs = { resumed: '╍', done: '━', left: '─' }
export const ASCII_BAR: BarGlyphs = { resumed: '=', done: '#', left: '-' }

/** Whether the terminal's locale can show more than ASCII. */
export function useUnicode(env: Readonly<Record<string, string | undefined>>): boolean {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || ''
  return /utf-?8/i.test(locale) && env['TERM'] !== 'linux'
}

/** A bar of `cells` columns. A full bar means that every byte is there, not nearly every one. */
export function barText(
  bytes: { readonly done: number; readonly total: number; readonly resumed: number },
  cells: number,
  glyphs: BarGlyphs,
  brush: Paint,
): string {
  const cellsOf = (part: number): number =>
    Math.max(0, Math.min(cells, Math.floor((part / Math.max(1, bytes.total)) * cells)))
  const done = cellsOf(bytes.done)
  const resumed = Math.min(done, cellsOf(bytes.resumed))
  return (
    brush('cyan', glyphs.resumed.repeat(resumed)) +
    brush('green', glyphs.done.repeat(done - resumed)) +
    brush('dim', glyphs.left.repeat(cells - done))
  )
}
