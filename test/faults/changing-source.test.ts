import { appendFile, open, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Result } from '../../src/model/outcome.ts'
import { expectConverged, expectOnlyWhole } from '../helpers/fault-checks.ts'
import { makeValveWorld, type ValveWorld } from '../helpers/fault-valve.ts'
import { digestOf, noise } from '../helpers/world.ts'

const SIZE = 3_000_000
const old = noise(SIZE, 'old')
const other = noise(SIZE, 'other')

let world: ValveWorld
const offered = new Map<string, Buffer>()
beforeAll(async () => {
  world = await makeValveWorld({ calls: 'here' })
  await world.declare()
})
afterAll(() => world.end())

const marker = (name: string, bytes: Uint8Array): Promise<void> =>
  writeFile(`${world.source}/${name}.md5`, `${digestOf('md5', bytes)}  ${name}\n`)

/** Transfers `name`, lets `change` happen when a third of it is here, and tells how that pass ended. */
async function changedHalfWay(name: string, change: (file: string) => Promise<unknown>): Promise<Result> {
  await world.offer(name, old)
  await world.closeAfter(SIZE / 3)
  const pass = world.run('--json')
  await world.reached()
  await change(join(world.source, name))
  await world.open()
  const { stdout, stderr } = await pass
  expect(stderr).not.toMatch(/\n\s+at /)
  return JSON.parse(stdout) as Result
}

/**
 * The file is here as it was or as it is, and nothing between. As it was, it matched its marker when that was read: it is published,
 * and what the source has now is a conflict for a person.
 */
async function expectEnd(name: string, is: Buffer, first: Result): Promise<void> {
  expect(first.exitCode).not.toBe(70)
  const held = await readFile(join(world.destination, name)).catch(() => null)
  const isOld = held?.equals(old) === true
  offered.set(name, isOld ? old : is)
  await expectOnlyWhole(world, offered)
  if (isOld) {
    const conflicts = [{ path: name, held: digestOf('md5', old), source: digestOf('md5', is) }]
    expect(await world.pass()).toMatchObject({ exitCode: 6, backups: [{ conflicts }] })
    await expectOnlyWhole(world, offered)
    // Settled, for the cases that follow.
    await world.offer(name, old)
  }
  // At most one more pass to see the change, and one to mend what was staged for the old bytes.
  for (let i = 0; i < 2; i++) if ((await world.pass()).exitCode === 0) break
  await expectConverged(world, offered)
}

describe('I2 I7: changed at the source while it is fetched, a file comes to stand here whole and right, or not at all', () => {
  test('rewritten in place, with its marker', async () => {
    const first = await changedHalfWay('rewritten.tar', async (file) => {
      const handle = await open(file, 'r+')
      await handle.write(other, 0, SIZE, 0)
      await handle.close()
      await marker('rewritten.tar', other)
    })
    await expectEnd('rewritten.tar', other, first)
  })

  test('replaced by another of the same size, with its marker', async () => {
    const first = await changedHalfWay('replaced.tar', async (file) => {
      await writeFile(`${file}.tmp`, other)
      await rename(`${file}.tmp`, file)
      await marker('replaced.tar', other)
    })
    await expectEnd('replaced.tar', other, first)
  })

  test('cut short, with its marker', async () => {
    const short = old.subarray(0, SIZE / 2)
    const first = await changedHalfWay('cut.tar', async (file) => {
      await truncate(file, SIZE / 2)
      await marker('cut.tar', short)
    })
    await expectEnd('cut.tar', short, first)
  })

  test('grown, with its marker', async () => {
    const long = Buffer.concat([old, noise(500_000, 'more')])
    const first = await changedHalfWay('grown.tar', async (file) => {
      await appendFile(file, noise(500_000, 'more'))
      await marker('grown.tar', long)
    })
    await expectEnd('grown.tar', long, first)
  })

  test('its marker rewritten to what the file has been all along', async () => {
    await world.offer('marker.tar', old)
    await marker('marker.tar', other)
    await world.closeAfter(SIZE / 3)
    const pass = world.run('--json')
    await world.reached()
    await marker('marker.tar', old)
    await world.open()
    const { code, stdout } = await pass
    // Read once more before the file is called bad.
    expect(code).toBe(0)
    expect(JSON.parse(stdout).backups[0].published).toEqual(['marker.tar'])
    offered.set('marker.tar', old)
    await expectConverged(world, offered)
  })

  test('its marker taken away: what it said when the transfer began is what counts, or nothing', async () => {
    const first = await changedHalfWay('unmarked.tar', (file) => rm(`${file}.md5`))
    offered.set('unmarked.tar', old)
    await expectOnlyWhole(world, offered)
    await marker('unmarked.tar', old)
    expect(first.exitCode).not.toBe(70)
    expect((await world.pass()).exitCode).toBe(0)
    await expectConverged(world, offered)
  })

  test('deleted, with its marker', async () => {
    const first = await changedHalfWay('deleted.tar', async (file) => {
      await rm(file)
      await rm(`${file}.md5`)
    })
    // Opened before, it was sent to its end; else nothing stands under its name.
    if (first.backups[0]!.published.length > 0) offered.set('deleted.tar', old)
    await expectOnlyWhole(world, offered)
    expect(first.exitCode).not.toBe(70)
    expect([0, 1]).toContain((await world.pass()).exitCode)
  })
})
