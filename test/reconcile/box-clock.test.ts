import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openBox } from '../../src/box/box.ts'
import { realDisk } from '../../src/destination/disk/real-disk.ts'
import { openDestination } from '../../src/destination/open-destination.ts'
import { type Instant, instant } from '../../src/model/instant.ts'
import type { Spec } from '../../src/model/spec.ts'
import { reconcileBackup } from '../../src/reconcile/pass.ts'
import { openSource } from '../../src/source/open-source.ts'
import { quietRun } from '../contract/destination.ts'
import { rel } from '../helpers/disk-folder.ts'
import { NOON, options, spec } from '../helpers/picture.ts'

// Whole passes over real folders, by a clock that is not always right.

const HOUR = 3_600_000
const YEAR_1970 = instant(20_000)
const at = (hours: number): Instant => instant(NOON + hours * HOUR)

async function world(over: Partial<Spec> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'clock-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const [from, path] = [join(folder, 'from'), join(folder, 'held')]
  await mkdir(from)
  const box = openBox(join(folder, 'state'), { concurrency: 1 })
  const place = { path, mount: null, rotate: false, minFree: 0, maxSize: null }
  const destination = openDestination(place, { disk: realDisk, box, uid: process.getuid!(), backup: 'test' })
  const declared = spec({
    source: { kind: 'local', path: from, listing: null },
    destination: place,
    expect: [{ series: null, rhythm: { kind: 'every', seconds: 10 * 86_400 }, grace: 0, until: null }],
    ...over,
  })
  const ports = { source: openSource(declared.source, { transferTimeout: 60 }), destination, box }
  const put = async (name: string, text = name) => {
    await writeFile(join(from, name), text)
    const hourBefore = new Date(NOON - HOUR)
    await utimes(join(from, name), hourBefore, hourBefore)
  }
  return {
    box,
    async offer(name: string) {
      await put(name, name)
      await put(`${name}.md5`, `${createHash('md5').update(name).digest('hex')}  ${name}\n`)
    },
    put,
    async pass(now: Instant) {
      const { outcome } = await reconcileBackup(ports, declared, options(), quietRun({ now: () => now }))
      const { published, problems, holds, late, exitCode, result } = outcome
      return { published, codes: problems.map(({ code }) => code), problems, holds, late, exitCode, result }
    },
    /** A person takes a file away, into the trash. */
    async remove(name: string, now: Instant) {
      const run = quietRun({ now: () => now })
      const taken = await destination.lock(0, run)
      if (taken.state !== 'locked') throw new Error(taken.state)
      await taken.destination.recover(run)
      const why = { by: 'person', reason: 'r', series: '', point: new Date(now).toISOString() } as const
      const origin = { policy: null, basis: null, revision: null, planId: null }
      await taken.destination.prune([{ path: rel(name), ...why, ...origin }], run)
      await taken.destination.close()
    },
    look: (now: Instant) => destination.inspect(quietRun({ now: () => now })),
    clocks: async () =>
      (await readFile(join(path, '.reconcile/ledger.jsonl'), 'utf8'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { event: string; clock?: string })
        .map(({ event, clock = 'sane' }) => `${event} ${clock}`),
  }
}

test('I9: 1970 for one pass, then right: what came meanwhile is as young as it can be, and no file is blamed', async () => {
  const { offer, put, pass, look, clocks } = await world()
  await offer('a.tar')
  expect(await pass(NOON)).toMatchObject({ published: ['a.tar'], exitCode: 0 })
  await offer('b.tar')
  await put('waits.tar')
  const wrong = await pass(YEAR_1970)
  expect(wrong).toMatchObject({
    published: ['b.tar'],
    codes: ['box-clock'],
    late: [],
    holds: [],
    exitCode: 1,
  })
  expect((await clocks()).slice(-1)).toEqual(['published behind'])
  expect((await look(YEAR_1970)).lastTime).toBe(NOON)
  // Thirty hours later, which no ledger line says yet: a plan counts as the pass will.
  const later = at(30)
  expect((await look(later)).records.get(rel('b.tar'))).toMatchObject({ since: later, readAt: NOON })
  expect((await pass(later)).codes).toEqual([])
  expect((await clocks()).slice(-1)).toEqual(['clock-believed sane'])
  const held = await look(at(31))
  expect(held.records.get(rel('a.tar'))?.since).toBeGreaterThanOrEqual(NOON)
  expect(held.records.get(rel('b.tar'))).toMatchObject({ since: later, readAt: NOON })
  // And it waits since the first look by a clock that was right.
  expect((await pass(at(53))).codes).toEqual([])
  expect((await pass(at(55))).codes).toContain('wait-overdue')
})

test('I9: a first pass at 1970, then right: nothing counts from then', async () => {
  const { offer, pass, look } = await world()
  await offer('a.tar')
  expect(await pass(YEAR_1970)).toMatchObject({ published: ['a.tar'], codes: ['box-clock'], late: [] })
  expect(await pass(NOON)).toMatchObject({ codes: [], exitCode: 0 })
  const { records, created, lastTime } = await look(at(1))
  expect([records.get(rel('a.tar'))?.since, created, lastTime]).toEqual([NOON, NOON, NOON])
})

test('a box that was off for three days says so once, and goes on', async () => {
  const { offer, pass, look } = await world()
  await offer('a.tar')
  await pass(NOON)
  await offer('b.tar')
  expect(await pass(at(72))).toMatchObject({ published: ['b.tar'], codes: ['box-clock'], exitCode: 1 })
  const { lastTime, records } = await look(at(73))
  expect([lastTime, records.get(rel('b.tar'))?.since]).toEqual([at(73), at(73)])
  expect((await pass(at(73))).codes).toEqual([])
  expect((await look(at(74))).lastTime).toBe(at(73))
})

test('I9: one pass by a clock that is years ahead leaves nothing behind once it is right', async () => {
  const { offer, pass, look } = await world()
  await offer('a.tar')
  await pass(NOON)
  await offer('b.tar')
  expect(await pass(at(24 * 1000))).toMatchObject({ published: ['b.tar'], codes: ['box-clock'], late: [] })
  expect(await pass(at(1))).toMatchObject({ codes: [], exitCode: 0 })
  const { lastTime, records } = await look(at(1))
  expect([lastTime, records.get(rel('b.tar'))?.since]).toEqual([at(1), at(1)])
})

test('I9: where something is due to be removed a leap is no time, however many passes come by it, until a person says so', async () => {
  const { offer, pass, remove, look, box } = await world()
  await offer('a.tar')
  await offer('b.tar')
  await pass(NOON)
  await remove('a.tar', NOON)
  await offer('c.tar')
  const wrong = await pass(at(24 * 400))
  expect(wrong).toMatchObject({ published: ['c.tar'], codes: ['box-clock'], exitCode: 7, late: [] })
  expect(wrong.holds).toMatchObject([{ code: 'clock-leap' }])
  await offer('d.tar')
  expect(await pass(at(24 * 400 + 1))).toMatchObject({
    published: ['d.tar'],
    holds: [{ id: wrong.holds[0]!.id }],
  })
  expect((await look(at(24 * 400 + 1))).lastTime).toBe(NOON)
  // Right again, two hours after all that.
  const right = await pass(at(2))
  expect(right).toMatchObject({ codes: [], holds: [], exitCode: 0 })
  const held = await look(at(2))
  expect(held.records.get(rel('c.tar'))?.since).toBe(at(2))
  expect(held.pruned.get(rel('a.tar'))?.trash).not.toBeNull()

  const again = await pass(at(24 * 30))
  await box.writeRelease(again.holds[0]!.id, 'it was off', 'ann', at(24 * 30))
  expect((await pass(at(24 * 30 + 1))).holds).toEqual([])
  expect((await look(at(24 * 30 + 1))).pruned.get(rel('a.tar'))?.trash).toBeNull()
})

test('a clock that was ahead and was believed: behind it nothing is removed until a person lets it count', async () => {
  const { offer, pass, look, box } = await world()
  await offer('a.tar')
  await pass(at(24 * 300))
  const wrong = await pass(NOON)
  expect(wrong).toMatchObject({ codes: ['box-clock'], exitCode: 1 })
  expect((await pass(at(1))).codes).toEqual(['box-clock'])
  await box.writeRelease(wrong.problems[0]!.release!, 'it was ahead', 'ann', at(1))
  expect(await pass(at(2))).toMatchObject({ codes: [], exitCode: 0 })
  const { lastTime, records } = await look(at(2))
  expect([lastTime, records.get(rel('a.tar'))?.since]).toEqual([at(2), at(2)])
  expect((await pass(at(3))).codes).toEqual([])
})
