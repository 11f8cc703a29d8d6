import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RelPath } from '../../src/model/rel-path.ts'
import { parseSums } from '../../src/source/parse-sums.ts'

const A = 'a'.repeat(32)
const B = 'b'.repeat(32)
const listed = (...names: readonly string[]) => ({
  completeness: 'complete' as const,
  files: new Map(names.map((name) => [name as RelPath, { size: 1, mtime: 1 }])),
  problems: [],
})
const parse = (
  text: string,
  sums = 'MD5SUMS',
  there = listed('x.tar', 'deep/y.tar', 'two words.tar', '\\odd'),
) => Object.fromEntries(parseSums(Buffer.from(text), sums as RelPath, 32, there).claims)

describe('what a sums file claims', () => {
  test.each([
    ['GNU', `${A}  x.tar\n`, { 'x.tar': A }],
    ['binary', `${A} *x.tar`, { 'x.tar': A }],
    ['BSD', `MD5 (x.tar) = ${A}\n`, { 'x.tar': A }],
    ['CRLF and a BOM', `\ufeff${A}  x.tar\r\n`, { 'x.tar': A }],
    ['./ before it', `${A}  ./x.tar\n`, { 'x.tar': A }],
    ['a folder', `${A}  deep/y.tar\n`, { 'deep/y.tar': A }],
    ['a folder as Windows writes it', `${A}  deep\\y.tar\n`, { 'deep/y.tar': A }],
    ['blanks in it', `${A}  two words.tar  \n`, { 'two words.tar': A }],
    ['an escaped name', `\\${A}  \\\\odd\n`, { '\\odd': A }],
    ['another root', `${A}  /srv/backup/x.tar\n`, { 'x.tar': A }],
    ['a drive', `${A}  C:\\backup\\x.tar\n`, { 'x.tar': A }],
    ['comments, garbage, a digest alone', `# hi\n; ho\nzzz\n${A}\n${A}  x.tar\n`, { 'x.tar': A }],
    ['twice the same', `${A}  x.tar\n${A}  x.tar\n`, { 'x.tar': A }],
    ['twice, with two digests', `${A}  x.tar\n${B}  x.tar\n${A}  x.tar\n`, { 'x.tar': null }],
    ['a name that is not there', `${A}  nobody.tar\n`, {}],
    ['out of the folder', `${A}  ../deep/y.tar\n`, {}],
  ])('%s', (_, text, claims) => {
    expect(parse(text)).toEqual(claims)
  })
  test('names are relative to its own folder', () => {
    expect(parse(`${A}  y.tar\n${B}  x.tar\n`, 'deep/MD5SUMS')).toEqual({ 'deep/y.tar': A })
  })
  test('I6: whatever its bytes, it claims nothing but files that were listed', () => {
    const there = listed('x.tar', 'deep/y.tar')
    const line = fc
      .tuple(fc.constantFrom(A, B, `MD5 (`), fc.constantFrom('  ', ' *', '\t'), fc.string())
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.array(fc.oneof(line, fc.string({ unit: 'binary' }))), (lines) => {
        for (const path of Object.keys(parse(lines.join('\n'), 'MD5SUMS', there)))
          expect(there.files.has(path as RelPath)).toBe(true)
      }),
    )
  })
})
