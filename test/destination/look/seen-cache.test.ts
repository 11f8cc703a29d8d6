import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { realDisk } from '../../../src/destination/disk/real-disk.ts'
import { openSeen } from '../../../src/destination/look/seen-cache.ts'
import type { Seen } from '../../../src/model/holding.ts'
import { hex, NOON, newDestination, rel } from '../../helpers/disk-folder.ts'

const seen = (size: number, over: Partial<Seen> = {}): Seen => ({
  listed: { size, mtime: 1_700_000_000 },
  marker: {
    state: 'claimed',
    suffix: '.md5',
    digest: hex('a'),
    size: 40,
    mtime: 1_700_000_001,
    text: null,
  },
  readAt: NOON,
  stagedFor: null,
  gate: null,
  waitingSince: null,
  ...over,
})

const full: Seen = seen(7, {
  stagedFor: hex('b', 64),
  gate: { at: NOON, size: 7, mtime: 3, digest: hex('c') },
  waitingSince: NOON,
})
const bare = seen(0, { marker: { state: 'none' }, readAt: null })

describe('the cache of what the source showed', () => {
  test('remembers every field, the last word on a path, and what to forget', async () => {
    const { files } = await newDestination()
    const cache = await openSeen(realDisk, files, new Map())
    expect(cache.records.size).toBe(0)
    await cache.remember(
      new Map([
        [rel('a'), full],
        [rel('b'), bare],
        [rel('c'), seen(1)],
      ]),
    )
    await cache.remember(
      new Map([
        [rel('c'), null],
        [rel('b'), seen(2)],
      ]),
    )
    const again = await openSeen(realDisk, files, new Map())
    for (const { records } of [cache, again])
      expect(Object.fromEntries(records)).toEqual({
        a: full,
        b: seen(2),
      })
  })

  test('I7: writes nothing where nothing changed', async () => {
    const { files } = await newDestination()
    const changes = new Map([[rel('a'), full]])
    await (await openSeen(realDisk, files, new Map())).remember(new Map([[rel('a'), null]]))
    expect(existsSync(files.seen)).toBe(false)
    await (await openSeen(realDisk, files, new Map())).remember(changes)
    const before = statSync(files.seen, { bigint: true }).mtimeNs
    const again = await openSeen(realDisk, files, new Map())
    await again.remember(changes)
    await again.remember(new Map([[rel('unknown'), null]]))
    expect(statSync(files.seen, { bigint: true }).mtimeNs).toBe(before)
  })

  test('grows no further than its records need', async () => {
    const { files } = await newDestination()
    const cache = await openSeen(realDisk, files, new Map())
    for (let i = 0; i < 30; i++)
      await cache.remember(new Map(Array.from({ length: 100 }, (_, n) => [rel(`f${n}`), seen(i * 1000 + n)])))
    expect(readFileSync(files.seen, 'utf8').split('\n').length).toBeLessThan(1400)
    const { records } = await openSeen(realDisk, files, new Map())
    expect(records.get(rel('f7'))!).toEqual(seen(29_007))
  })

  test('whatever becomes of its bytes, what it still says is what was written, and it mends itself', async () => {
    const { files } = await newDestination()
    const written = new Map(Array.from({ length: 30 }, (_, n) => [rel(`f${n}`), seen(n)] as const))
    await (await openSeen(realDisk, files, new Map())).remember(written)
    const good = readFileSync(files.seen)
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: good.length - 1 }),
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 0, max: 255 }),
        fc.boolean(),
        async (at, length, fill, cut) => {
          const bytes = Buffer.from(good)
          bytes.fill(fill, at, Math.min(bytes.length, at + length))
          writeFileSync(files.seen, cut ? bytes.subarray(0, at) : bytes)
          const cache = await openSeen(realDisk, files, new Map())
          for (const [path, record] of cache.records) expect(record).toEqual(written.get(path))
          await cache.remember(new Map([[rel('new'), full]]))
          const again = await openSeen(realDisk, files, new Map())
          expect(again.records.get(rel('new'))).toEqual(full)
          expect(again.records.size).toBe(cache.records.size)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('a folder or something unreadable in its place is an empty cache', async () => {
    const { files } = await newDestination()
    await realDisk.mkdir(files.seen, 0o700)
    expect((await openSeen(realDisk, files, new Map())).records.size).toBe(0)
  })

  test('a full disk costs a memory and no more', async () => {
    const { files } = await newDestination()
    await (await openSeen(realDisk, files, new Map())).remember(new Map([[rel('a'), full]]))
    const size = statSync(files.seen).size
    const noRoom = async (): Promise<never> => {
      throw Object.assign(new Error('injected'), { code: 'ENOSPC' })
    }
    const cache = await openSeen({ ...realDisk, writeAt: noRoom, create: noRoom }, files, new Map())
    await cache.remember(new Map([[rel('b'), full]]))
    expect(cache.records.size).toBe(2)
    truncateSync(files.seen, size)
    expect([...(await openSeen(realDisk, files, new Map())).records.keys()]).toEqual(['a'])
  })
})
