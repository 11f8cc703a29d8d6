import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BackupStatus } from '../../src/model/status.ts'
import { type Backup, backupIn, problemsOf, stepsOf } from '../helpers/backup.ts'
import { makeWorld, type World } from '../helpers/world.ts'

let world: World
beforeAll(async () => {
  world = await makeWorld('local', { calls: 'here' })
})
afterAll(() => world.end())

const stateOf = async ({ name }: Backup): Promise<BackupStatus> => (await world.status(name)).backups[0]!
const readyOf = ({ conditions }: BackupStatus) => conditions.find(({ type }) => type === 'Ready')
const DUMPS = Array.from({ length: 48 }, (_, i) => `db-${i}.gz`)

describe('I14: a folder of 48 files of which none is finished', () => {
  test('is empty in the pass, the plan, status, its check and its metrics, at once', async () => {
    const at = await backupIn(world, 'bare')
    for (const name of DUMPS) await at.put(name, name)
    const planned = await world.run('--dry-run', 'bare')
    expect(planned.code).toBe(1)
    expect(planned.stdout.replace(/\s+/g, ' ')).toMatch(
      /48 files are selected at the source, and none is finished: expected db-0\.gz\.md5 next to db-0\.gz/,
    )
    const outcome = await at.pass()
    expect(problemsOf(outcome)).toEqual(['empty'])
    expect(outcome).toMatchObject({ result: 'failed', exitCode: 1 })
    expect(outcome.waiting).toHaveLength(48)
    const told = await stateOf(at)
    expect([told.state, readyOf(told)?.reason]).toEqual(['empty', 'empty'])
    const text = await world.run('status', 'bare')
    expect(text.stdout).toMatch(/bare +empty/)
    const check = await world.run('status', '--check', 'bare')
    expect(check.code).toBe(2)
    expect(check.stdout).toMatch(/^RECONCILE CRITICAL - 1 of 1 not well: bare \(empty\)/)
    expect(check.stdout).toContain('there is no checksum file next to them')
    const metrics = await world.run('status', '--output', 'prometheus')
    expect(metrics.stdout).toContain('reconcile_backup_state{backup="bare",state="empty"} 1')

    // The first that is finished makes it well; the others wait.
    await at.offer('db-0.gz', 'db-0.gz')
    expect(await at.pass()).toMatchObject({ result: 'applied', exitCode: 0, problems: [] })
    expect((await stateOf(at)).state).toBe('ok')
  })

  test.each<[string, string, string, RegExp]>([
    ['only .sha256 under checksum: md5', '.sha256', 'sha256', /there is only a\.gz\.sha256$/],
    ['only .sha512', '.sha512', 'md5', /there is only a\.gz\.sha512$/],
  ])('is told what stands there instead: %s', async (_, suffix, kind, message) => {
    const at = await backupIn(world, `instead${suffix.replace('.', '-')}`)
    await at.offer('a.gz', 'a', { suffix, kind: kind as 'md5' | 'sha256' })
    const outcome = await at.pass()
    expect(outcome.problems).toMatchObject([{ code: 'empty', message: expect.stringMatching(message) }])
  })

  test('is told that MD5SUMS stands there instead, selected or not, with a snapshot too', async () => {
    const at = await backupIn(world, 'sums', { select: { include: ['*.gz'] } })
    for (const name of ['a.gz', 'b.gz', 'MD5SUMS']) await at.put(name, name)
    const said = { code: 'empty', message: expect.stringContaining('there is only MD5SUMS') }
    expect((await at.pass()).problems).toMatchObject([said])
    const to = join(world.folder, 'snapshots')
    expect((await world.run('snapshot', 'sums', '--to', to)).code).toBe(0)
    expect((await at.plan('--offline', to)).problems).toMatchObject([said])
  })
})

test('I14: beside a held one, a file with a checksum of another form is a problem at once', async () => {
  const at = await backupIn(world, 'mixed')
  await at.offer('a.gz', 'a')
  await at.pass()
  await at.put('b.gz', 'b')
  expect(await at.pass()).toMatchObject({ result: 'in-sync', exitCode: 0, waiting: ['b.gz'] })
  await at.put('b.gz.sha1', 'x')
  const outcome = await at.pass()
  expect(problemsOf(outcome)).toEqual(['other-checksum b.gz'])
  expect(outcome.exitCode).toBe(1)
  expect(await at.plan()).toMatchObject({ steps: [{ action: 'wait', because: ['no .md5 yet'] }] })
})

describe('.md5sum and .sha256sum are markers', () => {
  const SUFFIXES = ['.md5sum', '.MD5SUM', '.Md5Sum']
  const nameOf = (suffix: string) => `${SUFFIXES.indexOf(suffix)}.gz`
  test('of any spelling: they finish a file, stand beside its copy, and are no data', async () => {
    const at = await backupIn(world, 'md5sum')
    for (const suffix of SUFFIXES) await at.offer(nameOf(suffix), suffix, { suffix })
    expect(await at.pass()).toMatchObject({ exitCode: 0, problems: [], waiting: [] })
    expect(await at.names()).toEqual(
      SUFFIXES.flatMap((suffix) => [nameOf(suffix), `${nameOf(suffix)}${suffix}`]),
    )
    expect(await at.pass()).toMatchObject({ result: 'in-sync', exitCode: 0, bytes: 0 })
    await rm(join(at.destination, '.reconcile/seen.jsonl'))
    expect(await at.pass()).toMatchObject({ result: 'in-sync', exitCode: 0, complete: { files: 3 } })
  })
  test('under sha256, beside a list with a marker of its own', async () => {
    const at = await backupIn(world, 'sha256sum', { checksum: 'sha256', source: { listing: 'LIST' } })
    await at.offer('a.gz', 'a', { kind: 'sha256', suffix: '.sha256sum' })
    await at.offer('LIST', 'a.gz\na.gz.sha256sum\n', { suffix: '.Md5sum' })
    expect(await at.pass()).toMatchObject({ exitCode: 0, published: ['a.gz'] })
    expect(await at.names()).toEqual(['a.gz', 'a.gz.sha256sum'])
    await at.put('LIST', 'b.gz\n')
    expect(problemsOf(await at.pass())).toEqual(['list-mismatch LIST'])
  })
  test('two of one file have to agree', async () => {
    const at = await backupIn(world, 'both-forms')
    await at.offer('a.gz', 'a')
    await at.offer('a.gz', 'a', { suffix: '.md5sum', marker: `${'0'.repeat(32)}  a.gz\n` })
    expect(problemsOf(await at.pass())).toContain('markers-disagree a.gz')
  })
  test('in numbers that are fetched by filter', async () => {
    const at = await backupIn(world, 'many')
    for (let i = 0; i < 2_010; i++)
      await at.offer(`${i}.gz`, `${i}`, { suffix: i % 2 === 0 ? '.md5sum' : '.md5' })
    const { steps, problems } = await at.plan()
    expect(problems).toEqual([])
    expect(steps.filter(({ action }) => action === 'pull')).toHaveLength(2_010)
  })
})

describe('I14: a list that is no list of names', () => {
  const listing = { source: { listing: 'LIST' } }
  test('of which nothing exists is a problem of the list, at once', async () => {
    const at = await backupIn(world, 'ls-l', listing)
    await at.offer('a.gz', 'a')
    await at.put(
      'LIST',
      'total 8\n-rw-r--r-- 1 pg pg 1 Nov 28 02:00 a.gz\n-rw-r--r-- 1 pg pg 5 Nov 28 02:00 a.gz.md5\n',
    )
    const outcome = await at.pass()
    expect(outcome.exitCode).toBe(1)
    expect(outcome.problems).toMatchObject([
      {
        code: 'list-fits-nothing',
        path: 'LIST',
        message: expect.stringContaining('the output of ls -l: "total 8"'),
      },
    ])
    expect((await stateOf(at)).state).toBe('empty')
    await at.put('LIST', 'a.gz\n')
    expect(await at.pass()).toMatchObject({ exitCode: 0, published: ['a.gz'] })
    // What is held is not taken for gone at the source.
    await at.put('LIST', '"a.gz"\n')
    expect(stepsOf(await at.plan())).toEqual([])
    expect(problemsOf(await at.pass())).toEqual(['list-fits-nothing LIST'])
    expect((await stateOf(at)).state).toBe('failed')
  })
  test('with names and other lines is one too, and the names count', async () => {
    const at = await backupIn(world, 'comments', listing)
    for (const name of ['a.gz', 'b.gz']) await at.offer(name, name)
    await at.put('LIST', '# nightly\na.gz\nb.gz \n')
    const outcome = await at.pass()
    expect(outcome).toMatchObject({ published: ['a.gz'], waiting: [], exitCode: 1 })
    expect(problemsOf(outcome)).toEqual(['list-odd-lines LIST'])
  })
})

describe('I14: nobody has looked for too long', () => {
  const later = (days: number) => ['--as-of', new Date(Date.now() + days * 86_400_000).toISOString()]
  test('without expect too: unknown, overdue, CRITICAL, and the message names schedule; of the folder alone as well', async () => {
    const at = await backupIn(world, 'dead-cron')
    await at.offer('a.gz', 'a')
    await at.pass()
    for (const what of ['dead-cron', at.destination]) {
      expect((await world.run('status', '--check', what, ...later(1))).code).toBe(0)
      const check = await world.run('status', '--check', what, ...later(40))
      expect(check.code).toBe(2)
      expect(check.stdout).toMatch(/CRITICAL - 1 of 1 not well: .*\(overdue\)/)
      expect(check.stdout).toContain('schedule')
    }
    const { backups } = await world.status('dead-cron', ...later(40))
    expect(backups[0]).toMatchObject({ state: 'unknown' })
    expect(readyOf(backups[0]!)).toMatchObject({ status: 'unknown', reason: 'overdue' })
  })
  test('a weekly one has three weeks', async () => {
    const at = await backupIn(world, 'weekly', { schedule: { every: '7d' } })
    await at.offer('a.gz', 'a')
    await at.pass()
    for (const what of ['weekly', at.destination]) {
      expect((await world.run('status', '--check', what, ...later(20))).code).toBe(0)
      expect((await world.run('status', '--check', what, ...later(22))).code).toBe(2)
    }
  })
})
