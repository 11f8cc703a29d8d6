import fc from 'fast-check'
import picomatch from 'picomatch'
import { describe, expect, test } from 'vitest'
import { anyOf } from '../../../src/decide/files/select.ts'
import { globFault } from '../../../src/specs/spec/text-faults.ts'

const LONG = 'a'.repeat(255)

describe('globs', () => {
  test('of stars and text fit what picomatch says that they fit', () => {
    let fitted = 0
    const text = (signs: readonly string[], most: number) =>
      fc.array(fc.constantFrom(...signs), { minLength: 1, maxLength: most }).map((all) => all.join(''))
    const glob = text(['*', '*', 'a', 'b', '-', '/'], 9).filter((one) => globFault(one) === null)
    const name = text(['a', 'a', 'b', '-', '.', '/'], 12).filter(
      (one) => !/^\/|\/$|\/\/|(^|\/)\.{1,2}(\/|$)/.test(one),
    )
    fc.assert(
      fc.property(glob, name, (glob, name) => {
        const isBase = !glob.includes('/')
        const held = isBase ? name.slice(name.lastIndexOf('/') + 1) : name
        const fits = glob === '**' || picomatch(glob, { nonegate: true })(held)
        if (fits) fitted++
        expect(anyOf([glob])(name)).toBe(fits)
      }),
      { numRuns: 20_000 },
    )
    expect(fitted).toBeGreaterThan(500)
  })

  // Each of these goes on for longer than anybody waits where a regular expression alone has to say no.
  test.each(['*a*a*a*a*a*a*a*a*b', 'x/*a*a*a*a*a*a*a*b', '*a*a*a*a*a*b/*a*a*a*a*b', `${'*a'.repeat(100)}b`])(
    'a name made to be slow says no at once: %s',
    (glob) => {
      expect(globFault(glob)).toBe(null)
      for (const name of [LONG, `x/${LONG}`, `${LONG}/${LONG}`, `x/${LONG}/b`])
        expect(anyOf([glob])(name)).toBe(false)
    },
  )

  test.each([
    '*(*a)c',
    '+(a*)c',
    '+(a|aa|a*)+(a|aa)b',
    '*(+(a))',
    '*a*a*a*[a]b',
    '**/*a*a*a*b',
    '{a*,b*}*a*b',
    '+(a)*a*a*b',
  ])('what could be slow and is more than stars and text is refused: %s', (glob) => {
    expect(globFault(glob)).toMatch(/^repeats a repetition$|^has more than 3 stars beside other signs/)
  })

  test.each([
    '*-*-*.tar.{gz,xz}',
    'albums/**/*.tar',
    '**/db-*-*.gz',
    'db-!(tmp)*',
    '+(a|b)*',
    '*-*-*-*-*-*.tar',
  ])('what people write is none of that: %s', (glob) => {
    expect(globFault(glob)).toBe(null)
  })
})
