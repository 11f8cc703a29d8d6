import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { BackupStatus } from '../../src/model/status.ts'
import { makeWorld, type World } from '../helpers/world.ts'

let open: World | null = null
afterEach(async () => {
  await open?.end()
  open = null
})

/** Two series of dumps, and a box with these drills. */
async function provable(drills: Readonly<Record<string, unknown>>): Promise<World> {
  const world = await makeWorld('local', { calls: 'here' })
  open = world
  for (const name of ['db-2025-11-20.tar', 'db-2025-11-21.tar', 'web-2025-11-20.tar'])
    await world.offer(name, `what is in ${name}`)
  await mkdir(join(world.folder, 'box'))
  await configure(world, drills)
  return world
}

const configOf = ({ folder }: World): string => join(folder, 'box/config.yaml')
const configure = (world: World, drills: Readonly<Record<string, unknown>>) =>
  writeFile(configOf(world), stringify({ drills }))
const wants = (world: World, drill: string) => world.declare('pg', { prove: { every: '90d', drill } })
const call = (world: World, ...words: string[]) => world.run('--config', configOf(world), ...words)
const pass = async (world: World) => JSON.parse((await call(world, '--json')).stdout)
const statusOf = async (world: World): Promise<BackupStatus> =>
  JSON.parse((await call(world, 'status', '--json')).stdout).backups[0]
const proof = ({ conditions }: BackupStatus) => conditions.find(({ type }) => type === 'Proven')
const receipts = async ({ destination }: World): Promise<readonly Record<string, unknown>[]> => {
  const lines = (await readFile(join(destination, '.reconcile/ledger.jsonl'), 'utf8')).trim().split('\n')
  return lines.map((line) => JSON.parse(line)).filter(({ drill }) => drill !== undefined)
}

test('a pass proves the newest point of one series, the next pass the other, and then none', async () => {
  const world = await provable({ sound: ['grep', '-q', 'what is in', '{path}'] })
  await wants(world, 'sound')
  expect((await pass(world)).exitCode).toBe(0)
  expect(proof(await statusOf(world))).toMatchObject({ status: 'unknown', reason: 'not-proven-yet' })
  for (let passes = 0; passes < 4; passes++) expect((await pass(world)).exitCode).toBe(0)
  expect(await receipts(world)).toMatchObject([
    {
      event: 'proven',
      drill: 'sound',
      series: 'db-*.tar',
      paths: ['db-2025-11-21.tar'],
      files: 1,
      bytes: 28,
    },
    { event: 'proven', series: 'web-*.tar', paths: ['web-2025-11-20.tar'] },
  ])
  expect(await readdir(join(world.state, 'scratch'))).toEqual([])
  expect(proof(await statusOf(world))).toMatchObject({ status: 'true', reason: 'proven' })
  const text = (await call(world, 'status', 'pg')).stdout.replace(/\s+/g, ' ')
  expect(text).toMatch(/proven (?:just now|\d+ s ago), restore took \d+ s/)
  const listed = (await call(world, 'restore', 'pg', '--list')).stdout
  expect(listed).toMatch(/VERIFIED +PROVEN\n/)
  expect(Math.max(...listed.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  const metrics = (await call(world, 'status', '--output', 'prometheus')).stdout
  expect(metrics).toMatch(/reconcile_series_restore_seconds\{backup="pg",series="db-\*\.tar"\} [\d.]+/)
  expect(metrics).toContain('reconcile_condition{backup="pg",type="Proven",status="true"} 1')
})

test('a failed drill: exit 1 of the pass and of those after it, CRITICAL, until it succeeds by hand', async () => {
  const world = await provable({ it: ['sh', '-c', 'printf "no\\033[31m table\\n" >&2; exit 3'] })
  await wants(world, 'it')
  // What a pass has just brought is the next one's to prove.
  expect((await pass(world)).exitCode).toBe(0)
  for (const seen of ['by the drill', 'by the ledger']) {
    const { backups, exitCode } = await pass(world)
    expect([seen, exitCode, backups[0].problems[0]]).toEqual([
      seen,
      1,
      expect.objectContaining({ code: 'drill-failed', message: expect.stringContaining('exit code 3: no') }),
    ])
  }
  const status = await statusOf(world)
  expect([status.state, proof(status)]).toMatchObject(['failed', { status: 'false', reason: 'drill-failed' }])
  const check = await call(world, 'status', '--check')
  expect([check.code, check.stdout]).toEqual([2, expect.stringContaining('drill')])
  const failed = await call(world, 'restore', '--drill', 'it')
  expect([failed.code, failed.stdout]).toEqual([1, expect.stringMatching(/^! pg\/db-2025-11-21\.tar\n/)])
  expect(failed.stdout + failed.stderr).not.toContain('\u001b')
  await writeFile(configOf(world), 'drills: { it: [true] }')
  const faulty = await call(world, 'restore', '--drill', 'it')
  expect([faulty.code, faulty.stderr]).toEqual([3, expect.stringContaining('put it in quotes')])
  await configure(world, { it: ['test', '-s', '{path}'] })
  const good = await call(world, 'restore', '--drill', 'it', 'pg', '--json')
  expect(JSON.parse(good.stdout)).toMatchObject({
    format: 'reconcile.drills/1',
    drills: [{ series: 'db-*.tar', result: 'proven' }, { series: 'web-*.tar' }],
    exitCode: 0,
  })
  const after = await statusOf(world)
  expect([after.state, after.exitCode, proof(after)?.status]).toEqual(['ok', 0, 'true'])
  expect((await pass(world)).exitCode).toBe(0)
})

test('a drill that is not in config.yaml, one that hangs, and what one that was killed has left', async () => {
  const world = await provable({ slow: { command: ['sleep', '600'], timeout: '1s' } })
  await wants(world, 'slwo')
  const { backups, exitCode } = await pass(world)
  expect([exitCode, backups[0].problems]).toMatchObject([
    1,
    [{ code: 'drill-unknown', hint: 'There are: slow.' }],
  ])
  const valid = await call(world, 'validate', '--json')
  expect([valid.code, JSON.parse(valid.stdout).diagnostics]).toMatchObject([
    0,
    [{ code: 'drill-unknown', severity: 'warning', hint: 'There are: slow.' }],
  ])
  const typo = await call(world, 'restore', '--drill', 'slwo')
  expect([typo.code, typo.stderr]).toEqual([64, expect.stringContaining('Did you mean slow?')])
  const left = join(world.state, 'scratch/drill-x/deep')
  await mkdir(join(world.state, 'scratch'), { mode: 0o700 })
  await mkdir(join(world.state, 'scratch/drill-x'))
  await mkdir(left)
  const slow = await call(world, 'restore', '--drill', 'slow', 'pg', '--json')
  expect(JSON.parse(slow.stdout)).toMatchObject({
    exitCode: 1,
    drills: [{ why: expect.stringContaining('timeout') }, {}],
  })
  expect(await readdir(join(world.state, 'scratch'))).toEqual([])
})

test('a program that is not here, and rot: both remembered; what is rotten is repaired by the next pass', async () => {
  const world = await provable({ none: ['no-such-program', '{path}'], it: ['true'] })
  await wants(world, 'none')
  await pass(world)
  expect((await pass(world)).backups[0].problems).toMatchObject([{ code: 'drill-failed' }])
  expect((await statusOf(world)).exitCode).toBe(1)
  await wants(world, 'it')
  const name = 'db-2025-11-21.tar'
  await chmod(join(world.destination, name), 0o644)
  await writeFile(join(world.destination, name), `what is iN ${name}`)
  const failed = await call(world, 'restore', '--drill', 'it', 'pg', '--json')
  expect(JSON.parse(failed.stdout).drills[0].why).toContain('it has rotted here')
  expect((await pass(world)).backups[0].repaired).toEqual([name])
})

test.each([
  [['restore', '--drill', 'it', '--to', 'out'], 'takes backups alone'],
  [['restore', '--drill', 'it'], 'no backup asks for the drill it'],
  [['restore', 'pg', 'a', '--to', ''], 'needs a folder to restore to'],
  [['restore'], 'needs a backup'],
])('%j: exit 64, %s', async (words, said) => {
  const world = await provable({ it: ['true'] })
  await world.declare('pg', {})
  const ended = await call(world, ...words)
  expect([ended.code, ended.stdout]).toEqual([64, ''])
  expect(ended.stderr.replace(/\s+/g, ' ')).toContain(said)
})
