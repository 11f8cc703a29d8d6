import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Backup, backupIn } from '../helpers/backup.ts'
import { makeWorld, type World } from '../helpers/world.ts'

// What people and scripts read: exit codes, documents, tables, streams and logs.

let world: World
let good: Backup
beforeAll(async () => {
  world = await makeWorld('local', { calls: 'here' })
  good = await backupIn(world, 'postgres')
  await good.offer('a.tar', 'a')
  await good.pass()
})
afterAll(() => world.end())

/** Another world, for what is about a whole folder of specs. */
async function inWorld(does: (own: World) => Promise<void>): Promise<void> {
  const own = await makeWorld('local', { calls: 'here' })
  try {
    await does(own)
  } finally {
    await own.end()
  }
}

describe('plans', () => {
  test('the same inputs make the same plan and id; --all tells what stays; --detailed-exitcode tells that there is work', async () => {
    const at = await backupIn(world, 'planned')
    await at.offer('b.tar', 'bb')
    const first = await world.plan('planned')
    const second = await world.plan('planned')
    // But for what the clock and other users of the disk say.
    const { asOf, backups } = first
    const again = second.backups.map((plan) => ({ ...plan, free: backups[0]!.free }))
    expect({ ...second, asOf, backups: again }).toEqual(first)
    expect(first).toMatchObject({
      format: 'reconcile.plan/1',
      revision: null,
      diagnostics: [],
      summary: { pull: 1, bytes: 2 },
      backups: [
        {
          backup: 'planned',
          spec: { file: join(world.specs, 'planned.yaml'), line: 1 },
          halt: null,
          holds: [],
          problems: [],
          steps: [{ action: 'pull', path: 'b.tar', size: 2, expect: { destination: null } }],
        },
      ],
    })
    expect(await world.run('planned', '--dry-run')).toMatchObject({ code: 0 })
    expect(await world.run('planned', '--dry-run', '--detailed-exitcode')).toMatchObject({ code: 2 })

    await world.run('planned')
    const after = await world.plan('planned', '--all')
    expect(after.planId).not.toBe(first.planId)
    expect(after.backups[0]!.steps).toMatchObject([{ action: 'keep', path: 'b.tar' }])
    expect(await world.run('planned', '--dry-run', '--detailed-exitcode')).toMatchObject({ code: 0 })
  })

  test('--diff is a unified diff of manifests, now against after', async () => {
    const at = await backupIn(world, 'diffed')
    await at.offer('old.tar', 'old')
    await at.pass()
    const digest = await at.offer('new.tar', 'fresh')
    const { stdout } = await world.run('diffed', '--dry-run', '--diff')
    expect(stdout).toMatch(/^--- .*diffed/m)
    expect(stdout).toMatch(/^\+\+\+ .*diffed/m)
    expect(stdout).toMatch(new RegExp(`^\\+${digest}\\s+5\\s+new\\.tar$`, 'm'))
    expect(stdout).not.toMatch(/^[-+].*old\.tar/m)
  })
})

describe('results', () => {
  test('--json: one document whose exitCode is the process’s', async () => {
    const at = await backupIn(world, 'documented')
    await at.offer('a.tar', 'a')
    const { code, stdout } = await world.run('documented', '--json')
    const result = JSON.parse(stdout) as Record<string, unknown>
    expect(result).toMatchObject({
      format: 'reconcile.result/1',
      revision: null,
      diagnostics: [],
      exitCode: code,
    })
    expect(Object.keys(result)).toEqual(expect.arrayContaining(['planId', 'started', 'finished', 'backups']))
    expect(result['backups']).toMatchObject([
      {
        backup: 'documented',
        result: 'applied',
        exitCode: 0,
        published: ['a.tar'],
        problems: [],
        conflicts: [],
        holds: [],
        late: [],
        bytes: expect.any(Number),
        seconds: expect.any(Number),
      },
    ])
  })

  test('ndjson: typed events with their time, the result last', async () => {
    const at = await backupIn(world, 'streamed')
    await at.offer('a.tar', 'a')
    const { stdout } = await world.run('streamed', '--output', 'ndjson')
    const events = stdout.split('\n').map((line) => JSON.parse(line) as { type: string; time: string })
    const types = events.map((event) => event.type)
    expect(types[0]).toBe('backup-started')
    expect(types).toEqual(
      expect.arrayContaining(['planned', 'batch-started', 'gating', 'published', 'backup-finished']),
    )
    expect(types.at(-1)).toBe('result')
    for (const { time } of events) expect(time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  })

  test('-q: nothing at all when all is fine, everything when it is not', async () => {
    expect(await world.run('postgres', '-q')).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(await world.run('postgres', '--dry-run', '-q')).toEqual({ code: 0, stdout: '', stderr: '' })
    const at = await backupIn(world, 'troubled')
    await at.offer('bad.tar', 'x', { marker: '' })
    const loud = await world.run('troubled', '-q')
    expect(loud.code).toBe(1)
    expect(loud.stdout).toContain('bad.tar.md5')
  })

  test('--log-file: JSON lines with the backup and what happened', async () => {
    const file = join(world.folder, 'logs/reconcile.log')
    const { code } = await world.run('postgres', '--log-file', file, '-q')
    expect(code).toBe(0)
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
    const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(entries.map(({ msg }) => msg)).toEqual(['backup started', 'planned', 'backup finished'])
    expect(entries.at(-1)).toMatchObject({ backup: 'postgres', result: 'in-sync', exitCode: 0 })
  })

  test('without a terminal: a line an event on stderr, the summary on stdout, no colour, no cursor', async () => {
    const at = await backupIn(world, 'told')
    await at.offer('a.tar', 'a')
    const { stdout, stderr } = await world.run('told')
    expect(stderr).toMatch(/^Specs: .*backups\.d \(\d+ backups\)$/m)
    expect(stderr).toMatch(/^told: .*a\.tar/m)
    expect(stdout).toMatch(/^told +applied +1 pulled/m)
    expect(stdout).toMatch(/^Result: 1 published \(exit 0: /m)
    expect(stdout + stderr).not.toContain('\u001b')
  })
})

describe('status', () => {
  test('of all, of one by name, and of a bare folder', async () => {
    const { stdout, code } = await world.run('status')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^BACKUP +STATE/m)
    expect(stdout).toMatch(/^postgres +ok/m)
    const one = await world.run('status', 'postgres')
    expect(one.stdout).toContain('last success')
    const report = await world.status('postgres')
    expect(report).toMatchObject({
      format: 'reconcile.status/1',
      diagnostics: [],
      backups: [
        {
          backup: 'postgres',
          state: 'ok',
          bytes: 1,
          series: [{ points: 1 }],
          observed: { digest: expect.stringMatching(/^[0-9a-f]{64}$/), revision: null },
          lastPass: expect.any(String),
        },
      ],
    })
    expect(report.backups[0]?.conditions.map(({ type, status }) => `${type} ${status}`)).toEqual([
      'Ready true',
      'Reconciling false',
      'Stalled false',
      'Fresh unknown',
      'SpecValid true',
      'SourceReachable true',
      'Held false',
      'Pushed false',
      'Anomalous false',
    ])
    const bare = await world.status(good.destination)
    expect(bare.backups).toMatchObject([{ backup: 'postgres', state: 'ok', bytes: 1 }])
  })

  test('a backup that never ran is unknown, a file gone here is not fine, a folder that is none is 64', async () => {
    const fresh = await backupIn(world, 'fresh')
    expect((await world.status('fresh')).backups[0]).toMatchObject({ state: 'unknown', lastSuccess: null })
    await fresh.offer('a.tar', 'a')
    await fresh.pass()
    await rm(join(fresh.destination, 'a.tar'))
    expect((await world.status('fresh')).backups[0]).toMatchObject({
      state: 'failed',
      conditions: expect.arrayContaining([
        expect.objectContaining({ type: 'Ready', status: 'false', reason: 'missing-here' }),
      ]),
    })
    expect((await world.run('status')).stdout).toContain('missing-here: 1 published file is gone')
    const { code, stderr } = await world.run('status', join(world.folder, 'nowhere'))
    expect(code).toBe(64)
    expect(stderr).toContain('there is no folder')
  })
})

describe('names and specs that are wrong', () => {
  test('an unknown name: 64, with the one that was meant', async () => {
    const { code, stdout, stderr } = await world.run('postgras')
    expect(code).toBe(64)
    expect(stderr).toContain('Did you mean postgres?')
    expect(stdout).toBe('')
    expect(stderr).not.toMatch(/^\s+at /m)
  })

  test('an unknown flag and a folder without specs: 64', async () => {
    expect((await world.run('--dry-rum')).code).toBe(64)
    const empty = await world.run('--specs', join(world.folder, 'none'))
    expect(empty.code).toBe(64)
    expect(empty.stderr).toContain(join(world.folder, 'none'))
  })

  test('an empty folder of specs: nothing was found to back up, 1', () =>
    inWorld(async (own) => {
      expect(await own.pass()).toMatchObject({ backups: [], exitCode: 1 })
      expect((await own.run('--dry-run')).code).toBe(1)
    }))

  test('a source that holds nothing the spec selects: 1', async () => {
    const at = await backupIn(world, 'nothing', { select: { include: ['*.nope'] } })
    await at.offer('a.tar', 'a')
    expect(await at.pass()).toMatchObject({ problems: [{ code: 'nothing-found' }], exitCode: 1 })
  })

  test('an invalid spec among good ones: all faults at their places, the good ones run, 3', () =>
    inWorld(async (own) => {
      const fine = await backupIn(own, 'fine')
      await fine.offer('a.tar', 'a')
      await writeFile(
        join(own.specs, 'broken.yaml'),
        'version: 1\nsource: { path: /srv/a }\ndestination: { path: /srv/x, minFre: 1GiB }\nbwlimit: 25KiB/s\n',
      )
      const result = await own.pass()
      expect(result.exitCode).toBe(3)
      expect(result.backups).toMatchObject([{ backup: 'fine', published: ['a.tar'], exitCode: 0 }])
      const places = result.diagnostics.map(({ file, line, column }) => [
        file.endsWith('broken.yaml'),
        line,
        column,
      ])
      expect(places).toEqual([
        [true, 3, 30],
        [true, 4, 1],
      ])
      expect(result.diagnostics[1]!.hint).toContain('bandwidth')
      expect((await own.plan()).diagnostics).toHaveLength(2)
      const named = await own.run('broken')
      expect(named.code).toBe(3)
      expect(named.stderr).toMatch(/broken\.yaml:4:1/)
      const { code, stdout } = await own.run('validate', '--json')
      expect(code).toBe(3)
      expect(JSON.parse(stdout)).toMatchObject({
        format: 'reconcile.validate/1',
        diagnostics: [{ severity: 'error' }, {}],
      })
    }))

  test('validate is content with good ones, and prints what counts with --effective', async () => {
    expect(await world.run('validate', '--json')).toMatchObject({ code: 0 })
    const { code, stdout } = await world.run('validate', '--effective', 'postgres')
    expect(code).toBe(0)
    expect(stdout).toContain(good.destination)
  })
})
