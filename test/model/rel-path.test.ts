import fc from 'fast-check'
import { expect, test } from 'vitest'
import { comparePaths } from '../../src/model/rel-path.ts'

/** What UTF-16 and UTF-8 rank alike, and what they do not: below, among and above the surrogates. */
const character = fc.constantFrom('a', 'b', '/', 'é', '\ud7ff', '\ue000', '\uffff', '😀', '\u{10ffff}')
const path = fc.string({ unit: character, maxLength: 5 })

test('paths are in the order of their bytes', () => {
  fc.assert(
    fc.property(path, path, (a, b) => {
      expect(Math.sign(comparePaths(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))))
    }),
    { numRuns: 5000 },
  )
})
