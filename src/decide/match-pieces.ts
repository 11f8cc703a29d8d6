import { DATE_TOKENS, type FreeToken, type Piece } from './parse-pattern.ts'

/** What the tokens stood for in one name. */
export interface Match {
  /** Of YYYY, MM, DD, hh, mm, ss; -1 where the pattern has none. */
  readonly date: Int32Array
  /** Null where the pattern has no such token. */
  readonly series: string | null
  readonly part: string | null
  readonly epoch: string | null
}

const EPOCH_DIGITS = 11

/**
 * Whether a whole name is made of these pieces, and of what; the first free token takes as much as it can. A token that is given
 * twice stands for the same text both times.
 *
 * No regular expression: names come from a source that may be hostile. The lengths of the free tokens settle everything else, and
 * the last one's follows from the name's length, so that the looks grow with its length, not with a power of it. The
 * answer is good until the next call.
 */
export function matcher(
  pieces: readonly Piece[],
  accept: (date: Int32Array) => boolean,
): (name: string) => Match | null {
  const order = [...new Set(pieces.flatMap((piece) => (piece.kind === 'free' ? [piece.token] : [])))]
  const slots = order.map((token, index) => ({
    token,
    count: pieces.filter((piece) => piece.kind === 'free' && piece.token === token).length,
    max: token === 'epoch' ? EPOCH_DIGITS : Number.POSITIVE_INFINITY,
    later: order.slice(index + 1),
  }))
  const fixed = pieces.reduce((sum, piece) => sum + fixedLength(piece), 0)
  const bounds = slots.map(({ later }) => {
    const after = slots.filter(({ token }) => later.includes(token))
    return {
      least: after.reduce((sum, { count }) => sum + count, 0),
      most: after.reduce((sum, { count, max }) => sum + count * max, 0),
    }
  })
  // All of one shape, which is quicker to go through than three.
  const steps = pieces.map((piece) => ({
    kind: piece.kind,
    text: literalOf(piece),
    token: piece.kind === 'free' ? piece.token : null,
    slot: slotOf(piece, order),
    width: fixedLength(piece),
  }))
  const head = literalOf(pieces[0])
  const tail = literalOf(pieces.at(-1))
  const lengths = order.map(() => 0)
  const match = { date: new Int32Array(DATE_TOKENS.length), series: null, part: null, epoch: null } as {
    -readonly [Key in keyof Match]: Match[Key]
  }

  /** What costs little and fails soon: text and digits. */
  const fitsFixed = (name: string): boolean => {
    const { date } = match
    date.fill(-1)
    let at = 0
    for (const { kind, text, token, slot, width } of steps) {
      if (kind === 'literal') {
        if (!isAt(name, at, text)) return false
      } else if (kind === 'date') {
        const value = digitsAt(name, at, width)
        if (value === -1 || (date[slot] !== -1 && date[slot] !== value)) return false
        date[slot] = value
      } else if (token === 'epoch' && digitsAt(name, at, lengths[slot]!) === -1) return false
      at += kind === 'free' ? lengths[slot]! : width
    }
    return true
  }

  const fitsFree = (name: string): boolean => {
    match.series = null
    match.part = null
    match.epoch = null
    let at = 0
    for (const { token, slot, width } of steps) {
      if (token !== null) {
        const before = match[token]
        const end = at + lengths[slot]!
        if (before === null) {
          const text = name.slice(at, end)
          if (text.includes('/')) return false
          match[token] = text
        } else if (!name.startsWith(before, at)) return false
        at = end
      } else at += width
    }
    return true
  }

  const fits = (name: string): boolean => fitsFixed(name) && fitsFree(name) && accept(match.date)

  /** Tries every share-out of `rest` characters among the free tokens from `index` on; the last one's length follows. */
  const shareOut = (name: string, index: number, rest: number): boolean => {
    const { count, max } = slots[index]!
    if (index === slots.length - 1) {
      const length = rest / count
      lengths[index] = length
      return Number.isInteger(length) && length >= 1 && length <= max && fits(name)
    }
    const { least, most } = bounds[index]!
    const high = Math.min(max, Math.floor((rest - least) / count))
    const low = Math.max(1, Math.ceil((rest - most) / count))
    for (let length = high; length >= low; length--) {
      lengths[index] = length
      if (shareOut(name, index + 1, rest - count * length)) return true
    }
    return false
  }

  const fitsWhole = (name: string): boolean => {
    const rest = name.length - fixed
    return slots.length === 0 ? rest === 0 && fits(name) : shareOut(name, 0, rest)
  }

  return (name) => (name.startsWith(head) && name.endsWith(tail) && fitsWhole(name) ? match : null)
}

const fixedLength = (piece: Piece): number =>
  piece.kind === 'literal' ? piece.text.length : piece.kind === 'date' ? piece.width : 0

/** Where what a token stands for is kept. */
const slotOf = (piece: Piece, order: readonly FreeToken[]): number =>
  piece.kind === 'literal'
    ? -1
    : piece.kind === 'date'
      ? DATE_TOKENS.indexOf(piece.token)
      : order.indexOf(piece.token)

const literalOf = (piece: Piece | undefined): string => (piece?.kind === 'literal' ? piece.text : '')

/** The same as `startsWith`, which costs more than such short texts are worth. */
function isAt(name: string, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (name.charCodeAt(at + i) !== text.charCodeAt(i)) return false
  return true
}

/** The number that so many ASCII digits make; -1 where one is something else. */
function digitsAt(text: string, at: number, width: number): number {
  let value = 0
  for (let i = at; i < at + width; i++) {
    const digit = text.charCodeAt(i) - 48
    // Beyond the end it is NaN.
    if (!(digit >= 0 && digit <= 9)) return -1
    value = value * 10 + digit
  }
  return value
}
