import { DATE_TOKENS, type FreeToken, type Piece } from './parse-pattern.ts'

/** What the tokens stood for in one name. */
export interface Match {
  /** Of YYYY, MM, DD, hh, mm, ss; -1 where the pattern has none. */
  readonly date: Int32Array
  readonly free: Readonly<Record<FreeToken, string | null>>
}

const EPOCH_DIGITS = 11

/**
 * Whether a whole name is made of these pieces, and of what; the first free token takes as much as it can. A token that is given
 * twice stands for the same text both times.
 *
 * No regular expression: names come from a source that may be hostile. The lengths of the free tokens settle everything else, and
 * the last one's follows from the name's length, so that a name takes at most as many looks as it has characters. The
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
  const steps = pieces.map((piece) => ({ piece, ...stepOf(piece, order) }))
  const head = literalOf(pieces[0])
  const tail = literalOf(pieces.at(-1))
  const lengths = order.map(() => 0)
  const texts: (string | null)[] = order.map(() => null)
  const date = new Int32Array(DATE_TOKENS.length)

  const fits = (name: string): boolean => {
    date.fill(-1)
    texts.fill(null)
    let at = 0
    for (const { piece, index, width } of steps) {
      if (piece.kind === 'literal') {
        if (!name.startsWith(piece.text, at)) return false
        at += width
      } else if (piece.kind === 'date') {
        const value = digitsAt(name, at, width)
        if (value === -1 || (date[index] !== -1 && date[index] !== value)) return false
        date[index] = value
        at += width
      } else {
        const end = at + (lengths[index] ?? 0)
        const before = texts[index] ?? null
        if (before !== null) {
          if (!name.startsWith(before, at)) return false
        } else {
          const text = name.slice(at, end)
          if (piece.token === 'epoch' ? digitsAt(text, 0, text.length) === -1 : text.includes('/'))
            return false
          texts[index] = text
        }
        at = end
      }
    }
    return accept(date)
  }

  /** Tries every share-out of `rest` characters among the free tokens from `index` on. */
  const shareOut = (name: string, index: number, rest: number): boolean => {
    const slot = slots[index]
    const bound = bounds[index]
    if (slot === undefined || bound === undefined) return rest === 0 && fits(name)
    const { count, max } = slot
    const high = Math.min(max, Math.floor((rest - bound.least) / count))
    const low = Math.max(1, Math.ceil((rest - bound.most) / count))
    for (let length = high; length >= low; length--) {
      lengths[index] = length
      if (shareOut(name, index + 1, rest - count * length)) return true
    }
    return false
  }

  return (name) => {
    if (!name.startsWith(head) || !name.endsWith(tail) || !shareOut(name, 0, name.length - fixed)) return null
    const text = (token: FreeToken): string | null => texts[order.indexOf(token)] ?? null
    return { date, free: { series: text('series'), part: text('part'), epoch: text('epoch') } }
  }
}

const fixedLength = (piece: Piece): number =>
  piece.kind === 'literal' ? piece.text.length : piece.kind === 'date' ? piece.width : 0

const stepOf = (piece: Piece, order: readonly FreeToken[]): { index: number; width: number } => ({
  index:
    piece.kind === 'literal'
      ? -1
      : piece.kind === 'date'
        ? DATE_TOKENS.indexOf(piece.token)
        : order.indexOf(piece.token),
  width: fixedLength(piece),
})

const literalOf = (piece: Piece | undefined): string => (piece?.kind === 'literal' ? piece.text : '')

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
