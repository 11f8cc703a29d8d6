import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { processConsole } from '../../src/commands/argv/console.ts'
import { resume, suspend, type Which } from '../../src/commands/suspend.ts'
import { openWorkspace } from '../../src/commands/workspace.ts'
import { type Instant, instant } from '../../src/model/instant.ts'
import { makeWorld, type World } from '../helpers/world.ts'

let world: World
beforeEach(async () => {
  world = await makeWorld('local', { calls: 'here' })
  await world.declare('pg', { expect: { every: '1h' } })
})
afterEach(() => world.end())

const HOUR = 3600
const now = () => Math.floor(Date.now() / 1000)

describe('suspend and resume', () => {
  test('a suspended backup does not run, says why and how to resume, and still tells what is late', async () => {
    await world.offer('old.tar', 'x', { mtime: now() - 3 * HOUR })
    expect((await world.pass()).backups[0]).toMatchObject({ result: 'applied', exitCode: 1 })
    await world.offer('new.tar', 'y', { mtime: now() })
    const said = await world.run('suspend', 'pg', '--reason', 'disk swap', '--until', '2d')
    expect(said).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Suspended pg until \d{4}-\d\d-\d\d \d\d:\d\d \S+: disk swap\n?$/),
    })

    // The source is gone, and is not missed: nobody asks it.
    await rm(world.source, { recursive: true })
    const before = await readFile(join(world.destination, '.reconcile/status.json'), 'utf8')
    const [outcome] = (await world.pass('pg')).backups
    expect(outcome).toMatchObject({
      result: 'suspended',
      published: [],
      problems: [],
      late: [{ message: expect.stringContaining('expected every 1h') }],
      suspended: { reason: 'disk swap', by: { all: false }, spec: null },
    })
    expect(outcome?.exitCode).toBe(7)
    expect(await world.pass()).toMatchObject({ exitCode: 1 })
    expect(await readFile(join(world.destination, '.reconcile/status.json'), 'utf8')).toBe(before)

    const { stdout } = await world.run('pg')
    expect(stdout).toContain('disk swap')
    expect(stdout).toContain('reconcile resume pg')
    expect((await world.plan()).backups[0]).toMatchObject({
      steps: [],
      problems: [],
      suspended: { reason: 'disk swap' },
      series: [{ state: 'late' }],
    })
    expect((await world.run('--dry-run')).stdout).toContain('suspended')
    expect((await world.status()).backups[0]).toMatchObject({
      state: 'suspended',
      conditions: expect.arrayContaining([expect.objectContaining({ type: 'Ready', reason: 'suspended' })]),
    })

    expect(await world.run('resume', 'pg')).toMatchObject({ code: 0, stdout: 'Resumed pg' })
    expect((await world.pass('pg')).backups[0]).toMatchObject({ result: 'failed', suspended: null })
  })

  test('unnamed it is no failure, all of them can be, and a time that is over ends it', async () => {
    await world.declare('pg')
    await world.offer('a.tar', 'x')
    expect((await world.run('suspend', '--all', '--reason', 'moving')).code).toBe(0)
    expect(await world.pass()).toMatchObject({ exitCode: 0, backups: [{ result: 'suspended' }] })
    expect(await world.run('resume', 'pg')).toMatchObject({
      code: 7,
      stdout: expect.stringContaining('reconcile resume --all'),
    })
    expect((await world.run('resume', '--all')).code).toBe(0)
    await world.run('suspend', 'pg', '--reason', 'a while', '--until', '1s')
    await expect.poll(async () => (await world.pass()).backups[0]?.result).toBe('applied')
  })

  test('twice replaces, and the file is private', async () => {
    await world.run('suspend', 'pg', '--reason', 'one', '--until', '2d')
    await world.run('suspend', 'pg', '--reason', 'two')
    const file = join(world.state, 'suspensions.json')
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({
      all: null,
      backups: { pg: { reason: 'two', until: null } },
    })
    expect((await stat(file)).mode & 0o777).toBe(0o600)
  })

  test('the spec wins, and says where it does', async () => {
    await world.declare('pg', { suspend: { reason: 'in git' } })
    expect((await world.pass('pg')).backups[0]).toMatchObject({
      result: 'suspended',
      exitCode: 7,
      suspended: { reason: 'in git', by: null, spec: { file: join(world.specs, 'pg.yaml') } },
    })
    const { code, stdout } = await world.run('resume', 'pg')
    expect(code).toBe(7)
    expect(stdout).toMatch(
      /^pg stays suspended: its spec says so\. Take "suspend" out of\s+\S*pg\.yaml,\s+at\s+line\s+\d+\./,
    )
    // Nothing was ever said by command, and nothing was made of it.
    await expect(readdir(world.state)).rejects.toThrow('ENOENT')
  })

  test('what is called the wrong way is told, and changes nothing', async () => {
    const told: string[] = []
    const tell = (text: string) => void told.push(text)
    const console = { ...processConsole('text', false), write: tell, tell }
    const run = { now: () => instant(Date.now()), signal: new AbortController().signal, emit: () => {} }
    const workspace = await openWorkspace({ specs: world.specs, state: world.state }, 'look', run)
    const say = (which: Partial<Which>, reason = 'x', until: Instant | null = null) =>
      suspend({ names: [], all: false, ...which }, { reason, until }, { workspace, console, run })
    await expect(say({ names: ['pgg'] })).rejects.toThrow('Did you mean pg?')
    await expect(say({})).rejects.toThrow('needs the names of backups, or --all')
    await expect(say({ names: ['pg'], all: true })).rejects.toThrow('not both')
    await expect(say({ names: ['pg'] }, ' ')).rejects.toThrow('needs a reason')
    await expect(say({ names: ['pg'] }, 'x', instant(0))).rejects.toThrow(
      '1970-01-01T00:00:00Z, which has passed',
    )
    const wrong = { names: ['pgg'], all: false }
    await expect(resume(wrong, { workspace, console, run })).rejects.toThrow('Did you mean pg?')
    const soon = await world.run('suspend', 'pg', '--reason', 'x', '--until', 'soon')
    expect(soon).toMatchObject({ code: 64, stderr: expect.stringContaining('It takes a time') })
    expect(told).toEqual([])
    await expect(readdir(world.state)).rejects.toThrow('ENOENT')
  })

  test('a file that is damaged stops the backup: it may say that it is suspended', async () => {
    await world.offer('a.tar', 'x')
    await world.run('suspend', 'pg', '--reason', 'x')
    await writeFile(join(world.state, 'suspensions.json'), '{}')
    expect((await world.pass()).backups[0]).toMatchObject({
      result: 'failed',
      problems: [{ code: 'state-damaged' }],
    })
  })
})
