import { readdir } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectConverged, expectOnlyWhole, stagedSize } from '../helpers/fault-checks.ts'
import {
  descendants,
  killAll,
  membersOf,
  type Transfer,
  until,
  untilTransfer,
} from '../helpers/fault-processes.ts'
import { makeValveWorld, type ValveWorld } from '../helpers/fault-valve.ts'
import { noise, type Started } from '../helpers/world.ts'

const SIZE = 4_000_000
/** What rsync's receiver may not have written yet when it dies: its own buffer, and what is on the way. */
const IN_FLIGHT = 700_000
/** Checksums of what is staged, names, and what is said at the beginning and the end. */
const TALK = 40_000

let world: ValveWorld
const offered = new Map<string, Buffer>()

/** One file, brought to about `bytes`, where its source stops. */
async function halfWay(name: string, bytes: number): Promise<{ command: Started; transfer: Transfer }> {
  const data = noise(SIZE, name)
  await world.offer(name, data)
  offered.set(name, data)
  await world.closeAfter(bytes)
  const command = world.start(['--json'])
  await world.reached()
  const transfer = await untilTransfer(command, world.destination)
  await until(async () => (await stagedSize(world, name)) > bytes - IN_FLIGHT)
  return { command, transfer }
}

/** What a process keeps of sockets, or has left. */
const socketFolders = async (pid: number): Promise<readonly string[]> => {
  const names = await Promise.all(
    [process.env['XDG_RUNTIME_DIR'], '/tmp'].map((root) => (root === undefined ? [] : readdir(root))),
  )
  return names.flat().filter((name) => name.startsWith(`reconcile-ssh-${pid}-`))
}

beforeAll(async () => {
  world = await makeValveWorld({ calls: 'here' })
  await world.declare()
})
afterAll(() => world.end())

describe('I7 I13: killed with SIGKILL in the middle of a file', () => {
  test.each<[string, number, (command: Started, transfer: Transfer) => readonly number[]]>([
    [
      'the command and its rsync and ssh, all at once',
      1_500_000,
      ({ pid }, { group, login }) => [pid!, login!, ...membersOf(group).map((one) => one.pid)],
    ],
    ['the command alone', 1_500_000, ({ pid }) => [pid!]],
    ['the command alone, near the end', 3_900_000, ({ pid }) => [pid!]],
  ])('%s: no half file, its bytes are kept, the next run sends the rest', async (what, bytes, victims) => {
    const name = `${what.replaceAll(/\W+/g, '-')}.tar`
    const { command, transfer } = await halfWay(name, bytes)
    killAll(victims(command, transfer))
    expect((await command).signal).toBe('SIGKILL')
    // I11: no orphan goes on writing.
    await until(() => membersOf(transfer.group).length === 0)
    // Nor does the login outlive it.
    await until(() => membersOf(transfer.login!).length === 0)
    const left = await socketFolders(command.pid!)
    expect(left).toHaveLength(1)
    await expectOnlyWhole(world, offered)
    const kept = await stagedSize(world, name)
    expect(kept).toBeGreaterThan(bytes - IN_FLIGHT)

    const next = await world.pass()
    expect(next).toMatchObject({ exitCode: 0, backups: [{ published: [name] }] })
    expect(next.backups[0]!.bytes).toBeLessThan(SIZE - kept + TALK)
    await expectConverged(world, offered)
    expect(await socketFolders(command.pid!)).toEqual([])
  })

  test.each<[string, (transfer: Transfer) => readonly number[]]>([
    ['the receiving rsync', ({ receiver }) => [receiver]],
    ['the generating rsync', ({ generator }) => [generator]],
    ['ssh', ({ ssh }) => [ssh!]],
    ['the login that sessions share', ({ login }) => [login!]],
    [
      "the source's session",
      () =>
        descendants(world.sshd!.pid)
          .filter(({ program }) => program.startsWith('sshd'))
          .map(({ pid }) => pid),
    ],
  ])('%s alone: the command goes on from there by itself', async (what, victims) => {
    const name = `${what.replaceAll(/\W+/g, '-')}.tar`
    const { command, transfer } = await halfWay(name, 1_500_000)
    const kept = await stagedSize(world, name)
    killAll(victims(transfer))
    const { exitCode, stdout } = await command
    const result = JSON.parse(String(stdout))
    expect(result.backups[0].problems).toEqual([])
    expect(exitCode).toBe(0)
    expect(result.backups[0].published).toEqual([name])
    // Counted over both attempts: what had come once is not sent again.
    expect(result.backups[0].bytes).toBeLessThan(SIZE + IN_FLIGHT)
    expect(kept).toBeGreaterThan(0)
    await expectConverged(world, offered)
  })
})
