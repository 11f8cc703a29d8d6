import { mkdir, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { canMount, smallDisk } from '../helpers/disk-small.ts'
import { expectConverged, expectOnlyWhole } from '../helpers/fault-checks.ts'
import { makeWorld, noise, type World } from '../helpers/world.ts'

let world: World
afterEach(() => world.end())

const freeInodes = async (path: string): Promise<number> => (await statfs(path)).ffree

/** Takes inodes until so many are left. */
async function litter(folder: string, left: number): Promise<void> {
  await mkdir(folder, { recursive: true })
  const most = (await freeInodes(folder)) - left
  for (let n = 0; n < most; n++) await writeFile(join(folder, String(n)), '')
}

describe.skipIf(!canMount())('a disk that can hold few files (needs root)', () => {
  async function begin(inodes: number) {
    world = await makeWorld('local', { calls: 'here' })
    const disk = smallDisk(`16m,nr_inodes=${inodes}`)
    const at: World = { ...world, destination: join(disk.path, 'pg') }
    await world.declare('pg', { destination: { path: at.destination, minFree: '1B' } })
    const offered = new Map<string, Buffer>()
    const offer = async (path: string) => {
      offered.set(path, noise(2_000, path))
      await world.offer(path, offered.get(path)!)
    }
    return { disk, at, offered, offer }
  }

  test('what fits is pulled and published, the rest is not staged; with room for files it goes on', async () => {
    const { at, disk, offered, offer } = await begin(600)
    for (let n = 0; n < 60; n++) await offer(`d-${n % 7}/f-${n}.tar`)
    await litter(join(disk.path, 'litter'), 80)
    const short = await world.pass()
    expect(short).toMatchObject({
      exitCode: 7,
      backups: [
        {
          result: 'halted',
          problems: [],
          halt: { code: 'disk-full', message: expect.stringContaining('inodes are left') },
        },
      ],
    })
    const { published } = short.backups[0]!
    expect(published.length).toBeGreaterThan(10)
    const held = await expectOnlyWhole(at, offered)
    expect(held).toEqual([...published, ...published.map((path) => `${path}.md5`)].sort())
    // It goes on as far as it can, and says so each time; the last inodes stay.
    for (let pass = 0; pass < 3; pass++) {
      expect(await world.pass()).toMatchObject({
        exitCode: 7,
        backups: [{ halt: { code: 'disk-full' }, problems: [] }],
      })
      expect(await freeInodes(disk.path)).toBeGreaterThan(10)
    }
    expect(await world.status()).toMatchObject({ backups: [{ backup: 'pg', state: 'held' }] })
    await rm(join(disk.path, 'litter'), { recursive: true })
    expect(await world.pass()).toMatchObject({ exitCode: 0, backups: [{ problems: [], halt: null }] })
    await expectConverged(at, offered)
  })

  test.each([0, 1, 3])(
    'with %i inodes left it says which of the two is lacking, blames no source, and later goes on',
    async (left) => {
      const { at, disk, offered, offer } = await begin(120)
      await offer('old.tar')
      expect((await world.pass()).exitCode).toBe(0)
      await offer('new/more.tar')
      await litter(join(disk.path, 'litter'), left)
      const none = await world.pass()
      expect(none.exitCode).not.toBe(0)
      const { problems, halt } = none.backups[0]!
      const told = [...problems, ...(halt === null ? [] : [halt])]
      expect(told.map(({ code }) => code)).toEqual(['disk-full'])
      expect(told[0]!.message).toMatch(/inode/)
      // The full disk is recorded all the same, for the reserve and the old status give way to the new one.
      expect(await world.status()).toMatchObject({
        backups: [{ conditions: expect.arrayContaining([expect.objectContaining({ reason: 'disk-full' })]) }],
      })
      await expectOnlyWhole(at, offered)
      await rm(join(disk.path, 'litter'), { recursive: true })
      expect(await world.pass()).toMatchObject({ exitCode: 0, backups: [{ published: ['new/more.tar'] }] })
      await expectConverged(at, offered)
    },
  )

  test('a destination that cannot even be begun says so', async () => {
    const { disk, offer } = await begin(120)
    await offer('a.tar')
    await litter(join(disk.path, 'litter'), 0)
    expect(await world.pass()).toMatchObject({
      exitCode: 1,
      backups: [{ problems: [{ code: 'disk-full', message: expect.stringContaining('no inodes left') }] }],
    })
  })
})
