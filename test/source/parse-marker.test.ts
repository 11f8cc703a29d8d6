import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MARKER_LIMIT, parseMarker } from '../../src/model/parse-marker.ts'

const MD5 = 'd41d8cd98f00b204e9800998ecf8427e'
const SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const parse = (text: string | Buffer, path = 'dir/a.tar', kind: 'md5' | 'sha256' = 'md5'): string => {
  const parsed = parseMarker(Buffer.from(text), path, kind)
  return 'digest' in parsed ? parsed.digest : parsed.fault
}

test.each([
  ['GNU', `${MD5}  a.tar\n`],
  ['GNU binary', `${MD5} *a.tar\n`],
  ['GNU with a folder', `${MD5}  ./x/y/a.tar\n`],
  ['GNU in capitals', `${MD5.toUpperCase()}  a.tar\n`],
  ['BSD', `MD5 (a.tar) = ${MD5}\n`],
  ['BSD with a folder', `MD5 (/srv/a.tar) = ${MD5}\n`],
  ['bare', `${MD5}\n`],
  ['bare, no line end', MD5],
  ['of standard input', `${MD5}  -\n`],
  ['CRLF', `${MD5}  a.tar\r\n`],
  ['blank lines around', `\n${MD5}  a.tar\n\n`],
  ['a byte order mark', `\ufeff${MD5}  a.tar\n`],
])('an md5 marker: %s', (_, text) => {
  expect(parse(text)).toBe(MD5)
})

test.each([
  ['GNU', `${SHA256}  a.tar\n`],
  ['BSD', `SHA256 (a.tar) = ${SHA256}\n`],
  ['bare', SHA256],
])('a sha256 marker: %s', (_, text) => {
  expect(parse(text, 'a.tar', 'sha256')).toBe(SHA256)
})

test.each([
  ['nothing', '', 'empty'],
  ['blank', ' \n\r\n', 'empty'],
  ['words', 'not a marker\n', 'no-digest'],
  ['a digest that is cut', MD5.slice(1), 'no-digest'],
  ['a digest and too much', `${MD5}0  a.tar`, 'no-digest'],
  ['another name', `${MD5}  b.tar\n`, 'other-name'],
  ['the name in other letters', `${MD5}  A.tar\n`, 'other-name'],
  ['a longer name', `${MD5}  a.tar.gz\n`, 'other-name'],
  ['two lines', `${MD5}  a.tar\n${MD5}  b.tar\n`, 'ambiguous'],
  ['the same line twice', `${MD5}  a.tar\n${MD5}  a.tar\n`, 'ambiguous'],
  ['a sha256', `${SHA256}  a.tar\n`, 'other-kind'],
  ['a sha256 that is called md5', `MD5 (a.tar) = ${SHA256}\n`, 'no-digest'],
  ['too much', `${MD5}  a.tar\n${'\n'.repeat(MARKER_LIMIT)}`, 'too-long'],
  ['zeros', '\0'.repeat(100), 'no-digest'],
])('no marker: %s', (_, text, fault) => {
  expect(parse(text)).toBe(fault)
})

test('exactly 4 KiB is a marker still', () => {
  const text = `${MD5}  a.tar\n`
  expect(parse(text + '\n'.repeat(MARKER_LIMIT - text.length))).toBe(MD5)
})

describe('what md5sum writes is read back', () => {
  const name = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
    .filter((text) => !text.includes('/') && text.trim() !== '-')
  const escaped = (text: string): string =>
    text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r')

  test('GNU, a name with a line separator of Unicode in it', () => {
    const file = 'a\u2028b\u2029.tar'
    expect(parse(`${MD5}  ${file}\n`, `d/${file}`)).toBe(MD5)
  })

  test('GNU, any name, escaped where it must be', () => {
    fc.assert(
      fc.property(name, fc.string(), (file, content) => {
        const digest = createHash('md5').update(content).digest('hex')
        const needs = /[\\\n\r]/.test(file)
        expect(parse(`${needs ? '\\' : ''}${digest}  ${needs ? escaped(file) : file}\n`, `d/${file}`)).toBe(
          digest,
        )
      }),
    )
  })

  test('any bytes at all give a digest of the right kind or a fault, and never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(parse(Buffer.from(bytes))).toMatch(/^([0-9a-f]{32}|[a-z-]+)$/)
      }),
    )
  })
})
