import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readFingerprint } from '../../../src/decide/add/fingerprint.ts'
import { type Paste, pasteForSource } from '../../../src/decide/add/paste.ts'

const KEY = 'ssh-ed25519 AAAAC3Nza reconcile@box'

/** Pastes one of the ways into a shell at the source, where these programs only leave a trace. */
function pasted({ ways }: Paste, title: RegExp, stubs: Readonly<Record<string, number>> = {}) {
  const home = mkdtempSync(join(tmpdir(), 'paste-'))
  onTestFinished(() => rmSync(home, { recursive: true }))
  mkdirSync(join(home, 'bin'))
  for (const [name, code] of Object.entries(stubs)) {
    const text = `#!/bin/sh\necho ${name} "$@" >> ${home}/trace\nexit ${code}\n`
    writeFileSync(join(home, 'bin', name), text, { mode: 0o755 })
  }
  const input = ways
    .find((way) => title.test(way.title))!
    .lines.join('\n')
    .replaceAll('/var/lib/', `${home}/`)
  const type = () =>
    spawnSync('sh', { input, env: { HOME: home, PATH: `${home}/bin:${process.env['PATH']}` } }).status
  const read = (path: string) =>
    existsSync(join(home, path)) ? readFileSync(join(home, path), 'utf8') : null
  return { home, type, read }
}

test('without root the line goes into the own authorized_keys, whatever is there', () => {
  const paste = pasteForSource({ host: 'h', user: 'me', path: '/srv/my dumps' }, KEY)
  const { home, type, read } = pasted(paste, /without root, as me itself/)
  expect(type()).toBe(0)
  const line = `restrict,command="rrsync -ro '/srv/my dumps'" ${KEY}\n`
  expect(read('.ssh/authorized_keys')).toBe(`\n${line}`)
  expect(statSync(join(home, '.ssh')).mode & 0o777).toBe(0o700)
  writeFileSync(join(home, '.ssh/authorized_keys'), 'ssh-rsa AAAA mine')
  expect(type()).toBe(0)
  expect(read('.ssh/authorized_keys')).toBe(`ssh-rsa AAAA mine\n${line}`)
})

test('with root an account is made; one that is there is left as it is', () => {
  const paste = pasteForSource({ host: 'h', user: 'pull', path: '/srv/dumps' }, KEY)
  const stubs = { useradd: 0, usermod: 0, chgrp: 0, chmod: 0 }
  const made = pasted(paste, /as root/, stubs)
  expect(made.type()).toBe(0)
  expect(made.read('trace')).toMatch(
    /^useradd .*\nusermod .*\nchmod 644 .*\nchgrp -R pull \/srv\/dumps\nchmod .*\n$/,
  )
  expect(made.read('pull/.ssh/authorized_keys')).toContain('rrsync -ro /srv/dumps')
  const there = pasted(paste, /as root/, { ...stubs, useradd: 9 })
  expect(there.type()).not.toBe(0)
  expect(there.read('trace')).toMatch(/^useradd .*\n$/)
  expect(there.read('pull/.ssh/authorized_keys')).toBe(null)
})

test('without an absolute path the folder is for the person to write; root needs no account made', () => {
  const { ways } = pasteForSource({ host: 'h', user: 'root', path: '.' }, KEY)
  expect(ways.map(({ title }) => title)).toEqual(['as root', expect.stringContaining('a NAS')])
  for (const { note } of ways) expect(note).toMatch(/write the folder of|needs the absolute path/)
  const below = pasteForSource({ host: 'h', user: 'me', path: 'dumps/nightly' }, KEY)
  expect(below.ways[0]!.note).toContain('write the folder that dumps/nightly is in.')
})

test.each([
  ['SHA256:oHYKP8F2kWCtkhiWBLlQ5Hq3BmMrEPqRzCaVfAXsT4w', true],
  ['256 SHA256:oHYKP8F2kWCtkhiWBLlQ5Hq3BmMrEPqRzCaVfAXsT4w root@db1 (ED25519)', true],
  ['SHA256:oHYKP8F2kWCtkhiWBLlQ5Hq3BmMrEPqRzCaVfAXsT4w=', true],
  ['SHA256:oHYKP8F2', false],
  ['oHYKP8F2kWCtkhiWBLlQ5Hq3BmMrEPqRzCaVfAXsT4w', false],
  ['MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48', false],
  ['xSHA256:oHYKP8F2kWCtkhiWBLlQ5Hq3BmMrEPqRzCaVfAXsT4w', false],
])('%s is a fingerprint: %s', (text, is) => {
  expect(readFingerprint(text)).toBe(is ? 'SHA256:oHYKP8F2kWCtkhiWBLlQ5Hq3BmMrEPqRzCaVfAXsT4w' : null)
})
