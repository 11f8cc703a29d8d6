import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isSidecar } from '../../src/model/marker-name.ts'
import { pathFault } from '../../src/model/rel-path.ts'
import { checkList } from '../../src/source/check-list.ts'
import { parseListFile } from '../../src/source/parse-list-file.ts'

const MD5 = 'd41d8cd98f00b204e9800998ecf8427e'
const OTHER = '0cc175b9c0f1b6a831c399e269772661'
const parse = (text: string | Buffer): { names: string; problems: string } => {
  const { list, problems } = parseListFile(Buffer.from(text), 'LIST')
  return {
    names: [...list.names].map(([name, digest]) => (digest === null ? name : `${name}=${digest}`)).join(' '),
    problems: problems.map(({ code }) => code).join(' '),
  }
}

test.each([
  ['names', 'a.tar\nb.tar\n', 'a.tar b.tar', ''],
  ['no line end at the end', 'a.tar\nb.tar', 'a.tar b.tar', ''],
  ['CRLF, blank lines, ./', 'a.tar\r\n\r\n  \n./b.tar\r\n././c', 'a.tar b.tar c', ''],
  ['a byte order mark', '\ufeffa.tar\n', 'a.tar', ''],
  ['ls > LIST', 'LIST\nLIST.md5\na.tar\na.tar.md5\nb.tar\nb.tar.SHA256\n', 'a.tar b.tar', ''],
  ['ls -a > LIST but for ..', '.\n.bashrc\n.reconcile\na.tar\n', 'a.tar', ''],
  ['our own folder', '.reconcile/id\n.reconcile/\na\n', 'a', ''],
  ['sidecars of any kind', 'a.sha1\na.asc\na.sig\na.b3\na.md5sum\na', 'a', ''],
  ['the same twice', 'a\na\n', 'a', ''],
  ['spaces are part of a name', ' a b \n', ' a b ', ''],
  ['nothing', '', '', ''],
  ['md5sum lines', `${MD5}  a.tar\n${OTHER} *./b.tar\n`, `a.tar=${MD5} b.tar=${OTHER}`, ''],
  ['BSD lines', `MD5 (a.tar) = ${MD5}\n`, `a.tar=${MD5}`, ''],
  ['md5sum lines, one of them twice', `${MD5}  a\n${MD5}  a\n`, `a=${MD5}`, ''],
  ['md5sum lines that disagree', `${MD5}  a\n${OTHER}  a\n`, 'a', 'list-ambiguous'],
  ['md5sum lines, not all of them', `${MD5}  a\nb\n`, `${MD5}  a b`, 'list-mixed'],
  ['digests alone are names', `${MD5}\n`, MD5, ''],
])('%s', (_, text, names, problems) => {
  expect(parse(text)).toEqual({ names, problems })
})

describe('I6: a name that is no plain name is a problem of its own, and the rest stands', () => {
  test.each([
    ['in a folder', 'x/a.tar', 'list-folder'],
    ['a folder', 'x/', 'list-folder'],
    ['absolute', '/etc/passwd', 'name-absolute'],
    ['upwards', '../a', 'name-dot-part'],
    ['upwards in between', 'x/../../a', 'name-dot-part'],
    ['just up', '..', 'name-dot-part'],
    ['a control character', 'a\u001b[2Jb', 'name-control-character'],
    ['a NUL', 'a\0b', 'name-control-character'],
    ['no UTF-8', Buffer.from('a\xffb', 'latin1'), 'name-not-utf-8'],
    ['too long', 'x'.repeat(250), 'name-too-long'],
  ])('%s', (_, name, problem) => {
    const text = Buffer.concat([Buffer.from('one\n'), Buffer.from(name), Buffer.from('\ntwo\n')])
    expect(parse(text)).toEqual({ names: 'one two', problems: problem })
  })

  test('whatever a list holds, what comes of it is safe to ask for', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        for (const name of parseListFile(bytes, 'LIST').list.names.keys()) {
          expect(pathFault(name)).toBeNull()
          expect(name.includes('/') || name.startsWith('.') || isSidecar(name) || name === 'LIST').toBe(false)
        }
      }),
    )
  })
})

test('what is wrong with the marker of a list is named', () => {
  const check = () => checkList('LIST', Buffer.from('a.tar\n'), 'LIST.md5', Buffer.from('not ready\n'))
  expect(check).toThrow(
    'The list file "LIST" has a marker that cannot be read: "LIST.md5" holds no checksum in a form that md5sum -c reads; its first line reads: "not ready".',
  )
})
