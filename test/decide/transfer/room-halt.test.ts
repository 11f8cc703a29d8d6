import { expect, test } from 'vitest'
import { fittingInodes, inodesOf } from '../../../src/decide/transfer/room-halt.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'

const file = (path: string, stagedBytes = 0) => ({ path: path as RelPath, stagedBytes })
const KEPT = 16

test("a file takes its own and its marker's, with a second name of each for a while; folders count once, here and in staging", () => {
  expect(inodesOf([])).toBe(0)
  expect(inodesOf([file('a')])).toBe(4)
  expect(inodesOf([file('a', 5)])).toBe(3)
  expect(inodesOf([file('d/a'), file('d/b')])).toBe(2 * 4 + 2)
  expect(inodesOf([file('d/e/a'), file('d/f/b')])).toBe(2 * 4 + 3 * 2)
})

test('as many fit as leave what is kept, the first ones first', () => {
  const files = Array.from({ length: 100 }, (_, n) => file(`d-${n % 3}/${n}`))
  for (const free of [0, KEPT, KEPT + 5, KEPT + 6, 57, 100, 421, 422, 1e9]) {
    const fit = fittingInodes(files, free)
    expect(fit).toEqual(files.slice(0, fit.length))
    if (fit.length > 0) expect(inodesOf(fit) + KEPT).toBeLessThanOrEqual(free)
    if (fit.length < files.length)
      expect(inodesOf(files.slice(0, fit.length + 1)) + KEPT).toBeGreaterThan(free)
  }
  expect(fittingInodes(files, -40)).toEqual([])
})

test('a file system that counts none has room for all', () => {
  const files = [file('a'), file('b')]
  expect(fittingInodes(files, null)).toEqual(files)
})
