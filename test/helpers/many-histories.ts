import fc from 'fast-check'
import { expect } from 'vitest'
import { aHistory, type History } from './adversary.ts'
import { liveThrough, type Way } from './live-through.ts'

/**
 * What so many histories came to; none of them may break an invariant. They are the same on every run: what a change breaks is told by
 * the change, and not by chance. Another seed finds others.
 */
export function manyHistories(numRuns: number, seed: number, way: Way) {
  const held = new Map<string, number>()
  let pruned = 0
  fc.assert(
    fc.property(aHistory, (history: History) => {
      const { faults, removed, holds } = liveThrough(history, way)
      expect(faults).toEqual([])
      if (removed > 0) pruned++
      for (const code of holds) held.set(code, (held.get(code) ?? 0) + 1)
    }),
    { numRuns, seed },
  )
  return { pruned: pruned / numRuns, held }
}

/** Every guard of I9 that can hold a prune by now. */
export const GUARDS = [
  'prune-clock-back',
  'prune-cliff',
  'prune-conflict',
  'prune-late',
  'prune-listing-shrank',
  'prune-listing-unknown',
  'prune-source-changed',
] as const
