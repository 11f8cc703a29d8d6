import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { realDisk as disk } from '../../../src/destination/disk/real-disk.ts'
import { temporaryFolder } from '../../helpers/disk-folder.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)

/** A folder with one of everything. */
async function oneOfEach() {
  const root = temporaryFolder()
  const at = (name: string): string => join(root, name)
  writeFileSync(at('file'), 'hello')
  mkdirSync(at('folder'))
  symlinkSync('file', at('link'))
  symlinkSync('nowhere', at('dangling'))
  symlinkSync('folder', at('folder-link'))
  await execa('mkfifo', [at('pipe')])
  return { root, at }
}

test('what is forgotten is no longer in memory, and what cannot be is no matter', async () => {
  const { root, at } = await oneOfEach()
  writeFileSync(at('large'), Buffer.alloc(1 << 20, 1))
  await disk.syncFile(at('large'))
  const pages = async () => (await execa('fincore', ['-n', '-o', 'PAGES', at('large')])).stdout.trim()
  // A file system in memory has no other place for them.
  const { stdout: kind } = await execa('stat', ['-f', '-c', '%T', root])
  expect(await pages()).not.toBe('0')
  await disk.forget(at('large'))
  if (kind !== 'tmpfs') expect(await pages()).toBe('0')
  for (const name of ['folder', 'pipe', 'dangling', 'none']) await disk.forget(at(name))
})

describe('looking', () => {
  test('tells kinds apart and follows no symlink', async () => {
    const { root, at } = await oneOfEach()
    expect(await disk.lstat(at('file'))).toMatchObject({
      kind: 'file',
      size: 5,
      links: 1,
      owner: process.getuid!(),
    })
    expect((await disk.lstat(at('link')))?.kind).toBe('symlink')
    expect((await disk.lstat(at('dangling')))?.kind).toBe('symlink')
    expect(await disk.lstat(at('missing'))).toBeNull()
    expect(await disk.lstat(at('file/below'))).toBeNull()
    const kinds = Object.fromEntries((await disk.list(root))!.map(({ name, kind }) => [name, kind]))
    expect(kinds).toEqual({
      file: 'file',
      folder: 'folder',
      link: 'symlink',
      dangling: 'symlink',
      'folder-link': 'symlink',
      pipe: 'other',
    })
    expect(await disk.list(at('missing'))).toBeNull()
    expect(await disk.list(at('file'))).toBeNull()
  })

  test('a name that is no UTF-8 has no name', async () => {
    const root = temporaryFolder()
    writeFileSync(Buffer.concat([Buffer.from(`${root}/x`), Buffer.from([0xff])]), '')
    expect(await disk.list(root)).toEqual([{ name: null, kind: 'file' }])
  })

  test('reads a piece, never through a symlink, and never waits for a pipe', async () => {
    const { at } = await oneOfEach()
    const text = async (from?: number, limit?: number): Promise<string> =>
      Buffer.from(
        (await disk.read(at('file'), {
          ...(from === undefined ? {} : { from }),
          ...(limit === undefined ? {} : { limit }),
        }))!,
      ).toString()
    expect([await text(), await text(1, 2), await text(4, 99), await text(99)]).toEqual([
      'hello',
      'el',
      'o',
      '',
    ])
    expect(await disk.read(at('missing'))).toBeNull()
    await expect(disk.read(at('link'))).rejects.toMatchObject({ code: 'ELOOP' })
    await expect(disk.read(at('pipe'))).rejects.toMatchObject({ code: 'EINVAL' })
    await expect(disk.read(at('folder'))).rejects.toMatchObject({ code: 'EINVAL' })
  })
})

describe('I4: nothing that stands is replaced', () => {
  for (const occupant of ['file', 'folder', 'link', 'dangling', 'pipe']) {
    test(`not a ${occupant} by create, copy, link or moveNoReplace`, async () => {
      const { at } = await oneOfEach()
      writeFileSync(at('from'), 'other')
      const before = lstatSync(at(occupant), { bigint: true }).ino
      await expect(disk.create(at(occupant), bytes('x'), 0o600)).rejects.toMatchObject({ code: 'EEXIST' })
      await expect(disk.copy(at('from'), at(occupant), 0o600)).rejects.toMatchObject({ code: 'EEXIST' })
      expect(await disk.link(at('from'), at(occupant))).toBe('exists')
      expect(await disk.moveNoReplace(at('from'), at(occupant))).toBe('exists')
      expect(lstatSync(at(occupant), { bigint: true }).ino).toBe(before)
      expect([readFileSync(at('from'), 'utf8'), readFileSync(at('file'), 'utf8')]).toEqual(['other', 'hello'])
      expect(readdirSync(at('folder'))).toEqual([])
      expect(existsSync(at('nowhere'))).toBe(false)
    })
  }
})

describe('changing', () => {
  test('modes are as asked whatever the umask, but for folders that are not private', async () => {
    const { at } = await oneOfEach()
    const mask = process.umask(0o077)
    try {
      await disk.create(at('made'), bytes('x'), 0o644)
      await disk.copy(at('made'), at('copied'), 0o666)
      expect(await disk.mkdir(at('new'), 0o700)).toBe(true)
      expect(await disk.mkdir(at('open'), 0o777)).toBe(true)
    } finally {
      process.umask(mask)
    }
    const mode = (name: string): number => statSync(at(name)).mode & 0o7777
    expect([mode('made'), mode('copied'), mode('new'), mode('open')]).toEqual([0o644, 0o666, 0o700, 0o700])
    expect(await disk.mkdir(at('new'), 0o700)).toBe(false)
    await expect(disk.chmod(at('link'), 0o600)).rejects.toMatchObject({ code: 'ELOOP' })
    chmodSync(at('made'), 0o000)
    await disk.chmod(at('made'), 0o444)
    expect(mode('made')).toBe(0o444)
  })

  test('writes where it is told, cuts, and follows no symlink', async () => {
    const { at } = await oneOfEach()
    await disk.writeAt(at('file'), 3, bytes('XYZ'))
    await disk.writeAt(at('new'), 2, bytes('a'))
    expect([readFileSync(at('file'), 'utf8'), readFileSync(at('new'), 'latin1')]).toEqual(['helXYZ', '\0\0a'])
    await disk.truncate(at('file'), 4)
    expect(readFileSync(at('file'), 'utf8')).toBe('helX')
    await expect(disk.writeAt(at('link'), 0, bytes('x'))).rejects.toMatchObject({ code: 'ELOOP' })
    await expect(disk.truncate(at('link'), 0)).rejects.toMatchObject({ code: 'ELOOP' })
    await expect(disk.copy(at('link'), at('copied'), 0o600)).rejects.toMatchObject({ code: 'EINVAL' })
  })

  test('links, moves and removes, and says what was not there', async () => {
    const { at } = await oneOfEach()
    expect(await disk.link(at('file'), at('second'))).toBe('linked')
    expect((await disk.lstat(at('file')))?.links).toBe(2)
    const inode = (await disk.lstat(at('second')))?.inode
    expect(await disk.moveNoReplace(at('second'), at('folder/third'))).toBe('moved')
    expect((await disk.lstat(at('folder/third')))?.inode).toBe(inode)
    await disk.rename(at('folder/third'), at('fourth'))
    expect([await disk.unlink(at('fourth')), await disk.unlink(at('fourth'))]).toEqual([true, false])
    expect(await disk.unlink(at('file/below'))).toBe(false)
    writeFileSync(at('folder/x'), '')
    expect(await disk.rmdir(at('folder'))).toBe(false)
    await disk.unlink(at('folder/x'))
    expect([await disk.rmdir(at('folder')), await disk.rmdir(at('folder'))]).toEqual([true, false])
    await expect(disk.moveNoReplace(at('missing'), at('x'))).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(disk.link(at('missing'), at('x'))).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('names with dashes, newlines and quotes are names', async () => {
    const root = temporaryFolder()
    const odd = join(root, '-nT \'a\'\n"b" $(x)')
    writeFileSync(join(root, 'from'), 'x')
    expect(await disk.moveNoReplace(join(root, 'from'), odd)).toBe('moved')
    expect(readFileSync(odd, 'utf8')).toBe('x')
  })

  test('syncs files and folders, and a symlink is neither', async () => {
    const { root, at } = await oneOfEach()
    linkSync(at('file'), at('second'))
    await disk.syncSoon(root)
    await disk.syncFile(at('second'))
    await disk.syncFolder(root)
    await expect(disk.syncFile(at('missing'))).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(disk.syncFile(at('link'))).rejects.toMatchObject({ code: 'ELOOP' })
    await expect(disk.syncFolder(at('folder-link'))).rejects.toMatchObject({ code: 'ENOTDIR' })
  })
})

test('the event loop has its turn while thousands of files are looked at', async () => {
  const { at } = await oneOfEach()
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  while (turns < 3) await disk.lstat(at('file'))
  clearInterval(timer)
  expect(turns).toBe(3)
})
