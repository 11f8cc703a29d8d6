import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readMetrics } from '../helpers/promtool.ts'
import { blocksIn } from './documented.ts'
import { followDocuments } from './follow-documents.ts'

const { world, follow, expectAllRun } = followDocuments('docs-commands-monitoring.test.ts')
const PAGE = 'docs/monitoring.md'
const type = (command: string) => follow(PAGE, command)

test('docs/monitoring.md: the checks and the metrics of a backup that is well, and of one whose spec is faulty', async () => {
  const at = await world()
  at.shareKeys()
  at.declare(blocksIn('docs/migrate.md', 'yaml')[0]!)
  at.finish('db-2026-11-23.tar.gz', 'held')
  expect((await type('reconcile status --check')).code).toBe(3)
  expect(await at.run('reconcile')).toMatchObject({ code: 0 })

  for (const command of ['reconcile status --check', 'reconcile status --check postgres']) {
    const { code, all } = await type(command)
    expect({ code, all }).toEqual({
      code: 0,
      all: expect.stringMatching(/^RECONCILE OK - 1 backup .*\| 'postgres_age'=\d+s/),
    })
  }
  for (const what of ['postgres', '/srv/offsite/postgres']) {
    const command = `reconcile status --check --max-age 26h ${what}`
    expect((await type(command)).code).toBe(0)
    // Time goes on, and nothing new comes.
    const later = new Date(Date.now() + 48 * 3600_000).toISOString()
    expect(await at.run(`${command} --as-of ${later}`)).toMatchObject({
      code: 2,
      out: expect.stringContaining('too old'),
    })
  }
  const { out } = await type('reconcile status --output prometheus')
  expect(readMetrics(`${out}\n`)).toContainEqual({
    name: 'reconcile_backup_state',
    labels: { backup: 'postgres', state: 'ok' },
    value: 1,
  })

  const folder = join(at.folder, 'textfile')
  mkdirSync(folder)
  const cron = blocksIn(PAGE, '').flatMap(
    (block) => /^\*\/5 \* \* \* \* {2}root {2}(.*)$/m.exec(block)?.[1] ?? [],
  )
  expect(cron).toHaveLength(1)
  writeFileSync(join(at.folder, 'box/backups.d/wiki.yaml'), 'version: 1\nnonsense: true\n')
  const asUser = 'runuser -u reconcile -- '
  expect(cron[0]).toContain(`&& ${asUser}reconcile status`)
  const line = cron[0]!.replace('/var/lib/prometheus/node-exporter', folder).replace(asUser, '')
  const specs = `--specs '${join(at.folder, 'box/backups.d')}'`
  expect((await at.run(line.replace('reconcile status', `reconcile ${specs} status`))).code).toBe(0)
  expect(readdirSync(folder)).toEqual(['reconcile.prom'])
  const told = readMetrics(readFileSync(join(folder, 'reconcile.prom'), 'utf8'))
  const value = (name: string, labels: object) =>
    told.find((one) => one.name === name && JSON.stringify(one.labels) === JSON.stringify(labels))?.value
  expect(value('reconcile_spec_faults', {})).toBeGreaterThan(0)
  expect(value('reconcile_backup_state', { backup: 'wiki', state: 'failed' })).toBe(1)

  const broken = await at.run('reconcile status --check wiki')
  expect(broken).toMatchObject({ code: 2, out: expect.stringMatching(/wiki\.yaml:2:1: /) })
  expect(await at.run('reconcile status --json wiki')).toMatchObject({ code: 3 })
  expect(await at.run('reconcile status --check nobody')).toMatchObject({
    code: 3,
    out: expect.stringMatching(/^RECONCILE UNKNOWN - no backup is named nobody/),
  })
  expect((await at.run('reconcile status --max-age 1h')).code).toBe(64)
  expect((await at.run('reconcile status --check --max-age soon')).code).toBe(64)
  expect((await at.run('reconcile status --check --json')).code).toBe(64)
  expect((await at.run('reconcile --dry-run --output prometheus')).all).toMatch(
    /prometheus works only with reconcile status/,
  )
})

expectAllRun()
