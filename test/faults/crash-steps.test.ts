import { readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { inFull } from '../helpers/extent.ts'
import { expectConverged, expectOnlyWhole } from '../helpers/fault-checks.ts'
import { buildShim, CHANGES } from '../helpers/fault-shim.ts'
import { makeWorld, noise, type World } from '../helpers/world.ts'

const shim = buildShim()
afterAll(() => shim?.remove())

/** No divisor of how many calls one file takes: each kind has its turn. */
const STRIDE = inFull(3, 5)

let world: World
afterEach(() => world.end())

// After each step, and at every power cut: destination-crash.test.ts, on a disk in memory. One death before each call of each command:
// every-call.test.ts. Here are many in a row.
describe.skipIf(shim === null)('killed before any change to the destination (needs cc)', () => {
  test('I2 I3 I4 I7: a first pass, and passes over what such deaths left', async () => {
    world = await makeWorld('local', { calls: 'here' })
    await world.declare()
    const offered = new Map<string, Buffer>()
    let killed = 0
    for (let nth = 1; ; nth += STRIDE) {
      // Always something to do: a new file as soon as the last one has got through.
      const files = await expectOnlyWhole(world, offered)
      const isNew = files.length === 2 * offered.size
      if (isNew) {
        const name = `${offered.size % 2 === 0 ? 'deep/' : ''}db-${nth}.tar`
        offered.set(name, noise(3_000, name))
        await world.offer(name, offered.get(name)!)
      }
      const fault = { calls: CHANGES, under: world.destination, nth, does: 'kill' } as const
      const ended = await shim!.run(world, fault)
      if (ended.happened) killed++
      expect(ended.code, ended.stderr).toBe(ended.happened ? undefined : 0)
      if (!ended.happened && isNew) break
      // What was left to do took fewer steps than a whole file does: once more, with a new one.
      if (!ended.happened) nth -= STRIDE
    }
    expect(killed).toBeGreaterThan(inFull(8, 4))
    await expectConverged(world, offered)
    expect((await world.pass()).backups[0]).toMatchObject({ result: 'in-sync', published: [], bytes: 0 })
  })

  test('I7: a repair that had begun is finished from what is here, even if the source is gone by then', async () => {
    world = await makeWorld('local', { calls: 'here' })
    await world.declare()
    const good = noise(5_000, 'good')
    await world.offer('db.tar', good)
    expect((await world.pass()).exitCode).toBe(0)
    const events = async (event: string): Promise<number> => {
      const ledger = await readFile(join(world.destination, '.reconcile/ledger.jsonl'), 'latin1')
      return ledger.split(`"event":"${event}"`).length - 1
    }
    let finished = 0
    for (let nth = 1; ; nth++) {
      await rm(join(world.destination, 'db.tar'), { force: true })
      await rm(join(world.destination, 'db.tar.md5'), { force: true })
      const calls = ['link', 'unlink'] as const
      const ended = await shim!.run(world, { calls, under: world.destination, nth, does: 'kill' })
      if (!ended.happened) break
      const isOpen = (await events('repair-begin')) > (await events('repair-done'))
      await rename(world.source, `${world.source}-away`)
      expect((await world.pass()).exitCode).toBe(1)
      if (isOpen) {
        finished++
        await expectConverged(world, new Map([['db.tar', good]]))
        expect(await events('repair-done')).toBe(await events('repair-begin'))
      }
      await rename(`${world.source}-away`, world.source)
      expect((await world.pass()).exitCode).toBe(0)
    }
    expect(finished).toBeGreaterThan(1)
  })
})
