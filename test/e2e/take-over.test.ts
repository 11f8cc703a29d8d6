import { mkdir } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ageCache, backupIn, problemsOf, stepsOf } from '../helpers/backup.ts'
import { digestOf, makeWorld, noise, type World } from '../helpers/world.ts'

// Moving in: a folder that the hourly script has filled is taken over as it stands.

let world: World
beforeAll(async () => {
  world = await makeWorld('ssh', { calls: 'here' })
})
afterAll(() => world.end())

const markerFor = (name: string, bytes: Uint8Array | string) => `${digestOf('md5', bytes)}  ${name}\n`

describe('a folder filled by the hourly script', () => {
  test('pairs, data whose marker never came, half files, rot and strangers, each judged on its own', async () => {
    const at = await backupIn(world, 'moved')
    await mkdir(at.destination)
    const half = noise(400_000, 'half')
    for (const name of ['pair.tar', 'unmarked.tar', 'rotten.tar', 'same-size.tar'])
      await at.offer(name, noise(50_000, name))
    await at.offer('half.tar', half)
    await at.putHere('pair.tar', noise(50_000, 'pair.tar'))
    await at.putHere('pair.tar.md5', markerFor('pair.tar', noise(50_000, 'pair.tar')))
    await at.putHere('unmarked.tar', noise(50_000, 'unmarked.tar'))
    await at.putHere('half.tar', half.subarray(0, 300_000))
    await at.putHere('rotten.tar', noise(50_000, 'rot'))
    await at.putHere('rotten.tar.md5', markerFor('rotten.tar', noise(50_000, 'rotten.tar')))
    await at.putHere('same-size.tar', noise(50_000, 'other'))
    // The source has it no more.
    await at.putHere('older.tar', 'older')
    await at.putHere('older.tar.md5', markerFor('older.tar', 'older'))
    await at.putHere('readme.txt', 'not ours')

    const planned = await at.plan()
    expect(stepsOf(planned)).toEqual([
      'pull half.tar',
      'adopt older.tar',
      'adopt pair.tar',
      'adopt rotten.tar',
      'adopt same-size.tar',
      'adopt unmarked.tar',
    ])

    const outcome = await at.pass()
    expect(outcome.adopted.toSorted()).toEqual(['older.tar', 'pair.tar', 'unmarked.tar'])
    expect(outcome.exitCode).toBe(6)
    expect(problemsOf(outcome)).toEqual(['rot rotten.tar', 'unmarked readme.txt'])
    expect(outcome.published).toContain('half.tar')
    // The first 300,000 bytes of the half file served as a start.
    const held = await at.published()
    expect(held.get('half.tar')).toBe(half.toString('latin1'))
    expect(held.get('readme.txt')).toBe('not ours')

    await at.declare({ select: { include: ['*.tar'] } })
    await at.pass()
    const third = await at.pass()
    expect(third).toMatchObject({ result: 'in-sync', exitCode: 0, complete: { files: 6 } })
    expect((await at.published()).get('rotten.tar')).toBe(noise(50_000, 'rotten.tar').toString('latin1'))
  })

  test('200 pairs: no byte of data comes over the line, with one login, and the next pass does nothing', async () => {
    const at = await backupIn(world, 'many')
    await mkdir(at.destination)
    for (let i = 0; i < 200; i++) {
      const name = `db-${i}.tar`
      await at.offer(name, noise(5_000, name))
      await at.putHere(name, noise(5_000, name))
      await at.putHere(`${name}.md5`, markerFor(name, noise(5_000, name)))
    }
    const before = world.sshd!.countSessions()
    const outcome = await at.pass()
    expect(outcome).toMatchObject({ bytes: 0, problems: [], exitCode: 0 })
    expect(outcome.adopted).toHaveLength(200)
    expect(world.sshd!.countSessions() - before).toBe(1)
    expect(await at.pass()).toMatchObject({ result: 'in-sync', adopted: [] })
  })

  test('a pair here that the source contradicts: adopted if it is sound, and a conflict', async () => {
    const at = await backupIn(world, 'contradicted')
    await mkdir(at.destination)
    await at.putHere('a.tar', 'mine')
    await at.putHere('a.tar.md5', markerFor('a.tar', 'mine'))
    await at.offer('a.tar', 'theirs')
    const outcome = await at.pass()
    expect(outcome).toMatchObject({
      adopted: ['a.tar'],
      conflicts: [{ path: 'a.tar' }],
      bytes: 0,
      exitCode: 6,
    })
    expect((await at.published()).get('a.tar')).toBe('mine')
  })
})

describe('rows 2 and 3: half-done files', () => {
  test('I2, I3: what is unfinished or fails its md5 never stands under its final name', async () => {
    const at = await backupIn(world, 'gate')
    await at.offer('unfinished.tar', 'half', { marker: null })
    await at.offer('bad.tar', noise(30_000), { marker: markerFor('bad.tar', 'other') })
    await at.offer('good.tar', 'good')
    const first = await at.pass()
    expect(first).toMatchObject({ published: ['good.tar'], waiting: ['unfinished.tar'], exitCode: 6 })
    expect(problemsOf(first)).toEqual(['checksum-failed bad.tar'])
    expect(await at.names()).toEqual(['good.tar', 'good.tar.md5'])

    // Failed twice: not fetched again while nothing has changed there.
    const second = await at.pass()
    expect(second).toMatchObject({ bytes: 0, published: [], exitCode: 6 })
    expect(problemsOf(second)).toEqual(['checksum-failed bad.tar'])

    await at.offer('bad.tar', noise(30_000))
    await at.offer('unfinished.tar', 'whole')
    const third = await at.pass()
    expect(third).toMatchObject({ published: ['bad.tar', 'unfinished.tar'], problems: [], exitCode: 0 })
  })

  test('a file waiting for over a day is a problem', async () => {
    const at = await backupIn(world, 'waits')
    await at.offer('good.tar', 'good')
    await at.offer('never.tar', 'half', { marker: null })
    expect(await at.pass()).toMatchObject({ waiting: ['never.tar'], exitCode: 0 })
    await ageCache(at, 25)
    const outcome = await at.pass()
    expect(problemsOf(outcome)).toEqual(['wait-overdue never.tar'])
    expect(outcome.exitCode).toBe(1)
  })
})
