import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { StatusReport } from '../../src/model/status.ts'
import { type Backup, backupIn } from '../helpers/backup.ts'
import { makeWorld, type World } from '../helpers/world.ts'

// The command itself, where a clock that was ahead has been believed.

let world: World
beforeAll(async () => {
  world = await makeWorld('local', { calls: 'here' })
})
afterAll(() => world.end())

async function wasAhead({ destination }: Backup) {
  const file = join(destination, '.reconcile/status.json')
  const status = JSON.parse(await readFile(file, 'utf8'))
  await writeFile(file, JSON.stringify({ ...status, clock: '2099-01-01T00:00:00.000Z' }))
}

test('I9 I12: one problem of the box, whatever the number of backups, until each is let go by the clock as it is', async () => {
  const both = [await backupIn(world, 'one'), await backupIn(world, 'two')]
  for (const at of both) await at.offer('a.tar', 'a')
  expect(await world.pass()).toMatchObject({ exitCode: 0, problems: [] })
  for (const at of both) {
    await wasAhead(at)
    await at.offer('b.tar', 'b')
  }
  const { exitCode, problems, backups } = await world.pass()
  expect({ exitCode, problems, backups }).toMatchObject({
    exitCode: 1,
    problems: [
      { code: 'box-clock', message: expect.stringMatching(/this box's clock shows 20.*behind 2099/) },
    ],
    backups: [
      { published: ['b.tar'], problems: [], exitCode: 0 },
      { published: ['b.tar'], problems: [], exitCode: 0 },
    ],
  })
  const text = await world.run()
  expect([text.code, text.stdout]).toEqual([1, expect.stringMatching(/problem +this box's clock/)])
  const plan = await world.plan()
  expect(plan.backups.map((one) => one.problems.map(({ code }) => code))).toEqual([
    ['box-clock'],
    ['box-clock'],
  ])
  const status = JSON.parse((await world.run('status', '--json')).stdout) as StatusReport
  for (const { conditions } of status.backups)
    expect(conditions.find(({ type }) => type === 'Ready')?.message).toMatch(/this box's clock shows/)
  expect((await world.run('status', '--check')).code).toBe(2)

  const ids = [...problems[0]!.hint.matchAll(/reconcile release (\w+)/g)].map(([, id]) => id!)
  expect(ids).toHaveLength(2)
  for (const id of ids) expect((await world.run('release', id, '--reason', 'it was ahead')).code).toBe(0)
  expect(await world.pass()).toMatchObject({ exitCode: 0, problems: [] })
  expect(await world.pass()).toMatchObject({ exitCode: 0, problems: [] })
})
