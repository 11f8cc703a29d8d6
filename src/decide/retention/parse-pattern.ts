/** One stretch of a series' pattern. */
export type Piece =
  | { readonly kind: 'literal'; readonly text: string }
  /** So many digits. */
  | { readonly kind: 'date'; readonly token: DateToken; readonly width: number }
  /** One character or more, none of them `/`; of `ext` perhaps none. */
  | { readonly kind: 'free'; readonly token: FreeToken }

export type DateToken = 'YYYY' | 'MM' | 'DD' | 'hh' | 'mm' | 'ss'

/** `epoch`: 1 to 11 digits, seconds since 1970. `stem` and `ext`: only of `select.as`. */
export type FreeToken = 'series' | 'part' | 'epoch' | 'stem' | 'ext'

/** What is wrong at a place of a pattern's text. */
export interface PatternFault {
  readonly at: number
  readonly length: number
  readonly message: string
}

/** Each means something only below the one before it. */
export const DATE_TOKENS: readonly DateToken[] = ['YYYY', 'MM', 'DD', 'hh', 'mm', 'ss']
const FREE_TOKENS: readonly FreeToken[] = ['series', 'part', 'epoch']

const TOKEN_LIST = [...FREE_TOKENS.slice(0, 2), ...DATE_TOKENS, 'epoch']
  .map((token) => `{${token}}`)
  .join(' ')

/** What else people call a token, in lower case without `%`; the case decides between months and minutes. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  ...{ y: 'YYYY', yy: 'YYYY', yyy: 'YYYY', yyyy: 'YYYY', year: 'YYYY', yyyyy: 'YYYY' },
  ...{ mon: 'MM', month: 'MM', mo: 'MM', mmm: 'MM' },
  ...{ d: 'DD', dd: 'DD', day: 'DD', dom: 'DD' },
  ...{ h: 'hh', hh: 'hh', hour: 'hh', hours: 'hh', hh24: 'hh' },
  ...{ mi: 'mm', min: 'mm', minute: 'mm', minutes: 'mm' },
  ...{ s: 'ss', ss: 'ss', sec: 'ss', second: 'ss', seconds: 'ss' },
  ...{ unix: 'epoch', timestamp: 'epoch', time: 'epoch', epochs: 'epoch' },
  ...{ serie: 'series', name: 'series', base: 'series', stem: 'series', db: 'series', host: 'series' },
  ...{ '*': 'part', any: 'part', parts: 'part', rest: 'part', seq: 'part', n: 'part' },
  ...{ date: 'YYYY}-{MM}-{DD', yyyymmdd: 'YYYY}{MM}{DD', 'yyyy-mm-dd': 'YYYY}-{MM}-{DD' },
  ...{ hhmm: 'hh}{mm', hhmmss: 'hh}{mm}{ss', yyyymm: 'YYYY}{MM', yymmdd: 'YYYY}{MM}{DD' },
}

/** A pattern's pieces, or the first thing that is wrong with it. */
export function parsePattern(pattern: string): readonly Piece[] | PatternFault {
  const pieces: Piece[] = []
  const places: PatternFault[] = []
  for (const { 0: text, index: at } of pattern.matchAll(/\{[^{}/]*\}|[{}]|[^{}]+/g)) {
    const wrong = (message: string): PatternFault => ({ at, length: text.length, message })
    if (text === '{' || text === '}') return wrong(`"${text}" is on its own: braces are only for tokens`)
    const piece = text.startsWith('{')
      ? tokenPiece(text.slice(1, -1), FREE_TOKENS)
      : ({ kind: 'literal', text } as const)
    if (piece === null) return wrong(unknownToken(text.slice(1, -1)))
    const before = pieces.at(-1)
    if (piece.kind === 'free' && before?.kind === 'free') {
      return wrong(`nothing shows where {${before.token}} ends and ${text} begins: put text between them`)
    }
    pieces.push(piece)
    places.push(wrong(''))
  }
  return missing(pieces, places) ?? badPath(pattern) ?? pieces
}

/** Null: it is no date's token, and none of these. */
export function tokenPiece(name: string, free: readonly FreeToken[]): Piece | null {
  const date = DATE_TOKENS.find((token) => token === name)
  if (date !== undefined) return { kind: 'date', token: date, width: date.length }
  const other = free.find((token) => token === name)
  return other === undefined ? null : { kind: 'free', token: other }
}

function unknownToken(name: string): string {
  const asked = name.trim().replace(/^%/, '')
  // strftime's letters: %m is the month and %M the minute.
  const letter = { m: 'MM', M: 'mm', Mm: 'MM', H: 'hh', HH: 'hh', S: 'ss', SS: 'ss' }[asked]
  const lower = asked.toLowerCase()
  const meant = letter ?? (Object.hasOwn(OTHER_WORDS, lower) ? OTHER_WORDS[lower] : undefined)
  const same = [...DATE_TOKENS, ...FREE_TOKENS].find((token) => token.toLowerCase() === lower)
  const hint = meant ?? same
  return hint === undefined
    ? `there is no token {${name}}; there are ${TOKEN_LIST}`
    : `there is no token {${name}}; did you mean {${hint}}?`
}

/** A token without the one that it needs; the place of each piece says where. */
function missing(pieces: readonly Piece[], places: readonly PatternFault[]): PatternFault | null {
  const tokens = pieces.map((piece) => (piece.kind === 'literal' ? null : piece.token))
  const first = tokens.findIndex((token) => token !== null)
  if (first === -1) {
    const length = places.reduce((sum, place) => sum + place.length, 0)
    const text = pieces.length === 0 ? 'is empty' : 'has no token'
    return { at: 0, length, message: `the pattern ${text}; there are ${TOKEN_LIST}` }
  }
  const epoch = tokens.indexOf('epoch')
  for (const [index, token] of tokens.entries()) {
    const rank = DATE_TOKENS.indexOf(token as DateToken)
    const place = places[index]
    if (rank === -1 || place === undefined) continue
    if (epoch !== -1)
      return { ...place, message: `{${token}} together with {epoch}, which is a whole date by itself` }
    const needed = DATE_TOKENS[rank - 1]
    if (needed === undefined || tokens.includes(needed)) continue
    const confused =
      token === 'mm' && !tokens.includes('MM') ? '; {mm} is minutes, did you mean {MM}, the month?' : ''
    return { ...place, message: `{${token}} without {${needed}}${confused}` }
  }
  return null
}

/** What no file's path holds. */
function badPath(pattern: string): PatternFault | null {
  const found =
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.exec(pattern) ??
    /^\/|\/\/+|\/$|(?<=^|\/)\.{1,2}(?=\/|$)/.exec(pattern)
  if (found === null) return null
  const { 0: text, index: at } = found
  const message = !/^[./]/.test(text)
    ? 'a control or invisible character'
    : text === '/' && at === 0
      ? '"/" at the beginning: paths are relative to the source\'s folder'
      : text === '/'
        ? '"/" at the end: a pattern is for files, not for folders'
        : `"${text}", which no path contains`
  return { at, length: text.length, message }
}

export const isPatternFault = (parsed: readonly Piece[] | PatternFault): parsed is PatternFault =>
  'message' in parsed
