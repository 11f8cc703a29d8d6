import { renameSync } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isoTime } from '../../src/model/instant.ts'
import type { Notice } from '../../src/model/notice.ts'
import { type Backup, backupIn } from '../helpers/backup.ts'
import { type DaemonHere, daemonHere } from '../helpers/daemon-here.ts'
import { canMount, disksInTurn } from '../helpers/disk-small.ts'
import { stagedSize } from '../helpers/fault-checks.ts'
import { until } from '../helpers/fault-processes.ts'
import { makeValveWorld, type ValveWorld } from '../helpers/fault-valve.ts'
import { heartbeatTo, type Receiver, startReceiver, webhook } from '../helpers/receiver.ts'
import { makeWorld, noise, type World } from '../helpers/world.ts'

// The daemon, what people do and ask beside it, and whom it tells. Its clock is moved by hand; rsync, ssh and HTTP are real.

const MINUTE = 60_000
const HOUR = 60 * MINUTE

let world: World
let daemon: DaemonHere
let receiver: Receiver | null = null
afterEach(async () => {
  await daemon.stop().catch(() => {})
  await receiver?.end()
  receiver = null
  await world.end()
})

const start = (over: Partial<DaemonHere['settings']> = {}): DaemonHere => {
  daemon = daemonHere({ specs: { kind: 'folder', path: world.specs }, state: world.state, ...over })
  return daemon
}
const status = async (name: string) => {
  const { backups } = await world.status(name, '--as-of', isoTime(daemon.clock.now()))
  return backups[0]!
}
const conditionsOf = (one: Awaited<ReturnType<typeof status>>) =>
  Object.fromEntries(one.conditions.map((condition) => [condition.type, condition]))

describe('a transfer that is under way', () => {
  let at: ValveWorld
  const data = noise(4_000_000)
  beforeEach(async () => {
    world = at = await makeValveWorld({ calls: 'here' })
    await at.offer('db.tar', data)
    await at.closeAfter(2_000_000)
  })

  const halfWay = async () => {
    await at.reached()
    await until(async () => (await stagedSize(at, 'db.tar')) > 1_300_000)
    return stagedSize(at, 'db.tar')
  }

  test('is stopped by `suspend`, and goes on after `resume` where it was', async () => {
    await at.declare()
    start()
    const kept = await halfWay()
    expect((await at.run('suspend', 'pg', '--reason', 'disk swap')).code).toBe(0)
    expect(await daemon.saw('stopped-run')).toMatchObject({ backup: 'pg', why: 'it is suspended' })
    await daemon.finished('pg')
    expect(await status('pg')).toMatchObject({ state: 'suspended' })
    // Its schedule comes by, and a person asks for all of them.
    let from = daemon.mark()
    daemon.hangup()
    expect(await daemon.finished('pg', from)).toMatchObject({ result: 'suspended', bytes: 0 })

    from = daemon.mark()
    await at.run('resume', 'pg')
    expect(await daemon.saw('triggered', () => true, from)).toMatchObject({ causes: ['resumed'] })
    const outcome = await daemon.finished('pg', from)
    expect(outcome).toMatchObject({ published: ['db.tar'], exitCode: 0 })
    expect(outcome.bytes).toBeLessThan(data.length - kept + 40_000)
  })

  test('is stopped where its timetable says off, and goes on at the end of that', async () => {
    const time = (ms: number) => new Date(Date.now() + ms).toISOString().slice(11, 16)
    const bandwidth = [{ from: time(HOUR), to: time(3 * HOUR), rate: 'off' }]
    await at.declare('pg', { transfer: { timezone: 'UTC', bandwidth }, schedule: { every: '1d' } })
    start()
    const kept = await halfWay()
    const begin = daemon.clock.now()
    await daemon.clock.advance(HOUR + MINUTE)
    expect(await daemon.finished('pg')).toMatchObject({ result: 'incomplete', exitCode: 0 })
    const from = daemon.mark()
    daemon.pace = MINUTE / 2
    expect(await daemon.saw('triggered', () => true, from)).toMatchObject({ causes: ['timetable'] })
    daemon.pace = 1_000
    const passed = daemon.clock.now() - begin
    expect(passed).toBeGreaterThan(3 * HOUR - 2 * MINUTE)
    expect(passed).toBeLessThan(3 * HOUR + 2 * MINUTE)
    const outcome = await daemon.finished('pg', from)
    expect(outcome).toMatchObject({ published: ['db.tar'] })
    expect(outcome.bytes).toBeLessThan(data.length - kept + 40_000)
  })
})

describe('whoever the settings name', () => {
  let pg: Backup
  const urlFile = async (name: string): Promise<string> => {
    receiver ??= await startReceiver()
    const file = join(world.folder, name)
    await writeFile(file, `${receiver.origin}/${name}`, { mode: 0o600 })
    return file
  }
  const hook = async (name: string) => webhook(await urlFile(name))
  const told = () =>
    (receiver?.received ?? []).map(({ url, body }) =>
      body.startsWith('{') ? `${url} ${(JSON.parse(body) as Notice).kind}` : url,
    )
  // A change is seen by its second at the latest.
  let mtime = Math.floor(Date.now() / 1000)
  const offer = (bytes: string) => pg.offer('a.tar', bytes, { mtime: ++mtime })
  const passNow = async () => {
    const from = daemon.mark()
    daemon.hangup()
    return daemon.finished('pg', from)
  }
  beforeEach(async () => {
    world = await makeWorld('local', { calls: 'here' })
    pg = await backupIn(world, 'pg')
    await pg.offer('a.tar', 'one')
  })

  test.skipIf(!canMount())(
    'of disks that take turns is told of one that is new, and of lateness, but not that none is there',
    async () => {
      const mount = join(world.folder, 'offsite')
      const disks = disksInTurn(world.folder, mount)
      try {
        disks.insert('a')
        const destination = { path: join(mount, 'pg'), mount, rotate: true }
        await pg.declare({ destination, schedule: { every: '1h' }, expect: { every: '24h' } })
        start({ notify: [await hook('ops')] })
        const next = async () => {
          const from = daemon.mark()
          await daemon.clock.advance(61 * MINUTE)
          return daemon.finished('pg', from)
        }
        expect(await daemon.finished('pg')).toMatchObject({ published: ['a.tar'], exitCode: 0 })
        disks.eject()
        for (let passes = 0; passes < 2; passes++)
          expect(await next()).toMatchObject({ halt: { code: 'not-mounted' } })
        // The daemon writes down what comes next once it has it, or a minute later.
        await daemon.until(async () => (await status('pg')).nextRun !== null)
        expect(await status('pg')).toMatchObject({
          state: 'ok',
          nextRun: expect.any(String),
          disks: [{ here: false }],
        })
        expect(told()).toEqual([])
        disks.insert('b')
        const { holds } = await next()
        await until(() => told().length === 1)
        expect(told()).toEqual(['/ops held'])
        expect((await world.run('release', holds[0]!.id, '--reason', 'new')).code).toBe(0)
        expect(await daemon.finished('pg', daemon.mark())).toMatchObject({
          published: ['a.tar'],
          exitCode: 0,
        })
        await until(() => told().length === 2)
        // Plugged in between two passes, and known.
        disks.insert('a')
        expect(await next()).toMatchObject({ result: 'in-sync', holds: [] })
        disks.eject()
        while ((await status('pg')).state !== 'late') await next()
        await daemon.until(() => told().length > 2)
        expect(told()).toEqual(['/ops held', '/ops recovered', '/ops late'])
      } finally {
        await daemon.stop()
        disks.eject()
      }
    },
  )

  test('is told of a conflict once, and that it is over; the heartbeat fails and comes back', async () => {
    start({ notify: [await hook('ops')], heartbeat: heartbeatTo(await urlFile('beat')) })
    await daemon.finished('pg')
    await until(() => told().length === 1)
    for (const bytes of ['two', 'two', 'one']) {
      await offer(bytes)
      await passNow()
      await until(() => told().length >= (bytes === 'one' ? 5 : 3))
    }
    expect(told().filter((one) => one.startsWith('/ops'))).toEqual(['/ops conflict', '/ops recovered'])
    expect(told().filter((one) => one.startsWith('/beat'))).toEqual(['/beat', '/beat/fail', '/beat'])
  })

  test('is told once that a spec is faulty, whatever runs by the last good one come to, and when it is mended', async () => {
    start({ notify: [await hook('ops')], heartbeat: heartbeatTo(await urlFile('beat')) })
    await daemon.finished('pg')
    await until(() => told().length === 1)
    const file = join(world.specs, 'pg.yaml')
    const good = await readFile(file, 'utf8')
    await writeFile(file, `${good}x: 1\n`)
    await daemon.saw('spec-broken')
    await until(() => told().length === 3)
    expect(await passNow()).toMatchObject({ exitCode: 0 })
    expect(await passNow()).toMatchObject({ exitCode: 0 })
    const urlFiles = `notify: [{ urlFile: ${join(world.folder, 'ops')} }]`
    await writeFile(join(world.folder, 'box.yaml'), `version: 1\n${urlFiles}\n`)
    expect((await world.run('--config', join(world.folder, 'box.yaml'))).code).toBe(3)
    expect(told().slice(1).sort()).toEqual(['/beat/fail', '/ops failing'])
    // Back as it was: there is nothing to run for, and all is well at once.
    await writeFile(file, good)
    await daemon.saw('spec-mended')
    await until(() => told().length === 4)
    await passNow()
    await until(() => told().length === 5)
    expect(told().slice(3)).toEqual(['/ops recovered', '/beat'])
    // One that never ran, and is taken back.
    const other = join(world.specs, 'other.yaml')
    await writeFile(other, 'colour: red\n')
    await daemon.until(() => told().length === 7)
    await rm(other)
    await daemon.until(() => told().length === 8)
    expect(told().slice(5).sort()).toEqual(['/beat/fail', '/ops failing', '/ops recovered'])
    // One that ran, and goes while it is faulty.
    await (await backupIn(world, 'web')).offer('b.tar', 'two')
    await daemon.finished('web')
    const before = told().length
    await writeFile(join(world.specs, 'web.yaml'), 'colour: red\n')
    await daemon.until(() => told().slice(before).includes('/ops failing'))
    await rm(join(world.specs, 'web.yaml'))
    await daemon.until(() => told().slice(before).includes('/ops recovered'))
  })

  test('is told once of what stops many backups for one cause, and of its end', async () => {
    const whom = () =>
      (receiver?.received ?? []).map(({ body }) => {
        const { backup, kind } = JSON.parse(body) as Notice
        return `${backup}: ${kind}`
      })
    const defaults = join(world.specs, '_defaults.yaml')
    await writeFile(defaults, 'transfer: { order: oldest }\n')
    await (await backupIn(world, 'web')).offer('b.tar', 'two')
    for (const name of ['pg', 'web']) expect((await world.run(name)).code).toBe(0)
    await rename(world.state, `${world.state}.old`)
    start({ notify: [await hook('ops')] })
    for (const name of ['pg', 'web']) await daemon.finished(name)
    await until(() => whom().length === 1)
    const from = daemon.mark()
    await world.run('release', '--all-destinations', '--reason', 'new box')
    daemon.hangup()
    for (const name of ['pg', 'web']) await daemon.finished(name, from)
    await until(() => whom().length === 2)
    await rm(defaults)
    await daemon.until(() => whom().length === 3)
    await writeFile(defaults, 'transfer: { order: oldest }\n')
    await daemon.until(() => whom().length === 4)
    expect(whom()).toEqual(['held', 'recovered', 'held', 'recovered'].map((kind) => `all backups: ${kind}`))
  })

  test('is told once that the folder of specs cannot be read, and of its end', async () => {
    start({ notify: [await hook('ops')] })
    await daemon.finished('pg')
    await rename(world.specs, `${world.specs}.gone`)
    await daemon.until(() => told().length === 1)
    await passNow()
    await rename(`${world.specs}.gone`, world.specs)
    await daemon.until(() => told().length === 2)
    expect(told()).toEqual(['/ops failing', '/ops recovered'])
  })

  test('may be others after SIGHUP', async () => {
    start({ notify: [await hook('old')] })
    await daemon.finished('pg')
    await offer('two')
    expect(await passNow()).toMatchObject({ exitCode: 6 })
    await until(() => told().length === 1)
    daemon.settings = {
      ...daemon.settings,
      notify: [await hook('new')],
      heartbeat: heartbeatTo(await urlFile('beat')),
    }
    await passNow()
    await until(() => told().includes('/new conflict'))
    await offer('one')
    await passNow()
    await until(() => told().includes('/beat'))
    await until(() => told().includes('/new recovered'))
    expect(told().filter((one) => one.startsWith('/old'))).toEqual(['/old conflict'])
    // Nobody at all, from now on.
    daemon.settings = { ...daemon.settings, notify: [], heartbeat: null }
    await offer('two')
    expect(await passNow()).toMatchObject({ exitCode: 6 })
    const before = told().length
    await daemon.stop()
    expect(told()).toHaveLength(before)
  })

  test('is told once of what gets late without a pass, and status shows it', async () => {
    await pg.declare({ expect: { every: '6h', grace: '1h' }, schedule: { every: '7d' } })
    start({ notify: [await hook('ops')] })
    await daemon.finished('pg')
    await daemon.clock.advance(6 * HOUR)
    // Once the daemon has said that it lives, by a clock that is hours ahead now.
    await daemon.until(async () => (await status('pg')).state === 'ok')
    expect(told()).toEqual([])
    daemon.pace = MINUTE
    await daemon.until(() => told().length > 0)
    expect(await status('pg')).toMatchObject({
      state: 'late',
      series: [{ state: 'late', cause: 'not-looked' }],
    })
    daemon.pace = 1_000
    // The next pass knows the cause, and it is the same lateness.
    expect(await passNow()).toMatchObject({
      late: [{ message: expect.stringContaining('the producer is silent') }],
    })
    await daemon.clock.advance(HOUR)
    expect(told()).toEqual(['/ops late'])

    await pg.offer('b.tar', 'two', { mtime: Math.floor(daemon.clock.now() / 1000) })
    await passNow()
    await until(() => told().length === 2)
    expect(told()[1]).toBe('/ops recovered')

    // Suspended, it gets late all the same.
    await world.run('suspend', 'pg', '--reason', 'x')
    daemon.pace = MINUTE
    await daemon.until(() => told().length === 3)
    expect(told()[2]).toBe('/ops late')
    const now = await status('pg')
    expect(now.state).toBe('suspended')
    expect(conditionsOf(now)).toMatchObject({ Fresh: { status: 'false', reason: 'late' } })
  })
})

describe('status beside it', () => {
  let pg: Backup
  beforeEach(async () => {
    world = await makeWorld('local', { calls: 'here' })
    pg = await backupIn(world, 'pg')
    await pg.offer('a.tar', 'one')
    start()
    await daemon.finished('pg')
  })

  test('a faulty spec: the backup as its last good one has it, and where the fault is', async () => {
    const file = join(world.specs, 'pg.yaml')
    await writeFile(file, 'version: 1\nsource:\n  path: /x\nnonsense: 1\ndestination: { path: /elsewhere }\n')
    await daemon.saw('spec-broken')
    const found = daemon.clock.now()
    daemon.pace = 100
    await daemon.until(async () => (await status('pg')).watch?.lastGood === true)
    daemon.pace = 1_000
    // The first word after it says so, and not the one a minute later.
    expect(daemon.clock.now() - found).toBeLessThan(MINUTE / 2)
    const broken = await status('pg')
    await daemon.clock.advance(3_000)
    const sinces = (one: typeof broken) => one.conditions.map(({ type, since }) => `${type} ${since}`)
    expect(sinces(await status('pg'))).toEqual(sinces(broken))
    expect(broken).toMatchObject({
      state: 'failed',
      destination: pg.destination,
      lastSuccess: expect.any(String),
      bytes: 3,
      nextRun: expect.any(String),
    })
    expect(conditionsOf(broken)).toMatchObject({
      Ready: { status: 'false', reason: 'spec-invalid' },
      SpecValid: {
        status: 'false',
        reason: 'unknown-key',
        message: expect.stringMatching(/pg\.yaml:4:1: .*; watch obeys the last good spec$/),
      },
      SourceReachable: { status: 'true' },
    })
    const text = await world.run('status', '--as-of', isoTime(daemon.clock.now()))
    expect(text.code).toBe(3)
    expect(text.stdout).toContain('watch uses the last good')
    expect(text.stdout).not.toContain('does not run')

    // Once the daemon is gone, nobody obeys it.
    await daemon.stop()
    // What its destination shows is shown all the same.
    expect(await status('pg')).toMatchObject({ destination: pg.destination, watch: null, state: 'failed' })
  })

  test('more than half of the specs gone: each one is held at once, also those that are there, until they are back', async () => {
    // However long this machine takes, none of them is due again.
    const schedule = { every: '7d' }
    await pg.declare({ schedule })
    const other = await backupIn(world, 'other', { schedule })
    const third = await backupIn(world, 'third', { schedule })
    for (const one of [other, third]) await one.offer('a.tar', 'one')
    await daemon.finished('other')
    await daemon.finished('third')
    const all = async () =>
      (await world.status('--as-of', isoTime(daemon.clock.now()))).backups
        .map((one) => `${one.backup} ${one.state} ${conditionsOf(one)['Held']?.reason}`)
        .sort()
    const as = (word: string) => ['other', 'pg', 'third'].map((name) => `${name} ${word}`)
    await daemon.until(async () => (await all()).join() === as('ok not-held').join())
    // suspend and resume go by the real clock: what the daemon writes must not be minutes ahead of that.
    daemon.pace = 20
    const from = daemon.mark()
    // At once: between two of them the daemon could look, and one that is gone is no hold.
    for (const name of ['other', 'third'])
      renameSync(join(world.specs, `${name}.yaml`), join(world.folder, `${name}.yaml`))
    await daemon.saw('specs-held')
    await daemon.until(async () => (await all()).join() === as('held specs-gone').join())
    expect(daemon.events.slice(from).filter(({ type }) => type === 'triggered')).toEqual([])
    const { code, stdout } = await world.run('status', '--check', '--as-of', isoTime(daemon.clock.now()))
    expect([code, stdout]).toEqual([1, expect.stringContaining('more than half of the specs are gone')])
    // Those that are gone can be looked at and stopped by name: the daemon runs them.
    const now = ['--as-of', isoTime(daemon.clock.now())]
    expect((await world.run('status', '--check', 'other', ...now)).stdout).toMatch(
      /^RECONCILE WARNING - more than half.*; 1 of 1 not well for that[\s\S]*reconcile release \w+ --reason/,
    )

    daemon.hangup()
    expect(await daemon.finished('third', from)).toMatchObject({ holds: [{ code: 'specs-gone' }] })
    expect((await world.run('suspend', 'other', '--reason', 'x')).code).toBe(0)
    expect((await world.run('resume', 'other')).code).toBe(0)
    for (const name of ['other', 'third'])
      await rename(join(world.folder, `${name}.yaml`), join(world.specs, `${name}.yaml`))
    await daemon.saw('specs-hold-over')
    await daemon.until(async () => (await all()).join() === as('ok not-held').join())
  })

  test('one that waits to try again: when, and after how many failures', async () => {
    await rename(pg.source, `${pg.source}.down`)
    daemon.hangup()
    await daemon.saw('backing-off', ({ failures }) => failures >= 2)
    await daemon.until(async () => ((await status('pg')).watch?.failures ?? 0) >= 2)
    const { nextRun, watch, conditions } = await status('pg')
    expect(nextRun).toBe(watch?.nextRun)
    expect(conditions[0]?.message).toMatch(/; watch tries again at \S+Z, after \d+ failures in a row$/)
    await rm(`${pg.source}.down`, { recursive: true })
  })
})
