import { afterEach, expect, test } from 'vitest'
import { makeWorld, noise, type World } from '../helpers/world.ts'

let world: World
afterEach(() => world.end())

test('a first pass brings what is finished, a second one does nothing, over real ssh', async () => {
  world = await makeWorld()
  await world.offer('db-2026-11-22.tar.gz', noise(70_000, 'old'))
  const digest = await world.offer('db-2026-11-23.tar.gz', noise(100_000, 'new'))
  await world.offer('db-2026-11-24.tar.gz', 'half', { marker: null })
  await world.declare()

  const planned = await world.plan('--detailed-exitcode')
  expect(planned.summary).toMatchObject({ pull: 2, wait: 1, bytes: 170_000 })
  expect(await world.published()).toEqual(new Map())

  const before = world.sshd!.countSessions()
  const first = await world.pass()
  expect(world.sshd!.countSessions() - before).toBe(1)
  expect(first.exitCode).toBe(0)
  expect(first.backups[0]?.published).toEqual(['db-2026-11-22.tar.gz', 'db-2026-11-23.tar.gz'])
  const held = await world.published()
  expect([...held.keys()]).toEqual([
    'db-2026-11-22.tar.gz',
    'db-2026-11-22.tar.gz.md5',
    'db-2026-11-23.tar.gz',
    'db-2026-11-23.tar.gz.md5',
  ])
  expect(held.get('db-2026-11-23.tar.gz.md5')).toBe(`${digest}  db-2026-11-23.tar.gz\n`)

  const sessions = world.sshd!.countSessions()
  const second = await world.pass()
  expect(second.backups[0]).toMatchObject({ result: 'in-sync', published: [], bytes: 0 })
  expect(world.sshd!.countSessions() - sessions).toBe(1)
  expect(await world.published()).toEqual(held)
})
