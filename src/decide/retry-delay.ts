/** How often in a row a transfer is tried that brings nothing at all. One that gets further each time is tried for ever. */
export const MOST_FRUITLESS = 3

/** Seconds to wait before attempt `n` (1 is the first retry): 5 s, doubled, at most 15 minutes. */
export const retryDelay = (n: number): number => Math.min(15 * 60, 5 * 2 ** (n - 1))
