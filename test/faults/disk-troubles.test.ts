import { execFileSync } from 'node:child_process'
import { chmod, mkdir, readdir, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import type { Result } from '../../src/model/outcome.ts'
import { canMount, smallDisk } from '../helpers/disk-small.ts'
import { inFull } from '../helpers/extent.ts'
import { expectConverged, expectOnlyWhole, stagedSize } from '../helpers/fault-checks.ts'
import { buildShim } from '../helpers/fault-shim.ts'
import { makeWorld, noise, type World } from '../helpers/world.ts'

const shim = buildShim()
afterAll(() => shim?.remove())

let world: World
afterEach(() => world.end())

const MiB = 1024 * 1024
const resultOf = (stdout: string): Result => JSON.parse(stdout)
const codes = (result: Result) => result.backups.flatMap(({ problems }) => problems.map(({ code }) => code))

describe.skipIf(!canMount())('a disk of its own (needs root)', () => {
  test('I2 I7: one that runs full in the middle of a file: said so, nothing half, and once there is room it goes on', async () => {
    world = await makeWorld('local', { calls: 'here' })
    const disk = smallDisk('8m')
    const at: World = { ...world, destination: join(disk.path, 'pg') }
    const offered = new Map([['db.tar', noise(4 * MiB)]])
    await world.offer('db.tar', offered.get('db.tar')!)
    await world.declare('pg', { destination: { path: at.destination, minFree: '1B' } })
    expect((await world.pass()).exitCode).toBe(0)

    offered.set('more.tar', noise(2 * MiB, 'more'))
    await world.offer('more.tar', offered.get('more.tar')!)
    // Somebody else's bytes: all the room there is but for one mebibyte.
    const litter = join(disk.path, 'litter')
    await writeFile(litter, noise(1.9 * MiB))
    const full = await world.pass()
    expect(full.exitCode).not.toBe(0)
    expect(full.exitCode).not.toBe(70)
    expect(JSON.stringify([full.backups[0]!.problems, full.backups[0]!.halt])).toMatch(/full|room|free/)
    await expectOnlyWhole(at, offered)

    await rm(litter)
    expect(await world.pass()).toMatchObject({ exitCode: 0, backups: [{ published: ['more.tar'] }] })
    await expectConverged(at, offered)
  })

  test('minFree is kept where two backups of one run share it, and the run does not end well', async () => {
    world = await makeWorld('local', { calls: 'here' })
    const disk = smallDisk('32m')
    const minFree = 10 * MiB
    for (const name of ['a', 'b']) {
      await world.offer(`${name}/one.tar`, Buffer.alloc(12 * MiB, `${name} 1`))
      await world.offer(`${name}/two.tar`, Buffer.alloc(3 * MiB, `${name} 2`))
      const source = { path: join(world.source, name) }
      await world.declare(name, { source, destination: { path: join(disk.path, name), minFree: '10MiB' } })
    }
    const result = await world.pass('--concurrency', '2')
    expect(result.exitCode).toBe(7)
    expect(result.backups.flatMap(({ problems }) => problems)).toEqual([])
    expect(result.backups.flatMap(({ halt }) => halt?.code ?? [])).toContain('min-free')
    const { bavail, bsize } = await statfs(disk.path)
    expect(bavail * bsize).toBeGreaterThanOrEqual(minFree)
    // What fits has come all the same.
    expect(bavail * bsize).toBeLessThan(minFree + 12 * MiB)
    const held = (await world.status()).backups.filter(({ state }) => state === 'held')
    expect(held.length).toBeGreaterThan(0)
    for (const { conditions } of held)
      expect(conditions).toContainEqual(expect.objectContaining({ type: 'Ready', reason: 'min-free' }))
  })

  test('minFree is kept where something else fills it during a transfer: what is staged stays, and later it goes on', async () => {
    world = await makeWorld('ssh', { calls: 'here' })
    const disk = smallDisk('32m')
    const at: World = { ...world, destination: join(disk.path, 'pg') }
    const offered = new Map([['db.tar', noise(12 * MiB)]])
    await world.offer('db.tar', offered.get('db.tar')!)
    const destination = { path: at.destination, minFree: '10MiB' }
    await world.declare('pg', { destination, transfer: { bandwidth: '256KiB/s' } })
    const child = world.start(['--output', 'ndjson'])
    const litter = join(disk.path, 'litter')
    const all = Buffer.alloc(20 * MiB)
    let result: Result | null = null
    for await (const line of child) {
      const event = JSON.parse(line) as { type: string; bytes?: { done: number }; result?: Result }
      if (event.type === 'progress' && event.bytes!.done > 0) await writeFile(litter, all)
      if (event.type === 'result') result = event.result!
    }
    expect((await child).exitCode).toBe(7)
    expect(result).toMatchObject({
      exitCode: 7,
      backups: [{ result: 'halted', published: [], pending: 1, problems: [], halt: { code: 'min-free' } }],
    })
    const staged = await stagedSize(at, 'db.tar')
    expect(staged).toBeGreaterThan(0)
    expect((await world.status()).backups).toMatchObject([{ state: 'held', exitCode: 7 }])
    await rm(litter)
    await world.declare('pg', { destination })
    expect(await world.pass()).toMatchObject({
      exitCode: 0,
      backups: [{ published: ['db.tar'], halt: null }],
    })
    await expectConverged(at, offered)
  })

  test('one that is read-only is looked at and planned for; a pass says so and what to do, and later goes on', async () => {
    world = await makeWorld('local', { calls: 'here' })
    const disk = smallDisk('8m')
    const at: World = { ...world, destination: join(disk.path, 'pg') }
    const offered = new Map([['db.tar', noise(MiB)]])
    await world.offer('db.tar', offered.get('db.tar')!)
    await world.declare('pg', { destination: { path: at.destination } })
    expect((await world.pass()).exitCode).toBe(0)
    offered.set('more.tar', noise(MiB, 'more'))
    await world.offer('more.tar', offered.get('more.tar')!)
    disk.makeReadOnly()

    expect((await world.plan()).summary).toMatchObject({ pull: 1 })
    const refused = await world.pass()
    expect(refused).toMatchObject({ exitCode: 1, backups: [{ result: 'failed', published: [] }] })
    expect(codes(refused)).toEqual(['disk-read-only'])
    expect(refused.backups[0]!.problems[0]!.hint).not.toBe('')
    // The pass could write nothing down, and what was written before it says that all is well.
    expect((await world.status()).backups).toMatchObject([
      {
        state: 'failed',
        conditions: expect.arrayContaining([
          expect.objectContaining({ type: 'Ready', status: 'false', reason: 'disk-read-only' }),
        ]),
      },
    ])
    await expectOnlyWhole(at, offered)
  })
})

test('a quota that is used up in the middle of a file: said so, what is staged stays, and the next pass goes on from there', async () => {
  world = await makeWorld('local', { calls: 'here' })
  const offered = new Map([['db.tar', noise(20_000)]])
  await world.offer('db.tar', offered.get('db.tar')!)
  await world.declare()
  // Root has no quota: an rsync that has, when it pulls.
  const rsync = join(world.folder, 'bin/rsync')
  await mkdir(join(world.folder, 'bin'))
  await writeFile(
    rsync,
    `#!/bin/sh
case "$*" in *--inplace*) ;; *) exec ${execFileSync('which', ['rsync'], { encoding: 'utf8' }).trim()} "$@" ;; esac
for into; do :; done
head -c 5000 '${join(world.source, 'db.tar')}' > "$into/db.tar"
echo 'rsync: [receiver] write failed on "db.tar": Disk quota exceeded (122)' >&2
echo 'rsync error: error in file IO (code 11) at receiver.c(381) [receiver=3.2.7]' >&2
exit 11
`,
    { mode: 0o755 },
  )
  const PATH = `${join(world.folder, 'bin')}:${process.env['PATH']}`
  const { stdout, exitCode } = await world.start(['--json'], { env: { PATH } })
  const result = resultOf(String(stdout))
  expect([exitCode, result.exitCode]).toEqual([1, 1])
  expect(result.backups[0]).toMatchObject({ result: 'failed', published: [], pending: 1, retry: true })
  expect(codes(result)).toEqual(['disk-full'])
  expect(result.backups[0]!.problems[0]!.message).toContain('the quota is used up')
  expect(await stagedSize(world, 'db.tar')).toBe(5000)
  expect(await world.status()).toMatchObject({ backups: [{ state: 'failed', exitCode: 1 }] })
  expect(await world.pass()).toMatchObject({
    exitCode: 0,
    backups: [{ published: ['db.tar'], bytes: 15_000 }],
  })
  await expectConverged(world, offered)
})

// Any change that fails with any error: every-call.test.ts.
describe.skipIf(shim === null)('a disk that refuses (needs cc)', () => {
  async function begun(): Promise<Map<string, Buffer>> {
    world = await makeWorld('local', { calls: 'here' })
    const offered = new Map([['old.tar', noise(2_000, 'old')]])
    await world.offer('old.tar', offered.get('old.tar')!)
    await world.declare()
    expect((await world.pass()).exitCode).toBe(0)
    for (const name of ['a.tar', 'b.tar']) {
      offered.set(name, noise(3_000, name))
      await world.offer(name, offered.get(name)!)
    }
    return offered
  }

  test('I5: bytes whose fsync failed are thrown away and never published, and the next pass fetches them anew', async () => {
    const offered = await begun()
    const staging = join(world.destination, '.reconcile/staging')
    const ended = await shim!.run(world, {
      calls: ['fsync'],
      under: `${staging}/a.tar`,
      nth: 'each',
      does: 'EIO',
    })
    expect(ended.happened).toBe(true)
    const result = resultOf(ended.stdout)
    expect(result).toMatchObject({ exitCode: 1, backups: [{ published: ['b.tar'] }] })
    expect(result.backups[0]!.problems).toMatchObject([{ code: 'disk-failing', path: 'a.tar' }])
    expect(await stagedSize(world, 'a.tar')).toBe(0)
    expect(await expectOnlyWhole(world, offered)).not.toContain('a.tar')
    const next = await world.pass()
    expect(next).toMatchObject({ exitCode: 0, backups: [{ published: ['a.tar'], bytes: 3_000 }] })
    await expectConverged(world, offered)
  })

  test('I5: data whose folder could not be synced is not reported as published, and the next pass ends it', async () => {
    const offered = await begun()
    const fault = { calls: ['fsync'], under: world.destination, does: 'EIO' } as const
    let told = 0
    for (let nth = 1; ; nth += inFull(1, 3)) {
      const ended = await shim!.run(world, { ...fault, nth })
      if (!ended.happened) break
      const result = resultOf(ended.stdout)
      told++
      expect(result.exitCode, `${nth}: ${ended.stdout}`).not.toBe(0)
      await expectOnlyWhole(world, offered)
    }
    expect(told).toBeGreaterThan(inFull(3, 2))
    await expectConverged(world, offered)
  })

  test('one that fails under rsync is one problem, and the source is not blamed for what did not come', async () => {
    const offered = await begun()
    const staging = join(world.destination, '.reconcile/staging')
    const fault = { calls: ['write'], under: staging, nth: 'each', does: 'EIO', who: 'rsync' } as const
    const ended = await shim!.run(world, fault)
    expect(ended.happened).toBe(true)
    expect(resultOf(ended.stdout).backups).toMatchObject([
      { result: 'failed', pending: 2, problems: [{ code: 'disk-failing' }] },
    ])
    expect((await world.pass()).exitCode).toBe(0)
    await expectConverged(world, offered)
  })

  test('restore: bytes, then names, then the folders that have them; bytes whose fsync failed get no name and are not kept', async () => {
    world = await makeWorld('local', { calls: 'here' })
    const names = ['a.tar', 'sub/b.tar']
    for (const name of names) await world.offer(name, noise(3_000, name))
    await world.declare()
    expect((await world.pass()).exitCode).toBe(0)
    const out = join(world.folder, 'new/out')
    const words = ['restore', 'pg', ...names, '--to', out]
    const under = join(out, '.restoring-')
    const failed = await shim!.run(world, { calls: ['fsync'], under, nth: 'each', does: 'EIO' }, ...words)
    expect([failed.happened, failed.code], failed.stderr).toEqual([true, 1])
    expect((await readdir(out, { withFileTypes: true })).filter((entry) => entry.isFile())).toEqual([])
    await rm(join(world.folder, 'new'), { recursive: true })

    const traced = await shim!.trace(world, { calls: ['fsync', 'link'], under: world.folder }, ...words)
    expect(traced.code, traced.stderr).toBe(0)
    const calls = traced.calls.map((line) =>
      line.replace(`${world.folder}/`, '').replace(/\.restoring-\w+/, 'COPY'),
    )
    const at = (call: string): number => {
      expect(calls).toContain(call)
      return calls.lastIndexOf(call)
    }
    for (const [copy, name, folder] of [
      ['new/out/COPY', 'new/out/a.tar', 'new/out'],
      ['new/out/sub/COPY', 'new/out/sub/b.tar', 'new/out/sub'],
    ]) {
      expect(at(`fsync ${copy}`)).toBeLessThan(at(`link ${name}`))
      expect(at(`link ${name}`)).toBeLessThan(at(`fsync ${folder}`))
    }
    // And those in which a folder was made for it.
    expect(calls).toContain('fsync new')
    const nth = calls.filter((call) => call.startsWith('fsync new/out')).length
    await rm(join(world.folder, 'new'), { recursive: true })
    const last = await shim!.run(world, { calls: ['fsync'], under: out, nth, does: 'EIO' }, ...words)
    expect([last.happened, last.code], last.stderr).toEqual([true, 1])
    expect((await world.run(...words)).code).toBe(0)
  })

  test('what was verified and cannot be recorded counts once', async () => {
    await begun()
    await world.pass()
    await writeFile(join(world.destination, 'stray.tar'), 'x')
    const ledger = join(world.destination, '.reconcile/ledger.jsonl')
    const fault = { calls: ['write'], under: ledger, nth: 'each', does: 'ENOSPC' } as const
    const ended = await shim!.run(world, fault, 'verify')
    expect(ended.happened).toBe(true)
    expect(JSON.parse(ended.stdout).backups).toMatchObject([
      {
        files: 3,
        bytes: 8_000,
        recorded: false,
        findings: [{ code: 'foreign-file' }],
        problems: [{ code: 'disk-full' }],
      },
    ])
  })

  test('a staged file that cannot be read is a problem of its own; the others are published', async () => {
    const offered = await begun()
    const staging = join(world.destination, '.reconcile/staging')
    const ended = await shim!.run(world, {
      calls: ['read'],
      under: `${staging}/a.tar`,
      nth: 'each',
      does: 'EIO',
    })
    expect(ended.happened).toBe(true)
    const result = resultOf(ended.stdout)
    expect(result).toMatchObject({ exitCode: 1, backups: [{ published: ['b.tar'] }] })
    expect(result.backups[0]!.problems).toMatchObject([{ code: 'disk-failing', path: 'a.tar' }])
    expect((await world.pass()).exitCode).toBe(0)
    await expectConverged(world, offered)
  })

  test('I1 I4: without hard links a file comes to its name by a move that replaces nothing', async () => {
    const offered = await begun()
    const fault = { calls: ['link'], under: world.destination, nth: 'each', does: 'EPERM' } as const
    await writeFile(join(world.destination, 'b.tar'), 'somebody else was here')
    await chmod(join(world.destination, 'b.tar'), 0o600)
    const before = await readdir(world.destination)
    const ended = await shim!.run(world, fault)
    expect(ended.happened).toBe(true)
    const result = resultOf(ended.stdout)
    expect(result).toMatchObject({ exitCode: 0, backups: [{ published: ['a.tar', 'b.tar'], problems: [] }] })
    expect(before).toContain('b.tar')
    await expectConverged(world, offered)
    const again = await shim!.run(world, fault)
    expect(resultOf(again.stdout).backups[0]).toMatchObject({ result: 'in-sync', published: [] })
  })

  test('a link that is refused for one name alone is a problem of that file, and nothing is moved or copied instead', async () => {
    const offered = await begun()
    const fault = {
      calls: ['link'],
      under: `${world.destination}/a.tar`,
      nth: 'each',
      does: 'EPERM',
    } as const
    const ended = await shim!.run(world, fault)
    const result = resultOf(ended.stdout)
    expect(result).toMatchObject({ exitCode: 1, backups: [{ published: ['b.tar'] }] })
    expect(result.backups[0]!.problems).toMatchObject([{ code: 'disk-forbidden', path: 'a.tar' }])
    expect(await expectOnlyWhole(world, offered)).not.toContain('a.tar')
    expect((await world.pass()).exitCode).toBe(0)
    await expectConverged(world, offered)
  })
})
