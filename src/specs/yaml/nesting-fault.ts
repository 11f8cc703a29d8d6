import { Lexer } from 'yaml'
import { type Fault, faultAt, type Place, type SourceText } from './located.ts'

/** Far above any honest spec, and far below what the parser's stack holds. */
export const MAX_DEPTH = 24

export const nestedTooDeep = (place: Place): Fault =>
  faultAt(place, 'too-deep', `values are nested more than ${MAX_DEPTH} deep`)

/**
 * Deep nesting is refused before the parser sees it: it recurses, and near the end of the stack V8 may abort the whole
 * process instead of throwing. The lexer does not recurse. Nesting by lines stays shallow enough in a file of
 * 256 KiB, as each level costs one more space on each line below it.
 */
export function nestingFault(source: SourceText): Fault | null {
  let flow = 0
  let chain = 0
  let at = 0
  for (const token of new Lexer().lex(source.text)) {
    // A line's "- - - x", "? ? x" and "x: x: x" nest as well, the last in a flow map too, and over its lines.
    if (token === '-' || token === '?' || token === ':') chain++
    else if (token === ',' || (flow === 0 && (token === '\n' || token === '\r\n'))) chain = 0
    else if (token === '[' || token === '{') flow++
    // One that closes nothing must not make room for others.
    else if (token === ']' || token === '}') flow = Math.max(0, flow - 1)
    if (flow > MAX_DEPTH || chain > MAX_DEPTH) {
      return nestedTooDeep({ source, start: at, end: at + token.length })
    }
    if (!CONTROL_TOKENS.has(token)) at += token.length
  }
  return null
}

/** Tokens of the lexer that are not in the text. */
const CONTROL_TOKENS: ReadonlySet<string> = new Set(['\x02', '\x18', '\x1f'])
