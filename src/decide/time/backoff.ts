/** Seconds. */
const FIRST = 5
const MOST = 15 * 60
const SPREAD = 0.1

/**
 * Seconds to wait after so many failures in a row (1 or more): 5 s, doubled with each, at most 15 minutes, and by up to a tenth more or
 * less, so that backups that failed together do not all come back together. `random`: from 0 up to 1.
 */
export const backoff = (failures: number, random: number): number =>
  Math.min(MOST, FIRST * 2 ** (failures - 1)) * (1 - SPREAD + 2 * SPREAD * random)

/** How often in a row a transfer is tried that brings nothing at all. */
const MOST_FRUITLESS = 3
/** How often one batch is tried in one pass, also where each attempt gets further (I12: every run ends). */
const MOST_ATTEMPTS = 20

/**
 * Seconds to wait before a transfer that broke is tried again: 5 s, doubled with each attempt in a row that brought nothing, at most
 * 15 minutes. Null: enough for this pass; what has come is kept for the next.
 */
export function retryDelay(attempts: { readonly made: number; readonly fruitless: number }): number | null {
  if (attempts.fruitless >= MOST_FRUITLESS || attempts.made >= MOST_ATTEMPTS) return null
  return Math.min(MOST, FIRST * 2 ** attempts.fruitless)
}
