import { createHash } from 'node:crypto'
import fc from 'fast-check'
import stringify from 'safe-stable-stringify'
import { expect, test } from 'vitest'
import { fingerprint } from '../../../src/decide/documents/fingerprint.ts'

const whole = (value: unknown): string => createHash('sha256').update(stringify(value)!).digest('hex')

test('what is handed on in parts has the fingerprint of the whole', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 7 }), (value) => {
      expect(fingerprint(value)).toBe(whole(value))
    }),
  )
  const odd = { b: [undefined, { at: new Date(0), gone: undefined }], a: { toJSON: () => 'x' } }
  expect(fingerprint(odd)).toBe(whole(odd))
  expect(fingerprint({ list: new Set([1, 2]) })).toBe(whole({ list: [1, 2] }))
})
