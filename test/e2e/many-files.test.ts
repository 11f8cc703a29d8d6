import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'

const COUNT = 10_000
let world: World
beforeAll(async () => {
  world = await makeWorld('ssh', { calls: 'here' })
  for (let i = 0; i < COUNT; i++) writeFileSync(join(world.source, `unfinished-${i}.tar`), '')
  await world.offer('finished.tar', 'whole')
  await world.declare()
})
afterAll(() => world.end())

test('a listing of 10,000 files is read whole, with one login, and hides none of them', async () => {
  const logins = world.sshd!.countSessions()
  const { backups, summary } = await world.plan()
  expect(world.sshd!.countSessions() - logins).toBe(1)
  expect(summary).toMatchObject({ wait: COUNT, pull: 1, bytes: 5 })
  const waiting = backups[0]!.steps.filter((step) => step.action === 'wait').map((step) => step.path)
  expect(new Set(waiting).size).toBe(COUNT)
  expect((await world.pass()).backups[0]).toMatchObject({ published: ['finished.tar'], exitCode: 0 })
})
