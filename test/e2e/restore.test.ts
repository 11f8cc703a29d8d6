import { createHash } from 'node:crypto'
import {
  chmod,
  chown,
  link,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { digestOf, makeWorld, noise, type World } from '../helpers/world.ts'
import { DUMPS } from '../helpers/world-of-dumps.ts'

let open: World | null = null
afterEach(async () => {
  await open?.end()
  open = null
})

const MTIME = 1_763_000_000
/** More than is read at once. */
const SIZE = 1_600_000
const MADE = new Map(['20', '21', '22'].map((day) => [day, noise(SIZE, day)]))
const bytesOf = (day: string): Buffer => Buffer.from(MADE.get(day)!)

/** Three dumps, a tree of photos next to them, all held; the state and the specs are not needed any more. */
async function held(): Promise<World> {
  const world = await makeWorld('local', { calls: 'here' })
  open = world
  for (const day of ['20', '21', '22'])
    await world.offer(`db-2025-11-${day}.tar`, bytesOf(day), { mtime: MTIME })
  await world.offer('photos/2025/a b.jpg', 'a picture')
  await world.declare('pg', { ...DUMPS, expect: undefined })
  expect((await world.pass()).exitCode).toBe(0)
  return world
}

/** The name of its half-copied copy. */
async function partOf({ destination }: World, path: string): Promise<string> {
  const ledger = await readFile(join(destination, '.reconcile/ledger.jsonl'), 'utf8')
  const line = ledger.split('\n').find((one) => one.includes(`${path}"`))
  const hash = createHash('sha256').update(`${JSON.parse(line!).sha256}/${path}`)
  return `.restoring-${hash.digest('hex').slice(0, 40)}`
}

const tree = async (folder: string): Promise<readonly string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
    .sort()
}

test('files and folders by name: the bytes, the mtime, writable, and nothing else', async () => {
  const world = await held()
  const to = join(world.folder, 'out')
  const ended = await world.run('restore', 'pg', 'db-2025-11-21.tar', 'photos/', '--to', to)
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  expect(ended.stdout).toMatch(/^2 files of pg \(1\.5 MiB\) verified and in\s+\S+out\.$/)
  expect(await tree(to)).toEqual(['db-2025-11-21.tar', 'photos/2025/a b.jpg'])
  expect(await readFile(join(to, 'db-2025-11-21.tar'))).toEqual(bytesOf('21'))
  const { mtimeMs, mode } = await stat(join(to, 'db-2025-11-21.tar'))
  expect([mtimeMs, mode & 0o600]).toEqual([MTIME * 1000, 0o600])
})

test('the newest point up to a time, from the bare disk, without specs, state or source', async () => {
  const world = await held()
  for (const gone of [world.specs, world.state, world.source]) await rm(gone, { recursive: true })
  const to = join(world.folder, 'out')
  const wish = ['--series', 'db-*.tar', '--at', '2025-11-22T06:00:00Z', '--to', to, '--json']
  const ended = await world.run('restore', world.destination, ...wish)
  expect(JSON.parse(ended.stdout)).toMatchObject({
    format: 'reconcile.restore/1',
    from: world.destination,
    to,
    files: [{ path: 'db-2025-11-21.tar', state: 'restored', size: SIZE }],
    problems: [],
    exitCode: 0,
  })
})

test('--at now takes the newest of every series; --published-before leaves out what came since', async () => {
  const world = await held()
  const to = join(world.folder, 'out')
  expect((await world.run('restore', 'pg', '--at', 'now', '--to', to)).code).toBe(0)
  expect(await tree(to)).toEqual(['db-2025-11-22.tar', 'photos/2025/a b.jpg'])
  const early = ['--published-before', '2020-01-01T00:00:00Z', '--to', join(world.folder, 'none')]
  const none = await world.run('restore', 'pg', ...early)
  expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('pg holds nothing so old')])
})

test('a time as people type it: a date is all of its day, a time without a zone is here', async () => {
  const world = await held()
  for (const [at, takes] of [
    ['2025-11-21', ['21']],
    ['2025-11-21 23:59', ['21']],
    ['2025-11-21T23:59:59Z', ['21']],
    ['2025-11-21T23:58:59Z', ['20']],
    ['2025-11-21T12:00', ['20']],
  ] as const) {
    const to = join(world.folder, `restored ${at}`)
    expect(await world.run('restore', 'pg', '--series', 'db', '--at', at, '--to', to)).toMatchObject({
      code: 0,
    })
    expect(await tree(to)).toEqual(takes.map((day) => `db-2025-11-${day}.tar`))
  }
  for (const at of ['2025-02-30', 'yesterday', '21.11.2025']) {
    const { code, stderr } = await world.run('restore', 'pg', '--at', at, '--to', join(world.folder, 'none'))
    expect({ code, says: stderr.includes('"2026-11-24 06:00" or 2026-11-24') }).toEqual({
      code: 64,
      says: true,
    })
  }
})

test('rot: exit 6, nothing of that file is left, the others come', async () => {
  const world = await held()
  const rotten = join(world.destination, 'db-2025-11-21.tar')
  await chmod(rotten, 0o644)
  const bytes = bytesOf('21')
  bytes[1_200_000]! ^= 1
  await writeFile(rotten, bytes)
  const to = join(world.folder, 'out')
  const ended = await world.run('restore', 'pg', '.', '--to', to)
  expect(ended.code).toBe(6)
  expect(ended.stdout).toMatch(/! db-2025-11-21\.tar\n\s+it has rotted here: its bytes are not/)
  expect(await tree(to)).toEqual(['db-2025-11-20.tar', 'db-2025-11-22.tar', 'photos/2025/a b.jpg'])

  const photo = join(world.destination, 'photos/2025/a b.jpg')
  await chmod(photo, 0o644)
  await writeFile(photo, 'b picture')
  const none = join(world.folder, 'none')
  expect((await world.run('restore', 'pg', 'photos', '--to', none)).code).toBe(6)
  expect(await readdir(none)).toEqual([])
  // A folder that a person made stays.
  await mkdir(join(none, 'photos'))
  expect((await world.run('restore', 'pg', 'photos', '--to', none)).code).toBe(6)
  expect(await readdir(none, { recursive: true })).toEqual(['photos'])
})

test('what is there stays: the same bytes are counted, others are left alone, a link is not followed', async () => {
  const world = await held()
  const to = join(world.folder, 'out')
  await mkdir(to)
  await writeFile(join(to, 'db-2025-11-20.tar'), bytesOf('20'))
  await writeFile(join(to, 'db-2025-11-21.tar'), 'mine')
  await symlink('/nonexistent/x', join(to, 'db-2025-11-22.tar'))
  const ended = await world.run('restore', 'pg', '.', '--to', to, '--json')
  const { files, problems, exitCode } = JSON.parse(ended.stdout)
  expect(exitCode).toBe(1)
  expect(files).toMatchObject([
    { path: 'db-2025-11-20.tar', state: 'present' },
    { path: 'photos/2025/a b.jpg', state: 'restored' },
  ])
  expect(problems).toMatchObject([
    { code: 'restore-exists', path: 'db-2025-11-21.tar' },
    { code: 'restore-exists', path: 'db-2025-11-22.tar' },
  ])
  expect(await readFile(join(to, 'db-2025-11-21.tar'), 'utf8')).toBe('mine')
  expect(await tree(to)).not.toContainEqual(expect.stringContaining('.restoring'))
})

test('an interrupted copy is gone on with, also where it went wrong', async () => {
  const world = await held()
  const to = join(world.folder, 'out')
  await mkdir(to)
  const wrong = bytesOf('20').subarray(0, 1_400_000)
  wrong[1_200_000]! ^= 1
  const whole = await world.run('restore', 'pg', 'db-2025-11-20.tar', '--to', to)
  expect(whole.code).toBe(0)
  await rm(join(to, 'db-2025-11-20.tar'))
  await writeFile(join(to, await partOf(world, 'db-2025-11-20.tar')), wrong)
  expect((await world.run('restore', 'pg', 'db-2025-11-20.tar', '--to', to)).code).toBe(0)
  expect(await readFile(join(to, 'db-2025-11-20.tar'))).toEqual(bytesOf('20'))
  expect(await tree(to)).toEqual(['db-2025-11-20.tar'])
})

test('one that was killed between giving a copy its name and taking the other off: the finished copy is not written to', async () => {
  const world = await held()
  const to = join(world.folder, 'out')
  const restore = () => world.run('restore', 'pg', 'db-2025-11-20.tar', '--to', to)
  expect((await restore()).code).toBe(0)
  await link(join(to, 'db-2025-11-20.tar'), join(to, await partOf(world, 'db-2025-11-20.tar')))
  await rename(join(to, 'db-2025-11-20.tar'), join(to, 'mine.tar'))
  await writeFile(join(to, 'mine.tar'), 'edited since')
  expect((await restore()).code).toBe(0)
  expect(await readFile(join(to, 'mine.tar'), 'utf8')).toBe('edited since')
  expect(await readFile(join(to, 'db-2025-11-20.tar'))).toEqual(bytesOf('20'))
  expect(await tree(to)).toEqual(['db-2025-11-20.tar', 'mine.tar'])
})

test('what is gone here is no older point and no success: it is named, and the others come', async () => {
  const world = await held()
  await rm(join(world.destination, 'db-2025-11-22.tar'))
  const to = join(world.folder, 'out')
  for (const wish of [['--at', 'now'], ['.'], ['db-2025-11-22.tar']]) {
    const ended = await world.run('restore', 'pg', ...wish, '--to', to, '--json')
    expect(JSON.parse(ended.stdout)).toMatchObject({
      problems: [{ code: 'missing-here', path: 'db-2025-11-22.tar' }],
      exitCode: 1,
    })
  }
  expect(await tree(to)).toEqual(['db-2025-11-20.tar', 'db-2025-11-21.tar', 'photos/2025/a b.jpg'])
  expect((await world.run('restore', 'pg', '--list')).stdout).toMatch(/2025-11-22 .* GONE$/m)
  const sha256 = digestOf('sha256', bytesOf('22'))
  const acknowledge = [{ path: 'db-2025-11-22.tar', digest: sha256, reason: 'it is lost' }]
  await world.declare('pg', { ...DUMPS, expect: undefined, acknowledge })
  expect((await world.run('restore', 'pg', '--at', 'now', '--to', to)).code).toBe(0)
})

test('a folder holds what nothing vouches for: it is named', async () => {
  const world = await held()
  await writeFile(join(world.destination, 'photos/2025/c.jpg'), 'who knows')
  const to = join(world.folder, 'out')
  const ended = await world.run('restore', 'pg', 'photos', '--to', to, '--json')
  expect(JSON.parse(ended.stdout)).toMatchObject({
    files: [{ path: 'photos/2025/a b.jpg' }],
    problems: [{ code: 'unknown-path', path: 'photos/2025/c.jpg' }],
    exitCode: 1,
  })
})

test('a file without a date is no newer version of another: --at now takes each', async () => {
  const world = await held()
  await world.offer('photos/2025/c.jpg', 'another picture')
  expect((await world.pass()).exitCode).toBe(0)
  const to = join(world.folder, 'out')
  expect((await world.run('restore', 'pg', '--at', 'now', '--to', to)).code).toBe(0)
  expect(await tree(to)).toEqual(['db-2025-11-22.tar', 'photos/2025/a b.jpg', 'photos/2025/c.jpg'])
})

test('a damaged ledger: the markers vouch', async () => {
  const world = await held()
  const ledger = join(world.destination, '.reconcile/ledger.jsonl')
  await writeFile(ledger, (await readFile(ledger, 'utf8')).replace(/"seq":2/, '"seq":9'))
  const to = join(world.folder, 'out')
  const ended = await world.run('restore', 'pg', '.', '--to', to)
  expect(ended.code).toBe(0)
  expect(ended.stderr.replace(/\s+/g, ' ')).toMatch(
    /ledger.*What its markers vouch for can be restored\.\s*$/,
  )
  expect(await readFile(join(to, 'db-2025-11-22.tar'))).toEqual(bytesOf('22'))
})

test('many files of one folder, some with the same bytes, and a symlinked folder, which is not followed', async () => {
  const world = await makeWorld('local', { calls: 'here' })
  open = world
  for (let i = 0; i < 300; i++) await world.offer(`many/${i}.txt`, i % 3 === 0 ? 'same' : `file ${i}`)
  await world.offer('else/x.txt', 'x')
  await world.declare('pg', {})
  expect((await world.pass()).exitCode).toBe(0)
  const to = join(world.folder, 'out')
  await mkdir(to)
  await symlink(world.source, join(to, 'else'))
  const ended = await world.run('restore', 'pg', '.', '--to', to, '--json')
  expect(JSON.parse(ended.stdout).problems).toMatchObject([{ code: 'restore-exists', path: 'else/x.txt' }])
  expect((await tree(to)).length).toBe(300)
  expect(await readFile(join(to, 'many/299.txt'), 'utf8')).toBe('file 299')
})

const isRoot = process.getuid?.() === 0
test.skipIf(!isRoot)(
  "another user's destination is read, with its ledger or by its markers alone; so it is without a state folder",
  async () => {
    const world = await held()
    const own = join(world.destination, '.reconcile')
    await chown(own, 1234, 1234)
    const restore = (to: string, ...more: readonly string[]) =>
      world.run('restore', world.destination, 'db-2025-11-20.tar', '--to', join(world.folder, to), ...more)
    expect(await restore('out')).toMatchObject({ code: 0, stderr: '' })
    const { backups } = JSON.parse((await world.run('status', world.destination, '--json')).stdout)
    expect(backups).toMatchObject([{ files: 4, state: 'ok' }])
    // A state folder that cannot be read.
    await writeFile(join(world.folder, 'file'), '')
    expect(await restore('out2', '--state', join(world.folder, 'file'))).toMatchObject({
      code: 0,
      stderr: '',
    })
    await chown(own, 0, 0)
  },
)

test('--list shows what there is, within 80 columns', async () => {
  const world = await held()
  const file = await world.run('restore', 'pg/photos/2025/a b.jpg', '--list')
  expect(file.code).toBe(64)
  expect(file.stderr.replace(/\s+/g, ' ')).toContain("reconcile restore pg 'photos/2025/a b.jpg' --to DIR")
  const text = (await world.run('restore', 'pg', '--list')).stdout
  expect(text).toContain('Series db\n  POINT')
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  const listed = JSON.parse((await world.run('restore', 'pg', '--list', '--series', 'db', '--json')).stdout)
  expect(listed).toMatchObject({
    format: 'reconcile.points/1',
    points: [{ time: '2025-11-20T23:59:59.999Z' }, {}, { files: ['db-2025-11-22.tar'], rotten: false }],
  })
})

test.each([
  [['pg'], 64, 'needs to know what to restore'],
  [['pg', 'db-2025-11-22.tar'], 64, 'needs a folder to restore to'],
  [['pg', 'x', '--at', 'now', '--to', 'out'], 64, 'not both'],
  [['pg', '--series', 'web', '--to', 'out'], 64, 'There are: db, undated'],
  [['nope', '.', '--to', 'out'], 64, 'no backup is named nope'],
  [['./nowhere', '.', '--to', 'out'], 64, 'there is no folder'],
  [['pg', '.', '--to', 'destination/out'], 64, 'inside the destination of pg'],
  [['./destination', '.', '--to', 'destination/out'], 64, 'inside the destination'],
])('restore %j: exit %d, %s', async (words, code, said) => {
  const world = await held()
  const ended = await world.run(
    'restore',
    ...words.map((word) => (word.includes('out') ? join(world.folder, word) : word)),
  )
  expect([ended.code, ended.stdout]).toEqual([code, ''])
  expect(ended.stderr.replace(/\s+/g, ' ')).toContain(said)
})

test('a name that is not held: the nearest, the trash', async () => {
  const world = await held()
  const to = join(world.folder, 'out')
  const near = await world.run('restore', 'pg', 'db-2025-11-2l.tar', '--to', to)
  expect([near.code, near.stdout.replace(/\s+/g, ' ')]).toEqual([
    1,
    expect.stringContaining('Did you mean db-2025-11-2'),
  ])
  expect((await world.run('prune', 'pg', 'db-2025-11-20.tar', '--reason', 'test')).code).toBe(0)
  const pruned = await world.run('restore', 'pg', 'db-2025-11-20.tar', '--to', to)
  expect(pruned.stdout.replace(/\s+/g, ' ')).toContain('reconcile prune pg --undo db-2025-11-20.tar')
})

test('of points that are chosen by series or time, those that were taken are named', async () => {
  const world = await held()
  const words = ['restore', 'pg', '--series', 'db', '--at', 'now']
  const { stdout } = await world.run(...words, '--to', join(world.folder, 'taken'))
  expect(stdout).toMatch(/^db: the point of 2025-11-2\d \d\d:\d\d, db-2025-11-22\.tar\n1 file of pg /)
  const report = JSON.parse((await world.run(...words, '--to', join(world.folder, 'taken'), '--json')).stdout)
  expect(report.points).toEqual([
    { series: 'db', time: '2025-11-22T23:59:59.999Z', files: ['db-2025-11-22.tar'] },
  ])
})
