/** Numbers that look random and are the same in every run for one seed. */
export interface Random {
  /** From 0 up to 1. */
  (): number
  /** A whole number from 0 up to `below`. */
  int(below: number): number
  pick<T>(from: readonly T[]): T
  /** True in so many of all cases: 0 to 1. */
  chance(share: number): boolean
  bytes(count: number): Buffer
}

/** mulberry32. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (below: number): number => Math.floor(next() * below)
  return Object.assign(next, {
    int,
    pick: <T>(from: readonly T[]): T => from[int(from.length)]!,
    chance: (share: number): boolean => next() < share,
    bytes: (count: number): Buffer => Buffer.from(Array.from({ length: count }, () => int(256))),
  })
}

/** The seeds that a test goes through: so many, or `FAULTS_SEED` alone, which a failure names. */
export function seedsOf(count: number): readonly number[] {
  const only = process.env['FAULTS_SEED']
  return only === undefined ? Array.from({ length: count }, (_, i) => i + 1) : [Number(only)]
}
