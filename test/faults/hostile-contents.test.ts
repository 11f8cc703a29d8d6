import { lstat, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Result } from '../../src/model/outcome.ts'
import { digestOf, makeWorld, noise, type World } from '../helpers/world.ts'

const data = noise(50_000, 'right')

let world: World
beforeEach(async () => {
  world = await makeWorld('local', { calls: 'here' })
  await world.declare()
})
afterEach(() => world.end())

const at = (path: string): string => join(world.destination, path)
const codesOf = (result: Result) =>
  result.backups.flatMap(({ problems }) => problems.map(({ code, path }) => `${code} ${path}`))

describe('I4: what stands under a final name stays', () => {
  test.each<[string, (path: string) => Promise<unknown>]>([
    ['a folder', (path) => mkdir(join(path, 'inside'), { recursive: true })],
    ['a dangling symlink', (path) => symlink('/nowhere/at/all', path)],
    ['a symlink to a file', (path) => symlink('/etc/hostname', path)],
    ['a FIFO', (path) => execa('mkfifo', [path])],
  ])('%s is left alone and named; the other files are published', async (_, make) => {
    await world.offer('db.tar', data)
    await world.offer('good.tar', data)
    await make(at('db.tar'))
    const before = await lstat(at('db.tar'))
    const result = await world.pass()
    expect(result).toMatchObject({ exitCode: 1, backups: [{ published: ['good.tar'] }] })
    expect(codesOf(result).filter((code) => code.endsWith(' db.tar'))).not.toEqual([])
    const after = await lstat(at('db.tar'))
    expect([after.ino, after.mode]).toEqual([before.ino, before.mode])
    expect(await readdir(world.destination)).not.toContain('db.tar.md5')

    // Moved aside, and all is well.
    await rm(at('db.tar'), { recursive: true })
    expect(await world.pass()).toMatchObject({ exitCode: 0, backups: [{ published: ['db.tar'] }] })
    expect((await readFile(at('db.tar'))).equals(data)).toBe(true)
  })

  test.each<[string, (path: string) => Promise<unknown>]>([
    ['a folder', (path) => mkdir(path)],
    ['a dangling symlink', (path) => symlink('/nowhere/at/all', path)],
  ])('%s under the marker’s name is left alone, and the file does not count as complete', async (_, make) => {
    await world.offer('db.tar', data)
    await make(at('db.tar.md5'))
    const before = await lstat(at('db.tar.md5'))
    const result = await world.pass()
    expect(result.exitCode).toBe(1)
    expect(result.backups[0]!.published).toEqual([])
    expect((await lstat(at('db.tar.md5'))).ino).toBe(before.ino)
    await rm(at('db.tar.md5'), { recursive: true })
    expect((await world.pass()).exitCode).toBe(0)
    expect(await readFile(at('db.tar.md5'), 'latin1')).toContain(digestOf('md5', data))
  })
})

describe('I6: nothing is written outside the destination', () => {
  test('through a symlinked folder', async () => {
    const outside = join(world.folder, 'outside')
    await mkdir(outside)
    await symlink(outside, at('deep'))
    await world.offer('deep/db.tar', data)
    await world.offer('good.tar', data)
    const result = await world.pass()
    expect(result).toMatchObject({ exitCode: 1, backups: [{ published: ['good.tar'] }] })
    expect(codesOf(result)).not.toEqual([])
    expect(await readdir(outside)).toEqual([])
    expect(await readlink(at('deep'))).toBe(outside)
  })

  test('through a symlinked folder that was a real one when it was published into', async () => {
    await world.offer('deep/old.tar', data)
    expect((await world.pass()).exitCode).toBe(0)
    const outside = join(world.folder, 'outside')
    await mkdir(outside)
    await rm(at('deep'), { recursive: true })
    await symlink(outside, at('deep'))
    await world.offer('deep/db.tar', data)
    const result = await world.pass()
    expect([1, 6]).toContain(result.exitCode)
    expect(result.backups[0]!.published).toEqual([])
    expect(await readdir(outside)).toEqual([])
  })

  test('through a symlink in place of the private folder, or of one of its own', async () => {
    const outside = join(world.folder, 'outside')
    await mkdir(outside, { mode: 0o700 })
    await symlink(outside, at('.reconcile'))
    await world.offer('db.tar', data)
    const result = await world.pass()
    expect([1, 7]).toContain(result.exitCode)
    expect(await readdir(outside)).toEqual([])
    await rm(at('.reconcile'))
    expect((await world.pass()).exitCode).toBe(0)
    await rm(at('.reconcile/staging'), { recursive: true })
    await symlink(outside, at('.reconcile/staging'))
    await world.offer('more.tar', data)
    const second = await world.pass()
    expect(await readdir(outside)).toEqual([])
    expect(second.exitCode).not.toBe(70)
  })
})

describe('I2: a marker is not believed for its being there', () => {
  test('one without data does not make a file complete, nor is it overwritten', async () => {
    await world.offer('db.tar', data)
    await writeFile(at('db.tar.md5'), `${'0'.repeat(32)}  db.tar\n`)
    const result = await world.pass()
    expect([1, 6]).toContain(result.exitCode)
    expect(result.backups[0]!.published).toEqual([])
    expect(await readFile(at('db.tar.md5'), 'latin1')).toContain('0'.repeat(32))
    expect(await readdir(world.destination)).not.toContain('db.tar')
  })

  test('one that is right, of data that is not there yet, serves', async () => {
    const digest = await world.offer('db.tar', data)
    await writeFile(at('db.tar.md5'), `${digest}  db.tar\n`)
    expect(await world.pass()).toMatchObject({ exitCode: 0, backups: [{ published: ['db.tar'] }] })
    expect((await readFile(at('db.tar'))).equals(data)).toBe(true)
  })

  test('one beside other data is rot: it goes to quarantine, the data is not called complete, and the right one is brought', async () => {
    const digest = await world.offer('db.tar', data)
    await writeFile(at('db.tar'), noise(50_000, 'wrong'))
    await writeFile(at('db.tar.md5'), `${digest}  db.tar\n`)
    const result = await world.pass()
    expect(result.exitCode).toBe(6)
    expect(codesOf(result)).toContain('rot db.tar')
    expect((await world.pass()).exitCode).toBe(0)
    expect((await readFile(at('db.tar'))).equals(data)).toBe(true)
    const aside = await readdir(at('.reconcile/quarantine'), { recursive: true })
    expect(aside.filter((path) => path.endsWith('db.tar'))).toHaveLength(1)
    expect(aside.filter((path) => path.endsWith('db.tar.md5'))).toHaveLength(1)
  })

  test('I1: a published file whose source rots is a conflict, on every pass, and keeps its bytes, also when its marker is lost here', async () => {
    const held = await world.offer('db.tar', data)
    expect((await world.pass()).exitCode).toBe(0)
    // A pass takes less than the second in which times are told.
    const source = await world.offer('db.tar', noise(50_000, 'rot'), { mtime: Date.now() / 1000 + 5 })
    for (let i = 0; i < 2; i++) {
      const clash = await world.pass()
      expect(clash).toMatchObject({
        exitCode: 6,
        backups: [{ conflicts: [{ path: 'db.tar', held, source }] }],
      })
      // Once more, with the marker gone: the ledger judges, not the source.
      await rm(at('db.tar.md5'), { force: true })
    }
    const last = await world.pass()
    expect(last).toMatchObject({ exitCode: 6, backups: [{ conflicts: [{ path: 'db.tar', held, source }] }] })
    expect((await readFile(at('db.tar'))).equals(data)).toBe(true)
    expect(await readFile(at('db.tar.md5'), 'latin1')).toContain(held)
  })
})
