import { chmod, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { VerifyReport } from '../../src/model/verified.ts'
import { makeWorld, noise, type World } from '../helpers/world.ts'

let open: World | null = null
afterEach(async () => {
  await open?.end()
  open = null
})

const SIZE = 1_200_001
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'].map((one) => `${one}-2025-11-20.tar`)

/** Files of three blocks, all held. */
async function held(kind: 'local' | 'ssh' = 'local'): Promise<World> {
  const world = await makeWorld(kind, { calls: 'here' })
  open = world
  for (const name of NAMES) await world.offer(name, noise(SIZE, name), { mtime: 1_763_600_000 })
  await world.declare('pg', { expect: { every: 'never' } })
  expect((await world.pass()).exitCode).toBe(0)
  return world
}

async function verify(world: World, ...words: string[]) {
  const { stdout, stderr, code } = await world.run('verify', ...words, '--json')
  expect(stderr).toBe('')
  const report = JSON.parse(stdout) as VerifyReport
  expect(report.exitCode).toBe(code)
  const [backup] = report.backups
  return { ...backup!, code, found: backup!.findings.map((one) => `${one.code} ${one.path ?? ''}`.trim()) }
}

/** One bit in the middle, with size and time as they were: what a disk does. */
async function flip({ destination }: World, name: string): Promise<void> {
  const path = join(destination, name)
  const { atime, mtime } = await stat(path)
  const bytes = await readFile(path)
  bytes[SIZE >> 1]! ^= 4
  await chmod(path, 0o644)
  await writeFile(path, bytes)
  await chmod(path, 0o444)
  await utimes(path, atime, mtime)
}

const ledgerOf = ({ destination }: World): string => join(destination, '.reconcile/ledger.jsonl')
const eventsIn = async (world: World) =>
  (await readFile(ledgerOf(world), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; path?: string; paths?: string[]; code?: string })

test('each kind of damage is found, named and told apart, remembered, shown and mended', async () => {
  const world = await held()
  const [a, b, c, d] = NAMES as [string, string, string, string]
  const at = (name: string): string => join(world.destination, name)
  expect(await verify(world)).toMatchObject({ code: 0, files: 6, bytes: 6 * SIZE, found: [], recorded: true })

  await flip(world, a)
  await rm(at(b))
  await rm(at(`${c}.md5`))
  const marker = await readFile(at(`${d}.md5`), 'utf8')
  await chmod(at(`${d}.md5`), 0o644)
  await writeFile(at(`${d}.md5`), marker.replace(/^./, marker[0] === '0' ? '1' : '0'))
  await writeFile(at('stray.bin'), 'mine')

  // A look that reads nothing cannot see the bit, nor the marker of the same size.
  expect(JSON.stringify(await world.plan())).not.toContain(a)
  const all = [
    `rot ${a}`,
    `missing-here ${b}`,
    `marker-missing ${c}`,
    `marker-altered ${d}`,
    'foreign-file stray.bin',
  ]
  const first = await verify(world)
  expect(first).toMatchObject({ code: 6, found: all, files: 2, recorded: true })
  const told = (await eventsIn(world)).filter(({ event }) => ['rotten', 'damaged', 'foreign'].includes(event))
  expect(told).toMatchObject([
    { event: 'rotten', path: a },
    { event: 'damaged', path: c, code: 'marker-missing' },
    { event: 'damaged', path: d, code: 'marker-altered' },
    { event: 'damaged', path: b, code: 'missing-here' },
    { event: 'foreign', paths: ['stray.bin'] },
  ])
  const text = await world.run('verify', 'pg')
  expect([text.code, text.stdout]).toEqual([6, expect.stringContaining(`! marker-altered  ${d}\n`)])
  // Nothing is recorded twice but what was found sound.
  expect((await eventsIn(world)).filter(({ event }) => event === 'damaged').length).toBe(3)

  const [shown] = (await world.status('pg')).backups
  expect(shown).toMatchObject({ state: 'failed', verified: { damaged: 4, overdue: 0, foreign: 1 } })
  const words = (await world.run('status', 'pg')).stdout
  expect(words).toContain('4 damaged')

  await rm(at('stray.bin'))
  const [mended] = (await world.pass()).backups
  expect(mended).toMatchObject({ repaired: [a, b], adopted: [c, d], exitCode: 0 })
  expect(await readFile(at(`${d}.md5`), 'utf8')).toBe(marker)
  expect(await verify(world)).toMatchObject({ code: 0, files: 6, found: [] })
  const [well] = (await world.status('pg')).backups
  expect(well).toMatchObject({ state: 'ok', quarantine: { files: 4 }, verified: { damaged: 0, foreign: 0 } })
  expect((await world.run('status', 'pg')).stdout).toMatch(/verified +all verified within 30 d/)
})

test('a ledger that was edited, cut or reordered, or is gone: told apart, and the markers still vouch for the files', async () => {
  const world = await held()
  const path = ledgerOf(world)
  const whole = await readFile(path, 'utf8')
  const lines = whole.trimEnd().split('\n')
  const swapped = [...lines]
  ;[swapped[2], swapped[4]] = [lines[4]!, lines[2]!]
  const damages = {
    'ledger-edited': whole.replace(`"size":${SIZE}`, `"size":${SIZE - 1}`),
    'ledger-cut': lines.filter((_, i) => i !== 2).join('\n'),
    'ledger-reordered': `${swapped.join('\n')}\n`,
    'ledger-missing': null,
  }
  await flip(world, NAMES[1]!)
  for (const [code, text] of Object.entries(damages)) {
    if (text === null) await rm(path)
    else await writeFile(path, text)
    const found = await verify(world, world.destination)
    expect(found).toMatchObject({ code: 6, found: [code, `rot ${NAMES[1]}`], files: 5, recorded: false })
  }
  // Cut at its end, it is a ledger of another day: what remembers the head finds that.
  await writeFile(path, `${lines.slice(0, -2).join('\n')}\n`)
  expect(await verify(world)).toMatchObject({ code: 6, found: ['ledger-cut', `rot ${NAMES[1]}`] })
  await writeFile(path, whole)
  expect(await verify(world)).toMatchObject({ code: 6, found: [`rot ${NAMES[1]}`], recorded: true })
})

test('by a folder alone; by age and amount, the longest unread first; at a rate', async () => {
  const world = await held()
  for (const gone of [world.specs, world.state, world.source]) await rm(gone, { recursive: true })
  // Unknown to this box: nothing is written there.
  const before = await readFile(ledgerOf(world), 'utf8')
  expect(await verify(world, world.destination)).toMatchObject({ code: 0, files: 6, recorded: false })
  expect(await readFile(ledgerOf(world), 'utf8')).toBe(before)
  const older = await verify(world, world.destination, '--older-than', '1d')
  expect(older).toMatchObject({ code: 0, files: 0, left: { files: 6 } })
  const began = performance.now()
  const some = await verify(world, world.destination, '--limit', '3MB', '--rate', '4MB/s')
  expect(some).toMatchObject({ files: 2, left: { files: 4, bytes: 4 * SIZE } })
  // Slower than the rate is no fault of it.
  expect(performance.now() - began).toBeGreaterThan(300)
  expect((await world.run('verify', '/nowhere/x')).code).toBe(64)
})
