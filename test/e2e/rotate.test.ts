import { execFileSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { BackupOutcome } from '../../src/model/outcome.ts'
import type { BackupStatus } from '../../src/model/status.ts'
import { type Backup, backupIn } from '../helpers/backup.ts'
import { kill, otherHolder, untilSomebodyWaits } from '../helpers/disk-sharers.ts'
import { canMount, canMountImages, disksInTurn } from '../helpers/disk-small.ts'
import { treeOf } from '../helpers/tree.ts'
import { makeWorld, noise, publishedIn, type World } from '../helpers/world.ts'

// Disks that take turns at one mount point: folders that are mounted and unmounted, and a clock that is set by hand.

const HOUR = 3600_000
const DAY = 24 * HOUR
const START = Date.UTC(2026, 10, 1, 12)
const POINTS = { series: { pattern: 'db-{YYYY}-{MM}-{DD}.tar', timezone: 'UTC' } }
const DAILY = { ...POINTS, expect: { every: '24h', grace: '12h' } }

describe.skipIf(!canMount())('disks that take turns', () => {
  let world: World
  let disks: ReturnType<typeof disksInTurn>
  let at: Backup
  let now = START

  beforeEach(async () => {
    now = START
    vi.useFakeTimers({ toFake: ['Date'], now })
    world = await makeWorld('local', { calls: 'here' })
    disks = disksInTurn(world.folder, join(world.folder, 'offsite'))
    at = await backupIn(world, 'db', spec())
  })
  afterEach(async () => {
    disks.eject()
    vi.useRealTimers()
    await world.end()
  })

  function spec(over: Readonly<Record<string, unknown>> = {}, near: object = {}) {
    const mount = join(world.folder, 'offsite')
    return { destination: { path: join(mount, 'db'), mount, rotate: true, ...near }, ...over }
  }
  const pass = (milliseconds: number) => {
    now += milliseconds
    vi.setSystemTime(now)
  }
  const dayOf = (time: number) => `db-${new Date(time).toISOString().slice(0, 10)}.tar`
  /** The file of this day. */
  const make = (time = now) => at.offer(dayOf(time), `of ${dayOf(time)}`, { mtime: time / 1000 })
  const on = async (name: string) =>
    [...(await publishedIn(join(disks.path(name), 'db'))).keys()].filter((path) => !path.endsWith('.md5'))
  const status = async (): Promise<BackupStatus> => (await world.status('db')).backups[0]!
  const release = (...words: string[]) => world.run('release', ...words, '--reason', 'it is ours')
  const held = (outcome: BackupOutcome): string => {
    expect(outcome).toMatchObject({
      result: 'halted',
      exitCode: 7,
      published: [],
      holds: [expect.anything()],
    })
    return outcome.holds[0]!.id
  }
  /** A disk that was never here gets its first pass. */
  async function admit(name: string) {
    disks.insert(name)
    const [hold] = (await at.pass()).holds
    if (hold !== undefined) expect(await release(hold.id)).toMatchObject({ code: 0 })
    expect(await at.pass()).toMatchObject({ holds: [], exitCode: 0 })
  }

  test('a new one asks once, by its name; known ones come and go without a word, and each gets what it lacks', async () => {
    await make()
    disks.insert('a')
    expect(await at.pass()).toMatchObject({ holds: [], published: [dayOf(now)], exitCode: 0 })
    disks.insert('b')
    const outcome = await at.pass()
    const id = held(outcome)
    expect(outcome.holds[0]).toMatchObject({
      code: 'destination-unknown',
      message: expect.stringMatching(
        /^the disk at .*offsite, .*, is new to .*offsite\/db, which knows .*\(last here 2026-11-01\)\. It holds no destination yet\./,
      ),
    })
    expect(existsSync(join(disks.path('b'), 'db'))).toBe(false)
    expect(held(await at.pass())).toBe(id)
    // Another one in between is no answer to it, nor is it asked anew.
    disks.insert('a')
    expect(await at.pass()).toMatchObject({ holds: [], exitCode: 0 })
    expect(await release(id)).toMatchObject({ code: 64 })
    disks.insert('b')
    expect(held(await at.pass())).toBe(id)
    expect(await release(id)).toMatchObject({ code: 0 })
    pass(DAY)
    await make()
    const both = [dayOf(START), dayOf(now)]
    expect(await at.pass()).toMatchObject({ published: both, holds: [], exitCode: 0 })
    for (const name of ['a', 'b', 'a', 'b']) {
      disks.insert(name)
      expect(await at.pass()).toMatchObject({ holds: [], exitCode: 0 })
      expect(await on(name)).toEqual(both)
    }
    const ids = await Promise.all(
      ['a', 'b'].map((name) => readFile(join(disks.path(name), 'db/.reconcile/id'), 'utf8')),
    )
    expect(new Set(ids).size).toBe(2)
    const ledger = await readFile(join(disks.path('b'), 'db/.reconcile/ledger.jsonl'), 'utf8')
    expect(ledger).toContain('"reason":"it is ours"')
  })

  test('none is mounted: the pass halts, and status goes by what is known of each until nobody has looked for too long', async () => {
    await at.declare(spec(DAILY))
    await make()
    await admit('a')
    await admit('b')
    pass(HOUR)
    disks.eject()
    expect(await at.pass()).toMatchObject({ result: 'halted', exitCode: 7, halt: { code: 'not-mounted' } })
    expect(existsSync(join(world.folder, 'offsite/db'))).toBe(false)
    const newest = `${dayOf(START).slice(3, 13)}T23:59:59.999Z`
    const away = { here: false, lastHere: expect.stringMatching(/^2026-11-01T12/), newest }
    expect(await status()).toMatchObject({
      state: 'ok',
      exitCode: 7,
      series: [{ state: 'ok', points: 1, newest }],
      disks: [away, away],
    })
    expect(await world.run('status', '--check')).toMatchObject({ code: 0 })
    expect((await world.run('status')).stdout).toMatch(/^.*all fine|fine.*\n/)
    // The source has new points, and nobody can look.
    pass(25 * HOUR)
    expect(await status()).toMatchObject({ state: 'ok' })
    pass(3 * HOUR)
    expect(await status()).toMatchObject({
      state: 'unknown',
      conditions: expect.arrayContaining([
        expect.objectContaining({
          type: 'Ready',
          reason: 'overdue',
          message: expect.stringMatching(/none of its disks is mounted.*schedule/),
        }),
      ]),
    })
    expect(await world.run('status', '--check')).toMatchObject({ code: 2 })
    expect(await at.pass()).toMatchObject({ exitCode: 7 })
    pass(24 * HOUR)
    expect(await at.pass()).toMatchObject({ exitCode: 7 })
    expect(await status()).toMatchObject({ state: 'late', series: [{ state: 'late' }] })
    // Passes of cron say so too, for whoever is notified.
    expect(await at.pass()).toMatchObject({ exitCode: 7, late: [{ series: 'db' }] })
    disks.insert('a')
    await make()
    expect(await at.pass()).toMatchObject({ published: [dayOf(now)], problems: [], late: [], exitCode: 0 })
    expect(await status()).toMatchObject({ state: 'ok', disks: [{ here: true }, { here: false }] })
  })

  test('with a schedule that says so, they may be away for longer; lateness comes when expect says it', async () => {
    await at.declare(spec({ ...POINTS, schedule: { every: '2d' }, expect: { every: '48h', grace: '24h' } }))
    await make()
    await admit('a')
    disks.eject()
    pass(3 * DAY)
    expect(await at.pass()).toMatchObject({ exitCode: 7 })
    expect(await status()).toMatchObject({ state: 'ok', series: [{ state: 'due' }] })
    pass(DAY)
    expect(await status()).toMatchObject({ state: 'late', exitCode: 7 })
    expect(await world.run('status', '--check')).toMatchObject({ code: 2 })
  })

  test('expect is met by either, and status says which is how old, before and after the next pass', async () => {
    await at.declare(spec(DAILY))
    await make()
    await admit('b')
    await admit('a')
    for (let day = 0; day < 6; day++) {
      pass(DAY)
      await make()
      expect(await at.pass()).toMatchObject({ exitCode: 0 })
    }
    disks.insert('b')
    pass(HOUR)
    const [a, b] = [`${dayOf(now).slice(3, 13)}T23:59:59.999Z`, `${dayOf(START).slice(3, 13)}T23:59:59.999Z`]
    const swapped = await status()
    expect(swapped).toMatchObject({
      state: 'pending',
      exitCode: 0,
      series: [{ state: 'ok', newest: a }],
      disks: [
        { here: true, newest: b, lastHere: '2026-11-01T12:00:00Z' },
        { here: false, newest: a },
      ],
    })
    expect(swapped.conditions).toContainEqual(
      expect.objectContaining({ type: 'Ready', reason: 'disk-swapped' }),
    )
    expect(await world.run('status', '--check')).toMatchObject({ code: 0 })
    const text = (await world.run('status')).stdout
    expect(text).toMatch(/: here, newest 5\.5 d ago\n.*: away, last here 60 min ago, newest today\n/)
    const detail = (await world.run('status', 'db')).stdout
    for (const { id } of swapped.disks!) expect(detail).toContain(`disk ${id.slice(0, 8)}`)
    const metrics = (await world.run('status', '--output', 'prometheus')).stdout
    for (const { id, here } of swapped.disks!)
      expect(metrics).toContain(`reconcile_disk_here{backup="db",disk="${id}",label=""} ${here ? 1 : 0}`)
    expect(metrics.match(/^reconcile_disk_newest_point_timestamp_seconds\{/gm)).toHaveLength(2)
    // The source cannot be looked at, and this disk's own newest point is old.
    await rename(at.source, `${at.source}-away`)
    expect(await at.pass()).toMatchObject({ result: 'failed', late: [] })
    await rename(`${at.source}-away`, at.source)
    expect(await at.pass()).toMatchObject({ late: [], exitCode: 0 })
    expect(await on('b')).toEqual(await on('a'))
    expect(await status()).toMatchObject({ state: 'ok', disks: [{ here: true, newest: a }, { newest: a }] })
  })

  test('restore says that a disk which is away has something newer', async () => {
    await make()
    await admit('b')
    await admit('a')
    const restore = () => world.run('restore', 'db', '--at', 'now', '--to', join(world.folder, `out-${now}`))
    expect(await restore()).toMatchObject({ code: 0, stderr: '' })
    pass(DAY)
    await make()
    expect(await at.pass()).toMatchObject({ exitCode: 0 })
    disks.insert('b')
    const ended = await restore()
    expect([ended.code, ended.stderr.replace(/\s+/g, ' ')]).toEqual([
      0,
      expect.stringMatching(/^The disk \S+, which is away, has newer points of \S+\. ?$/),
    ])
  })

  test('what a disk holds and the other does not is pulled for as long as the source has it', async () => {
    await make()
    await admit('a')
    await admit('b')
    pass(DAY)
    await make()
    expect(await at.pass()).toMatchObject({ published: [dayOf(now)] })
    await rm(join(at.source, dayOf(now)))
    await rm(join(at.source, `${dayOf(now)}.md5`))
    disks.insert('a')
    expect(await at.pass()).toMatchObject({ published: [], lost: [], exitCode: 0 })
    expect([await on('a'), await on('b')]).toEqual([[dayOf(START)], [dayOf(START), dayOf(now)]])
  })

  test('an outcome says which one it is of, and which were away', async () => {
    await make()
    await admit('a')
    expect(await at.pass()).toMatchObject({ turn: { disk: expect.any(String), away: [] } })
    const a = (await at.pass()).turn!.disk
    await admit('b')
    const { disk: b } = (await at.pass()).turn!
    expect(await at.pass()).toMatchObject({ turn: { disk: b, away: [a] } })
    disks.insert('a')
    expect(await at.pass()).toMatchObject({ turn: { disk: a, away: [b] } })
  })

  test('I9: the first pass over one that is back removes nothing, and asks nothing; then each goes by its own ledger', async () => {
    const rules = {
      ...DAILY,
      retain: { last: 3 },
      prune: { mode: 'auto', keepAtLeast: 2, minAge: '1d', trashFor: '1d' },
    }
    await at.declare(spec(rules))
    await make()
    const days = async (count: number) => {
      const outcomes: BackupOutcome[] = []
      for (let day = 0; day < count; day++) {
        pass(DAY)
        await make()
        outcomes.push(await at.pass())
      }
      return outcomes
    }
    await admit('a')
    await admit('b')
    const first = await days(8)
    expect(first.flatMap(({ pruned }) => pruned).length).toBeGreaterThan(0)
    const before = await on('b')
    disks.insert('a')
    for (const outcome of await days(14)) expect(outcome).toMatchObject({ problems: [], holds: [], late: [] })
    disks.insert('b')
    pass(HOUR)
    const plan = await at.plan()
    expect([plan.problems, plan.holds, plan.summary.prune, plan.summary.expire]).toEqual([[], [], 0, 0])
    const back = await at.pass()
    expect(back).toMatchObject({ pruned: [], problems: [], holds: [], late: [], warnings: [], exitCode: 0 })
    expect(await on('b')).toEqual(expect.arrayContaining(before))
    const later = await days(4)
    for (const outcome of later) expect(outcome).toMatchObject({ problems: [], holds: [], late: [] })
    expect(later.flatMap(({ pruned }) => pruned).length).toBeGreaterThan(0)
    for (const name of ['a', 'b']) expect((await on(name)).length).toBeGreaterThanOrEqual(3)
  })

  test('I9: a cliff and a shrunken listing are asked about once, not once a disk; but where more would fall, again', async () => {
    const rules = (last: number) => ({
      ...DAILY,
      retain: { last },
      prune: { mode: 'auto', keepAtLeast: 1, minAge: '1d', trashFor: '1d' },
    })
    await at.declare(spec(rules(12)))
    for (let day = 0; day < 12; day++) await make(START - day * DAY)
    await admit('a')
    await admit('b')
    for (let day = 0; day < 3; day++) {
      pass(DAY)
      await make()
      expect(await at.pass()).toMatchObject({ problems: [], exitCode: 0 })
    }
    await make()
    expect(await at.pass()).toMatchObject({ holds: [], exitCode: 0 })
    disks.insert('a')
    expect(await at.pass()).toMatchObject({ holds: [], exitCode: 0 })
    pass(HOUR)
    await at.declare(spec(rules(4)))
    const asked = await at.pass()
    expect(asked.holds).toMatchObject([{ code: 'prune-cliff' }])
    expect(await release(asked.holds[0]!.id)).toMatchObject({ code: 0 })
    expect(await at.pass()).toMatchObject({ holds: [] })
    // Most of what is at the source goes.
    for (let day = 1; day < 12; day++) {
      await rm(join(at.source, dayOf(START - day * DAY)))
      await rm(join(at.source, `${dayOf(START - day * DAY)}.md5`))
    }
    pass(2 * DAY)
    await make()
    const shrank = await at.pass()
    expect(shrank.holds).toMatchObject([{ code: 'prune-listing-shrank' }])
    expect(await release(shrank.holds[0]!.id)).toMatchObject({ code: 0 })
    expect((await at.pass()).pruned.length).toBeGreaterThan(0)
    disks.insert('b')
    for (let day = 0; day < 3; day++) {
      pass(DAY)
      await make()
      const outcome = await at.pass()
      expect(outcome).toMatchObject({ holds: [], problems: [], late: [] })
      if (day === 0) expect(outcome.pruned).toEqual([])
    }
    expect((await on('b')).length).toBeGreaterThanOrEqual(4)
  })

  test('a policy that changed while a disk with little on it was here asks about the one with much', async () => {
    const rules = (last: number) => ({
      ...DAILY,
      retain: { last },
      prune: { mode: 'auto', keepAtLeast: 1, minAge: '1d', trashFor: '1d' },
    })
    await at.declare(spec(rules(12)))
    for (let day = 0; day < 12; day++) await make(START - day * DAY)
    await admit('a')
    for (let day = 0; day < 3; day++) {
      pass(DAY)
      await make()
      expect(await at.pass()).toMatchObject({ problems: [], exitCode: 0 })
    }
    for (let day = 0; day < 12; day++) {
      await rm(join(at.source, dayOf(START - day * DAY)))
      await rm(join(at.source, `${dayOf(START - day * DAY)}.md5`))
    }
    await admit('b')
    expect(await on('b')).toHaveLength(3)
    await at.declare(spec(rules(2)))
    pass(HOUR)
    expect(await at.pass()).toMatchObject({ holds: [] })
    disks.insert('a')
    expect(await at.pass()).toMatchObject({ pruned: [], holds: [] })
    pass(HOUR)
    expect((await at.pass()).holds).toMatchObject([{ code: 'prune-cliff' }])
  })

  test('one that is lost is forgotten at a word, for all backups, and would be asked about again', async () => {
    const other = await backupIn(world, 'web', {
      destination: { ...spec().destination, path: join(world.folder, 'offsite/web') },
    })
    await other.offer('w.tar', 'w')
    await make()
    await admit('a')
    expect(await other.pass()).toMatchObject({ exitCode: 0 })
    disks.insert('b')
    expect((await world.pass()).backups).toMatchObject([{ holds: [{}] }, { holds: [{}] }])
    expect(await release('--all-destinations')).toMatchObject({ code: 0 })
    expect(await world.pass()).toMatchObject({ exitCode: 0 })
    const [a] = (await status()).disks!.filter(({ here }) => !here)
    expect(await release('--forget-disk', 'nothing')).toMatchObject({ code: 64 })
    const [b] = (await status()).disks!.filter(({ here }) => here)
    expect(await release('--forget-disk', b!.id)).toMatchObject({ code: 64 })
    expect(await release('--forget-disk', a!.id.slice(0, 8))).toMatchObject({ code: 0 })
    expect((await status()).disks).toMatchObject([{ id: b!.id }])
    disks.insert('a')
    held(await at.pass())
    expect(await readFile(join(world.state, 'rotations.json'), 'utf8')).toContain('it is ours')
  })

  test('the state folder is lost: one message, and then each is asked about as it comes', async () => {
    await make()
    await admit('a')
    await admit('b')
    await rm(world.state, { recursive: true })
    const { problems, backups } = await world.pass()
    expect(problems).toMatchObject([{ code: 'state-lost' }])
    expect(backups[0]!.holds).toMatchObject([{ code: 'destination-unknown' }])
    expect(await release('--all-destinations')).toMatchObject({ code: 0 })
    expect(await at.pass()).toMatchObject({ holds: [], exitCode: 0 })
    disks.insert('a')
    const lost = await world.pass()
    expect(lost.problems).toEqual([])
    expect(await release(held(lost.backups[0]!))).toMatchObject({ code: 0 })
    expect(await at.pass()).toMatchObject({ holds: [], exitCode: 0 })
    disks.insert('b')
    expect(await at.pass()).toMatchObject({ holds: [], exitCode: 0 })
  })

  test('what is known of them is damaged: a problem of the box, and it says which file', async () => {
    await make()
    await admit('a')
    await writeFile(join(world.state, 'rotations.json'), '{')
    expect(await at.pass()).toMatchObject({
      published: [],
      problems: [{ code: 'state-damaged' }],
      exitCode: 1,
    })
    expect((await world.status()).problems).toMatchObject([{ code: 'state-damaged' }])
    await rm(join(world.state, 'rotations.json'))
    expect(await at.pass()).toMatchObject({ holds: [], exitCode: 0 })
  })

  test('a copy of a disk has its id, and is asked about, whichever of the two comes', async () => {
    await make()
    await admit('a')
    disks.eject()
    await cp(disks.path('a'), disks.path('copy'), { recursive: true, preserveTimestamps: true })
    disks.insert('copy')
    const before = await treeOf(disks.path('copy'))
    const outcome = await at.pass()
    held(outcome)
    expect(outcome.holds).toMatchObject([
      { code: 'destination-copy', message: expect.stringContaining('it has the same id') },
    ])
    expect(await treeOf(disks.path('copy'))).toEqual(before)
    expect(await release('--all-destinations')).toMatchObject({ code: 64 })
    expect((await world.run('prune', 'db', dayOf(now), '--reason', 'r')).code).toBe(7)
    disks.insert('a')
    expect(await at.pass()).toMatchObject({ holds: [], exitCode: 0 })
    // As the message says, it may become a disk of its own.
    disks.insert('copy')
    await rm(join(disks.path('copy'), 'db/.reconcile'), { recursive: true })
    await admit('copy')
    expect(await on('copy')).toEqual(await on('a'))
    expect((await status()).disks).toHaveLength(2)
  })

  test('rotate taken away: the one that is here is the known one, and others are asked about again', async () => {
    await make()
    await admit('a')
    await admit('b')
    await at.declare(spec({}, { rotate: false }))
    expect(await at.pass()).toMatchObject({ holds: [], exitCode: 0 })
    disks.insert('a')
    expect((await at.pass()).holds).toMatchObject([{ code: 'destination-other-id' }])
    expect(await status()).not.toHaveProperty('disks')
    // And given again: the disk of before is known, with all that it holds.
    await at.declare(spec())
    expect((await at.pass()).holds).toMatchObject([{ code: 'destination-unknown' }])
    disks.insert('b')
    expect(await at.pass()).toMatchObject({ holds: [], exitCode: 0 })
  })

  test('rotate added to a long history: of a disk that is away, what it holds is not known, and not nothing', async () => {
    await at.declare(spec({}, { rotate: false }))
    await make()
    await admit('a')
    await at.declare(spec())
    disks.eject()
    const { stdout } = await world.run('status', 'db')
    expect(stdout.replace(/\s+/g, ' ')).toMatch(
      /: away, last here 2026-11-01, contents not known yet: its next pass looks/,
    )
    expect(stdout).toMatch(/last success +not known: its destination could not be read/)
    expect(stdout).not.toContain('no pass has finished here yet')
    expect((await status()).disks).toMatchObject([{ known: false, newest: null }])
    disks.insert('a')
    expect(await at.pass()).toMatchObject({ exitCode: 0 })
    disks.eject()
    const [disk] = (await status()).disks!
    expect(disk).not.toHaveProperty('known')
    expect(disk!.newest).not.toBeNull()
  })

  test('I11: one that is torn out during a pass, and another put in: an outcome in words, and nothing is written to the other', async () => {
    await make()
    await admit('a')
    await admit('b')
    vi.useRealTimers()
    disks.insert('a')
    await at.declare(spec({ transfer: { bandwidth: '512KiB/s' } }))
    await at.offer('big.tar', noise(2 ** 20))
    const before = await treeOf(disks.path('b'))
    const running = world.start(['db', '--json'])
    const staged = join(disks.path('a'), 'db/.reconcile/staging/big.tar')
    await vi.waitUntil(() => existsSync(staged) && statSync(staged).size > 0, { timeout: 300_000 })
    disks.eject('torn')
    disks.insert('b')
    const { exitCode, stdout, stderr } = await running
    expect([exitCode, stderr]).toEqual([1, expect.not.stringMatching(/^ +at /m)])
    expect(JSON.parse(String(stdout)).backups).toMatchObject([
      { result: 'failed', published: [], problems: [{ code: 'disk-gone' }] },
    ])
    expect(await treeOf(disks.path('b'))).toEqual(before)
    disks.insert('a')
    await at.declare(spec())
    expect(await at.pass()).toMatchObject({ published: ['big.tar'], problems: [], exitCode: 0 })
  })

  test('I11: one that comes while a pass waits for the lock is asked about like any other', async () => {
    await make()
    disks.insert('c')
    expect((await world.run('db', '--state', join(world.folder, 'elsewhere'))).code).toBe(0)
    disks.insert('a')
    expect(await at.pass()).toMatchObject({ holds: [], exitCode: 0 })
    vi.useRealTimers()
    const lock = join(disks.path('a'), 'db/.reconcile/lock')
    const holder = await otherHolder(lock)
    const running = world.start(['db', '--json', '--lock-timeout', '120s'])
    await untilSomebodyWaits(statSync(lock, { bigint: true }).ino)
    disks.eject('torn')
    disks.insert('c')
    await kill(holder)
    const { exitCode, stdout } = await running
    expect(exitCode).toBe(7)
    expect(JSON.parse(String(stdout)).backups).toMatchObject([{ holds: [{ code: 'destination-unknown' }] }])
    const id = await readFile(join(disks.path('c'), 'db/.reconcile/id'), 'utf8')
    expect(await readFile(join(world.state, 'destinations.json'), 'utf8')).not.toContain(id.trim())
  })

  test('a disk of another backup is never taken for one of these', async () => {
    const other = await backupIn(world, 'web', { destination: { path: join(world.folder, 'web') } })
    await other.offer('w.tar', 'w')
    expect(await other.pass()).toMatchObject({ exitCode: 0 })
    await make()
    await admit('a')
    await mkdir(disks.path('c'))
    await cp(join(world.folder, 'web'), join(disks.path('c'), 'db'), { recursive: true })
    disks.insert('c')
    expect((await at.pass()).holds).toMatchObject([{ code: 'destination-other-id' }])
  })
})

describe.skipIf(!canMountImages())('disks with labels', () => {
  test('are named by them; one that was emptied is that disk, and a copy of one is none of them', async () => {
    const world = await makeWorld('local', { calls: 'here' })
    const mount = join(world.folder, 'offsite')
    const disks = disksInTurn(world.folder, mount, 'ext4')
    try {
      const at = await backupIn(world, 'db', {
        destination: { path: join(mount, 'db'), mount, rotate: true },
      })
      await at.offer('a.tar', 'a')
      const hold = async (code: string) => {
        const { holds, exitCode } = await at.pass()
        expect({ exitCode, holds }).toMatchObject({ exitCode: 7, holds: [{ code }] })
        return holds[0]!
      }
      const release = (...words: string[]) => world.run('release', ...words, '--reason', 'ours')
      disks.insert('offsite1')
      expect(await at.pass()).toMatchObject({ published: ['a.tar'], exitCode: 0 })
      disks.insert('offsite2')
      const { id, message } = await hold('destination-unknown')
      expect(message).toMatch(
        /^the disk at .*offsite, ext4 "offsite2", 1\d(\.\d)? MiB, \/dev\/loop\d+, is new to .*, which knows ext4 "offsite1" \(last here 20\d\d-\d\d-\d\d\)\. It holds no destination yet\./,
      )
      expect(await release(id)).toMatchObject({ code: 0 })
      expect(await at.pass()).toMatchObject({ published: ['a.tar'], exitCode: 0 })
      disks.insert('offsite1')
      expect(await at.pass()).toMatchObject({ result: 'in-sync', holds: [], exitCode: 0 })
      const text = (await world.run('status')).stdout
      expect(text).toMatch(/^ext4 "offsite1", 1\d(\.\d)? MiB: here, newest .+$/m)
      expect(text).toMatch(
        /^ext4 "offsite2", 1\d(\.\d)? MiB: away, last here (just now|\d+ \w+ ago), newest .+$/m,
      )
      expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
      disks.eject()
      expect((await at.pass()).halt).toMatchObject({ hint: 'Mount one of its disks: offsite1, offsite2.' })

      disks.insert('offsite2')
      await rename(join(mount, 'db'), join(mount, 'moved'))
      expect((await hold('destination-id-missing')).message).toContain('ext4 "offsite2"')
      await rename(join(mount, 'moved'), join(mount, 'db'))

      // Another file system, and all that was on this one.
      disks.insert('offsite3')
      disks.eject('torn')
      await mkdir(join(world.folder, 'aside'))
      execFileSync('mount', ['-oloop', disks.path('offsite3'), join(world.folder, 'aside')])
      disks.insert('offsite1')
      await cp(join(mount, 'db'), join(world.folder, 'aside/db'), {
        recursive: true,
        preserveTimestamps: true,
      })
      execFileSync('umount', [join(world.folder, 'aside')])
      disks.insert('offsite3')
      expect((await hold('destination-copy')).message).toMatch(
        /on ext4 "offsite3".* copy .* on ext4 "offsite1"/,
      )

      expect(await release('--forget-disk', 'offsite3')).toMatchObject({ code: 64 })
      expect(await release('--forget-disk', 'offsite2')).toMatchObject({ code: 0 })
      expect((await world.status()).backups[0]!.disks).toMatchObject([{ label: 'offsite1' }])
      disks.insert('offsite2')
      await hold('destination-unknown')
    } finally {
      disks.eject()
      await world.end()
    }
  })
})
