import { chmod, link, lstat, mkdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { expectConverged, expectOnlyWhole, stagedPath } from '../helpers/fault-checks.ts'
import { makeWorld, noise, type World } from '../helpers/world.ts'

const SIZE = 400_000
const data = noise(SIZE, 'right')

let world: World
const offered = new Map([['deep/db.tar', data]])

/** A destination that is ours and empty, and a source with one file in a folder. */
beforeEach(async () => {
  world = await makeWorld('local', { calls: 'here' })
  await world.declare()
  // Nothing is there to be found yet, and a pass that finds nothing says so; the destination is made all the same.
  expect((await world.pass()).exitCode).toBe(1)
  await world.offer('deep/db.tar', data)
  await mkdir(dirname(staged()), { recursive: true })
})
afterEach(() => world.end())

const staged = (): string => stagedPath(world, 'deep/db.tar')

const withWrongByte = (bytes: Buffer, at: number): Buffer => {
  const wrong = Buffer.from(bytes)
  wrong[at]! ^= 0xff
  return wrong
}

describe('I7: whatever an earlier run or somebody else left in staging', () => {
  test.each<[string, () => Promise<unknown>, number]>([
    ['a right prefix', () => writeFile(staged(), data.subarray(0, 300_000)), 120_000],
    [
      'a prefix with a wrong byte',
      () => writeFile(staged(), withWrongByte(data.subarray(0, 300_000), 1_000)),
      SIZE + 20_000,
    ],
    ['all bytes, one of them wrong', () => writeFile(staged(), withWrongByte(data, 200_000)), 60_000],
    ['all bytes, right', () => writeFile(staged(), data), 0],
    ['more bytes than the source has', () => writeFile(staged(), Buffer.concat([data, noise(5_000)])), SIZE],
    ['nothing but zeros, as after a power cut', () => writeFile(staged(), Buffer.alloc(SIZE)), SIZE + 20_000],
    ['an empty file', () => writeFile(staged(), ''), SIZE + 20_000],
    [
      'a folder with things in it where the file goes',
      () => mkdir(join(staged(), 'x/y'), { recursive: true }),
      SIZE + 20_000,
    ],
    ['a read-only file', () => writeFile(staged(), data.subarray(0, 300_000), { mode: 0o444 }), 120_000],
    ['a symlink to nowhere', () => symlink('/nowhere/at/all', staged()), SIZE + 20_000],
  ])('%s ends in the right file', async (_, leave, most) => {
    await leave()
    let result = await world.pass()
    await expectOnlyWhole(world, offered)
    // What is left to mend may take a second pass, and never a third.
    let bytes = result.backups[0]!.bytes
    if (result.exitCode !== 0) {
      result = await world.pass()
      bytes += result.backups[0]!.bytes
    }
    expect(result.exitCode, JSON.stringify(result.backups[0]!.problems)).toBe(0)
    expect(bytes).toBeLessThanOrEqual(most)
    await expectConverged(world, offered)
    expect((await lstat(join(world.destination, 'deep/db.tar'))).mode & 0o777).toBe(0o444)
  })

  test('I6: a symlink is not followed, neither as the file nor as its folder', async () => {
    const outside = join(world.folder, 'outside')
    await mkdir(outside)
    await writeFile(join(outside, 'db.tar'), 'do not touch')
    await symlink(join(outside, 'db.tar'), staged())
    expect((await world.pass()).exitCode).toBe(0)
    await expectConverged(world, offered)
    await world.offer('linked/db.tar', data)
    await symlink(outside, stagedPath(world, 'linked'))
    expect((await world.pass()).exitCode).toBe(0)
    await expectConverged(world, new Map([...offered, ['linked/db.tar', data]]))
    expect(await readFile(join(outside, 'db.tar'), 'latin1')).toBe('do not touch')
  })

  test('a file where a folder goes is moved aside', async () => {
    await world.offer('other/db.tar', data)
    await writeFile(stagedPath(world, 'other'), 'in the way')
    expect((await world.pass()).exitCode).toBe(0)
    await expectConverged(world, new Map([...offered, ['other/db.tar', data]]))
  })

  test('I1: staging that is still linked to a published file is let go of before rsync may write', async () => {
    expect((await world.pass()).exitCode).toBe(0)
    const final = join(world.destination, 'deep/db.tar')
    // A death between link and unlink; and then the marker, and with it the whole publication, is undone by hand.
    await mkdir(dirname(staged()), { recursive: true })
    await link(final, staged())
    await chmod(final, 0o644)
    const other = noise(SIZE + 50_000, 'other')
    await world.offer('deep/db.tar', other)
    const clash = await world.pass()
    expect(clash).toMatchObject({ exitCode: 6, backups: [{ conflicts: [{ path: 'deep/db.tar' }] }] })
    expect((await readFile(final)).equals(data)).toBe(true)
    expect((await lstat(final)).nlink).toBe(1)
  })

  test('I1: a staged file that a snapshot (cp -al) has a second name for goes on as a copy', async () => {
    await writeFile(staged(), data.subarray(0, 300_000))
    const snapshot = join(world.folder, 'snapshot.tar')
    await link(staged(), snapshot)
    const result = await world.pass()
    expect(result.exitCode).toBe(0)
    expect(result.backups[0]!.bytes).toBeLessThan(120_000)
    expect((await readFile(snapshot)).equals(data.subarray(0, 300_000))).toBe(true)
    await expectConverged(world, offered)
  })

  test('bytes fetched for another digest are mended, not spliced', async () => {
    await writeFile(staged(), data.subarray(0, 300_000))
    await truncate(join(world.source, 'deep/db.tar'), 0)
    const other = noise(SIZE, 'other')
    await world.offer('deep/db.tar', other)
    const passes = [await world.pass(), await world.pass()]
    expect(passes[1]!.exitCode).toBe(0)
    await expectConverged(world, new Map([['deep/db.tar', other]]))
  })
})
