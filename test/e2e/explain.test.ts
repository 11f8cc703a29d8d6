import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BackupExplanation, FileExplanation } from '../../src/model/explanation.ts'
import { type Backup, backupIn } from '../helpers/backup.ts'
import { treeOf } from '../helpers/tree.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const day = (number: number) => `db-2026-11-${number}.tar`
const AS_OF = ['--as-of', '2026-11-24T06:00:00Z']
const SPEC = {
  select: { include: ['*.tar'], exclude: ['tmp-*'] },
  series: { pattern: '{series}-{YYYY}-{MM}-{DD}.tar', timezone: 'Europe/Oslo' },
}

let world: World
let at: Backup

/** Five days are here, of which the policy then wants three; one is coming, one waits, one is in conflict, one is not selected. */
beforeAll(async () => {
  world = await makeWorld('local', { calls: 'here' })
  at = await backupIn(world, 'pg', SPEC)
  for (const number of [17, 18, 19, 20, 21])
    await at.offer(day(number), `day ${number}`, { mtime: 1_790_000_000 })
  await at.pass()
  await at.declare({ ...SPEC, retain: { last: 4 } })
  await at.offer(day(22), 'day 22')
  await at.offer(day(23), 'day 23', { marker: null })
  await at.offer(day(10), 'day 10')
  await at.offer(day(20), 'other bytes')
  await at.offer('tmp-[1] a.tar', 'scratch')
})
afterAll(() => world.end())

const explain = async <T>(what: string, ...words: string[]): Promise<T> => {
  const { code, stdout, stderr } = await world.run('explain', what, ...AS_OF, ...words, '--json')
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout) as T
}
const file = (path: string, ...words: string[]) => explain<FileExplanation>(`pg/${path}`, ...words)

describe('one file', () => {
  test('that is here and not wanted', async () => {
    const told = await file(day(17))
    expect(told).toMatchObject({
      format: 'reconcile.explain/1',
      kind: 'file',
      path: day(17),
      asOf: '2026-11-24T06:00:00Z',
      selection: { selected: true, include: '*.tar', exclude: null },
      point: { series: 'db', local: '2026-11-17', dated: 'name' },
      wanted: { wanted: false },
      source: { marker: 'claimed', size: 6 },
      destination: { size: 6, marker: { path: null } },
    })
    expect(told.verdicts[0]).toEqual({ rule: 'last', verdict: 'beyond', keeps: 4, nth: 6 })
    expect(told.ledger).toMatchObject({
      md5: told.source!.digest,
      rotten: false,
      planId: expect.stringMatching(/^[0-9a-f]{16}$/),
    })
    expect(told.steps.map(({ action }) => action)).toEqual(['surplus'])
  })

  test.each<[file: string, next: RegExp]>([
    [day(22), /pulls it/],
    [day(23), /It is waiting/],
    [day(10), /not pulled: no rule/],
    [day(20), /Nothing is done to either copy/],
    [day(21), /stays as it is: complete; last 2/],
  ])('%s: what happens next', async (path, next) => {
    expect((await file(path)).next[0]).toMatch(next)
  })

  test('that is coming, over ssh', async () => {
    const far = await makeWorld('ssh', { calls: 'here' })
    try {
      await far.declare('far', SPEC)
      await far.offer(day(22), 'day 22')
      const { code, stdout, stderr } = await far.run('explain', `far/${day(22)}`, ...AS_OF, '--json')
      expect(code, stderr).toBe(0)
      const told = JSON.parse(stdout) as FileExplanation
      expect(told).toMatchObject({ source: { marker: 'claimed', size: 6 }, destination: null })
      expect(told.next[0]).toMatch(/pulls it/)
    } finally {
      await far.end()
    }
  })

  test('that the spec leaves out is looked for at the source all the same', async () => {
    expect(await file('tmp-[1] a.tar')).toMatchObject({
      selection: { selected: false, include: '*.tar', exclude: 'tmp-*' },
      source: { size: 7, marker: 'claimed' },
      steps: [],
    })
  })

  test('as text, with the line that settles a conflict', async () => {
    const { code, stdout } = await world.run('explain', `pg/${day(20)}`)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^pg\/db-2026-11-20\.tar\s/)
    expect(stdout).toMatch(/acknowledge:\n +- path: .*\n +digest: [0-9a-f]{32}\n +reason: "…"/)
  })
})

describe('a backup', () => {
  test('has a calendar, and tells what leaves next', async () => {
    const told = await explain<BackupExplanation>('pg')
    const [series] = told.series
    expect(told).toMatchObject({ kind: 'backup', rules: 'last=4', prune: 'never', trash: [] })
    expect(series!.points.map(({ mark, local }) => `${mark} ${local}`)).toEqual([
      'waiting 2026-11-23',
      'coming 2026-11-22',
      'kept 2026-11-21',
      'kept 2026-11-20',
      'kept 2026-11-19',
      'surplus 2026-11-18',
      'surplus 2026-11-17',
    ])
    expect(series!.forecast).toMatchObject({ state: 'drops', after: 1, points: [{ name: day(19) }] })
    const { stdout } = await world.run('explain', 'pg', ...AS_OF)
    expect(stdout).toMatch(/^ {2}2026-11 {2}\.{16}oo###\+\?$/m)
    expect(stdout).toContain(`Next to be dropped: ${day(19)} (last 4)`)
  })

  test('and its files are explained from a snapshot, without the source', async () => {
    const folder = join(world.folder, 'snapshots')
    const [near, far] = [await file(day(17)), await explain<BackupExplanation>('pg')]
    await world.run('snapshot', '--to', folder)
    const still = await world.run('explain', `pg/${day(17)}`, '--offline', folder, ...AS_OF, '--json')
    const offline = JSON.parse(still.stdout) as FileExplanation
    expect({ ...offline, source: null }).toEqual({ ...near, source: null })
    const backup = await explain<BackupExplanation>('pg', '--offline', folder)
    expect(backup.series).toEqual(far.series)
    expect((await file('tmp-[1] a.tar', '--offline', folder)).source).toMatchObject({ size: 7 })
  })
})

test('writes nothing and takes no lock, whatever is asked', async () => {
  const look = () => Promise.all([at.destination, at.source, world.state, world.specs].map(treeOf))
  const before = await look()
  for (const what of ['pg', `pg/${day(17)}`, 'pg/tmp-[1] a.tar', 'pg/nothing'])
    await world.run('explain', what)
  expect(await look()).toEqual(before)
})

describe('what is not there', () => {
  test.each<[what: string, code: number, told: string]>([
    ['pq', 64, 'Did you mean pg?'],
    ['pg/db-2026-11-71.tar', 1, `Did you mean pg/${day(21)}?`],
    [
      `pg/${day(17)}.md5`,
      1,
      `.md5 is the marker of a file, and is explained with it. Did you mean pg/${day(17)}?`,
    ],
    ['pg/\u001b[2Jnothing.like.it', 1, 'pg has no file \\x1b[2Jnothing.like.it'],
  ])('%j: exit %i', async (what, code, told) => {
    const ended = await world.run('explain', what)
    expect(ended).toMatchObject({ code, stdout: '' })
    expect(ended.stderr.replace(/\n +/g, ' ')).toContain(told)
  })

  test('a faulty spec: exit 3, and a document that says so', async () => {
    await world.declare('bad', { retain: { daily: 'x' } })
    const { code, stdout } = await world.run('explain', 'bad', '--json')
    await rm(join(world.specs, 'bad.yaml'))
    expect(code).toBe(3)
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'faulty',
      backup: 'bad',
      diagnostics: [{ severity: 'error' }],
    })
  })

  test('a source that cannot be reached: what is here is told, exit 1', async () => {
    const local = await makeWorld('local', { calls: 'here' })
    try {
      await local.offer('a.tar', 'a')
      await local.declare()
      await local.pass()
      await rm(local.source, { recursive: true })
      const { code, stdout } = await local.run('explain', 'pg/a.tar')
      expect(code).toBe(1)
      expect(stdout).toContain('the source was not read')
      expect(stdout).toMatch(/destination +1 B, with its marker$/m)
      expect((await local.run('explain', 'pg/never')).code).toBe(1)
    } finally {
      await local.end()
    }
  })
})

describe('why a file does not come', () => {
  let far: World
  const MD5 = 'e'.repeat(32)

  beforeAll(async () => {
    far = await makeWorld('local', { calls: 'here' })
    const spec = {
      source: { listing: 'LIST' },
      select: { exclude: ['*.tmp'] },
      retain: { last: 20 },
      prune: { mode: 'manual' },
    }
    await far.declare('pg', spec)
    const list = (...names: string[]) => far.offer('LIST', names.map((name) => `${name}\n`).join(''), BARE)
    await far.offer('removed.tar', 'r')
    await far.offer('kept.tar', 'k')
    await list('removed.tar', 'kept.tar')
    await far.pass()
    await far.run('prune', 'pg', 'removed.tar', '--reason', 'not ours')
    await far.offer('empty.tar', 'x', { marker: '' })
    await far.offer('other.tar', 'x', { marker: `# cron\n${MD5}  elsewhere.tar\n` })
    await far.offer('wrong.tar', 'x', { marker: `${MD5}  wrong.tar\n` })
    await far.offer('waits.tar', 'x', BARE)
    await far.offer('left.tmp', 'x')
    await far.offer('KEPT.tar', 'other letters')
    const names = ['empty', 'other', 'wrong', 'waits', 'removed', 'kept', 'absent', 'KEPT']
    await list(...names.map((name) => `${name}.tar`), 'left.tmp')
  })
  afterAll(() => far.end())

  const BARE = { marker: null }

  test('a pass says that it failed, and that nothing of it is still to come', async () => {
    const { stdout, code } = await far.run()
    expect(code).toBe(6)
    expect(stdout).toMatch(/^pg +failed +1 with a failed checksum, /)
    expect(stdout).toMatch(/^Result: 1 with a failed checksum, /m)
    expect(stdout).not.toContain('still to come')
    expect(JSON.parse((await far.run('--json')).stdout)).toMatchObject({ backups: [{ pending: 0 }] })
  })

  test.each<[file: string, ...said: string[]]>([
    ['empty.tar', 'The marker "empty.tar.md5" is empty. Write it again', 'next Nothing: The marker'],
    ['other.tar', 'is about "elsewhere.tar", not "other.tar" (line 2).'],
    ['wrong.tar', 'does not match its marker', 'pulled again when it or its marker changes', 'or from 2'],
    ['waits.tar', 'It is waiting: no .md5 yet. It is pulled once its marker is next to it'],
    ['absent.tar', 'It is waiting: the list names it', 'pulled once it is there and finished'],
    ['removed.tar', 'pruned ', 'A person removed it by name: it is never pulled again', 'prune pg --undo'],
    ['left.tmp', 'no: exclude "*.tmp" matches it', 'It is not pulled: the spec does not select it'],
    ['KEPT.tar', 'may confuse it with "kept.tar". Rename', 'source its name there is refused'],
  ])('%s', async (path, ...said) => {
    const { stdout, code, stderr } = await far.run('explain', `pg/${path}`)
    expect(code, stderr).toBe(0)
    for (const text of said) expect(stdout.replace(/\s+/g, ' ')).toContain(text)
  })

  test('the calendar says it too, and a marker leads to its file', async () => {
    const text = (await far.run('explain', 'pg', '--all')).stdout.replace(/\s+/g, ' ')
    expect(text).toContain('marker-empty: The marker "empty.tar.md5" is empty')
    const { code, stderr } = await far.run('explain', 'pg/empty.tar.md5')
    expect(code).toBe(1)
    expect(stderr).toContain('Did you mean pg/empty.tar?')
  })

  test('a hold', async () => {
    await rm(far.state, { recursive: true })
    const { stdout } = await far.run('explain', 'pg/waits.tar')
    expect(stdout).toMatch(/next +Nothing, for now\.\n +The backup is held: /)
    expect(stdout).toMatch(/^ +reconcile release \w+ --reason "…"$/m)
  })
})
