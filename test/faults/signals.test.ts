import { performance } from 'node:perf_hooks'
import { afterEach, expect, test } from 'vitest'
import type { Result } from '../../src/model/outcome.ts'
import { expectConverged, expectOnlyWhole, stagedSize } from '../helpers/fault-checks.ts'
import { membersOf, type Transfer, until, untilTransfer } from '../helpers/fault-processes.ts'
import { makeValveWorld, type ValveWorld } from '../helpers/fault-valve.ts'
import { noise, type Started } from '../helpers/world.ts'

const SIZE = 4_000_000

let world: ValveWorld
afterEach(() => world.end())

async function halfWay(...words: string[]): Promise<{ command: Started; transfer: Transfer; data: Buffer }> {
  world = await makeValveWorld({ calls: 'here' })
  const data = noise(SIZE)
  await world.offer('db.tar', data)
  await world.declare()
  await world.closeAfter(2_000_000)
  const command = world.start(['--json', ...words])
  await world.reached()
  const transfer = await untilTransfer(command, world.destination)
  await until(async () => (await stagedSize(world, 'db.tar')) > 1_300_000)
  return { command, transfer, data }
}

async function expectResumed(data: Buffer): Promise<void> {
  const kept = await stagedSize(world, 'db.tar')
  expect(kept).toBeGreaterThan(1_300_000)
  await expectOnlyWhole(world, new Map([['db.tar', data]]))
  const next = await world.pass()
  expect(next).toMatchObject({ exitCode: 0, backups: [{ published: ['db.tar'] }] })
  expect(next.backups[0]!.bytes).toBeLessThan(SIZE - kept + 40_000)
  await expectConverged(world, new Map([['db.tar', data]]))
}

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends a transfer with %i within 5 s, and every byte is kept', async (signal, code) => {
  const { command, transfer, data } = await halfWay()
  const begun = performance.now()
  command.kill(signal)
  const ended = await command
  expect(performance.now() - begun).toBeLessThan(5_000)
  expect(ended.exitCode).toBe(code)
  expect(membersOf(transfer.group)).toEqual([])
  const result = JSON.parse(String(ended.stdout)) as Result
  expect(result.backups[0]).toMatchObject({ result: 'cancelled', published: [], problems: [] })
  await expectResumed(data)
})

test('a second signal ends it at once, and every byte is kept', async () => {
  const { command, transfer, data } = await halfWay()
  // Stopped, it does not heed SIGTERM: the command has to wait for it, but not after a second signal.
  process.kill(transfer.generator, 'SIGSTOP')
  command.kill('SIGTERM')
  command.kill('SIGINT')
  const ended = await command
  // Which of the two is heard first is the kernel's choice.
  expect([130, 143]).toContain(ended.exitCode)
  expect(ended.stdout).toBe('')
  await until(() => membersOf(transfer.group).length === 0)
  await expectResumed(data)
})

test('I12: a pass ends by itself at --max-time, incomplete and with 0, and every byte is kept', async () => {
  const { command, transfer, data } = await halfWay('--max-time', '15s')
  const ended = await command
  expect(ended.exitCode).toBe(0)
  expect(membersOf(transfer.group)).toEqual([])
  const result = JSON.parse(String(ended.stdout)) as Result
  expect(result).toMatchObject({
    exitCode: 0,
    backups: [{ result: 'incomplete', published: [], pending: 1 }],
  })
  await expectResumed(data)
})
