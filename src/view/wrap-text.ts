import stringWidth from 'string-width'
import { escapeProse } from './escape-text.ts'

/** A local time is not broken, nor a command from its hold's id, nor a public key. */
const WHOLE =
  /(?:ssh|ecdsa|sk)-\S+ AAAA\S+|\d{4}-\d\d-\d\d \d\d:\d\d (?:UTC|[+-]\d\d:\d\d)|reconcile release \w+/g
/** For a space at which no line breaks: escaped text holds none of these. */
const GLUE = '\u0001'
const glued = (text: string): string => text.replaceAll(' ', GLUE)

/** Escaped prose, broken at spaces into lines of at most `width` columns. A word that is longer stays whole: names can be copied. */
export function wrapText(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  let used = 0
  for (const part of text.replace(WHOLE, glued).split(' ')) {
    const word = part.replaceAll(GLUE, ' ')
    const columns = stringWidth(word)
    if (line !== '' && used + 1 + columns > width) {
      lines.push(line)
      line = ''
      used = 0
    }
    used += line === '' ? columns : columns + 1
    line = line === '' ? word : `${line} ${word}`
  }
  return line === '' ? lines : [...lines, line]
}

/** The same as one text, the further lines indented; a command at its end stays whole. Ends with a newline. */
export const foldText = (text: string, width: number): string =>
  `${wrapText(text.replace(/(?<=: )reconcile .*$/, glued), width - 2).join('\n  ')}\n`

/** The same, broken only after a comma, a colon or a full stop, so that `1 waiting` stays on one line. */
export const wrapList = (text: string, width: number): readonly string[] =>
  wrapText(text.replace(/(?<![,.:]) /g, GLUE), width)

/** Raw prose as an indented paragraph, its further lines indented more. Each line may be tinted. */
export const indentText = (
  text: string,
  width: number,
  tint: (line: string) => string = (line) => line,
): readonly string[] =>
  wrapText(escapeProse(text), Math.max(40, width - 4)).map(
    (line, i) => `${i === 0 ? '  ' : '    '}${tint(line)}`,
  )

/** How far lines that are not wrapped are indented: less where they would not fit, as they are to be copied. */
export const indentOf = (lines: readonly string[], indent: number, width: number): number =>
  Math.max(2, Math.min(indent, width - Math.max(0, ...lines.map((line) => stringWidth(line)))))

/** Padded with spaces to `width` columns as a terminal counts them. */
export const padText = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - stringWidth(text)))

/** Escaped prose on one line of at most `width` columns; what is too long loses its end. */
export function clipText(text: string, width: number): string {
  if (stringWidth(text) <= width) return text
  let kept = ''
  let used = 1
  for (const character of text) {
    used += stringWidth(character)
    if (used > width) break
    kept += character
  }
  return `${kept.trimEnd()}…`
}

/** Escaped prose in at most so many lines; what is too long loses its end. */
export function clipLines(text: string, width: number, most: number): readonly string[] {
  const lines = wrapText(text, width)
  const last = lines.slice(most - 1).join(' ')
  return last === '' ? lines : [...lines.slice(0, most - 1), clipText(last, width)]
}

/** At most `width` columns; text that is too long loses its beginning, as names differ at their ends. */
export function cutText(text: string, width: number): string {
  if (stringWidth(text) <= width) return text
  const kept: string[] = []
  let used = 1
  for (const character of [...text].reverse()) {
    used += stringWidth(character)
    if (used > width) break
    kept.unshift(character)
  }
  return `…${kept.join('')}`
}
