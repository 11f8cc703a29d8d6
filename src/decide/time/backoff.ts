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
