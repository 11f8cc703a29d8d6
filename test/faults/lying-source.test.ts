import { lstat, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Result } from '../../src/model/outcome.ts'
import { pathFault } from '../../src/model/rel-path.ts'
import { countInFull } from '../helpers/extent.ts'
import { expectConverged, expectOnlyWhole } from '../helpers/fault-checks.ts'
import { commandLines } from '../helpers/fault-processes.ts'
import { type Kind, type Lie, type LyingLine, lieOf, makeLyingLine } from '../helpers/lying-line.ts'
import { type Random, randomOf, seedsOf } from '../helpers/random.ts'
import { digestOf, makeWorld, noise, type World } from '../helpers/world.ts'

/** In full this is about 10,000 sessions. */
const SEEDS = seedsOf(countInFull(3_000, 16))
/** Most of the time of a pass is waiting: for what is silent, or before the next attempt. */
const LANES = 6
/** Seconds that a pass may take, and seconds of silence. */
const BUDGET = 10
const SILENCE = 2

let line: LyingLine
let keys: World
const path = process.env['PATH']!
beforeAll(async () => {
  line = await makeLyingLine()
  keys = await makeWorld('local')
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(keys.folder, 'key')])
  await writeFile(join(keys.folder, 'known'), await readFile(join(keys.folder, 'key.pub')))
  process.env['PATH'] = `${line.path}${delimiter}${path}`
})
afterAll(async () => {
  process.env['PATH'] = path
  await line.end()
  await keys.end()
})

test('I6 I12 I14: whatever a source says in rsync’s words, nothing is outside, nothing wrong is published, every pass ends, and no process is left', async () => {
  const rest = [...SEEDS]
  const faults: string[] = []
  let longest = 0
  await Promise.all(
    Array.from({ length: Math.min(LANES, rest.length) }, async (_, lane) => {
      const world = await makeWorld('local', { calls: 'here' })
      await mkdir(join(world.folder, 'outside'))
      await writeFile(join(world.folder, 'outside/canary'), 'alive')
      for (let seed = rest.shift(); seed !== undefined; seed = rest.shift()) {
        const lies = new Map<Kind, Lie>()
        try {
          longest = Math.max(longest, await oneSource(world, `lane${lane}`, randomOf(seed), lies))
        } catch (error) {
          const what = [...lies.values()].map((lie) => lie.what).join('; ')
          faults.push(`FAULTS_SEED=${seed} (${what}): ${error instanceof Error ? error.message : error}`)
        }
      }
      await world.end()
    }),
  )
  console.info(
    `${SEEDS.length} lying sources, ${line.sessions()} sessions, longest pass ${longest.toFixed(1)} s`,
  )
  expect(faults).toEqual([])
})

/** One source that lies, from nothing. Seconds of its longest pass. */
async function oneSource(world: World, user: string, random: Random, lies: Map<Kind, Lie>): Promise<number> {
  for (const part of [world.destination, world.state, world.source]) {
    await rm(part, { recursive: true, force: true })
    await mkdir(part)
  }
  const isListed = random.chance(0.3)
  const offered = new Map<string, Buffer>()
  for (const [name, size] of [
    ['db-2026-11-01.tar', 30_000],
    ['db-2026-11-02.tar', 2_000],
    [isListed ? 'x.tar' : 'sub/x.tar', 100],
  ] as const) {
    offered.set(name, noise(size, name))
    await world.offer(name, offered.get(name)!)
  }
  if (isListed) await writeFile(join(world.source, 'LIST'), [...offered.keys()].join('\n'))
  await world.declare('pg', {
    source: {
      host: 'source.invalid',
      user,
      path: '.',
      identity: join(keys.folder, 'key'),
      knownHosts: join(keys.folder, 'known'),
      ...(isListed ? { listing: 'LIST' } : {}),
    },
    select: { include: ['**'], exclude: ['LIST'] },
    transfer: { timeout: `${SILENCE}s` },
  })
  const before = await around(world)

  for (const kind of ['list', 'fetch', 'pull'] as const)
    if (random.chance(kind === 'fetch' ? 0.2 : 0.45))
      lies.set(kind, lieOf(random, kind, offered, join(world.folder, 'evil.tar')))
  if (lies.size === 0) lies.set('pull', lieOf(random, 'pull', offered, join(world.folder, 'evil.tar')))
  const [first, took] = await pass(world, user, lies)
  await nothingWrong(world, before, lies.has('fetch') ? null : offered)
  // Its pull came to all that it wanted: what it wanted may have been a lie, but none of it is missing.
  if (first.exitCode === 0 && !lies.has('list') && first.backups[0]!.result !== 'incomplete')
    expect([...(await world.published()).keys()].filter((name) => !name.endsWith('.md5'))).toEqual(
      [...offered.keys()].sort(),
    )
  if (random.chance(0.7)) return took

  const [second, again] = await pass(world, user, new Map())
  await nothingWrong(world, before, lies.has('fetch') ? null : offered)
  // I14: green means held. What a lie had made fail twice is said to be missing.
  if (
    second.exitCode === 0 &&
    second.backups[0]!.result !== 'incomplete' &&
    !lies.has('fetch') &&
    !lies.has('list')
  )
    await expectConverged(world, offered)
  return Math.max(took, again)
}

async function pass(world: World, user: string, lies: ReadonlyMap<Kind, Lie>): Promise<[Result, number]> {
  line.serve(user, world.source, Object.fromEntries(lies))
  const begun = performance.now()
  const result = await world.pass('--max-time', `${BUDGET}s`)
  const took = (performance.now() - begun) / 1000
  expect(took, 'seconds').toBeLessThan(2 * BUDGET)
  expect(result.exitCode).not.toBe(70)
  expect(commandLines().filter((text) => text.includes(world.folder))).toEqual([])
  return [result, took]
}

/** All of the world's folder but what a pass may change. */
async function around(world: World): Promise<readonly string[]> {
  const found: string[] = []
  for (const entry of await readdir(world.folder, { recursive: true, withFileTypes: true })) {
    const at = join(entry.parentPath, entry.name)
    if ([world.destination, world.state].some((folder) => at === folder || at.startsWith(`${folder}/`)))
      continue
    found.push(`${at} ${entry.isFile() ? digestOf('md5', await readFile(at)) : ''}`)
  }
  return found.sort()
}

/** `offered`: what alone may be published; null: whatever fits its own marker. */
async function nothingWrong(
  world: World,
  before: readonly string[],
  offered: ReadonlyMap<string, Buffer> | null,
): Promise<void> {
  expect(await around(world)).toEqual(before)
  for (const entry of await readdir(world.destination, { recursive: true, withFileTypes: true }))
    expect(entry.isFile() || entry.isDirectory(), entry.name).toBe(true)
  if (offered !== null) {
    await expectOnlyWhole(world, offered)
    return
  }
  const published = await world.published()
  for (const [name, text] of published) {
    const isMarker = /\.(md5|sha256)(sum)?$/i.test(name)
    if (isMarker) continue
    expect(pathFault(name), name).toBeNull()
    expect((await lstat(join(world.destination, name))).mode & 0o7777, name).toBe(0o444)
    const marker = published.get(`${name}.md5`) ?? ''
    expect(marker, name).toContain(digestOf('md5', Buffer.from(text, 'latin1')))
  }
}
