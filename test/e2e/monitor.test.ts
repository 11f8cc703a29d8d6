import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openWatchMemory } from '../../src/box/watch-memory.ts'
import type { BackupStatus, ConditionType } from '../../src/model/status.ts'
import { takeLock } from '../../src/system/lock.ts'
import { backupIn } from '../helpers/backup.ts'
import { canMount, smallDisk } from '../helpers/disk-small.ts'
import { makeWorld, noise, type World } from '../helpers/world.ts'

let world: World
beforeAll(async () => {
  world = await makeWorld('local', { calls: 'here' })
  await world.declare('pg', {
    series: { pattern: '{series}-{YYYY}-{MM}-{DD}.tar', timezone: 'UTC' },
    expect: { every: '24h', grace: '1h' },
  })
  await world.offer('db-2026-01-02.tar', 'old')
})
afterAll(() => world.end())

const reason = ({ conditions }: BackupStatus, type: ConditionType) => {
  const found = conditions.find((one) => one.type === type)
  return `${found?.status} ${found?.reason}`
}
const statusFile = () => join(world.destination, '.reconcile/status.json')
const one = async () => (await world.status('pg')).backups[0]!

test('a pass leaves behind why a series is late, and status, the plan and the check tell it', async () => {
  const { backups } = await world.pass()
  expect(backups[0]?.late).toEqual([
    { series: 'db', message: expect.stringMatching(/^db: .*: the producer is silent/) },
  ])
  expect((await world.plan()).backups[0]?.series[0]).toMatchObject({
    state: 'late',
    cause: 'producer-silent',
  })
  const silent = await one()
  expect(silent).toMatchObject({ state: 'late', series: [{ series: 'db', cause: 'producer-silent' }] })
  expect([reason(silent, 'Fresh'), reason(silent, 'SourceReachable')]).toEqual(['false late', 'true listed'])
  const checked = await world.run('status', '--check')
  expect(checked.code).toBe(2)
  expect(checked.stdout).toMatch(/^RECONCILE CRITICAL - 1 of 1 not well: pg \(late\) \|/)
  expect(checked.stdout).toContain('the producer is silent')

  await world.offer('db-2026-01-09.tar', 'unfinished', { marker: null })
  await world.pass()
  expect((await one()).series[0]?.cause).toBe('no-marker')
  expect(reason(await one(), 'Fresh')).toBe('false late')

  await rm(world.source, { recursive: true })
  await world.pass()
  const gone = await one()
  expect([gone.series[0]?.cause, reason(gone, 'SourceReachable')]).toEqual([
    'source-unreachable',
    'false path-missing',
  ])
  await mkdir(world.source)
  await world.offer('db-2026-01-02.tar', 'old')
})

test('while a live process holds the lock the backup is under way, and no promise is broken', async () => {
  const today = new Date().toISOString().slice(0, 10)
  await world.offer(`db-${today}.tar`, 'new')
  await world.pass()
  expect((await one()).state).toBe('ok')
  // As watch would have left it, and died.
  const left = JSON.parse(await readFile(statusFile(), 'utf8'))
  const then = new Date(Date.now() - 60_000).toISOString()
  await writeFile(statusFile(), JSON.stringify({ ...left, promised: { nextRun: then, validUntil: then } }))
  const dead = await one()
  expect([dead.state, reason(dead, 'Ready'), reason(dead, 'Reconciling')]).toEqual([
    'unknown',
    'unknown overdue',
    'false idle',
  ])
  expect((await world.run('status', '--check')).code).toBe(2)
  const lock = await takeLock(join(world.destination, '.reconcile/lock'), 0, new AbortController().signal)
  if (lock.state !== 'locked') throw new Error('busy')
  const alive = await one()
  lock.close()
  expect([alive.state, reason(alive, 'Ready'), reason(alive, 'Reconciling')]).toEqual([
    'ok',
    'true applied',
    'true in-use',
  ])
})

test('a pass that fails for the state folder, after good ones, is what status tells', async () => {
  const today = new Date().toISOString().slice(0, 10)
  await world.offer(`db-${today}.tar`, 'new')
  await world.pass()
  const well = await one()
  expect(well.state).toBe('ok')
  const slots = ['slot-0.lock', 'slot-1.lock'].map((name) => join(world.state, 'locks', name))
  for (const slot of slots) {
    await rm(slot, { force: true })
    await mkdir(slot)
  }
  const { exitCode, backups } = await world.pass()
  const { code } = backups[0]!.problems[0]!
  expect(exitCode).toBe(1)
  const failed = await one()
  expect(failed).toMatchObject({ state: 'failed', lastSuccess: well.lastSuccess })
  expect([reason(failed, 'Ready'), reason(failed, 'Fresh')]).toEqual([`false ${code}`, 'true fresh'])
  expect((await world.run('status', '--check')).code).toBe(2)
  for (const slot of slots) await rm(slot, { recursive: true })
  await world.pass()
  expect(await one()).toMatchObject({ state: 'ok' })
})

test('a damaged word of a daemon that is gone makes nothing look well, nor does a pass by hand', async () => {
  const promised = { nextRun: '2999-01-01T00:00:00Z', validUntil: '2999-01-01T01:00:00Z' }
  const left = JSON.parse(await readFile(statusFile(), 'utf8'))
  await writeFile(statusFile(), JSON.stringify({ ...left, promised }))
  const word = join(world.state, 'watch.json')
  for (const text of ['{', '', 'null', '{"format":"reconcile.watch/2"}']) {
    await writeFile(word, text)
    expect(await openWatchMemory(world.state).lastHeard(), text).toBe('unknown')
  }
  for (const look of ['as it stands', 'after a pass']) {
    if (look === 'after a pass') await world.pass()
    const found = await one()
    expect([found.state, reason(found, 'Ready')], look).toEqual(['unknown', 'unknown watch-gone'])
  }
  expect((await world.run('status', '--check')).code).toBe(3)
  await rm(word)
  await world.pass()
  expect((await one()).state).toBe('ok')
})

test('a backup whose spec is faulty is never absent', async () => {
  await world.declare('broken', { destination: { path: 'not/absolute' } })
  const { code, stdout } = await world.run('status')
  expect(code).toBe(3)
  expect(stdout).toMatch(/^broken +failed +unknown +- +- +unknown$/m)
  expect(stdout).toMatch(/broken\.yaml:\d+:\d+: /)
  const found = (await world.status('broken')).backups
  expect(found).toMatchObject([{ backup: 'broken', state: 'failed', destination: null }])
  expect(reason(found[0]!, 'SpecValid')).toMatch(/^false [a-z-]+$/)
  await rm(join(world.specs, 'broken.yaml'))
})

test('status takes no lock and writes nothing, in any form', async () => {
  const before = await readFile(statusFile(), 'utf8')
  const lock = await takeLock(join(world.destination, '.reconcile/lock'), 0, new AbortController().signal)
  for (const words of [['--check'], ['--output', 'prometheus'], ['--json'], [world.destination]])
    expect((await world.run('status', ...words)).stdout).not.toBe('')
  if (lock.state === 'locked') lock.close()
  expect(await readFile(statusFile(), 'utf8')).toBe(before)
})

test.skipIf(!canMount())(
  'a disk that fills within two weeks: a line in status, WARNING in the check',
  async () => {
    const { path } = smallDisk('16m')
    const box = await makeWorld('local', { calls: 'here' })
    try {
      for (const name of ['a', 'b']) {
        const destination = { path: join(path, name), minFree: '1MiB' }
        const at = await backupIn(box, name, { destination, schedule: { every: '30d' } })
        await at.offer(`${name}.tar`, noise(2 << 20))
      }
      expect((await box.pass()).exitCode).toBe(0)
      const later = (days: number) => ['--as-of', new Date(Date.now() + days * 86400_000).toISOString()]
      expect((await box.status(...later(2))).problems).toBeUndefined()
      // Two times 2 MiB in 4 days, and some 9 MiB left.
      expect((await box.status(...later(4))).problems).toMatchObject([{ code: 'disk-filling' }])
      expect((await box.run('status', ...later(4))).stdout).toMatch(
        /disk-filling: the disk of .* will be full in/,
      )
      const check = await box.run('status', '--check', ...later(4))
      expect(check.code).toBe(1)
      expect(check.stdout).toMatch(
        /^RECONCILE WARNING - .*the disk of .*\(a and 1 more\) will be full in about \d+ days/,
      )
    } finally {
      await box.end()
    }
  },
)

test('a faulty spec of another backup is no matter of one that is asked for by name', async () => {
  await world.pass()
  const broken = join(world.specs, 'broken.yaml')
  const before = await world.run('status', '--check', 'pg')
  const read = await world.run('status', 'pg')
  await writeFile(broken, 'version: 1\nnonsense: 1\n')
  try {
    expect(await world.run('status', '--check', 'pg')).toMatchObject({ code: before.code })
    expect(await world.run('status', 'pg')).toMatchObject({ code: read.code })
    expect((await world.run('status', 'pg')).stdout).not.toContain('broken')
    expect(await world.run('status', '--check')).toMatchObject({ code: 2 })
    expect(await world.run('status', 'broken')).toMatchObject({ code: 3 })
    expect(await world.run('status')).toMatchObject({ code: 3 })
  } finally {
    await rm(broken)
  }
})
