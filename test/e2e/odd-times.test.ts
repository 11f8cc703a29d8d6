import { afterEach, expect, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'

let world: World
afterEach(() => world.end())

test('a limit of more days than a timer can hold is no limit of none', async () => {
  world = await makeWorld('local')
  await world.declare('pg')
  await world.offer('a.tar', 'a')
  const { code, stdout } = await world.run('--max-time', '30d')
  expect([code, stdout]).toEqual([0, expect.stringContaining('1 pulled')])
})

test('--now transfers while bandwidth is off, and a plan with it counts so', async () => {
  world = await makeWorld('local', { calls: 'here' })
  await world.declare('pg', { transfer: { bandwidth: [{ rate: 'off' }], timezone: 'UTC' } })
  await world.offer('a.tar', 'a')
  const rate = async (...words: string[]) =>
    JSON.parse((await world.run('--dry-run', '--json', ...words)).stdout).backups[0].rate
  expect([await rate(), await rate('--now')]).toEqual([0, null])
  expect((await world.run()).stdout).toContain('incomplete')
  expect((await world.run('--now')).stdout).toContain('1 pulled')
})

test('a rest that no calendar can tell the end of is refused, and leaves nothing behind', async () => {
  world = await makeWorld('local', { calls: 'here' })
  await world.declare('pg')
  const said = await world.run('suspend', 'pg', '--reason', 'x', '--until', '99999999w')
  expect(said).toMatchObject({ code: 64, stderr: expect.stringContaining('is too large') })
  expect((await world.run('status')).stdout).not.toContain('suspended')
})

test('a unit of systemd takes no path that would begin a line of its own', async () => {
  world = await makeWorld('local', { calls: 'here' })
  await world.declare('pg')
  const said = await world.run('--state', `${world.state}\nExecStartPre=evil`, 'service', 'print')
  expect(said).toMatchObject({ code: 64, stdout: '', stderr: expect.stringContaining('control character') })
})
