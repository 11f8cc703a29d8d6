import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openBox } from '../../../src/box/box.ts'
import { realDisk } from '../../../src/destination/disk/real-disk.ts'
import { identify, openOwnLedger, takeHolding } from '../../../src/destination/look/holding.ts'
import { instant } from '../../../src/model/instant.ts'
import type { DestinationPlace } from '../../../src/model/spec.ts'
import {
  NO_DISK,
  NOON,
  newDestination,
  openWhole,
  published,
  temporaryFolder,
} from '../../helpers/disk-folder.ts'

const ground = (path: string, place: Partial<DestinationPlace> = {}, uid = process.getuid!()) => ({
  place: { path, mount: null, rotate: false, minFree: 0, maxSize: null, ...place },
  disk: realDisk,
  box: openBox(join(temporaryFolder(), 'state'), { concurrency: 1 }),
  uid,
})
const now = () => NOON

describe('a look at a destination', () => {
  test('that is not there yet shows nothing, makes nothing, and asks the folder above for its room', async () => {
    const path = join(temporaryFolder(), 'deep/offsite')
    const here = ground(path)
    const holding = await takeHolding(here, now, null)
    expect(holding).toMatchObject({
      identity: { found: null, expected: null, lastSeenAt: null, hasPrivateFolder: false },
      files: new Map(),
      records: new Map(),
      head: null,
      halt: null,
      problems: [],
      used: 0,
    })
    expect(holding.free).toBeGreaterThan(0)
    expect(existsSync(path)).toBe(false)
  })

  test('shows what it is, holds and remembers', async () => {
    const { path, files } = await newDestination()
    const here = ground(path)
    const ledger = await openWhole(files)
    await ledger.append([published('a')])
    writeFileSync(join(path, 'a'), 'x')
    await here.box.learn(
      { id: ledger.id, path: '/elsewhere', backup: 'x', rotates: false, disk: NO_DISK },
      NOON,
    )
    const holding = await takeHolding(here, now, null)
    expect(holding.identity).toMatchObject({ found: ledger.id, expected: null, lastSeenAt: '/elsewhere' })
    expect([holding.head, [...holding.files.keys()], [...holding.records.keys()]]).toEqual([
      ledger.head,
      ['a'],
      ['a'],
    ])
  })

  test('knows of each file the plan that brought it, and the revision of the specs where there is one', async () => {
    const { path, files } = await newDestination()
    const ledger = await openWhole(files)
    await ledger.append([published('a'), { ...published('b'), planId: 'p1', revision: 'c0ffee' }])
    const { records } = await takeHolding(ground(path), now, null)
    expect([...records.values()].map(({ planId, revision }) => [planId, revision])).toEqual([
      [published('a').planId, undefined],
      ['p1', 'c0ffee'],
    ])
  })

  test('I10: a damaged ledger is its halt, and it knows no records then', async () => {
    const { path, files } = await newDestination()
    const ledger = await openWhole(files)
    await ledger.append([published('a')])
    await ledger.append([published('b')])
    const here = ground(path)
    appendFileSync(files.ledger, 'torn')
    expect((await takeHolding(here, now, null)).halt).toBeNull()
    await here.box.recordHead(ledger.id, { seq: 9, hash: 'f'.repeat(64) })
    const holding = await takeHolding(here, now, null)
    expect([holding.halt?.code, holding.records.size, holding.head]).toEqual(['ledger-damaged', 0, null])
  })

  test('I11: another user’s folder, or a disk that is not mounted, is a halt, and nothing in it is read', async () => {
    const { path } = await newDestination()
    writeFileSync(join(path, 'a'), 'x')
    for (const [here, code] of [
      [ground(path, {}, process.getuid!() + 1), 'other-owner'],
      [ground(path, { mount: path }), 'not-mounted'],
    ] as const) {
      const holding = await takeHolding(here, now, null)
      expect([holding.halt?.code, holding.files.size, holding.identity.found]).toEqual([code, 0, null])
      expect(holding.identity.hasPrivateFolder).toBe(true)
      expect((await identify(here)).halt?.code).toBe(code)
    }
  })

  test('the head that is remembered is the higher of the box’s and the status’s', async () => {
    const { path, files } = await newDestination()
    const { id } = await openWhole(files)
    const here = ground(path)
    const head = (seq: number) => ({ seq, hash: String(seq).repeat(64) })
    const withStatus = (seq: number) =>
      writeFileSync(
        files.status,
        JSON.stringify({
          format: 'reconcile.destination/1',
          backup: 'x',
          finished: '2026-11-23T12:00:00Z',
          result: 'applied',
          exitCode: 0,
          lastSuccess: null,
          conditions: [],
          counts: { waiting: 0, conflict: 0, lost: 0, problems: 0, pending: 0 },
          head: head(seq),
        }),
      )
    /** The line that the ledger is held to, and lacks. */
    const lacks = async (known: string | null) => {
      const read = await openOwnLedger(here, 'read', known, () => instant(Date.now()))
      return read.state === 'damaged' ? Number(/wrote line (\d+)/.exec(read.halt.message)?.[1]) : null
    }
    expect(await lacks(id)).toBeNull()
    withStatus(3)
    expect(await lacks(id)).toBe(3)
    await here.box.recordHead(id, head(5))
    expect([await lacks(id), await lacks(null)]).toEqual([5, 3])
    withStatus(7)
    expect(await lacks(id)).toBe(7)
    writeFileSync(files.status, '{"format":')
    expect(await lacks(id)).toBe(5)
  })

  test('a private folder without an id is told apart from none at all', async () => {
    const path = temporaryFolder()
    mkdirSync(join(path, '.reconcile'), { mode: 0o700 })
    expect((await identify(ground(path))).identity).toMatchObject({ found: null, hasPrivateFolder: true })
  })
})
