import { appendFile, cp, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Result } from '../../src/model/outcome.ts'
import { expectConverged } from '../helpers/fault-checks.ts'
import { buildShim } from '../helpers/fault-shim.ts'
import { makeWorld, noise, type World } from '../helpers/world.ts'

const shim = buildShim()
afterAll(() => shim?.remove())

let world: World
let offered: Map<string, Buffer>

const PARTS = ['source', 'destination', 'state'] as const

/** Three files published by two passes, and a fourth at the source; made once, and put back as it was before each case. */
beforeAll(async () => {
  world = await makeWorld('local', { calls: 'here' })
  await world.declare()
  offered = new Map()
  for (const names of [['a.tar', 'b.tar'], ['c.tar']]) {
    for (const name of names) await offer(name)
    expect((await world.pass()).exitCode).toBe(0)
  }
  await offer('d.tar')
  for (const part of PARTS) await copy(world[part], join(world.folder, 'as-it-was', part))
})
beforeEach(async () => {
  for (const part of PARTS) await copy(join(world.folder, 'as-it-was', part), world[part])
  offered = new Map(['a.tar', 'b.tar', 'c.tar', 'd.tar'].map((name) => [name, noise(2_000, name)]))
})
afterAll(() => world.end())

async function copy(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true })
  await cp(from, to, { recursive: true, preserveTimestamps: true })
}

async function offer(name: string): Promise<void> {
  offered.set(name, noise(2_000, name))
  await world.offer(name, offered.get(name)!)
}
const own = (name: string): string => join(world.destination, '.reconcile', name)
const ledger = (): Promise<string> => readFile(own('ledger.jsonl'), 'latin1')
const lines = async (): Promise<string[]> => (await ledger()).trimEnd().split('\n')
const forgetHeads = async (): Promise<void> => {
  // What remembers the ledger's end markerFinder itself: without it a clean cut cannot be told from an older ledger.
  await rm(own('status.json'))
  await rm(world.state, { recursive: true })
}

describe('I10: a torn tail is recovered', () => {
  test.each<[string, (whole: string) => Promise<void>]>([
    ['half a line', () => appendFile(own('ledger.jsonl'), '{"seq":9,"append":9,"time":"2026-')],
    ['half a line of bytes that are no text', () => appendFile(own('ledger.jsonl'), Buffer.alloc(300, 0xff))],
    ['a block of zeros', () => appendFile(own('ledger.jsonl'), Buffer.alloc(4096))],
    ['a newline too many', () => appendFile(own('ledger.jsonl'), '\n')],
    ['garbage with newlines in it', () => appendFile(own('ledger.jsonl'), 'x\ny\nz')],
  ])('%s at its end: into quarantine, recorded, exit 0', async (_, tear) => {
    const before = await ledger()
    await tear(before)
    const torn = await readFile(own('ledger.jsonl'))
    const result = await world.pass()
    expect(result).toMatchObject({ exitCode: 0, backups: [{ published: ['d.tar'], problems: [] }] })
    const after = await ledger()
    // I10: it only grows.
    expect(after.startsWith(before)).toBe(true)
    expect(after).toContain('"event":"recovered"')
    const [event] = await readdir(own('quarantine'))
    const aside = await readFile(own(`quarantine/${event}/ledger-tail.jsonl`))
    expect(aside.equals(torn.subarray(before.length))).toBe(true)
    await expectConverged(world, offered)
    expect((await world.pass()).backups[0]).toMatchObject({ result: 'in-sync' })
  })
})

describe('I10: any edit is found', () => {
  const edits: readonly [string, () => Promise<void>, string][] = [
    [
      'a digit of an early line changed',
      async () => writeFile(own('ledger.jsonl'), (await ledger()).replace('"size":2000', '"size":2001')),
      'ledger-damaged',
    ],
    [
      'an early line removed',
      async () => writeFile(own('ledger.jsonl'), (await lines()).toSpliced(1, 1).join('\n').concat('\n')),
      'ledger-damaged',
    ],
    [
      'two lines swapped',
      async () => {
        const all = await lines()
        await writeFile(
          own('ledger.jsonl'),
          [all[0], all[2], all[1], ...all.slice(3)].join('\n').concat('\n'),
        )
      },
      'ledger-damaged',
    ],
    [
      'a line said twice',
      async () => writeFile(own('ledger.jsonl'), `${await ledger()}${(await lines()).at(-1)}\n`),
      'ledger-damaged',
    ],
    [
      'its last line cut off cleanly',
      async () => writeFile(own('ledger.jsonl'), (await lines()).slice(0, -1).join('\n').concat('\n')),
      'ledger-damaged',
    ],
    ['cut off in the middle', async () => truncate(own('ledger.jsonl'), 1_200), 'ledger-damaged'],
    ['emptied', () => truncate(own('ledger.jsonl'), 0), 'ledger-damaged'],
    ['removed', () => rm(own('ledger.jsonl')), 'ledger-missing'],
    [
      'replaced by a folder',
      async () => {
        await rm(own('ledger.jsonl'))
        await mkdir(own('ledger.jsonl'))
      },
      'ledger-damaged',
    ],
  ]
  test.each(edits)(
    '%s: halted with 6, nothing is pulled, and doctor puts it right',
    async (_, edit, code) => {
      await edit()
      const before = await stat(own('ledger.jsonl')).then(
        ({ size }) => size,
        () => null,
      )
      for (const result of [await world.pass(), await world.pass()]) {
        expect(result).toMatchObject({ exitCode: 6, backups: [{ published: [], halt: { code } }] })
        expect(result.backups[0]!.halt!.hint).toContain('doctor --rebuild-ledger')
      }
      expect((await world.plan()).backups[0]!.halt).toMatchObject({ code })
      expect((await world.status()).backups[0]!.state).not.toBe('ok')
      if (before !== null) expect((await stat(own('ledger.jsonl'))).size).toBe(before)

      const doctor = await world.run('doctor', '--rebuild-ledger', 'pg')
      expect(doctor.code, doctor.stdout + doctor.stderr).toBe(0)
      const healed = await world.pass()
      expect(healed.exitCode, JSON.stringify(healed.backups[0])).toBe(0)
      expect(healed.backups[0]!.published).toContain('d.tar')
      await expectConverged(world, offered)
    },
  )

  test('another destination’s ledger, whole in itself, is not taken for ours', async () => {
    const other = join(world.folder, 'other')
    await world.declare('second', { destination: { path: other } })
    expect((await world.pass('second')).exitCode).toBe(0)
    await rm(join(world.specs, 'second.yaml'))
    await cp(join(other, '.reconcile/ledger.jsonl'), own('ledger.jsonl'))
    const result = await world.pass('pg')
    expect([6, 7]).toContain(result.exitCode)
    expect(result.backups[0]!.published).toEqual([])
  })

  test('a ledger put back from a copy of yesterday’s is found by its missing end', async () => {
    const yesterday = await ledger()
    expect((await world.pass()).exitCode).toBe(0)
    await writeFile(own('ledger.jsonl'), yesterday)
    expect(await world.pass()).toMatchObject({ exitCode: 6, backups: [{ halt: { code: 'ledger-damaged' } }] })
  })

  test('where nobody remembers its end a clean cut shows in the files it knows no more: they are judged anew, none is lost', async () => {
    await writeFile(own('ledger.jsonl'), (await lines()).slice(0, -1).join('\n').concat('\n'))
    await forgetHeads()
    const first = await world.pass()
    // The box has lost its memory of this disk too, and asks.
    expect(first).toMatchObject({ exitCode: 7, backups: [{ holds: [{ code: 'destination-unknown' }] }] })
    await world.run('release', first.backups[0]!.holds[0]!.id, '--reason', 'state was lost')
    expect(await world.pass()).toMatchObject({ exitCode: 0, backups: [{ published: ['c.tar', 'd.tar'] }] })
    await expectConverged(world, offered)
  })
})

describe('a cache or a private file that is lost or spoilt', () => {
  test.each<[string, () => Promise<void>]>([
    ['seen.jsonl removed', () => rm(own('seen.jsonl'))],
    ['seen.jsonl full of garbage', () => writeFile(own('seen.jsonl'), noise(5_000))],
    ['status.json full of garbage', () => writeFile(own('status.json'), '{"format":')],
    ['the reserve removed', () => rm(own('reserve'))],
    ['staging removed', () => rm(own('staging'), { recursive: true })],
    ['the lock file removed', () => rm(own('lock'))],
  ])('%s: the next pass goes on as if nothing was', async (_, spoil) => {
    await spoil()
    expect(await world.pass()).toMatchObject({ exitCode: 0, backups: [{ published: ['d.tar'] }] })
    await expectConverged(world, offered)
  })
})

describe.skipIf(shim === null)('a clock that is wrong (needs cc)', () => {
  const at = async (seconds: number): Promise<Result> =>
    JSON.parse(String((await world.start(['--json'], { env: shim!.clock(seconds) })).stdout))
  const YEAR = 86_400 * 365

  test.each([-10 * YEAR, 3 * YEAR])(
    '%i seconds off: files are published, nothing is lost, and later all is well',
    async (off) => {
      const problems = [{ code: 'box-clock' }]
      expect(await at(off)).toMatchObject({ exitCode: 1, problems, backups: [{ published: ['d.tar'] }] })
      await offer('e.tar')
      expect(await world.pass()).toMatchObject({ exitCode: 0, backups: [{ published: ['e.tar'] }] })
      expect(await at(off)).toMatchObject({ exitCode: 1, problems, backups: [{ result: 'in-sync' }] })
      await expectConverged(world, offered)
    },
  )

  test('a file that failed while the clock was years ahead is tried again', async () => {
    const good = noise(3_000, 'good')
    await world.offer('bad.tar', good, { marker: `${'1'.repeat(32)}  bad.tar\n`, mtime: 1_700_000_000 })
    expect(await at(3 * YEAR)).toMatchObject({ exitCode: 6 })
    const again = await world.pass()
    expect(again.exitCode).toBe(6)
    expect(again.backups[0]!.bytes).toBeGreaterThan(0)
  })
})
