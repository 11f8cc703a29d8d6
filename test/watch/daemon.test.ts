import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { afterEach, describe, expect, test } from 'vitest'
import type { BackupOutcome } from '../../src/model/outcome.ts'
import type { WatchBeat } from '../../src/model/watch-beat.ts'
import { backupIn } from '../helpers/backup.ts'
import { finished, openDaemons } from '../helpers/daemon.ts'
import { expectConverged, stagedSize } from '../helpers/fault-checks.ts'
import { membersOf, until, untilTransfer } from '../helpers/fault-processes.ts'
import { makeValveWorld } from '../helpers/fault-valve.ts'
import { makeWorld, noise, type World } from '../helpers/world.ts'

const SIZE = 4_000_000

let world: World | null = null
const daemons = openDaemons()
const { start } = daemons
afterEach(async () => {
  await daemons.kill()
  await world?.end()
  world = null
})
const outcomeOf = (line: object) => (line as { readonly outcome: BackupOutcome }).outcome

/** A daemon in the middle of a transfer, of which the source has fallen silent. */
async function halfWay() {
  const at = await makeValveWorld({ calls: 'here' })
  world = at
  const data = noise(SIZE)
  await at.offer('db.tar', data)
  await at.declare()
  await at.closeAfter(2_000_000)
  const daemon = start(at)
  await at.reached()
  const transfer = await untilTransfer(daemon.command, at.destination)
  await until(async () => (await stagedSize(at, 'db.tar')) > 1_300_000)
  return { at, daemon, transfer, data }
}

describe('in the middle of a transfer', () => {
  test('SIGTERM ends it within 5 s with 0, and a restart goes on where it was', async () => {
    const { at, daemon, transfer, data } = await halfWay()
    const begun = performance.now()
    expect(await daemon.stop()).toBe(0)
    expect(performance.now() - begun).toBeLessThan(5_000)
    expect(membersOf(transfer.group)).toEqual([])
    const kept = await stagedSize(at, 'db.tar')
    expect(kept).toBeGreaterThan(1_300_000)

    const next = start(at)
    const outcome = outcomeOf(await next.saw(finished('pg')))
    expect(outcome).toMatchObject({ published: ['db.tar'], exitCode: 0 })
    expect(outcome.bytes).toBeLessThan(SIZE - kept + 40_000)
    expect(await next.stop()).toBe(0)
    await expectConverged(at, new Map([['db.tar', data]]))
  })

  test('a comment in its spec does not touch it; a changed one stops it, keeping what has come, and it goes on by that', async () => {
    const { at, daemon } = await halfWay()
    const file = join(at.specs, 'pg.yaml')
    await writeFile(file, `# looked at\n${await readFile(file, 'utf8')}`)
    // Another one comes after it, and is taken.
    await at.declare('other', { destination: { path: join(at.folder, 'elsewhere') } })
    await daemon.saw(({ type, backup }) => type === 'spec-added' && backup === 'other')
    expect(daemon.lines().map(({ type }) => type)).not.toContain('stopped-run')

    const kept = await stagedSize(at, 'db.tar')
    await at.declare('pg', { transfer: { timeout: '90s' } })
    await daemon.saw(({ type }) => type === 'stopped-run')
    expect(outcomeOf(await daemon.saw(finished('pg')))).toMatchObject({ result: 'incomplete', exitCode: 0 })
    const first = daemon.lines().findIndex(finished('pg'))
    const outcome = outcomeOf(await daemon.saw(finished('pg'), first + 1))
    expect(outcome).toMatchObject({ result: 'applied', published: ['db.tar'] })
    expect(outcome.bytes).toBeLessThan(SIZE - kept + 40_000)
    const changed = await daemon.saw(({ type }) => type === 'spec-changed')
    expect(changed['diff']).toMatch(/^-.*timeout: 60s\n\+.*timeout: 90s$/m)
  })

  test('a one-off beside it: busy without a name, 5 with one; a second daemon is refused; SIGINT ends it with 130', async () => {
    const { at, daemon } = await halfWay()
    expect(await at.pass()).toMatchObject({ exitCode: 0, backups: [{ result: 'busy' }] })
    expect((await at.run('pg')).code).toBe(5)
    const second = await at.run('watch')
    expect(second.code).toBe(5)
    expect(second.stderr).toContain('another reconcile watch uses')
    daemon.command.kill('SIGINT')
    expect((await daemon.command).exitCode).toBe(130)
  })
})

describe('a daemon', () => {
  test('runs what came while it was away only when it is due, and all of it on SIGHUP', async () => {
    world = await makeWorld('local', { calls: 'here' })
    const pg = await backupIn(world, 'pg')
    await pg.offer('a.tar', 'one')
    const first = start(world)
    await first.saw(finished('pg'))
    expect(await first.stop()).toBe(0)

    await pg.offer('b.tar', 'two')
    const second = start(world)
    await second.saw(({ type }) => type === 'watching')
    const beat = join(world.state, 'watch.json')
    await until(
      async () => (JSON.parse(await readFile(beat, 'utf8')) as WatchBeat).pid === second.command.pid,
    )
    expect(second.lines().some(finished('pg'))).toBe(false)
    second.command.kill('SIGHUP')
    expect(outcomeOf(await second.saw(finished('pg')))).toMatchObject({ published: ['b.tar'] })
    expect(await second.saw(({ type }) => type === 'triggered')).toMatchObject({ causes: ['hangup'] })
  })

  test('obeys what was last good across restarts: a spec that is faulty now, a folder that is gone', async () => {
    world = await makeWorld('local', { calls: 'here' })
    const pg = await backupIn(world, 'pg')
    await pg.offer('a.tar', 'one')
    const first = start(world)
    await first.saw(finished('pg'))
    const sound = await readFile(join(world.specs, 'pg.yaml'), 'utf8')
    await writeFile(join(world.specs, 'pg.yaml'), `${sound}nonsense: 1\n`)
    expect(await first.saw(({ type }) => type === 'spec-broken')).toMatchObject({
      backup: 'pg',
      lastGood: true,
      fault: { file: join(world.specs, 'pg.yaml'), code: 'unknown-key' },
    })
    await first.stop()

    await pg.offer('b.tar', 'two')
    const second = start(world)
    await second.saw(({ type }) => type === 'spec-broken')
    second.command.kill('SIGHUP')
    expect(outcomeOf(await second.saw(finished('pg')))).toMatchObject({ published: ['b.tar'] })
    await writeFile(join(world.specs, 'pg.yaml'), sound)
    await second.saw(({ type }) => type === 'spec-mended')
    await rename(world.specs, `${world.specs}.away`)
    await second.saw(({ type }) => type === 'specs-unreadable')
    await second.stop()

    await pg.offer('c.tar', 'three')
    const third = start(world)
    await third.saw(({ type }) => type === 'specs-unreadable')
    third.command.kill('SIGHUP')
    expect(outcomeOf(await third.saw(finished('pg')))).toMatchObject({ published: ['c.tar'] })
    await third.stop()
    expect((await world.run('watch', '--specs', join(world.folder, 'nowhere'))).code).toBe(64)
  })

  test('more than half of the specs gone at once is a hold, which a release passes', async () => {
    world = await makeWorld('local', { calls: 'here' })
    const names = ['a', 'b', 'c']
    const backups = await Promise.all(names.map((name) => backupIn(world!, name)))
    for (const one of backups) await one.offer('x.tar', one.name)
    const daemon = start(world)
    for (const name of names) await daemon.saw(finished(name))
    for (const name of ['a', 'b']) await rm(join(world.specs, `${name}.yaml`))
    const held = await daemon.saw(({ type }) => type === 'specs-held')
    const { id } = held['hold'] as { readonly id: string }
    expect((await world.run('release', id, '--reason', 'they are done with')).code).toBe(0)
    const gone = await daemon.saw(({ type, backup }) => type === 'spec-removed' && backup === 'a')
    expect(gone['orphan']).toMatchObject({ backup: 'a', destination: backups[0]!.destination })
    expect(await backups[0]!.names()).toContain('x.tar')
  })
})

test('killed at any point, again and again, while specs and sources change: nothing is amiss at the end', async () => {
  world = await makeWorld('local', { calls: 'here' })
  const names = Array.from({ length: 6 }, (_, i) => `b${i}`)
  const backups = await Promise.all(names.map((name) => backupIn(world!, name)))
  const offered = new Map<string, Map<string, string>>(names.map((name) => [name, new Map()]))
  for (let round = 0; round < 8; round++) {
    const daemon = start(world)
    for (const [i, one] of backups.entries()) {
      const file = `dump-${round}.tar`
      const bytes = noise(20_000 * (1 + i), `${round} ${i}`)
      await one.offer(file, bytes)
      offered.get(one.name)!.set(file, bytes.toString('latin1'))
      if ((i + round) % 3 === 0) await one.declare({ select: { exclude: [`never-${round}`] } })
    }
    // Somewhere in what it does, each time a little further; all of them run, so that it always gets there.
    await until(() => daemon.lines().length > 0)
    if (round > 0) daemon.command.kill('SIGHUP')
    const lines = 1 + round * 3
    const allRan = (): boolean => names.every((name) => daemon.lines().some(finished(name)))
    await until(() => daemon.lines().length >= lines || allRan() || daemon.command.exitCode !== null)
    await new Promise((done) => setTimeout(done, 37 * round))
    daemon.command.kill('SIGKILL')
    await daemon.command
  }
  const last = start(world)
  await last.saw(({ type }) => type === 'watching')
  const beat = join(world.state, 'watch.json')
  await until(async () => {
    const { pid } = JSON.parse(await readFile(beat, 'utf8').catch(() => '{}')) as Partial<WatchBeat>
    return pid === last.command.pid
  })
  last.command.kill('SIGHUP')
  for (const one of backups) {
    await until(async () => {
      const held = await one.published().catch(() => new Map<string, string>())
      return [...offered.get(one.name)!].every(([file]) => held.has(`${file}.md5`))
    })
    const held = await one.published()
    for (const [file, bytes] of offered.get(one.name)!) expect(held.get(file)).toBe(bytes)
  }
  expect(await last.stop()).toBe(0)
  const { backups: outcomes, exitCode } = await world.pass()
  expect(exitCode).toBe(0)
  expect(outcomes.map(({ result }) => result)).toEqual(names.map(() => 'in-sync'))
})
