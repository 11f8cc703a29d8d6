import { describe, expect, test } from 'vitest'
import { inFull } from '../helpers/extent.ts'
import { GUARDS, manyHistories } from '../helpers/many-histories.ts'

const MANY = inFull(1000, 500)

describe('I9: where each hold is released as it comes up, floor, minAge and the limit of a day stand', () => {
  test.each(inFull([6, 7], [6]))(`${MANY} histories, %i`, (seed) => {
    const { pruned, held } = manyHistories(MANY, seed, { mode: 'auto', releasesAll: true, expects: true })
    expect(pruned).toBeGreaterThan(0.5)
    expect([...held]).toEqual([])
  })
  test(`in manual mode too: ${MANY / 2} histories`, () => {
    const { pruned } = manyHistories(MANY / 2, 8, { mode: 'manual', releasesAll: true, expects: false })
    expect(pruned).toBeGreaterThan(0.3)
  })
})

describe('I9: manual mode removes nothing that nobody asked for, and has the same guards', () => {
  test.each(inFull([9, 10], [9]))(`${MANY} histories, %i`, (seed) => {
    const { pruned, held } = manyHistories(MANY, seed, { mode: 'manual', releasesAll: false, expects: true })
    expect(pruned).toBeGreaterThan(0.3)
    for (const code of GUARDS) expect(held.get(code), code).toBeGreaterThan(0)
  })
})

test('I9: auto removes nothing of a series of which nothing is expected: 300 histories', () => {
  const { pruned, held } = manyHistories(300, 11, { mode: 'auto', releasesAll: false, expects: false })
  expect(pruned).toBe(0)
  expect(held.get('prune-late')).toBeGreaterThan(100)
})

test('I8: never means never: 200 histories', () => {
  const { pruned, held } = manyHistories(200, 12, { mode: 'never', releasesAll: true, expects: true })
  expect(pruned).toBe(0)
  expect([...held]).toEqual([])
})
