import { chmod, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { VerifyReport } from '../../src/model/verified.ts'
import { countInFull } from '../helpers/extent.ts'
import { expectConverged } from '../helpers/fault-checks.ts'
import { type Random, randomOf, seedsOf } from '../helpers/random.ts'
import { makeWorld, noise, type World } from '../helpers/world.ts'

const FILES = 125
/** Each flips one bit of every file, or of its marker. */
const ROUNDS = seedsOf(countInFull(40, 2))
/** For a ledger each is a run of its own. */
const LEDGER_FLIPS = seedsOf(countInFull(1_000, 10))

let world: World
const offered = new Map<string, Buffer>()
/** The source has them no more. */
const gone: string[] = []

beforeAll(async () => {
  world = await makeWorld('local', { calls: 'here' })
  const random = randomOf(1)
  for (let i = 0; i < FILES; i++) {
    const name = `db${i % 7}-${new Date(Date.UTC(2026, 0, 1 + i)).toISOString().slice(0, 10)}.tar`
    offered.set(name, noise(1 + random.int(9_000), name))
    await world.offer(name, offered.get(name)!, { mtime: 1_790_000_000 + i })
  }
  await world.declare('pg', { expect: { every: 'never' } })
  expect((await world.pass()).exitCode).toBe(0)
  for (const name of offered.keys()) if (gone.length < FILES / 20 && random.chance(0.1)) gone.push(name)
  for (const name of gone) for (const path of [name, `${name}.md5`]) await rm(join(world.source, path))
})
afterAll(() => world.end())

const at = (name: string): string => join(world.destination, name)

/** One bit, with size, times and mode as they were: what a disk does. */
async function flip(path: string, random: Random): Promise<void> {
  const { atime, mtime, mode } = await stat(path)
  const bytes = await readFile(path)
  bytes[random.int(bytes.length)]! ^= 1 << random.int(8)
  await chmod(path, 0o644)
  await writeFile(path, bytes)
  await chmod(path, mode & 0o777)
  await utimes(path, atime, mtime)
}

async function verify(): Promise<readonly string[]> {
  const { stdout } = await world.run('verify', 'pg', '--json')
  const report = JSON.parse(stdout) as VerifyReport
  const [backup] = report.backups
  const found = backup!.findings.map(({ code, path }) => (path === undefined ? code : `${code} ${path}`))
  expect(report.exitCode).toBe(found.length === 0 ? 0 : 6)
  return found.sort()
}

test('I2: every bit that flips at rest, in data or in a marker, is found, told apart, and mended where the source still has it', async () => {
  const heldMarkers = new Map<string, Buffer>()
  for (const name of offered.keys()) heldMarkers.set(name, await readFile(at(`${name}.md5`)))
  expect(await verify()).toEqual([])
  let flips = 0
  for (const seed of ROUNDS) {
    const random = randomOf(seed)
    const expected: string[] = []
    for (const name of offered.keys()) {
      // Of what the source has no more, only the marker can be put back.
      const isData = random.chance(0.7)
      await flip(at(isData ? name : `${name}.md5`), random)
      expected.push(`${isData ? 'rot' : 'marker-altered'} ${name}`)
      flips++
    }
    expect(await verify(), `FAULTS_SEED=${seed}`).toEqual(expected.sort())
    const rotten = gone.filter((name) => expected.includes(`rot ${name}`))
    const mended = await world.pass()
    expect(mended.backups[0]!.repaired.length + mended.backups[0]!.adopted.length).toBe(FILES - rotten.length)
    // I14: what cannot be mended is no success, until somebody says so.
    expect(mended.exitCode).toBe(rotten.length === 0 ? 0 : 6)
    expect(await verify(), `FAULTS_SEED=${seed}`).toEqual(rotten.map((name) => `rot ${name}`).sort())
    for (const name of rotten) {
      await chmod(at(name), 0o644)
      await writeFile(at(name), offered.get(name)!)
      await chmod(at(name), 0o444)
    }
    expect(await verify(), `FAULTS_SEED=${seed}`).toEqual([])
    for (const [name, marker] of heldMarkers) expect(await readFile(at(`${name}.md5`))).toEqual(marker)
    await expectConverged(world, offered)
  }
  console.info(`${flips} bits flipped, found and told apart`)
})

test('I10: every bit that flips in the ledger is found, and nothing is done by what it says then', async () => {
  await world.end()
  world = await makeWorld('local', { calls: 'here' })
  await world.declare('pg', { expect: { every: 'never' } })
  for (let i = 0; i < 3; i++) {
    for (const name of [`a${i}.tar`, `b${i}.tar`]) await world.offer(name, noise(3_000, name))
    expect((await world.pass()).exitCode).toBe(0)
  }
  const ledger = at('.reconcile/ledger.jsonl')
  const whole = await readFile(ledger)
  const codes = new Map<string, number>()
  for (const seed of LEDGER_FLIPS) {
    const random = randomOf(seed)
    // Half of them in its last lines, where a crash could have torn it.
    const from = random.chance(0.5) ? whole.length - 2_000 : 0
    const place = from + random.int(whole.length - from)
    const bytes = Buffer.from(whole)
    bytes[place]! ^= 1 << random.int(8)
    await writeFile(ledger, bytes)
    const found = await verify()
    expect(found, `FAULTS_SEED=${seed}, byte ${place} of ${whole.length}`).toHaveLength(1)
    codes.set(found[0]!, (codes.get(found[0]!) ?? 0) + 1)
    expect(await readFile(ledger)).toEqual(bytes)
  }
  console.info(`${LEDGER_FLIPS.length} bits of the ledger: ${JSON.stringify([...codes])}`)
  expect([...codes.keys()]).toEqual(['ledger-edited'])
  await writeFile(ledger, whole)
  expect(await verify()).toEqual([])
})
