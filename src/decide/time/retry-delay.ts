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
  return Math.min(15 * 60, 5 * 2 ** attempts.fruitless)
}
