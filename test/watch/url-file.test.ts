import { execFileSync } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readUrlFile } from '../../src/watch/url-file.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'url-file-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function written(text: string, mode = 0o600): Promise<string> {
  const file = join(folder, 'hook')
  await writeFile(file, text)
  await chmod(file, mode)
  return file
}

test.each([0o600, 0o400, 0o640, 0o440])('a file of mode %o is read', async (mode) => {
  const read = await readUrlFile(await written('https://example.net/T0/s3cret?x=1\n', mode))
  expect(read).toMatchObject({ ok: true, secret: { authorization: null } })
  expect(read.ok && read.secret.url.href).toBe('https://example.net/T0/s3cret?x=1')
})

test('a user and password in it are sent as a header, not in the URL', async () => {
  const read = await readUrlFile(await written('http://me:p%40ss@example.net/x#part'))
  expect(read.ok && read.secret.url.href).toBe('http://example.net/x')
  expect(read.ok && read.secret.authorization).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`)
})

test.each([0o644, 0o604, 0o620, 0o660, 0o610, 0o777])('one of mode %o is refused', async (mode) => {
  const read = await readUrlFile(await written('https://example.net/s3cret', mode))
  expect(read).toMatchObject({ ok: false, fault: { code: 'url-file-open' } })
  expect(JSON.stringify(read)).not.toContain('s3cret')
})

test.each([
  ['empty', ''],
  ['two URLs', 'https://a.example/s3cret\nhttps://b.example/s3cret'],
  ['another scheme', 'file:///s3cret'],
  ['no URL', 's3cret'],
  ['a host that is none', 'http://s3cret:99999/'],
  ['too long', `https://example.net/${'s3cret'.repeat(1000)}`],
])('%s is refused without being quoted', async (_, text) => {
  const read = await readUrlFile(await written(text))
  expect(read).toMatchObject({ ok: false, fault: { code: 'url-file-bad' } })
  expect(JSON.stringify(read)).not.toContain('s3cret')
})

test('what is no regular file is refused, and never waited for', async () => {
  execFileSync('mkfifo', ['-m', '600', join(folder, 'fifo')])
  for (const name of ['fifo', '', 'gone']) {
    expect(await readUrlFile(join(folder, name))).toMatchObject({
      ok: false,
      fault: { code: 'url-file-unreadable' },
    })
  }
})
