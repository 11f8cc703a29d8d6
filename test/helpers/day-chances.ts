/** What happens by chance. The same for the same seed. */
export interface Chances {
  /** From 0 up to 1. */
  next(): number
  /** A whole number. */
  below(n: number): number
  of<T>(list: readonly T[]): T
  /** Draws one of them at each call: each once before any comes again. */
  turns<T>(list: readonly T[]): () => T
}

export function chances(seed: number): Chances {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const below = (n: number): number => Math.floor(next() * n)
  return {
    next,
    below,
    of: (list) => list[below(list.length)]!,
    turns(list) {
      let left: (typeof list)[number][] = []
      return () => {
        if (left.length === 0) left = [...list]
        return left.splice(below(left.length), 1)[0]!
      }
    },
  }
}
