/** What happens by chance. The same for the same seed. */
export interface Chances {
  /** From 0 up to 1. */
  next(): number
  /** A whole number. */
  below(n: number): number
  of<T>(list: readonly T[]): T
}

export function chances(seed: number): Chances {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  return {
    next,
    below: (n) => Math.floor(next() * n),
    of: (list) => list[Math.floor(next() * list.length)]!,
  }
}
