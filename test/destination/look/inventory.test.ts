import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { realDisk } from '../../../src/destination/disk/real-disk.ts'
import { takeInventory } from '../../../src/destination/look/inventory.ts'
import type { LedgerRecord } from '../../../src/model/holding.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'
import { hex, NOON, newDestination, rel } from '../../helpers/disk-folder.ts'

const NOTHING: ReadonlyMap<RelPath, LedgerRecord> = new Map()
const md5 = (name: string, character = 'a'): string => `${hex(character)}  ${name}\n`
const record: LedgerRecord = {
  path: rel('known'),
  size: 1,
  md5: hex('a'),
  sha256: hex('a', 64),
  mtime: null,
  markerMtime: null,
  markerSize: md5('known').length,
  since: NOON,
  readAt: NOON,
  planId: null,
}

/** A destination with these files: contents by path. */
async function holding(contents: Readonly<Record<string, string>>) {
  const { path, files } = await newDestination()
  for (const [name, text] of Object.entries(contents)) {
    mkdirSync(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), text)
  }
  return { path, files, look: (records = NOTHING) => takeInventory(realDisk, path, files, records) }
}

describe('an inventory', () => {
  test('tells data from markers, at any depth', async () => {
    const { look } = await holding({
      'a.tar': '1234',
      'a.tar.md5': md5('a.tar'),
      'deep/er/b.tar': '12',
      'deep/er/b.tar.SHA256': `${hex('b', 64)} *b.tar\r\n`,
      'unmarked.tar': '',
      'gone.tar.md5': md5('gone.tar'),
      'c.tar.asc': 'signature',
      'c.tar.sha1': 'x',
    })
    const { files, problems } = await look()
    expect(Object.fromEntries(files)).toEqual({
      'a.tar': { size: 4, marker: { path: 'a.tar.md5', digest: hex('a') } },
      'deep/er/b.tar': { size: 2, marker: { path: 'deep/er/b.tar.SHA256', digest: hex('b', 64) } },
      'unmarked.tar': { size: 0, marker: null },
    })
    expect(problems).toEqual([])
  })

  test('reads the markers of unknown pairs only', async () => {
    const { path, files } = await holding({
      known: 'x',
      'known.md5': md5('known'),
      new: 'x',
      'new.md5': md5('new'),
    })
    const read: string[] = []
    const disk = {
      ...realDisk,
      read: (file: string, options?: { limit?: number }) => {
        read.push(file)
        return realDisk.read(file, options)
      },
    }
    const found = await takeInventory(disk, path, files, new Map([[rel('known'), record]]))
    expect(read).toEqual([join(path, 'new.md5')])
    expect(found.files.get(rel('known'))).toEqual({ size: 1, marker: { digest: null } })
  })

  const spellings: readonly [string, readonly string[], string][] = [
    ['of both spellings the lower-case one', ['MD5', 'md5'], 'md5'],
    ['of two odd ones always the same', ['mD5', 'Md5', 'MD5'], 'MD5'],
    ['of both kinds md5', ['sha256', 'MD5'], 'MD5'],
  ]
  for (const [what, suffixes, chosen] of spellings) {
    test(`takes ${what}`, async () => {
      const contents = Object.fromEntries(suffixes.map((suffix) => [`x.${suffix}`, md5('x')]))
      const { look } = await holding({ x: '', ...contents })
      expect((await look()).files.get(rel('x'))?.marker?.path).toBe(`x.${chosen}`)
    })
  }

  test('a marker that says nothing of this file has no digest', async () => {
    const { look } = await holding({
      a: '',
      'a.md5': md5('other'),
      b: '',
      'b.md5': 'hello',
      c: '',
      'c.md5': 'x'.repeat(5000),
      d: '',
      'd.sha256': md5('d'),
    })
    for (const { marker } of (await look()).files.values()) expect(marker?.digest).toBeNull()
  })

  test('I6: follows no symlink, and reports what is no regular file', async () => {
    const { path, look } = await holding({ 'real/a.tar': '1', 'outside.md5': md5('outside') })
    symlinkSync('real', join(path, 'folder'))
    symlinkSync('/etc/passwd', join(path, 'b.tar'))
    symlinkSync('outside.md5', join(path, 'real/a.tar.md5'))
    await execa('mkfifo', [join(path, 'pipe')])
    const { files, problems } = await look()
    expect(Object.fromEntries(files)).toEqual({ 'real/a.tar': { size: 1, marker: null } })
    expect(problems.map(({ code, path: where }) => [code, where]).sort()).toEqual([
      ['not-regular', 'b.tar'],
      ['not-regular', 'folder'],
      ['not-regular', 'pipe'],
      ['not-regular', 'real/a.tar.md5'],
    ])
  })

  test('lost+found, our own folder and names that no source can have are nobody’s data', async () => {
    const { path, look } = await holding({ 'lost+found/x': '1', 'below/lost+found/y': '1', 'new\nline': '1' })
    writeFileSync(Buffer.concat([Buffer.from(`${path}/`), Buffer.from([0xff, 0xfe])]), 'x')
    const { files, problems } = await look()
    expect([[...files.keys()], problems]).toEqual([['below/lost+found/y'], []])
  })

  test('counts what is used, and what is staged', async () => {
    const { path, files, look } = await holding({
      'a.tar': '1234',
      '.reconcile/staging/deep/b.tar': '12345',
      '.reconcile/staging/c.tar': '',
      '.reconcile/quarantine/E1/old.tar': '123456',
      '.reconcile/trash/E2/deep/old.tar': '1234567',
    })
    symlinkSync('/etc/passwd', join(files.staging, 'link'))
    linkSync(join(path, 'a.tar'), join(path, 'again.tar'))
    const { staged, used, problems } = await look()
    expect(Object.fromEntries(staged)).toEqual({ 'c.tar': { size: 0 }, 'deep/b.tar': { size: 5 } })
    expect(used).toBe(4 + 4 + 5 + 6 + 7)
    expect(problems).toEqual([])
  })

  test('of a destination that is not there is empty', async () => {
    const { path, files } = await newDestination()
    const found = await takeInventory(realDisk, join(path, 'missing'), files, NOTHING)
    expect(found).toEqual({
      files: new Map(),
      staged: new Map(),
      problems: [],
      used: 0,
      quarantine: { files: 0, bytes: 0 },
    })
  })

  test('a folder that cannot be read is never an empty one: a failure where something of ours is in it, else a problem', async () => {
    const { path, files } = await holding({ 'shut/a.tar': '1' })
    const disk = {
      ...realDisk,
      list: async (folder: string) => {
        if (folder.includes('shut')) throw Object.assign(new Error('injected'), { code: 'EACCES' })
        return realDisk.list(folder)
      },
    }
    const ours = new Map([['shut/a.tar' as RelPath, {} as LedgerRecord]])
    await expect(takeInventory(disk, path, files, ours)).rejects.toMatchObject({
      name: 'Failure',
      code: 'disk-forbidden',
    })
    const { problems } = await takeInventory(disk, path, files, NOTHING)
    expect(problems).toMatchObject([{ code: 'folder-unreadable', path: 'shut' }])
  })
})
