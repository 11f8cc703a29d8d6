import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { MARKER_LIMIT, parseMarker } from '../../src/model/parse-marker.ts'
import type { RelPath } from '../../src/model/rel-path.ts'
import { explainMarker, sumsWithout } from '../../src/source/explain-marker.ts'

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
  ['of standard input, openssl', `MD5(stdin)= ${MD5}\n`],
  ['of standard input, an old openssl', `(stdin)= ${MD5}\n`],
  ['of standard input, openssl -r', `${MD5} *stdin\n`],
  ['CRLF', `${MD5}  a.tar\r\n`],
  ['blank lines around', `\n${MD5}  a.tar\n\n`],
  ['one blank between', `${MD5} a.tar\n`],
  ['a tab between', `${MD5}\ta.tar\n`],
  ['blanks and tabs before', ` \t ${MD5}  a.tar\n`],
  ['blanks at the end', `${MD5}  a.tar  \n`],
  ['blanks at the end of a BSD line', `MD5 (a.tar) = ${MD5}  \n`],
  ['openssl', `MD5(a.tar)= ${MD5}\n`],
  ['openssl with a folder', `MD5(/srv/a.tar)= ${MD5}\n`],
  ['BSD without blanks', `MD5(a.tar)=${MD5}\n`],
  ['BSD with blanks before', `\tMD5 (a.tar) = ${MD5}\n`],
  ['comment lines', `# made by cron\n${MD5}  a.tar\n# end\n`],
  ['a Windows path', `${MD5} *C:\\dumps\\a.tar\r\n`],
  ['a relative Windows path', `${MD5}  .\\a.tar\r\n`],
  ['semicolon comments', `; made by a tool\r\n${MD5} *a.tar\r\n`],
  ['carriage returns alone', `# made by cron\r${MD5}  a.tar\r`],
  ['the same line twice', `${MD5}  a.tar\n${MD5}  a.tar\n`],
  ['the same claim in two forms', `${MD5}  a.tar\nMD5 (./a.tar) = ${MD5.toUpperCase()}\n`],
  ['the same claim of two kinds', `${MD5}  a.tar\n${SHA256}  a.tar\n`],
  [
    'a signed file',
    `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${MD5}  a.tar\n-----BEGIN PGP SIGNATURE-----\n`,
  ],
  ['a zero byte at the end', `${MD5}  a.tar\0`],
  ['a byte order mark before a comment', `\ufeff# made by cron\r\n${MD5}  a.tar\r\n`],
  ['a byte order mark', `\ufeff${MD5}  a.tar\n`],
])('an md5 marker: %s', (_, text) => {
  expect(parse(text)).toBe(MD5)
})

test.each([
  ['GNU', `${SHA256}  a.tar\n`],
  ['BSD', `SHA256 (a.tar) = ${SHA256}\n`],
  ['bare', SHA256],
  ['openssl 3', `SHA2-256(a.tar)= ${SHA256}\n`],
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
  ['the same name with two digests', `${MD5}  a.tar\n${MD5.replace('d', 'e')}  a.tar\n`, 'ambiguous'],
  ['another name twice', `${MD5}  b.tar\n${MD5}  b.tar\n`, 'other-name'],
  ['a bare digest among words', `made by cron\n${MD5}\n`, 'ambiguous'],
  ['comments alone', `; made\n# by cron\n`, 'empty'],
  ['several lines of words', 'not\na marker\n', 'no-digest'],
  ['a byte order mark alone', '\ufeff', 'empty'],
  ['a byte order mark of UTF-16 alone', Buffer.from('\ufeff\r\n', 'utf16le'), 'empty'],
  ['a kind of no name, of no standard input', `(a.tar)= ${MD5}\n`, 'no-digest'],
  ['a sha1', `${'a'.repeat(40)}  a.tar\n`, 'other-kind'],
  ['a sha1 of BSD', `SHA1 (a.tar) = ${'a'.repeat(40)}\n`, 'other-kind'],
  ['a sha512, bare', 'a'.repeat(128), 'other-kind'],
  ['a crc32', 'cbf43926\n', 'other-kind'],
  ['a digest of another kind that has as many digits', `MD4 (a.tar) = ${MD5}\n`, 'no-digest'],
  ['a sha256', `${SHA256}  a.tar\n`, 'other-kind'],
  ['a sha256 that is called md5', `MD5 (a.tar) = ${SHA256}\n`, 'no-digest'],
  ['too much', `${MD5}  a.tar\n${'\n'.repeat(MARKER_LIMIT)}`, 'too-long'],
  ['zeros', '\0'.repeat(100), 'no-digest'],
])('no marker: %s', (_, text, fault) => {
  expect(parse(text)).toBe(fault)
})

test('a data file whose own name has what is taken off elsewhere', () => {
  expect(parse(`${MD5}  a.tar \n`, 'd/a.tar ')).toBe(MD5)
  expect(parse(`${MD5}  x\\a.tar\n`, 'd/x\\a.tar')).toBe(MD5)
  expect(parse(`${MD5}  x\\b.tar\n`, 'd/a.tar')).toBe('other-name')
  expect(parse(`# ${MD5}  a.tar\n`)).toBe('empty')
})

describe('what a faulty one looks like is reported', () => {
  const utf16 = Buffer.from(`\ufeff${MD5}  a.tar\r\n`, 'utf16le')
  const why = (text: string | Buffer, marker = 'dir/a.tar.md5') => {
    const parsed = parseMarker(Buffer.from(text), 'dir/a.tar', marker.endsWith('256') ? 'sha256' : 'md5')
    if ('digest' in parsed) throw new Error('it is sound')
    const { message, hint } = explainMarker(marker, parsed)
    return `${message} ${hint}`
  }
  const POWERSHELL = /\(Get-FileHash -Algorithm MD5 'a\.tar'\)\.Hash .* 'a\.tar\.md5'$/

  test.each([
    ['UTF-16 with its mark', utf16, 'UTF-16', POWERSHELL],
    ['UTF-16 without', utf16.subarray(2), 'UTF-16', POWERSHELL],
    ['UTF-16, the other order', Buffer.from(utf16).swap16(), 'UTF-16', POWERSHELL],
    [
      'certutil',
      `MD5 hash of a.tar:\r\n${MD5}\r\nCertUtil: -hashfile command completed successfully.\r\n`,
      'certutil',
      POWERSHELL,
    ],
    [
      'Get-FileHash',
      `\r\nAlgorithm  Hash  Path\r\n---------  ----  ----\r\nMD5  ${MD5.toUpperCase()}  C:\\d\\a.tar\r\n`,
      'Get-FileHash',
      POWERSHELL,
    ],
    [
      'Get-FileHash as a list',
      `Algorithm : MD5\r\nHash : ${MD5.toUpperCase()}\r\nPath : C:\\d\\a.tar\r\n`,
      'Get-FileHash',
      POWERSHELL,
    ],
    ['another name', `${MD5}  b.tar\n`, 'is about "b.tar", not "a.tar"', /md5sum a\.tar > a\.tar\.md5$/],
    ['another name, on Windows', `${MD5} *D:\\b.tar\r\n`, 'is about "D:\\', POWERSHELL],
    ['another name, on BSD', `MD5 (b.tar) = ${MD5}\n`, 'is about "b.tar"', /md5 -r a\.tar > a\.tar\.md5$/],
    [
      'sha1',
      `${'a'.repeat(40)}  a.tar\n`,
      '40 digits, which is SHA-1 by its length, not MD5 with 32',
      /md5sum a\.tar > /,
    ],
    ['sha256', `${SHA256}\n`, 'SHA-256 by its length, not MD5', /md5sum a\.tar > a\.tar\.md5$/],
    ['sha512', `${'a'.repeat(128)}  a.tar\n`, 'SHA-512 by its length, not MD5', /md5sum a\.tar > /],
    [
      'crc32 of an .sfv',
      `; made by a tool\na.tar CBF43926\n`,
      'CRC-32 by its length, not MD5',
      /md5sum a\.tar > /,
    ],
    ['a digest that is cut', `${MD5.slice(1)}  a.tar\n`, 'holds 31 hexadecimal digits', /md5sum a\.tar > /],
    [
      'an error page',
      '<!DOCTYPE html>\r\n<html><body>404</body></html>\r\n',
      'is an HTML page or XML',
      /md5sum a\.tar > /,
    ],
    ['zeros', '\0'.repeat(48), 'nothing but zero bytes', /md5sum a\.tar > /],
    ['words', 'not ready\n', 'no checksum', /md5sum a\.tar > a\.tar\.md5$/],
    [
      'XML, as S3 says no',
      '<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>',
      'is an HTML page or XML',
      /md5sum/,
    ],
    ['JSON', `{"md5": "${MD5}"}\n`, 'is JSON', /md5sum a\.tar > /],
    ['an ETag', `"${MD5}"\n`, 'is an ETag', /md5sum a\.tar > /],
    ['an ETag of many parts', `${MD5}-12\n`, 'is an ETag', /md5sum a\.tar > /],
    [
      'the headers of an answer',
      `HTTP/1.1 200 OK\r\nETag: "${MD5}"\r\n`,
      'is an ETag or HTTP header',
      /md5sum/,
    ],
    ['base64', '1B2M2Y8AsgTpgAmY7PhCfg==\n', 'in base64', /md5sum a\.tar > /],
    ['base64 as a header', 'Content-MD5: 1B2M2Y8AsgTpgAmY7PhCfg==\r\n', 'in base64', /md5sum a\.tar > /],
    ['a signature', '-----BEGIN PGP SIGNATURE-----\n\niQ==\n', 'by gpg', /md5sum a\.tar > /],
    ['a bare digest that is signed', `-----BEGIN PGP SIGNED MESSAGE-----\n\n${MD5}\n`, 'by gpg', /md5sum/],
    ['the digest in binary', Buffer.from(MD5, 'hex'), 'is binary', /md5sum a\.tar > /],
    ['data', Buffer.from('\x1f\x8b\x08\0ab', 'latin1'), 'is binary', /md5sum a\.tar > /],
    ['comments', '# by cron\n', 'nothing but comments; its first line reads: "# by cron"', /md5sum/],
  ])('%s', (_, text, says, hint) => {
    expect(why(text)).toContain(says)
    expect(why(text)).toMatch(hint)
  })

  const spaced = MD5.replace(/../g, '$& ')
  const END = 'CertUtil: -hashfile command completed successfully.'
  const list = `\r\nAlgorithm : MD5\r\nHash      : ${MD5.toUpperCase()}\r\nPath      : C:\\a.tar\r\n`
  const asIs = (text: string): Buffer => Buffer.from(text)
  const inUtf16 = (text: string): Buffer => Buffer.from(`\ufeff${text}`, 'utf16le')
  const inCp866 = (text: string): Buffer => Buffer.from(text.replace('Хэш', '\xd5\xed\xe8'), 'latin1')

  test.each<[string, string, Buffer]>([
    ...[
      ['as it is', `MD5 hash of a.tar:\r\n${MD5}\r\n${END}\r\n`],
      ['of Windows 7', `MD5 hash of file a.tar:\r\n${spaced}\r\n${END}\r\n`],
      ['with line feeds', `MD5 hash of a.tar:\n${MD5}\n${END}\n`],
      ['in German', `MD5-Hash von a.tar:\r\n${MD5}\r\nCertUtil: -hashfile-Befehl wurde ausgeführt.\r\n`],
      ['in Russian', `Хэш MD5 a.tar:\r\n${spaced}\r\n${END}\r\n`],
      ['in Chinese, without its last line', `MD5 的 a.tar 哈希：\r\n${MD5}\r\n`],
      ['without its last line', `MD5 hash of a.tar:\r\n${spaced}\r\n`],
      ['of SHA-1, as it makes unasked', `SHA1 hash of a.tar:\r\n${'a'.repeat(40)}\r\n${END}\r\n`],
    ].flatMap(([name, text]): [string, string, Buffer][] => [
      [`certutil, ${name}`, 'certutil', asIs(text!)],
      [`certutil, ${name}, in UTF-16`, 'certutil', inUtf16(text!)],
    ]),
    ['certutil, in a code page', 'certutil', inCp866(`Хэш MD5 a.tar:\r\n${spaced}\r\n${END}\r\n`)],
    ['Get-FileHash, a list', 'Get-FileHash', asIs(list)],
    ['Get-FileHash, a list in UTF-16', 'Get-FileHash', inUtf16(list)],
    [
      'Get-FileHash, CSV',
      'Get-FileHash',
      asIs(`"Algorithm","Hash","Path"\r\n"MD5","${MD5}","C:\\a.tar"\r\n`),
    ],
    [
      'Get-FileHash, JSON',
      'Get-FileHash',
      inUtf16(`{\r\n  "Algorithm":  "MD5",\r\n  "Hash":  "${MD5}"\r\n}\r\n`),
    ],
  ])('one fault, one message, and advice for its system: %s', (_, program, bytes) => {
    const parsed = parseMarker(bytes, 'dir/a.tar', 'md5')
    if ('digest' in parsed) throw new Error('it is sound')
    const { code, message, hint } = explainMarker('dir/a.tar.md5', parsed)
    expect(code).toBe('marker-no-digest')
    expect(message).toContain(`is the output of ${program}, which is not a line of checksum and name; its `)
    expect(message).not.toContain('\\u{0}')
    expect(hint).toMatch(POWERSHELL)
  })

  test.each([
    ['words', 'not ready\n', 'its first line reads: "not ready".'],
    ['not on the first line', '\n\n  oops  \n', 'its line 3 reads: "oops".'],
    ['what moves a cursor', 'a\x1b[2Jb\n', 'its first line reads: "a\\u{1b}[2Jb".'],
    ['what reorders', 'a\u202eb"\n', 'its first line reads: "a\\u{202e}b\\"".'],
    ['long', 'x'.repeat(500), `its first line reads: "${'x'.repeat(61)}…".`],
    ['UTF-16', utf16, `by default; its first line reads: "${MD5}  a.tar".`],
    ['HTML', '<html><body>404</body></html>\n', 'its first line reads: "<html><body>404</body></html>".'],
    ['empty', '', 'is empty.'],
  ])('the first line as it is there: %s', (_, text, says) => {
    expect(why(text)).toContain(says)
  })

  test('of a sums file too', () => {
    const says = (bytes: Buffer | string) =>
      sumsWithout('MD5SUMS' as RelPath, Buffer.from(bytes), 'md5', 0).message
    expect(says('not ready\n')).toBe(
      'The sums file "MD5SUMS" names no file that is there; its first line reads: "not ready".',
    )
    expect(says('')).toBe('The sums file "MD5SUMS" is empty.')
    expect(says(inUtf16(`${MD5}  a.tar\r\n`))).toContain('is written in UTF-16')
    expect(says(Buffer.from(MD5, 'hex'))).toContain('is binary')
  })

  test.each([
    ['one line', `${MD5}  b.tar\n`, 'is about "b.tar", not "a.tar".'],
    ['another name', `# by cron\n${MD5}  b.tar\n`, 'is about "b.tar", not "a.tar" (line 2).'],
    ['another kind', `made by cron\n\n${'a'.repeat(40)}  a.tar\n`, 'not MD5 with 32 (line 3).'],
    [
      'two names',
      `${MD5}  a.tar\n${MD5}  a.tar\n${MD5}  b.tar\n`,
      ': line 1 is about "a.tar", line 3 is about "b.tar".',
    ],
    [
      'two digests',
      `${MD5}  a.tar\n${'e'.repeat(32)}\n`,
      'which counts: line 1 is about "a.tar", line 2 has no name.',
    ],
    ['a bare digest among words', `made by cron\n${MD5}\n`, 'which counts (line 2).'],
  ])('which line: %s', (_, text, says) => {
    expect(why(text)).toContain(says)
  })

  test('a sha256 marker is written by what makes sha256', () => {
    expect(why('words', 'dir/a.tar.sha256')).toMatch(/sha256sum a\.tar > a\.tar\.sha256$/)
  })

  test('an md5 in a sha256 marker is named', () => {
    expect(why(`${MD5}  a.tar\n`, 'dir/a.tar.sha256')).toMatch(
      /32 digits, which is MD5 .*, not SHA-256 with 64\./,
    )
  })

  test('a name that a shell would run is not in the command', () => {
    const { hint } = explainMarker('$(id).tar.md5', { fault: 'empty' })
    expect(hint).toMatch(/md5sum FILE > FILE\.md5$/)
  })
})

test('whatever the real md5sum -c takes for this file is read', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'markers-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'a.tar'), '')
  const lines = ['', ' ', '\t', ' \t '].flatMap((before) =>
    ['', ' ', '\r', '\t'].flatMap((after) => [
      ...[' ', '\t', '  ', ' *', '\t*', '\t ', '   '].map((gap) => `${before}${MD5}${gap}a.tar${after}`),
      ...[
        '(a.tar) = ',
        '(a.tar)= ',
        '(a.tar)=',
        ' (a.tar) = ',
        ' (a.tar)=',
        ' (a.tar)  =  ',
        '  (a.tar) = ',
      ].map((form) => `${before}MD5${form}${MD5}${after}`),
    ]),
  )
  let taken = 0
  for (const line of lines) {
    const { exitCode } = await execa('md5sum', ['--status', '-c'], {
      ...{ cwd: folder, input: `# a comment\n${line}\n`, reject: false },
    })
    if (exitCode !== 0) continue
    taken++
    expect(parse(`# a comment\n${line}\n`), JSON.stringify(line)).toBe(MD5)
  }
  expect(taken).toBeGreaterThan(50)
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
