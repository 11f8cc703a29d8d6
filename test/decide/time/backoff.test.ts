import { expect, test } from 'vitest'
import { backoff } from '../../../src/decide/time/backoff.ts'

test.each([
  [1, 5],
  [2, 10],
  [3, 20],
  [7, 320],
  [8, 640],
  [9, 900],
  [5000, 900],
])('after %i failures in a row it waits %i s', (failures, seconds) => {
  expect(backoff(failures, 0.5)).toBeCloseTo(seconds)
})

test('up to a tenth more or less, as chance has it', () => {
  expect(backoff(3, 0)).toBeCloseTo(18)
  expect(backoff(3, 1)).toBeCloseTo(22)
})
