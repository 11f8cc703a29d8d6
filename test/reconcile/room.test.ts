import { createHash } from 'node:crypto'
import { mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openBox } from '../../src/box/box.ts'
import { plainRate } from '../../src/decide/time/timetable.ts'
import { realDisk } from '../../src/destination/disk/real-disk.ts'
import { openDestination } from '../../src/destination/open-destination.ts'
import { type Instant, instant } from '../../src/model/instant.ts'
import type { PullBatch } from '../../src/model/ports.ts'
import type { BackupName } from '../../src/model/spec.ts'
import { reconcileBackup } from '../../src/reconcile/pass.ts'
import { openSource } from '../../src/source/open-source.ts'
import { quietRun } from '../contract/destination.ts'
import { temporaryFolder } from '../helpers/disk-folder.ts'
import { options, spec } from '../helpers/picture.ts'
import { noise } from '../helpers/world.ts'

const KiB = 1024
const MIN_FREE = 100 * KiB

/** Bytes of all files below a folder, by inode: they are being linked and unlinked meanwhile. */
async function bytesBelow(folder: string): Promise<number> {
  const sizes = new Map<number, number>()
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const found = entry.isFile() ? await stat(join(entry.parentPath, entry.name)).catch(() => null) : null
    if (found !== null) sizes.set(found.ino, found.size)
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0)
}

/** What a destination keeps to itself (1 MiB), and some. */
const OWN = 1100 * KiB

/** A disk with `capacity` bytes for files, shared by so many backups: a folder whose files are counted. */
async function sharedDisk(backups: number, capacity: number) {
  const folder = temporaryFolder()
  const shared = join(folder, 'disk')
  await mkdir(shared)
  let foreign = 0
  const free = async () => backups * OWN + capacity - foreign - (await bytesBelow(shared))
  const backup = async (
    name: string,
    sizes: Readonly<Record<string, number>>,
    rate: number | null = null,
  ) => {
    const from = join(folder, `from-${name}`)
    await mkdir(from)
    for (const [file, size] of Object.entries(sizes)) {
      const bytes = noise(size, file)
      await writeFile(join(from, file), bytes)
      // None is newer than another: they come in the order of their names.
      await utimes(join(from, file), 1_700_000_000, 1_700_000_000)
      await writeFile(join(from, `${file}.md5`), createHash('md5').update(bytes).digest('hex'))
    }
    const place = { path: join(shared, name), mount: null, rotate: false, minFree: MIN_FREE, maxSize: null }
    const box = openBox(join(folder, 'state'), { concurrency: 2 })
    const destination = openDestination(place, {
      disk: realDisk,
      box,
      uid: process.getuid!(),
      backup: name,
      freeOn: free,
    })
    const declared = spec({
      name: name as BackupName,
      source: { kind: 'local', path: from, listing: null },
      destination: place,
    })
    const real = openSource(declared.source, { transferTimeout: 60 })
    /** `during`: called before each batch is pulled. */
    return async (during: (batch: PullBatch) => Promise<void> = async () => {}) => {
      const source = {
        ...real,
        async pull(batch: PullBatch, run: Parameters<typeof real.pull>[1]) {
          await during(batch)
          return real.pull(batch, run)
        },
      }
      const run = quietRun({ now: (): Instant => instant(Date.now()) })
      const asked = options({ bandwidth: plainRate(rate) })
      return (await reconcileBackup({ source, destination, box }, declared, asked, run)).outcome
    }
  }
  return {
    free,
    backup,
    /** Somebody else's bytes. */
    fill: (bytes: number) => {
      foreign = bytes
    },
  }
}

/** Resolves when so many have come, for each of them. */
function meeting(size: number) {
  let come = 0
  let open = () => {}
  const all = new Promise<void>((resolve) => {
    open = resolve
  })
  return async () => {
    if (++come === size) open()
    await all
  }
}

test('what one pass has still to bring is taken for another on the same disk, until it is here', async () => {
  const disk = await sharedDisk(2, 1400 * KiB)
  const first = await disk.backup('first', { 'a.tar': 700 * KiB })
  const second = await disk.backup('second', { 'b.tar': 500 * KiB, 'c.tar': 700 * KiB })
  // The first has been admitted, and nothing of it has come, when the second is.
  let secondAsked: Promise<Awaited<ReturnType<typeof second>>> | null = null
  const one = await first(async () => {
    secondAsked = second()
    await secondAsked
  })
  const two = await secondAsked!
  expect(one).toMatchObject({ result: 'applied', published: ['a.tar'], halt: null })
  // What fits beside the other is still pulled.
  expect(two).toMatchObject({
    result: 'halted',
    published: ['b.tar'],
    pending: 1,
    problems: [],
    halt: { code: 'min-free', message: expect.stringContaining('700 KiB of it for what other backups') },
  })
  expect(await disk.free()).toBeGreaterThanOrEqual(MIN_FREE)
  // Nothing is taken any more once the passes are over: with room, it comes.
  const roomy = await sharedDisk(1, 9000 * KiB)
  const third = await roomy.backup('third', { 'c.tar': 700 * KiB })
  expect(await third()).toMatchObject({ result: 'applied', halt: null })
})

test('two passes that ask at once are admitted one after the other, and both come where both fit', async () => {
  const tight = await sharedDisk(2, 1500 * KiB)
  const both = [
    await tight.backup('a', { 'a.tar': 800 * KiB }),
    await tight.backup('b', { 'b.tar': 800 * KiB }),
  ]
  const outcomes = await Promise.all(both.map((pass) => pass()))
  expect(outcomes.map(({ result }) => result).sort()).toEqual(['applied', 'halted'])
  expect(await tight.free()).toBeGreaterThanOrEqual(MIN_FREE)

  const roomy = await sharedDisk(2, 1800 * KiB)
  const meet = meeting(2)
  const passes = [
    await roomy.backup('a', { 'a.tar': 800 * KiB }),
    await roomy.backup('b', { 'b.tar': 800 * KiB }),
  ]
  const fine = await Promise.all(passes.map((pass) => pass(meet)))
  expect(fine.map(({ result }) => result)).toEqual(['applied', 'applied'])
})

test('a disk that others fill while a file comes: it stops, keeps what is staged, halts; with room it goes on from there', async () => {
  const disk = await sharedDisk(1, 9000 * KiB)
  const slow = await disk.backup('slow', { 'a.tar': 2000 * KiB, 'b.tar': 10 * KiB }, 512 * KiB)
  const halted = await slow(async () => {
    void staging(disk).then(() => disk.fill(10_000 * KiB))
  })
  expect(halted).toMatchObject({ result: 'halted', problems: [], halt: { code: 'min-free' } })
  expect(halted.halt!.message).toMatch(/to transfer, .* free at .*, and destination.minFree reserves 100 KiB/)
  expect(halted.pending).toBeGreaterThan(0)
  expect(halted.bytes).toBeGreaterThan(0)
  disk.fill(0)
  const resumed = await slow()
  expect(resumed).toMatchObject({ result: 'applied', halt: null, pending: 0 })
  expect(resumed.published).toContain('a.tar')
  expect(halted.bytes + resumed.bytes).toBeLessThan(2100 * KiB)

  /** Once some of it is there. */
  async function staging(of: { free(): Promise<number> }) {
    while ((await of.free()) > 9500 * KiB) await new Promise((resolve) => setTimeout(resolve, 50))
  }
})
