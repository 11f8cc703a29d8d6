import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'

let world: World
beforeAll(async () => {
  world = await makeWorld('local', { calls: 'here' })
})
afterAll(() => world.end())

const day = (daysAgo: number): string =>
  new Date(Date.now() - daysAgo * 86_400_000).toISOString().slice(0, 10)

test('without a pattern each kind of file has its own retention, and plan, status and explain show how', async () => {
  await world.declare('dumps', { retain: { daily: 7, weekly: 4 } })
  for (const kind of ['database', 'wiki', 'mail'])
    for (const ago of [1, 2, 3, 4, 5]) await world.offer(`${kind}-${day(ago)}.gz`, `${kind} ${ago}`)
  const planned = await world.run('--dry-run')
  const said = planned.stdout.replaceAll(/\s+/g, ' ')
  expect(said).toContain('series guessed by date: database-*.gz, mail-*.gz, wiki-*.gz')
  expect(said).toContain('"{series}-{YYYY}-{MM}-{DD}.gz"')
  expect((await world.pass()).backups[0]?.published).toHaveLength(15)
  const [status] = (await world.status('dumps')).backups
  expect(status?.series).toMatchObject(
    ['database-*.gz', 'mail-*.gz', 'wiki-*.gz'].map((series) => ({
      ...{ series, points: 5, pattern: '{series}-{YYYY}-{MM}-{DD}.gz' },
    })),
  )
  const explained = await world.run('explain', `dumps/wiki-${day(2)}.gz`)
  expect(explained.stdout).toMatch(/series +wiki-\*\.gz, guessed by the date in its name/)
  expect((await world.run('explain', 'dumps')).stdout).toContain('series guessed by date: mail-*.gz')
  const metrics = (await world.run('status', '--output', 'prometheus')).stdout
  expect(metrics).toContain('series="wiki-*.gz"')
  expect(metrics).not.toContain('series=""')
  const bare = JSON.parse((await world.run('status', world.destination, '--json')).stdout)
  expect(bare.backups[0].series.map(({ series }: { series: string }) => series)).toEqual([
    'database-*.gz',
    'mail-*.gz',
    'wiki-*.gz',
  ])
})

test('a pattern that fits nothing fails the pass at once, and is never called fresh', async () => {
  await world.declare('dumps', {
    series: { pattern: '{series}_{YYYY}{MM}{DD}.gz', timezone: 'UTC' },
    retain: { daily: 7 },
    expect: { every: '24h', grace: '2h' },
  })
  const before = await world.run('status', '--check')
  expect(before.code).toBe(2)
  expect(before.stdout).toContain('dumps: 15 files match no series.pattern: ')
  const { exitCode, backups } = await world.pass()
  expect([exitCode, backups[0]?.problems.map(({ code }) => code)]).toEqual([1, ['pattern-fits-nothing']])
  const [status] = (await world.status('dumps')).backups
  expect(status).toMatchObject({ state: 'failed', beside: { files: 15 } })
  expect((await world.run('status', '--check')).stdout).not.toMatch(/OK|fresh/)
  expect((await world.run('status')).stdout).toContain('15 files match no series.pattern')
})
