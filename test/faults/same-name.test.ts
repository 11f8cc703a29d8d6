import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { expectConverged, expectOnlyWhole, stagedSize } from '../helpers/fault-checks.ts'
import { killAll, membersOf, until, untilTransfer } from '../helpers/fault-processes.ts'
import { makeValveWorld, type ValveWorld } from '../helpers/fault-valve.ts'
import { noise, type Started } from '../helpers/world.ts'

const SIZE = 4_000_000
const NAME = 'backup.tar'
const night = (day: number): number => Date.UTC(2026, 9, day, 2) / 1000

let world: ValveWorld
afterEach(() => world?.end())

/** The first version, brought to about `bytes`, where its source stops. */
async function halfWay(
  bytes: number,
  over: Readonly<Record<string, unknown>> = {},
): Promise<{ command: Started }> {
  world = await makeValveWorld({ calls: 'here' })
  const as = '{stem}-{YYYY}-{MM}-{DD}{ext}'
  await world.declare('pg', { select: { as }, series: { timezone: 'UTC' }, ...over })
  await world.offer(NAME, noise(SIZE, 'one'), { mtime: night(1) })
  await world.closeAfter(bytes)
  const command = world.start(['--json'])
  await world.reached()
  await until(async () => (await stagedSize(world, NAME)) > bytes - 700_000)
  return { command }
}

/** As sources do it that care: each appears at once, the marker last. */
async function rewrite(data: Buffer, mtime: number): Promise<void> {
  await world.offer(`.new-${NAME}`, data, { mtime })
  const marker = join(world.source, `.new-${NAME}.md5`)
  const text = (await readFile(marker, 'latin1')).replace(`.new-${NAME}`, NAME)
  await rm(marker)
  await world.offer('.marker', text, { mtime, marker: null })
  await rename(join(world.source, `.new-${NAME}`), join(world.source, NAME))
  await rename(join(world.source, '.marker'), join(world.source, `${NAME}.md5`))
}

async function killed({ command }: { command: Started }): Promise<number> {
  const { group } = await untilTransfer(command, world.destination)
  killAll([command.pid!])
  expect((await command).signal).toBe('SIGKILL')
  await until(() => membersOf(group).length === 0)
  expect(await expectOnlyWhole(world, new Map())).toEqual([])
  return stagedSize(world, NAME)
}

describe('killed in the middle of a version', () => {
  test('the next pass sends the rest, and publishes it under its dated name', async () => {
    const kept = await killed(await halfWay(2_000_000))
    const next = await world.pass()
    expect(next).toMatchObject({ exitCode: 0, backups: [{ published: ['backup-2026-10-01.tar'] }] })
    expect(next.backups[0]!.bytes).toBeLessThan(SIZE - kept + 40_000)
    await expectConverged(world, new Map([['backup-2026-10-01.tar', noise(SIZE, 'one')]]))
    expect((await world.pass()).backups[0]!.result).toBe('in-sync')
  })

  test.each(['two', 'smaller'])('the source has another one by then (%s): that one comes', async (what) => {
    await killed(await halfWay(2_000_000))
    const data = noise(what === 'two' ? SIZE : 1_000_000, what)
    await rewrite(data, night(2))
    expect(await world.pass()).toMatchObject({
      exitCode: 0,
      backups: [{ published: ['backup-2026-10-02.tar'], problems: [] }],
    })
    await expectConverged(world, new Map([['backup-2026-10-02.tar', data]]))
  })

  test('very old peers: the same without what they would refuse', async () => {
    await killed(await halfWay(2_000_000, { source: { protocol: 29 } }))
    expect((await world.pass()).backups[0]!.published).toEqual(['backup-2026-10-01.tar'])
    await expectConverged(world, new Map([['backup-2026-10-01.tar', noise(SIZE, 'one')]]))
  })
})

test('a version that another one takes the place of while it comes is not published under either name', async () => {
  const { command } = await halfWay(2_000_000)
  await rewrite(noise(SIZE, 'two'), night(2))
  await world.open()
  const { backups } = JSON.parse(String((await command).stdout))
  const held = new Map([['backup-2026-10-01.tar', noise(SIZE, 'one')]])
  await expectOnlyWhole(world, held)
  // The old file was open, and may have come whole; its time at the source is another by now.
  expect(backups[0].problems).toMatchObject([{ code: 'changed-during-transfer' }])
  expect((await world.pass()).backups[0]!.published).toEqual(['backup-2026-10-02.tar'])
  await expectConverged(world, new Map([['backup-2026-10-02.tar', noise(SIZE, 'two')]]))
})

test('a version that is written to in place while it comes is not published', async () => {
  const { command } = await halfWay(2_000_000)
  await writeFile(join(world.source, NAME), noise(SIZE, 'two'))
  await world.open()
  await command
  expect(await expectOnlyWhole(world, new Map())).toEqual([])
  await rewrite(noise(SIZE, 'two'), night(2))
  expect((await world.pass()).backups[0]!.published).toEqual(['backup-2026-10-02.tar'])
  await expectConverged(world, new Map([['backup-2026-10-02.tar', noise(SIZE, 'two')]]))
})
