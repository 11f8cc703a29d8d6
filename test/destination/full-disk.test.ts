import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openBox } from '../../src/box/box.ts'
import { realDisk } from '../../src/destination/disk/real-disk.ts'
import { layout } from '../../src/destination/layout.ts'
import { takeHolding } from '../../src/destination/look/holding.ts'
import { establishIdentity } from '../../src/destination/look/identity.ts'
import { makePrivateFolders } from '../../src/destination/look/ownership.ts'
import { openSeen } from '../../src/destination/look/seen-cache.ts'
import { readStatus, writeStatus } from '../../src/destination/look/status-file.ts'
import type { DestinationStatus } from '../../src/model/status.ts'
import { NO_DISK, NOON, newDestination, openWhole, published, rel } from '../helpers/disk-folder.ts'
import { canMount, smallDisk } from '../helpers/disk-small.ts'

/** Writes until not a byte more fits. */
function fillUp(folder: string): string {
  const path = join(folder, 'flood')
  for (let size = 1 << 20; size >= 1; size >>= 1) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size, 1), { flag: 'a' })
    } catch {
      // A smaller piece may still fit.
    }
  }
  return path
}

const status = (head: DestinationStatus['head']): DestinationStatus => ({
  format: 'reconcile.destination/1',
  backup: 'x',
  finished: '2026-11-23T12:00:00Z',
  result: 'failed',
  exitCode: 1,
  lastSuccess: null,
  conditions: [],
  troubles: [],
  counts: { waiting: 0, conflict: 0, lost: 0, problems: 1, pending: 0 },
  listed: null,
  observed: null,
  promised: null,
  series: [],
  awaited: [],
  lookBy: null,
  leapt: null,
  clock: '2026-11-23T12:00:00Z',
  holds: [],
  head,
})

describe.skipIf(!canMount())('a disk without a byte left', () => {
  test('can still be recorded and told, for a mebibyte, and then says that it is full', async () => {
    const small = smallDisk('6m')
    const { path, files } = await newDestination(join(small.path, 'offsite'))
    const ledger = await openWhole(files)
    const flood = fillUp(small.path)
    // More than what is left of the ledger's last page.
    await ledger.append(Array.from({ length: 20 }, (_, i) => published(`a${i}`)))
    expect(existsSync(files.reserve)).toBe(false)
    await writeStatus(realDisk, files, status(ledger.head))
    expect(await readStatus(realDisk, files)).toEqual(status(ledger.head))
    fillUp(small.path)
    const many = Array.from({ length: 50 }, (_, i) => published(`b${i}`))
    const fill = async (): Promise<void> => {
      for (;;) await ledger.append(many)
    }
    await expect(fill()).rejects.toMatchObject({ name: 'Failure', code: 'disk-full' })
    await expect(writeStatus(realDisk, files, status(ledger.head))).rejects.toMatchObject({
      code: 'disk-full',
    })
    // The old status stands, whole; the cache forgets and says nothing.
    expect((await readStatus(realDisk, files))?.head?.seq).toBe(21)
    await (await openSeen(realDisk, files, new Map())).remember(
      new Map([
        [
          rel('a'),
          {
            listed: { size: 1, mtime: 1 },
            marker: { state: 'none' },
            readAt: NOON,
            stagedFor: null,
            gate: null,
            waitingSince: null,
          },
        ],
      ]),
    )
    const records = [...ledger.records.keys()]
    expect([...(await openWhole(files, 'read')).records.keys()]).toEqual(records)
    rmSync(flood)
    rmSync(join(path, 'flood'), { force: true })
    const again = await openWhole(files)
    await again.append([published('later')])
    expect(statSync(files.reserve).size).toBe(1 << 20)
    expect([...(await openWhole(files)).records.keys()]).toEqual([...records, 'later'])
  })

  test('too small for anything is told in words, and leaves no half of a ledger', async () => {
    const small = smallDisk('1m')
    const path = join(small.path, 'offsite')
    const files = layout(path)
    await makePrivateFolders(realDisk, files, path)
    fillUp(small.path)
    const options = { now: () => NOON, announce: async () => {} }
    await expect(establishIdentity(realDisk, files, options)).rejects.toMatchObject({
      name: 'Failure',
      code: 'disk-full',
    })
    expect([existsSync(files.ledger), existsSync(files.id)]).toEqual([false, false])
    rmSync(join(small.path, 'flood'))
    await establishIdentity(realDisk, files, options)
    // No room for a reserve is no reason to stop.
    expect((await openWhole(files)).records.size).toBe(0)
  })
})

describe.skipIf(!canMount())('a read-only disk', () => {
  test('is looked at without a write, and every write is refused in words', async () => {
    const small = smallDisk('8m')
    const { path, files } = await newDestination(join(small.path, 'offsite'))
    const ledger = await openWhole(files)
    await ledger.append([published('a')])
    writeFileSync(join(path, 'a'), 'x')
    const text = readFileSync(files.ledger, 'utf8')
    small.makeReadOnly()
    const readOnly = { name: 'Failure', code: 'disk-read-only' }
    await expect(ledger.append([published('b')])).rejects.toMatchObject(readOnly)
    await expect(writeStatus(realDisk, files, status(null))).rejects.toMatchObject(readOnly)
    await expect(
      (await openSeen(realDisk, files, new Map())).remember(new Map([[rel('x'), null]])),
    ).resolves.toBeUndefined()
    const box = openBox(join(small.path, 'state'), { concurrency: 1 })
    await expect(
      box.learn({ id: 'x', path, backup: 'x', rotates: false, disk: NO_DISK }, NOON),
    ).rejects.toMatchObject(readOnly)
    await expect(
      box.claim(null, { now: () => NOON, signal: new AbortController().signal, emit: () => {} }, () => {}),
    ).rejects.toMatchObject(readOnly)
    const holding = await takeHolding(
      {
        place: { path, mount: null, rotate: false },
        disk: realDisk,
        box,
        uid: process.getuid!(),
      },
      () => NOON,
      null,
    )
    expect(holding).toMatchObject({ halt: null, problems: [], used: 1 })
    expect([[...holding.files.keys()], [...holding.records.keys()]]).toEqual([['a'], ['a']])
    expect(readFileSync(files.ledger, 'utf8')).toBe(text)
  })
})
