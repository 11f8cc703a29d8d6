import { expect, test } from 'vitest'
import { manyContests } from '../helpers/against-calm.ts'
import { inFull } from '../helpers/extent.ts'

test.each(inFull([1, 2, 3, 4, 5], [1]))(
  'I9: nothing that comes out of order or too fast takes what is settled and wanted without it: 2,000 histories, %i',
  (seed) => {
    const { removed, pushes } = manyContests(250, 8, seed)
    expect(removed).toBeGreaterThan(5000)
    expect(pushes).toBeGreaterThan(400)
  },
)
