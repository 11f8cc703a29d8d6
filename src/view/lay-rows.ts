import stringWidth from 'string-width'
import { escapeText } from './escape-text.ts'
import { localProse } from './local-prose.ts'
import type { Paint, Tone } from './paint.ts'
import { indentOf, padText, wrapText } from './wrap-text.ts'

/** A row about one path, or the whole backup: `+ pull  db.tar.gz  1.4 GiB  because`. Raw text; escaped here. */
export interface Row {
  /** One character. */
  readonly mark: string
  readonly word: string
  readonly tone: Tone
  readonly path?: string
  /** A size, in a column of its own. */
  readonly amount?: string
  readonly detail?: string
  /** What to do next, on separate lines. `command` is never wrapped, so that it can be copied. */
  readonly hints?: readonly Hint[]
}

export type Hint = { readonly prose: string } | { readonly command: string }

const WORD = 8
/** Where paths begin: two spaces, the mark, a space, the word, two spaces. */
const START = 2 + 1 + 1 + WORD + 2
const GAP = 3
/** A text column narrower than this goes to a line of its own. */
const NARROW = 24

/** Rows in aligned columns, each line at most `width` columns but for names and commands, which stay whole. */
export function layRows(rows: readonly Row[], paint: Paint, width: number): readonly string[] {
  const cap = Math.max(24, Math.min(72, Math.floor((width - START) / 2)))
  const named = rows.map((row) => ({ row, path: row.path === undefined ? '' : escapeText(row.path) }))
  const paths = widest(
    named.map(({ path }) => path),
    cap,
  )
  const amounts = widest(
    rows.map((row) => row.amount ?? ''),
    cap,
  )
  return named.flatMap(({ row, path }) => layRow(row, path, { paths, amounts, width }, paint))
}

function layRow(
  row: Row,
  path: string,
  columns: { readonly paths: number; readonly amounts: number; readonly width: number },
  paint: Paint,
): readonly string[] {
  const lead = `  ${paint(row.tone, `${row.mark} ${row.word.padEnd(WORD)}`)}  `
  const detail = localProse(row.detail ?? '')
  const amount =
    row.amount === undefined || detail === '' ? (row.amount ?? '') : padText(row.amount, columns.amounts)
  const before = amount === '' || detail === '' ? amount : amount + ' '.repeat(GAP)
  const column = START + (path === '' ? 0 : columns.paths + GAP)
  const fits = stringWidth(path) <= columns.paths && columns.width - column - before.length >= NARROW
  const at = fits ? column : START
  const said = wrapText(detail, columns.width - at - before.length).map((line, i) =>
    i === 0 ? before + line : ' '.repeat(before.length) + line,
  )
  if (said.length === 0 && before !== '') said.push(before)
  const lines: string[] = []
  const [first, ...rest] = said
  if (path === '') lines.push(lead + (first ?? ''))
  else if (fits && first !== undefined)
    lines.push(`${lead}${padText(path, columns.paths)}${' '.repeat(GAP)}${first}`)
  else {
    lines.push(lead + path)
    if (first !== undefined) lines.push(' '.repeat(at) + first)
  }
  lines.push(...rest.map((line) => ' '.repeat(at) + line))
  const hints = row.hints ?? []
  const commands = hints.flatMap((hint) => ('command' in hint ? escapeText(hint.command) : []))
  const indent = indentOf(commands, START, columns.width)
  for (const hint of hints)
    lines.push(
      ...('command' in hint
        ? [' '.repeat(indent) + paint('cyan', escapeText(hint.command))]
        : wrapText(localProse(hint.prose), columns.width - START).map(
            (line) => ' '.repeat(START) + paint('dim', line),
          )),
    )
  return lines.map((line) => line.trimEnd())
}

/** The first `limit` and one that says how many are not shown: never a single one. */
export const shorten = <T>(items: readonly T[], limit: number, more: (left: number) => T): readonly T[] =>
  items.length <= limit + 1 ? items : [...items.slice(0, limit), more(items.length - limit)]

const widest = (texts: readonly string[], cap: number): number =>
  texts.reduce((most, text) => {
    const columns = stringWidth(text)
    return columns > cap ? most : Math.max(most, columns)
  }, 0)
