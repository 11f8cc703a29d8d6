import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Listing } from '../../src/model/listing.ts'
import { pathFault } from '../../src/model/rel-path.ts'
import { parseListing } from '../../src/source/parse-listing.ts'
import { unescapeName } from '../../src/source/unescape-name.ts'
import { listingLine, printedName } from './rsync-names.ts'

type Parsed = Omit<Listing, 'completeness'> & { readonly garbled: boolean }

/** Read in pieces of `chunk` bytes. */
function parse(text: string | Buffer, chunk = 7): Parsed {
  const parser = parseListing()
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += chunk)
    expect(parser.hear(bytes.subarray(at, at + chunk))).toBe(true)
  return parser.end()
}
const names = (parsed: Parsed): readonly string[] => [...parsed.files.keys()]
const codes = (parsed: Parsed): readonly string[] => parsed.problems.map(({ code }) => code)

test('any bytes as a name come back from what rsync prints', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (bytes) => {
      const name = Buffer.from(bytes)
      const text = name.toString('utf8')
      const isUtf8 = Buffer.from(text).equals(name)
      expect(unescapeName(printedName(name))).toBe(isUtf8 ? text : null)
    }),
  )
})

test('names that look like escapes come back too', () => {
  for (const name of ['\\#123', '\\\\#134', '\\#12', '#123', '\\', 'a\\#0a1', '\\#134#123'])
    expect(unescapeName(printedName(name))).toBe(name)
})

test('I6: whatever a source lists, only safe names come through, each with its size and time, in any pieces', () => {
  const entry = fc.record({
    name: fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
      fc.constantFrom(
        '../x',
        '/etc/passwd',
        'a//b',
        './a',
        '.reconcile/x',
        '.ReConcile',
        'a\nb',
        '\u202etar',
        'x'.repeat(260),
      ),
    ),
    size: fc.nat(),
    second: fc.nat({ max: 59 }),
  })
  fc.assert(
    fc.property(
      fc.uniqueArray(entry, { selector: ({ name }) => name.toLowerCase(), maxLength: 12 }),
      fc.integer({ min: 1, max: 200 }),
      (entries, chunk) => {
        const text = entries
          .map(({ name, size, second }) =>
            listingLine({ name, size, date: `2026/11/23 18:09:${String(second).padStart(2, '0')}` }),
          )
          .join('')
        const parsed = parse(text, chunk)
        expect(parsed.garbled).toBe(false)
        for (const path of parsed.files.keys()) expect(pathFault(path)).toBeNull()
        for (const { name, size, second } of entries) {
          const found = parsed.files.get(name as never)
          if (found !== undefined)
            expect(found).toEqual({ size, mtime: Date.UTC(2026, 10, 23, 18, 9, second) / 1000 })
          // Not a name is lost without a word.
          else expect(parsed.problems.length).toBeGreaterThan(0)
        }
      },
    ),
  )
})

test('a line that no rsync prints is told, and the listing is not whole', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 80 }), (junk) => {
      fc.pre(!junk.includes('\n') && !/^[-dlcbps][-rwxsStT]{9} /.test(junk) && junk !== '')
      const parsed = parse(`${junk}\n${listingLine({ name: 'a.tar' })}`)
      expect(parsed.garbled).toBe(true)
      expect(names(parsed)).toEqual(['a.tar'])
    }),
  )
})

test.each([
  ['no name', '-rw-r--r--           3 2026/11/23 18:09:18 \n'],
  ['no size', '-rw-r--r--  2026/11/23 18:09:18 a\n'],
  ['half a line', '-rw-r--r--           3 2026/11/23 18:0'],
  ['a size that is none', '-rw-r--r--         3k 2026/11/23 18:09:18 a\n'],
  ['another mode', '?rw-r--r--           3 2026/11/23 18:09:18 a\n'],
])('a line with %s is garbled', (_, line) => {
  const parsed = parse(line)
  expect(parsed).toMatchObject({ garbled: true, files: new Map() })
  expect(codes(parsed)).toEqual(['garbled-listing'])
})

describe('sizes and times', () => {
  test.each([
    ['a negative size', { size: -1 }, 'absurd-size'],
    ['a size past 2^53', { size: 2n ** 53n }, 'absurd-size'],
    ['a size past 2^63', { size: '9'.repeat(40) }, 'absurd-size'],
    ['a year of five digits', { date: '12026/11/23 18:09:18' }, 'absurd-time'],
    ['a year before 1900', { date: '1066/10/14 09:00:00' }, 'absurd-time'],
    ['a year before 100', { date: '0099/10/14 09:00:00' }, 'absurd-time'],
  ])('%s is refused', (_, change, code) => {
    const parsed = parse(listingLine({ name: 'a.tar', ...change }))
    expect(parsed.files.size).toBe(0)
    expect(parsed.problems).toMatchObject([{ code, path: 'a.tar' }])
  })

  test('2^53 - 1 bytes, no bytes, and 1970 are fine', () => {
    const parsed = parse(
      listingLine({ name: 'a', size: 2n ** 53n - 1n, date: '1970/01/01 00:00:00' }) +
        listingLine({ name: 'b', size: 0 }),
    )
    expect(parsed.files.get('a' as never)).toEqual({ size: 2 ** 53 - 1, mtime: 0 })
    expect(names(parsed)).toEqual(['a', 'b'])
  })
})

test.each([
  ['p', 'a FIFO'],
  ['s', 'a socket'],
  ['c', 'a device'],
  ['b', 'a device'],
])('kind %s is told as %s', (kind, word) => {
  const parsed = parse(listingLine({ kind, name: 'odd' }))
  expect(parsed.files.size).toBe(0)
  expect(parsed.problems).toMatchObject([{ code: 'not-regular', path: 'odd' }])
  expect(parsed.problems[0]!.message).toContain(word)
})

test('a symlink is told apart, and is no problem', () => {
  const parsed = parse(listingLine({ kind: 'l', name: 'latest' }))
  expect(parsed.links).toEqual(new Set(['latest']))
  expect([parsed.files.size, parsed.problems]).toEqual([0, []])
})

describe('I6: names that a file system may take for one another', () => {
  test.each([
    ['case', ['a.tar', 'A.tar', 'b.tar'], ['b.tar']],
    ['composition', ['\u00e9.tar', 'e\u0301.tar', 'b.tar'], ['b.tar']],
    ['both', ['\u00c9.tar', 'e\u0301.tar'], []],
    ['three of them', ['a', 'A', 'c', 'ａ'], ['c', 'ａ']],
    ['folders', ['dir/a', 'DIR/b', 'dir/c/d', 'e'], ['e']],
    ['a folder and a file', ['x/a', 'X', 'y'], ['y']],
    ['the same twice', ['a', 'a', 'b'], ['b']],
    ['two markers of one file', ['a', 'a.md5', 'a.MD5'], ['a', 'a.md5', 'a.MD5']],
    ['markers of colliding files', ['a', 'A', 'a.md5', 'A.md5'], []],
  ])('%s', (_, all, left) => {
    const parsed = parse(all.map((name) => listingLine({ name })).join(''))
    expect(names(parsed)).toEqual(left)
    if (left.length < all.length) expect(codes(parsed)).toContain('name-collision')
    else expect(parsed.problems).toEqual([])
  })

  test('each member is told, with what it collides with', () => {
    const parsed = parse(listingLine({ name: 'a' }) + listingLine({ name: 'A' }))
    expect(parsed.problems.map(({ path }) => path)).toEqual(['a', 'A'])
    expect(parsed.problems[0]!.message).toContain('"A"')
  })
})

test('our own folder at a source is told once, not file by file', () => {
  const parsed = parse(
    listingLine({ kind: 'd', name: '.reconcile' }) +
      listingLine({ name: '.reconcile/id' }) +
      listingLine({ name: '.reconcile/lock' }),
  )
  expect(parsed.problems).toMatchObject([{ code: 'name-reserved', path: '.reconcile' }])
})

test('a source cannot drown the report', () => {
  const parsed = parse(
    Array.from({ length: 3_000 }, (_, i) => listingLine({ kind: 'p', name: `f${i}` })).join(''),
    4096,
  )
  expect(parsed.problems).toHaveLength(1_001)
  expect(parsed.problems.at(-1)).toMatchObject({ code: 'more-problems' })
  expect(parsed.problems.at(-1)!.message).toContain('2000')
})

test('a line without end and a listing without end are cut off', () => {
  const parser = parseListing()
  const piece = Buffer.alloc(60_000, 'x')
  expect(parser.hear(piece)).toBe(true)
  expect(parser.hear(piece)).toBe(false)
  const flood = parseListing()
  const lines = Buffer.from('x\n'.repeat(1_000_000))
  expect([flood.hear(lines), flood.hear(lines), flood.hear(lines)]).toEqual([true, true, false])
})
