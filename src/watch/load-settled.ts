import type { FolderWatch } from './watch-folder.ts'

/** What changes each time between standing still and being read is taken as it is after so many tries. */
const MOST_TRIES = 5

/**
 * Loads what has stood still, and nothing that came between: `load` tells the fingerprint of what it really read, also where that is a
 * failure. Null: the watch has ended.
 */
export async function loadSettled<T extends { readonly fingerprint: string | null }>(
  watching: Pick<FolderWatch, 'settled'>,
  load: () => Promise<T>,
): Promise<T | null> {
  for (let tries = 1; ; tries++) {
    const still = await watching.settled()
    if (still === null) return null
    const loaded = await load()
    if (loaded.fingerprint === still || tries >= MOST_TRIES) return loaded
  }
}
