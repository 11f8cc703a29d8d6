import fc from 'fast-check'
import { expect, test } from 'vitest'
import { comparePaths, pathFault } from '../../src/model/rel-path.ts'

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

test('I6: a name has room for its marker, and a marker with a longer suffix fits as a whole', () => {
  const fault = (data: number, suffix = '') => pathFault('x'.repeat(data) + suffix)
  expect([fault(248), fault(249)]).toEqual([null, 'too-long'])
  expect([fault(248, '.md5sum'), fault(249, '.md5')]).toEqual([null, 'too-long'])
  expect([fault(245, '.sha256sum'), fault(246, '.SHA256SUM')]).toEqual([null, 'too-long'])
})
