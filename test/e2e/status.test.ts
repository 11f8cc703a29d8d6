import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { backupIn } from '../helpers/backup.ts'
import { killAll, membersOf, until, untilTransfer } from '../helpers/fault-processes.ts'
import { makeValveWorld, type ValveWorld } from '../helpers/fault-valve.ts'
import { makeWorld, noise, type World } from '../helpers/world.ts'

const SIZE = 4_000_000
const HALF = 2_000_000

describe('a transfer over a real line', () => {
  let world: ValveWorld
  const progress = () => join(world.destination, '.reconcile', 'progress.json')
  const isThere = (path: string) =>
    stat(path).then(
      () => true,
      () => false,
    )
  const pg = async () => (await world.status('pg')).backups[0]!
  const screen = async () => (await world.run('status')).stdout
  beforeAll(async () => {
    world = await makeValveWorld({ calls: 'here' })
    await world.declare('pg')
    await world.offer('a.tar', noise(SIZE))
  })
  afterAll(() => world.end())

  test('that is running shows its bytes, of how many, and since when; stopped, what is staged; over, neither', async () => {
    await world.closeAfter(HALF)
    const pass = world.start(['--json'])
    await world.reached()
    await untilTransfer(pass, world.destination)
    // Written at most every 5 seconds.
    await until(async () => ((await pg()).running?.bytes ?? 0) > 1_000_000)
    const { running, state, staged, conditions } = await pg()
    expect([state, staged]).toEqual(['pending', null])
    expect(running).toMatchObject({ total: SIZE, path: 'a.tar', verifying: null })
    expect(running!.bytes).toBeLessThanOrEqual(HALF)
    const reconciling = conditions.find(({ type }) => type === 'Reconciling')
    expect(reconciling?.message).toMatch(
      new RegExp(`^a pass since ${running!.since} \\(pid [\\d, ]*\\b${pass.pid}\\b[\\d, ]*\\)$`),
    )
    expect(await screen()).toMatch(
      /^1 running\n\nBACKUP .*\npg +pending .* running +nothing\n {2}running since \d\d:\d\d: [\d.]+ of 3\.8 MiB, .*\((?:just now|.* ago)\): a\.tar\n/,
    )
    // No arguments of any process are shown.
    expect((await world.run('status', 'pg')).stdout).not.toMatch(/rsync|ssh |dist\/cli/)

    killAll([
      pass.pid!,
      ...membersOf((await untilTransfer(pass, world.destination)).group).map(({ pid }) => pid),
    ])
    await pass
    // It left its last word, and nobody holds the lock.
    expect(await isThere(progress())).toBe(true)
    await until(async () => (await pg()).running === null)
    const stopped = await pg()
    expect(stopped.staged).toMatchObject({ files: 1, size: SIZE, path: 'a.tar' })
    expect(stopped.staged!.bytes).toBeGreaterThan(1_000_000)
    expect(await screen()).toMatch(
      /^ {2}stopped: [\d.]+ of 3\.8 MiB staged of a\.tar; the next pass goes on$/m,
    )

    expect((await world.pass()).exitCode).toBe(0)
    expect(await isThere(progress())).toBe(false)
    expect(await pg()).toMatchObject({ state: 'ok', running: null, staged: null, files: 1, bytes: SIZE })
  })

  test('I7: that has nothing to bring writes no progress', async () => {
    const own = join(world.destination, '.reconcile')
    const before = (await stat(own)).mtimeMs
    const status = JSON.stringify((await pg()).lastPass)
    expect((await world.run('--dry-run')).code).toBe(0)
    expect([(await stat(own)).mtimeMs, JSON.stringify((await pg()).lastPass)]).toEqual([before, status])
  })

  test.each([
    ['nothing', ''],
    ['no JSON', '{"format":'],
    ['another format', '{"format":"reconcile.progress/9"}'],
    [
      'wrong types',
      '{"format":"reconcile.progress/1","since":1,"at":{},"bytes":-1,"total":"x","rate":[],"path":7}',
    ],
    ['too much', `"${'x'.repeat(200_000)}"`],
    ['too deep', '['.repeat(30_000)],
  ])('a progress.json that holds %s is none', async (_, text) => {
    await writeFile(progress(), text)
    expect(await pg()).toMatchObject({ state: 'ok', running: null })
    expect((await world.run('status')).code).toBe(0)
    expect((await world.pass()).exitCode).toBe(0)
    expect(await isThere(progress())).toBe(false)
  })
})

describe('what the box knows', () => {
  let world: World
  beforeAll(async () => {
    world = await makeWorld('local', { calls: 'here' })
  })
  afterAll(() => world.end())

  test('a faulty spec hides nothing that its destination shows, and its fault is one line, without a frame', async () => {
    const at = await backupIn(world, 'broken')
    await at.offer('a.tar', 'aaa')
    await at.pass()
    const good = await readFile(join(world.specs, 'broken.yaml'), 'utf8')
    await writeFile(join(world.specs, 'broken.yaml'), `${good}retian: { last: 3 }\n`)
    const { code, stdout, stderr } = await world.run('status')
    expect(code).toBe(3)
    expect(stdout).toMatch(/^1 of 1 needs you: broken \(its spec is faulty\)\n/)
    expect(stdout).toMatch(/^broken +failed .*1 file, 3 B$/m)
    expect(stdout.match(/retian/g)).toHaveLength(1)
    expect(stderr).not.toMatch(/retian|\^/)
    expect((await world.status('broken')).backups[0]).toMatchObject({
      state: 'failed',
      destination: at.destination,
      bytes: 3,
      exitCode: 3,
      lastSuccess: expect.any(String) as string,
    })
    await writeFile(join(world.specs, 'broken.yaml'), good)
  })

  test('a conflict names its file, and --exit-code is that of a pass', async () => {
    const at = await backupIn(world, 'clash')
    await at.offer('a.tar', 'a')
    await at.pass()
    expect((await world.run('status', '--exit-code')).code).toBe(0)
    await at.offer('a.tar', 'other')
    expect((await at.pass()).exitCode).toBe(6)
    const { code, stdout } = await world.run('status', '--exit-code')
    expect(code).toBe(6)
    expect(stdout).toContain('\n  conflict: 1 in conflict: a.tar\n')
    expect((await world.run('status')).code).toBe(0)
    await world.run('suspend', 'broken', '--reason', 'disk swap')
    expect((await world.run('status', '--exit-code', 'broken')).code).toBe(7)
    expect((await world.run('status', 'broken')).stdout).toMatch(/^1 suspended\n/)
    // Two backups on one disk: its free space once.
    expect((await world.run('status')).stdout.match(/ free of /g)).toHaveLength(1)
  })
})
