import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openBox } from '../../src/box/box.ts'
import { latestClock, latestStatus } from '../../src/model/box.ts'
import { Stop } from '../../src/model/failure.ts'
import type { Run } from '../../src/model/run.ts'
import type { DestinationStatus } from '../../src/model/status.ts'
import { NO_DISK, NOON, temporaryFolder } from '../helpers/disk-folder.ts'
import { kill, otherHolder } from '../helpers/disk-sharers.ts'

const runWith = (signal = new AbortController().signal): Run => ({ now: () => NOON, signal, emit: () => {} })
const newBox = (concurrency = 2, state = join(temporaryFolder(), 'state')) => ({
  state,
  box: openBox(state, { concurrency }),
})
const place = (id: string, path: string) => ({ id, path, backup: 'x', rotates: false, disk: NO_DISK })
const statusAt = (finished: string): DestinationStatus => ({
  format: 'reconcile.destination/1',
  backup: 'x',
  finished,
  result: 'in-sync',
  exitCode: 0,
  lastSuccess: finished,
  conditions: [],
  counts: { waiting: 0, conflict: 0, lost: 0, problems: 0, pending: 0 },
  listed: 1,
  clock: finished,
  troubles: null,
  holds: [],
  observed: null,
  lookBy: null,
  promised: null,
  series: [],
  awaited: [],
  head: null,
})
const head = (seq: number) => ({ seq, hash: 'a'.repeat(64) })

describe('the box’s memory', () => {
  test.skipIf(process.getuid?.() !== 0)("what root writes there is its owner's, with its lock", async () => {
    const { state, box } = newBox()
    mkdirSync(state, { mode: 0o700 })
    chownSync(state, 65_534, 65_534)
    await box.suspend(['a'], { reason: 'r', by: 'root', until: null, at: NOON })
    const owners = readdirSync(state).map((name) => [name, statSync(join(state, name)).uid])
    expect(owners).toEqual([
      ['suspensions.json', 65_534],
      ['suspensions.json.lock', 65_534],
    ])
  })

  test('reading it makes nothing', async () => {
    const { state, box } = newBox()
    expect(await box.knownId('/srv/a', null)).toBeNull()
    expect(await box.lastPlaceOf('one')).toBeNull()
    expect(await box.knownHead('one')).toBeNull()
    expect(await box.released('hold')).toBeNull()
    expect(await box.sharedFilesSeen('/etc/specs')).toEqual([])
    await box.consume('hold')
    expect(existsSync(state)).toBe(false)
  })

  test('knows which destination is where, and where it was', async () => {
    const { state, box } = newBox()
    await box.learn(place('one', '/srv/a'), NOON)
    await box.learn(place('two', '/srv/b'), NOON)
    const other = openBox(state, { concurrency: 1 })
    expect([await other.knownId('/srv/a', 'one'), await other.knownId('/srv/a', 'stranger')]).toEqual([
      'one',
      'one',
    ])
    // The disk was swapped: the path has a new id, and the old one is nowhere.
    await box.learn(place('three', '/srv/a'), NOON)
    expect([await box.knownId('/srv/a', null), await box.lastPlaceOf('one')]).toEqual(['three', null])
    // It moved: the old path knows nothing.
    await box.learn(place('two', '/srv/c'), NOON)
    expect([await box.knownId('/srv/b', null), await box.lastPlaceOf('two')]).toEqual([null, '/srv/c'])
  })

  test('I7: an announced destination counts once it is really there, and not before', async () => {
    const { box } = newBox()
    await box.expect(place('first-try', '/srv/a'))
    expect(await box.knownId('/srv/a', null)).toBeNull()
    await box.expect(place('second-try', '/srv/a'))
    expect(await box.knownId('/srv/a', 'second-try')).toBe('second-try')
    expect(await box.knownId('/srv/a', 'first-try')).toBeNull()
    expect(await box.knownId('/srv/a', 'stranger')).toBeNull()
    await box.learn(place('second-try', '/srv/a'), NOON)
    expect(await box.knownId('/srv/a', null)).toBe('second-try')
  })

  describe('of disks that take turns', () => {
    const turn = (id: string) => ({ ...place(id, '/srv/a'), rotates: true })
    const left = (finished: string, newest: string | null = null) => ({
      status: statusAt(finished),
      series: [{ series: 'db', newest, points: 1 }],
      look: { policy: null },
    })
    const twoDisks = async () => {
      const { box, state } = newBox()
      await box.learn(turn('one'), NOON)
      await box.expect(turn('announced'))
      await box.learn(turn('two'), NOON)
      return { box, state }
    }

    test('all are known, until one alone is to be there', async () => {
      const { box } = await twoDisks()
      const known = (found: string | null) => box.knownId('/srv/a', found)
      expect([await known('one'), await known('two'), await known('other'), await known(null)]).toEqual([
        'one',
        'two',
        'two',
        'two',
      ])
      expect((await box.rotation('/srv/a')).disks.map(({ id }) => id)).toEqual(['one', 'two'])
      expect((await box.rotation('/srv/b')).disks).toEqual([])
      await box.noteTurn('/srv/a', 'one', left('2026-11-01T00:00:00Z'))
      await box.learn(place('one', '/srv/a'), NOON)
      expect([await known('two'), (await box.rotation('/srv/a')).disks]).toMatchObject([
        'one',
        [{ status: null }],
      ])
    })

    test('each is as it was left; a pass that saw too little moves nothing but its own', async () => {
      const { box, state } = await twoDisks()
      expect(await box.rotation('/srv/a')).not.toHaveProperty('current')
      await box.noteAway('/srv/a', NOON)
      expect(await box.rotation('/srv/a')).not.toHaveProperty('current')
      await box.noteTurn('/srv/a', 'one', left('2026-11-01T00:00:00Z', '2026-10-31T00:00:00Z'))
      await box.noteTurn('/srv/a', 'two', { ...left('2026-11-02T00:00:00Z'), series: null, look: null })
      const found = await openBox(state, { concurrency: 1 }).rotation('/srv/a')
      expect(found).toMatchObject({
        current: 'one',
        disks: [
          { id: 'one', series: [{ newest: '2026-10-31T00:00:00Z' }] },
          { id: 'two', series: [] },
        ],
      })
      expect([latestStatus(found)?.finished, latestClock(found)]).toEqual([
        '2026-11-02T00:00:00Z',
        Date.parse('2026-11-02T00:00:00Z'),
      ])
      await box.noteAway('/srv/a', NOON)
      await box.noteAway('/srv/a', null)
      const away = await box.rotation('/srv/a')
      expect([away.current, latestClock(away)]).toEqual([null, NOON])
    })

    test('one that is forgotten is unknown', async () => {
      const { box } = await twoDisks()
      await box.noteTurn('/srv/a', 'one', left('2026-11-01T00:00:00Z'))
      await box.forget('one', { reason: 'lost', by: 'ann', at: NOON })
      expect((await box.rotation('/srv/a')).disks.map(({ id }) => id)).toEqual(['two'])
      expect([await box.lastPlaceOf('one'), await box.knownId('/srv/a', 'one')]).toEqual([null, 'two'])
    })
  })

  test('keeps the heads of ledgers, releases and the folders whose defaults it saw', async () => {
    const { state, box } = newBox()
    await box.recordHead('one', head(3))
    await box.recordHead('one', head(5))
    await box.recordHead('two', head(1))
    await box.writeRelease('h1', 'moved the disk', 'ann', NOON)
    await box.writeRelease('h2', 'other', 'bob', NOON)
    await box.writeRelease('h1', 'moved it again', 'ann', NOON)
    await box.rememberSharedFiles('/etc/specs', { present: ['_hosts.yaml'], gone: [] })
    await box.rememberSharedFiles('/etc/more', { present: ['_hosts.yaml'], gone: [] })
    await box.rememberSharedFiles('/etc/more', { present: ['_defaults.yaml'], gone: [] })
    await box.rememberSharedFiles('/etc/specs', { present: ['_defaults.yaml'], gone: ['_hosts.yaml'] })
    const other = openBox(state, { concurrency: 1 })
    expect([await other.knownHead('one'), await other.knownHead('two')]).toEqual([head(5), head(1)])
    expect(await other.knownHead('toString')).toBeNull()
    expect(await other.released('h1')).toEqual({ reason: 'moved it again', by: 'ann', at: NOON })
    await other.consume('h1')
    expect([await box.released('h1'), (await box.released('h2'))?.by]).toEqual([null, 'bob'])
    const seen = ['/etc/specs', '/etc/more', '/etc'].map((folder) => box.sharedFilesSeen(folder))
    expect(await Promise.all(seen)).toEqual([['_defaults.yaml'], ['_defaults.yaml', '_hosts.yaml'], []])
  })

  test('is private, leaves no litter, and is not written where nothing changed', async () => {
    const { state, box } = newBox()
    const mask = process.umask(0)
    try {
      await box.learn(place('one', '/srv/a'), NOON)
      await box.recordHead('one', head(1))
    } finally {
      process.umask(mask)
    }
    const file = join(state, 'destinations.json')
    expect(readdirSync(state).sort()).toEqual(['destinations.json', 'destinations.json.lock'])
    expect([statSync(state).mode & 0o777, statSync(file).mode & 0o777]).toEqual([0o700, 0o600])
    const before = statSync(file, { bigint: true })
    await box.learn(place('one', '/srv/a'), NOON)
    await box.recordHead('one', head(1))
    expect(statSync(file, { bigint: true }).ino).toBe(before.ino)
  })

  for (const [what, make] of [
    ['a file', (path: string) => writeFileSync(path, '')],
    ['a dangling symlink', (path: string) => symlinkSync('nowhere', path)],
  ] as const) {
    test(`${what} in the state folder's place is a failure in words`, async () => {
      const { state } = newBox()
      make(state)
      for (const path of [state, join(state, 'below')]) {
        const writing = openBox(path, { concurrency: 1 }).learn(place('one', '/srv/a'), NOON)
        await expect(writing).rejects.toMatchObject({ name: 'Failure', code: 'disk-path' })
      }
    })
  }

  test('many that write at once all get their word in', async () => {
    const { state } = newBox()
    const boxes = Array.from({ length: 12 }, () => openBox(state, { concurrency: 2 }))
    await Promise.all(boxes.map((box, i) => box.learn(place(`id-${i}`, `/srv/${i}`), NOON)))
    const known = await Promise.all(boxes.map((box, i) => box.knownId(`/srv/${i}`, null)))
    expect(known).toEqual(boxes.map((_, i) => `id-${i}`))
  })

  for (const bytes of [
    '',
    '{',
    'null',
    '[]',
    '{"format":"other"}',
    '{"format":"reconcile.destinations/1"}',
  ]) {
    test(`damage is a failure in words, never an empty memory: ${JSON.stringify(bytes)}`, async () => {
      const { state, box } = newBox()
      await box.learn(place('one', '/srv/a'), NOON)
      writeFileSync(join(state, 'destinations.json'), bytes)
      const damaged = { name: 'Failure', code: 'state-damaged' }
      await expect(box.knownId('/srv/a', null)).rejects.toMatchObject(damaged)
      await expect(box.learn(place('two', '/srv/b'), NOON)).rejects.toMatchObject(damaged)
      expect(readFileSync(join(state, 'destinations.json'), 'utf8')).toBe(bytes)
    })
  }
})

describe('slots and hosts', () => {
  test('no more run at once than there are slots, over all processes', async () => {
    const { state } = newBox()
    let running = 0
    let most = 0
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        const slot = await openBox(state, { concurrency: 2 }).claim(null, runWith(), () => {})
        most = Math.max(most, ++running)
        await new Promise((resolve) => setImmediate(resolve))
        running--
        await slot.release()
      }),
    )
    expect(most).toBeLessThanOrEqual(2)
    const box = openBox(state, { concurrency: 2 })
    const [one, two] = [
      await box.claim(null, runWith(), () => {}),
      await box.claim(null, runWith(), () => {}),
    ]
    let third: Promise<{ release(): Promise<void> }> | null = null
    await new Promise<void>((resolve) => {
      third = openBox(state, { concurrency: 2 }).claim(null, runWith(), () => resolve())
    })
    await two.release()
    await (await third!).release()
    await one.release()
  })

  test('a slot that another process holds is waited for, and free when that process is killed', async () => {
    const { state, box } = newBox(1)
    await (await box.claim(null, runWith(), () => {})).release()
    const other = await otherHolder(join(state, 'locks/slot-0.lock'))
    const waits: string[] = []
    const slot = await box.claim(null, runWith(), (what) => {
      waits.push(what)
      void kill(other)
    })
    expect(waits).toEqual(['slot'])
    await slot.release()
  })

  test('one transfer a host, and who waits for a host keeps no slot from others', async () => {
    const { box } = newBox(2)
    const waits: string[] = []
    let announced = (): void => {}
    const isWaiting = new Promise<void>((resolve) => {
      announced = resolve
    })
    const first = await box.claim('db1', runWith(), (what) => waits.push(what))
    const second = box.claim('db1', runWith(), (what) => {
      waits.push(what)
      announced()
    })
    await isWaiting
    const other = await box.claim('db2', runWith(), (what) => waits.push(what))
    await first.release()
    await (await second).release()
    await other.release()
    await other.release()
    expect(waits).toEqual(['host'])
  })

  test('who waits says so once, and goes when the run is stopped, leaving every lock free', async () => {
    const { box } = newBox(1)
    const first = await box.claim('db1', runWith(), () => {})
    const stop = new AbortController()
    const waits: string[] = []
    const waiting = box.claim('db2', runWith(stop.signal), (what) => {
      waits.push(what)
      stop.abort(new Stop('terminate'))
    })
    await expect(waiting).rejects.toMatchObject({ why: 'terminate' })
    expect(waits).toEqual(['slot'])
    await first.release()
    await (await box.claim('db2', runWith(), () => waits.push('again'))).release()
    expect(waits).toEqual(['slot'])
  })
})
