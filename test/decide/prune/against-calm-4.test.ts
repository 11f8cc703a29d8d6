import { expect, test } from 'vitest'
import { manyContests } from '../../helpers/against-calm.ts'

test('I9: nothing that comes out of order or too fast takes what is settled and wanted without it: 2,000 histories, 4', () => {
  const { removed, pushes } = manyContests(250, 8, 4)
  expect(removed).toBeGreaterThan(5000)
  expect(pushes).toBeGreaterThan(400)
})
