// Everything that moves a cursor, ends a line, reorders or hides text, or is not a character.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/**
 * The text on one line, safe for a terminal or a log: control, bidi and invisible characters become visible escapes
 * (`\n`, `\x1b`, `\u{202e}`). All text that may have come from a source goes through here before anyone sees it.
 */
export const escapeText = (text: string): string => text.replace(UNSAFE, visible)

/** The same for sentences: runs of white space, including line ends, become one space first, so that they can be wrapped. */
export const escapeProse = (text: string): string => escapeText(text.replace(/\s+/gu, ' ').trim())

/** JSON text, of any layout, with the same characters as `\uXXXX`: the same value, and safe on a terminal too. */
export const escapeJson = (json: string): string =>
  json.replace(UNSAFE, (found) =>
    found === '\n'
      ? found
      : Array.from({ length: found.length }, (_, i) => unit(found.charCodeAt(i))).join(''),
  )

const unit = (code: number): string => `\\u${code.toString(16).padStart(4, '0')}`

function visible(found: string): string {
  const code = found.codePointAt(0)!
  return (
    SHORT[found] ?? (code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`)
  )
}
