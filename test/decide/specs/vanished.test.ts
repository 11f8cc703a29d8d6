import { describe, expect, test } from 'vitest'
import { type Declared, vanishedSpecs } from '../../../src/decide/specs/vanished.ts'

/** `a b` are backups; `c=a` is one called c in the destination of a; `+` is `_defaults.yaml`, `@` is `_hosts.yaml`. */
const folder = (text: string): Declared => {
  const words = text.split(' ').filter((word) => word !== '')
  return {
    backups: words
      .filter((word) => /^[a-z]/.test(word))
      .map((word) => ({ name: word[0]!, destination: `/srv/${word.at(-1)}` })),
    shared: [
      ...(words.includes('+') ? (['_defaults.yaml'] as const) : []),
      ...(words.includes('@') ? (['_hosts.yaml'] as const) : []),
    ],
  }
}

describe('specs that are gone at once', () => {
  test.each([
    ['a b c d', 'a b', []],
    ['a b c d', 'a', ['specs-vanished']],
    ['a b c', 'a', ['specs-vanished']],
    ['a', '', ['specs-vanished']],
    ['', '', []],
    ['', 'a', []],
    ['a b', 'c=a d=b', []],
    ['a b', 'c d', ['specs-vanished']],
    ['+ a', 'a', ['defaults-gone']],
    ['a', '+ a', []],
    ['+ a', '', ['specs-vanished', 'defaults-gone']],
    ['@ + a', 'a', ['defaults-gone', 'hosts-gone']],
    ['@ a', '@ a', []],
  ])('from "%s" to "%s": %j', (before, after, codes) => {
    expect(vanishedSpecs(folder(before), folder(after)).map(({ code }) => code)).toEqual(codes)
  })

  test('are named, a few of them', () => {
    expect(vanishedSpecs(folder('a b c d e f g'), folder(''))[0]?.message).toBe(
      '7 of 7 specs are gone at once: a, b, c, d, e and 2 more',
    )
  })
})
