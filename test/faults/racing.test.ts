import { afterEach, expect, test } from 'vitest'
import type { Result } from '../../src/model/outcome.ts'
import { expectConverged, stagedSize } from '../helpers/fault-checks.ts'
import { killAll, membersOf, until, untilTransfer } from '../helpers/fault-processes.ts'
import { makeValveWorld, type ValveWorld } from '../helpers/fault-valve.ts'
import { noise, type Started } from '../helpers/world.ts'

const SIZE = 2_000_000

let world: ValveWorld
afterEach(() => world.end())

const resultOf = async (command: Started): Promise<Result> => JSON.parse(String((await command).stdout))

test('I11: a second run for one destination is busy, names the holder, and ends nobody', async () => {
  world = await makeValveWorld({ calls: 'here' })
  const data = noise(SIZE)
  await world.offer('db.tar', data)
  await world.declare()
  await world.closeAfter(700_000)
  const first = world.start(['--json'])
  await world.reached()

  const named = await world.pass('pg')
  expect(named).toMatchObject({ exitCode: 5, backups: [{ result: 'busy', published: [], problems: [] }] })
  expect(named.backups[0]!.holders.map(({ pid }) => pid)).toContain(first.pid)
  const words = await world.run('pg')
  expect(words.code).toBe(5)
  expect(words.stdout + words.stderr).toContain(String(first.pid))
  // Of all backups it is passed over: the run that has it will do.
  expect(await world.pass()).toMatchObject({ exitCode: 0, backups: [{ result: 'busy' }] })

  // One that may wait gets its turn, and finds everything done.
  const waiting = world.start(['--json', '--lock-timeout', '50s', 'pg'])
  await world.open()
  expect(await resultOf(first)).toMatchObject({ exitCode: 0, backups: [{ published: ['db.tar'] }] })
  expect(await resultOf(waiting)).toMatchObject({ exitCode: 0, backups: [{ published: [], bytes: 0 }] })
  await expectConverged(world, new Map([['db.tar', data]]))
})

test('I11: of five runs that start at once each either does the work or stands back', async () => {
  world = await makeValveWorld({ calls: 'here' })
  const offered = new Map<string, Buffer>()
  for (let i = 0; i < 5; i++) {
    offered.set(`db-${i}.tar`, noise(20_000, String(i)))
    await world.offer(`db-${i}.tar`, offered.get(`db-${i}.tar`)!)
  }
  await world.declare()
  const results = await Promise.all(Array.from({ length: 5 }, () => resultOf(world.start(['--json']))))
  expect(results.map(({ exitCode }) => exitCode)).toEqual(results.map(() => 0))
  const published = results.flatMap(({ backups }) => backups[0]!.published)
  expect(published.toSorted()).toEqual([...offered.keys()])
  await expectConverged(world, offered)
})

test('I11: rsync left alone keeps the lock until it is gone, and is named; then its bytes are resumed', async () => {
  world = await makeValveWorld({ calls: 'here' })
  const data = noise(SIZE)
  await world.offer('db.tar', data)
  await world.declare()
  await world.closeAfter(1_200_000)
  const first = world.start(['--json'])
  await world.reached()
  const transfer = await untilTransfer(first, world.destination)
  await until(async () => (await stagedSize(world, 'db.tar')) > 500_000)
  // Its parents die with the command (a death that the kernel passes on to children, not to theirs), and it cannot.
  process.kill(transfer.receiver, 'SIGSTOP')
  killAll([first.pid!])
  await first
  await until(() => membersOf(transfer.group).every(({ pid }) => pid === transfer.receiver))
  expect(await world.pass('pg')).toMatchObject({
    exitCode: 5,
    backups: [{ result: 'busy', published: [], holders: [{ pid: transfer.receiver }] }],
  })
  expect((await world.run('pg')).stdout).toContain(String(transfer.receiver))

  process.kill(transfer.receiver, 'SIGCONT')
  await until(() => membersOf(transfer.group).length === 0)
  const next = await world.pass('pg')
  expect(next).toMatchObject({ exitCode: 0, backups: [{ published: ['db.tar'] }] })
  expect(next.backups[0]!.bytes).toBeLessThan(SIZE - 500_000 + 10_000)
  await expectConverged(world, new Map([['db.tar', data]]))
})
