import { DATE_TOKENS, type FreeToken, type Piece } from './parse-pattern.ts'

/** What the tokens stood for in one name; a free token that the pattern does not have is null. */
export interface Match extends Readonly<Record<FreeToken, string | null>> {
  /** Of YYYY, MM, DD, hh, mm, ss; -1 where the pattern has none. */
  readonly date: Int32Array
}

/** Whether a way to read a name is the one that is asked for; another one is tried where it is not. */
type Accept = (match: Match) => boolean

const EPOCH_DIGITS = 11

/**
 * Whether a whole name is made of these pieces, and of what; the first free token takes as much as it can. A token that is given
 * twice stands for the same text both times.
 *
 * No regular expression: names come from a source that may be hostile. The lengths of the free tokens settle everything else, and
 * the last one's follows from the name's length, so that the looks grow with its length, not with a power of it. The
 * answer is good until the next call.
 */
export function matcher(pieces: readonly Piece[]): (name: string, accept: Accept) => Match | null {
  const order = [...new Set(pieces.flatMap((piece) => (piece.kind === 'free' ? [piece.token] : [])))]
  const slots = order.map((token, index) => ({
    token,
    count: pieces.filter((piece) => piece.kind === 'free' && piece.token === token).length,
    min: token === 'ext' ? 0 : 1,
    max: token === 'epoch' ? EPOCH_DIGITS : Number.POSITIVE_INFINITY,
    later: order.slice(index + 1),
  }))
  const stretches = stretchesOf(pieces, order)
  const fixed = stretches.reduce((sum, { codes }) => sum + codes.length, 0)
  const bounds = slots.map(({ later }) => {
    const after = slots.filter(({ token }) => later.includes(token))
    return {
      least: after.reduce((sum, { count, min }) => sum + count * min, 0),
      most: after.reduce((sum, { count, max }) => sum + count * max, 0),
    }
  })
  const head = literalOf(pieces[0])
  const tail = literalOf(pieces.at(-1))
  const lengths = order.map(() => 0)
  const none = { series: null, part: null, epoch: null, stem: null, ext: null }
  const match: { -readonly [Key in keyof Match]: Match[Key] } = {
    date: new Int32Array(DATE_TOKENS.length),
    ...none,
  }

  /** What costs little and fails soon: text and digits. */
  const fitsFixed = (name: string): boolean => {
    const { date } = match
    // Of so few, `fill` would take as long as all that follows.
    for (let i = 0; i < date.length; i++) date[i] = -1
    let at = 0
    let value = 0
    for (const { token, slot, codes } of stretches) {
      if (token !== null) {
        if (token === 'epoch' && !isDigits(name, at, lengths[slot]!)) return false
        at += lengths[slot]!
      }
      for (const code of codes) {
        // Beyond the end it is NaN.
        const found = name.charCodeAt(at++)
        if (code >= 0) {
          if (found !== code) return false
          continue
        }
        if (!isDigit(found)) return false
        value = value * 10 + found - ZERO
        if (code === DIGIT) continue
        const place = LAST_DIGIT - code
        if (date[place] !== -1 && date[place] !== value) return false
        date[place] = value
        value = 0
      }
    }
    return true
  }

  const fitsFree = (name: string): boolean => {
    for (const token of order) match[token] = null
    let at = 0
    for (const { token, slot, codes } of stretches) {
      if (token !== null) {
        const before = match[token]
        const end = at + lengths[slot]!
        if (before === null) {
          const text = name.slice(at, end)
          if (text.includes('/')) return false
          match[token] = text
        } else if (!name.startsWith(before, at)) return false
        at = end
      }
      at += codes.length
    }
    return true
  }

  const fits = (name: string, accept: Accept): boolean => fitsFixed(name) && fitsFree(name) && accept(match)

  /** Tries every share-out of `rest` characters among the free tokens from `index` on; the last one's length follows. */
  const shareOut = (name: string, accept: Accept, index: number, rest: number): boolean => {
    const { count, min, max } = slots[index]!
    if (index === slots.length - 1) {
      const length = rest / count
      lengths[index] = length
      return Number.isInteger(length) && length >= min && length <= max && fits(name, accept)
    }
    const { least, most } = bounds[index]!
    const high = Math.min(max, Math.floor((rest - least) / count))
    const low = Math.max(min, Math.ceil((rest - most) / count))
    for (let length = high; length >= low; length--) {
      lengths[index] = length
      if (shareOut(name, accept, index + 1, rest - count * length)) return true
    }
    return false
  }

  const fitsWhole = (name: string, accept: Accept): boolean => {
    const rest = name.length - fixed
    return slots.length === 0 ? rest === 0 && fits(name, accept) : shareOut(name, accept, 0, rest)
  }

  return (name, accept) =>
    name.startsWith(head) && name.endsWith(tail) && fitsWhole(name, accept) ? match : null
}

const literalOf = (piece: Piece | undefined): string => (piece?.kind === 'literal' ? piece.text : '')

/** A free token, or the name's beginning, and the text and the dates after it. */
interface Stretch {
  /** Null: the name's beginning. */
  readonly token: FreeToken | null
  /** Which of the free tokens it is. */
  readonly slot: number
  /** A number a character: the code that it must have, {@link DIGIT}, or {@link LAST_DIGIT} less the place of its token among the dates. */
  readonly codes: readonly number[]
}

const DIGIT = -1
const LAST_DIGIT = -2

function stretchesOf(pieces: readonly Piece[], order: readonly FreeToken[]): readonly Stretch[] {
  const stretches: (Stretch & { readonly codes: number[] })[] = [{ token: null, slot: -1, codes: [] }]
  for (const piece of pieces) {
    const { codes } = stretches.at(-1)!
    if (piece.kind === 'free')
      stretches.push({ token: piece.token, slot: order.indexOf(piece.token), codes: [] })
    else if (piece.kind === 'literal')
      for (let i = 0; i < piece.text.length; i++) codes.push(piece.text.charCodeAt(i))
    else {
      for (let i = 1; i < piece.width; i++) codes.push(DIGIT)
      codes.push(LAST_DIGIT - DATE_TOKENS.indexOf(piece.token))
    }
  }
  return stretches
}

const ZERO = 48

const isDigit = (code: number): boolean => code >= ZERO && code < ZERO + 10

function isDigits(text: string, at: number, length: number): boolean {
  for (let i = at; i < at + length; i++) if (!isDigit(text.charCodeAt(i))) return false
  return true
}
