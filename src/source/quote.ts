const LIMIT = 300

/**
 * Text from a source, safe for a message: in double quotes, on one line, with everything that could move a cursor,
 * hide or reorder written as `\u{…}`, and cut where it is long.
 */
export function quote(text: string, limit = LIMIT): string {
  if (text.length <= limit && /^[ !#-[\]-~]*$/.test(text)) return `"${text}"`
  let out = ''
  for (const char of text) {
    if (out.length > limit) return `"${out}…"`
    out += char === '"' || char === '\\' ? `\\${char}` : plain(char)
  }
  return `"${out}"`
}

/** The same without quotes around it and without a backslash before quotes: for a line that a program printed. */
export function printable(text: string): string {
  if (text.length <= LIMIT && /^[ -~]*$/.test(text)) return text
  let out = ''
  for (const char of text) {
    if (out.length > LIMIT) return `${out}…`
    out += plain(char)
  }
  return out
}

// Letters, marks, numbers, punctuation, symbols and the ordinary space; not controls, formats, other spaces, or lone surrogates.
const VISIBLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u

const plain = (char: string): string =>
  VISIBLE.test(char) ? char : `\\u{${char.codePointAt(0)!.toString(16)}}`
