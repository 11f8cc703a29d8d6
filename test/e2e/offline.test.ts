import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Backup, backupIn, stepsOf } from '../helpers/backup.ts'
import { treeOf } from '../helpers/tree.ts'
import { makeWorld, type World } from '../helpers/world.ts'

// Plans from snapshots: without keys, network, state, source or destination.

let world: World
let at: Backup
let folder: string
const LATER = '2030-01-01T00:00:00Z'

/** Every kind of step, and a file that the spec does not select. */
beforeAll(async () => {
  world = await makeWorld('ssh', { calls: 'here' })
  folder = join(world.folder, 'snapshots')
  at = await backupIn(world, 'pg', { select: { exclude: ['tmp-*'] } })
  for (const file of ['keep.tar', 'gone.tar', 'other.tar', 'lost.tar'])
    await at.offer(file, file, { mtime: 1_700_000_000 })
  await at.pass()
  for (const file of ['gone.tar', 'lost.tar', 'lost.tar.md5']) await rm(join(at.destination, file))
  for (const file of ['lost.tar', 'lost.tar.md5']) await rm(join(at.source, file))
  await at.offer('other.tar', 'changed')
  await at.offer('new.tar', 'new')
  await at.offer('tmp-1.tar', 'scratch')
  await at.offer('unfinished.tar', 'x', { marker: null })
})
afterAll(() => world.end())

const offline = (...words: string[]) => world.plan('--offline', folder, ...words)

describe('a snapshot', () => {
  test('is a private file a backup, and taking it writes nothing else', async () => {
    const look = () => Promise.all([at.destination, at.source, world.state, world.specs].map(treeOf))
    const before = await look()
    const { code, stdout, stderr } = await world.run('snapshot', '--to', folder)
    expect([code, stdout], stderr).toEqual([
      0,
      expect.stringMatching(/^pg: .*pg\.json \(\d+ files at the source/),
    ])
    expect(await look()).toEqual(before)
    expect(await readdir(folder)).toEqual(['pg.json'])
    expect((await stat(join(folder, 'pg.json'))).mode & 0o777).toBe(0o600)
    const text = await readFile(join(folder, 'pg.json'), 'utf8')
    expect(text).not.toContain('PRIVATE KEY')
    expect(text).not.toContain(world.sshd!.identity)
  })

  test('gives the very plan that a look at both sides gives', async () => {
    const [near, far] = [await world.plan(), await offline()]
    expect({ ...far, asOf: near.asOf }).toEqual({
      ...near,
      backups: near.backups.map((one) => ({ ...one, free: far.backups[0]!.free })),
    })
    expect(far.asOf).toBe(JSON.parse(await readFile(join(folder, 'pg.json'), 'utf8')).taken)
    expect(far.planId).toBe(near.planId)
  })

  test('as of another time where one is given', async () => {
    expect((await offline('--as-of', LATER)).asOf).toBe(LATER)
    expect((await world.plan('--as-of', LATER)).asOf).toBe(LATER)
  })

  test('serves a spec that selects other files than it was taken with', async () => {
    await at.declare({ select: { include: ['tmp-*', 'keep.tar'] } })
    try {
      expect(stepsOf((await offline()).backups[0]!)).toEqual(['pull tmp-1.tar'])
    } finally {
      await at.declare({ select: { exclude: ['tmp-*'] } })
    }
  })

  test('of another place is used, and said to be so', async () => {
    await at.declare({ select: { exclude: ['tmp-*'] }, source: { host: 'elsewhere.example.net' } })
    try {
      const [plan] = (await offline()).backups
      expect(plan!.problems).toMatchObject([{ code: 'snapshot-elsewhere' }])
      expect(stepsOf(plan!)).toContain('pull new.tar')
    } finally {
      await at.declare({ select: { exclude: ['tmp-*'] } })
    }
  })

  test('that is missing is a problem of its backup alone', async () => {
    await backupIn(world, 'young')
    try {
      const { backups } = await offline()
      expect(backups.map(({ backup, problems }) => [backup, problems.map(({ code }) => code)])).toEqual([
        ['pg', []],
        ['young', ['no-snapshot']],
      ])
    } finally {
      await rm(join(world.specs, 'young.yaml'))
    }
  })

  test('of a source that cannot be reached does not take the place of a good one', async () => {
    const file = join(folder, 'pg.json')
    const before = await readFile(file, 'utf8')
    await at.declare({ select: { exclude: ['tmp-*'] }, source: { path: 'nowhere' } })
    try {
      expect(await world.run('snapshot', '--to', folder)).toMatchObject({
        code: 1,
        stdout: expect.stringContaining('no snapshot'),
      })
      expect(await readFile(file, 'utf8')).toBe(before)
    } finally {
      await at.declare({ select: { exclude: ['tmp-*'] } })
    }
  })

  test.each([
    () => world.specs,
    () => at.destination,
    () => join(at.destination, '.reconcile/x'),
    // Where Node's own way to make folders never comes back.
    () => '/proc/x',
  ])('is never put where it would be in the way, or cannot be: %#', async (place) => {
    const { code, stderr } = await world.run('snapshot', '--to', place())
    expect([code, stderr]).toEqual([64, expect.stringContaining('cannot write')])
  })
})

describe('a change of specs', () => {
  test('also of _defaults.yaml is planned from a snapshot, and shown as text, json and markdown', async () => {
    await writeFile(join(world.specs, '_defaults.yaml'), 'transfer: { bandwidth: 25KiB/s }\n')
    await at.declare({ select: { exclude: ['new*'] } })
    try {
      const file = join(world.folder, 'plans/now.json')
      const { stderr } = await world.run('plan', '--offline', folder, '--out', file)
      expect(stderr).not.toContain('cannot')
      const show = (...words: string[]) => world.run('plan', '--show', file, ...words)
      const text = await show()
      expect(text.code).toBe(0)
      expect(text.stdout).toMatch(/25 KiB\/s/)
      expect(text.stdout).toMatch(/\+ pull +tmp-/)
      expect(JSON.parse((await show('--json')).stdout).backups[0].summary).toMatchObject({ pull: 1 })
      expect((await show('--output', 'markdown')).stdout).toMatch(/^- pull `tmp-/m)
    } finally {
      await rm(join(world.specs, '_defaults.yaml'))
      await at.declare({ select: { exclude: ['tmp-*'] } })
    }
  })
})

describe('a file that is no snapshot of ours', () => {
  test.each<[string, (snapshot: string) => string, RegExp]>([
    ['a path that leads out', (text) => text.replaceAll('"new.tar"', '"../new.tar"'), /is not a safe path/],
    ['a digest that is none', (text) => text.replace(/"digest":"\w{32}"/, '"digest":"0"'), /is not a digest/],
    ['a size that is none', (text) => text.replace('"size":3', '"size":-3'), /whole number/],
    ['of another backup', (text) => text.replace('"backup":"pg"', '"backup":"my"'), /it is a snapshot of my/],
    ['of another version', (text) => text.replace('snapshot/1', 'snapshot/2'), /another version/],
    ['cut short', (text) => text.slice(0, 100), /not JSON/],
    ['nested without end', () => '['.repeat(9999) + ']'.repeat(9999), /too deeply/],
  ])('%s', async (_, change, said) => {
    const other = join(world.folder, 'hostile')
    await mkdir(other, { recursive: true })
    const sound = await readFile(join(folder, 'pg.json'), 'utf8')
    const made = change(sound)
    expect(made).not.toBe(sound)
    await writeFile(join(other, 'pg.json'), made)
    const { code, stderr } = await world.run('--dry-run', '--offline', other)
    expect([code, stderr.replace(/\s+/g, ' ')]).toEqual([64, expect.stringMatching(said)])
    expect(stderr).not.toContain('    at ')
  })
})

test('with keys, state, source, destination and every host tool gone, the plan is the same', async () => {
  const before = await offline()
  const empty = join(world.folder, 'empty')
  await mkdir(empty)
  for (const path of [at.source, at.destination, world.state, world.sshd!.identity])
    await rm(path, { recursive: true, force: true })
  const words = ['--dry-run', '--offline', folder, '--json']
  const { stdout, exitCode } = await world.start(words, { env: { PATH: empty } })
  expect(exitCode).toBe(6)
  expect(JSON.parse(String(stdout))).toEqual(before)
  await expect(stat(world.state)).rejects.toThrow('ENOENT')
})
