import { describe, expect, test } from 'vitest'
import { inFull } from '../helpers/extent.ts'
import { GUARDS, manyHistories } from '../helpers/many-histories.ts'

describe('I8 I9: a source that does its worst takes nothing below the floor, and passes no guard', () => {
  test.each(inFull([1, 2, 3, 4, 5], [1]))('a thousand histories, %i', (seed) => {
    const { pruned, held } = manyHistories(1000, seed, { mode: 'auto', releasesAll: false, expects: true })
    // They do prune, and each guard does hold.
    expect(pruned).toBeGreaterThan(0.3)
    for (const code of GUARDS) expect(held.get(code), code).toBeGreaterThan(3)
  })
})
