import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { startThrowawaySource } from '../../src/commands/demo/source.ts'
import type { Notice } from '../../src/model/notice.ts'
import type { Result } from '../../src/model/outcome.ts'
import type { Plan } from '../../src/model/plan.ts'
import type { StatusReport } from '../../src/model/status.ts'
import { callHere } from '../helpers/call-here.ts'
import { type GitBed, makeGitBed } from '../helpers/git-bed.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { treeOf } from '../helpers/tree.ts'
import { makeWorld, noise, type World } from '../helpers/world.ts'

// The command itself, on specs from git. Local sources: nothing here depends on the line.

const CLI = resolve(import.meta.dirname, '../../dist/cli.js')

let world: World
let bed: GitBed
let count = 0
let name = ''
beforeAll(async () => {
  world = await makeWorld('local', { calls: 'here' })
})
afterAll(() => world.end())
beforeEach(async () => {
  bed = await makeGitBed()
  name = `pg${++count}`
  return () => bed.end()
})

const run = async (...words: string[]) => {
  const { code, stdout, stderr } = await callHere(
    bed.folder,
    ['--git', bed.remote, '--state', bed.state, ...words],
    { NO_COLOR: '1', XDG_CONFIG_HOME: join(bed.folder, 'no-config') },
  )
  return { code, out: stdout, err: stderr }
}
const document = async <T>(...words: string[]): Promise<T> => {
  const { out, err } = await run(...words, '--json')
  if (out === '') throw new Error(err)
  return JSON.parse(out) as T
}

const destination = () => join(bed.folder, 'offsite', name)
const declared = (more: object = {}) => ({
  [`${name}.yaml`]: stringify({
    version: 1,
    source: { path: join(world.source, name) },
    destination: { path: destination(), minFree: '1MiB' },
    ...more,
  }),
})
const offer = (file: string) => world.offer(join(name, file), file)

describe('a pass on specs from git', () => {
  test('puts the commit into result, ledger, status, log, plan, saved plan and text', async () => {
    const commit = await bed.push(declared())
    await offer('a.tar')
    const log = join(bed.folder, 'log')
    const result = await document<Result>('--log-file', log)
    expect(result).toMatchObject({ revision: commit, exitCode: 0, backups: [{ published: ['a.tar'] }] })
    const ledger = await readFile(join(destination(), '.reconcile/ledger.jsonl'), 'utf8')
    expect(ledger).toContain(`"revision":"${commit}"`)
    expect(JSON.parse(await readFile(join(destination(), '.reconcile/status.json'), 'utf8'))).toMatchObject({
      observed: { revision: commit },
    })
    const lines = (await readFile(log, 'utf8')).trim().split('\n')
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ revision: commit })
    expect((await document<StatusReport>('status')).revision).toBe(commit)
    await offer('b.tar')
    expect(await document<Plan>('--dry-run')).toMatchObject({
      revision: commit,
      backups: [{ spec: { file: `${name}.yaml` } }],
    })
    const text = await run('--dry-run')
    expect(text.out).toContain(`Specs of commit ${commit.slice(0, 8)}.`)
    expect(text.err).toContain(`Specs: ${bed.remote}@HEAD (1 backup, commit ${commit.slice(0, 8)})`)

    const saved = join(bed.folder, 'plan.json')
    await run('plan', '--out', saved)
    expect(JSON.parse(await readFile(saved, 'utf8'))).toMatchObject({ revision: commit })
    await bed.push({ README: 'x' })
    const stale = await document<Result>('apply', saved)
    expect(stale).toMatchObject({ exitCode: 4, backups: [{ stale: [{ code: 'stale-revision' }] }] })
  })

  test('a faulty newer commit: the last good specs run, nothing is pruned, exit 3, and validate shows the newest', async () => {
    const rules = { series: { pattern: 'db-{YYYY}-{MM}-{DD}.tar', timezone: 'UTC' }, retain: { last: 1 } }
    const prune = { mode: 'manual', keepAtLeast: 1, minAge: '0s' }
    const good = await bed.push(declared({ ...rules, prune }))
    for (const day of ['01', '02', '03']) await offer(`db-2026-01-${day}.tar`)
    // Removal is wanted from the second pass on: the first one brings only what is wanted.
    await bed.push(declared({ ...rules, retain: { last: 3 }, prune }))
    expect((await document<Result>()).backups[0]!.published).toHaveLength(3)
    await bed.push(declared({ ...rules, prune }))
    await run()
    const taken = await bed.git('rev-parse', 'HEAD')
    expect(taken).not.toBe(good)

    const faulty = await bed.push({ 'other.yaml': 'colour: red\n' })
    await offer('db-2026-01-04.tar')
    const result = await document<Result>()
    expect(result).toMatchObject({
      exitCode: 3,
      revision: taken,
      backups: [{ published: ['db-2026-01-04.tar'], holds: [] }],
    })
    expect(result.diagnostics.map(({ file, code }) => `${file} ${code}`)).toContain(
      `${bed.remote}@HEAD commit-refused`,
    )
    const plan = await document<Plan>('prune', '--dry-run')
    expect(plan.backups[0]).toMatchObject({ summary: { prune: 0 } })
    expect(plan.backups[0]!.holds.map(({ code }) => code)).toContain('prune-policy-last-good')

    const validated = await run('validate')
    expect(validated.code).toBe(3)
    expect(validated.out).toContain('other.yaml:1:1: error')
    const status = await run('status')
    expect([status.code, status.out.includes(faulty), status.out.includes(taken.slice(0, 8))]).toEqual([
      3,
      true,
      true,
    ])
  })

  test('a rewritten history: exit 7 with an id, pulls go on; released, the new one is taken once', async () => {
    const good = await bed.push(declared())
    await offer('a.tar')
    await run()
    await bed.git('checkout', '-q', '--orphan', 'new')
    const other = await bed.push({ ...declared(), README: 'x' })
    await offer('b.tar')
    const held = await document<Result>()
    expect(held).toMatchObject({
      exitCode: 7,
      revision: good,
      backups: [{ result: 'applied', published: ['b.tar'], holds: [{ code: 'history-rewritten' }] }],
    })
    const { id } = held.backups[0]!.holds[0]!
    expect((await document<StatusReport>('status')).backups[0]).toMatchObject({ state: 'held' })
    expect((await run('release', id, '--reason', 'a rebase')).code).toBe(0)
    expect(await document<Result>()).toMatchObject({ exitCode: 0, revision: other, backups: [{ holds: [] }] })
    expect(await readFile(join(bed.state, 'git.json'), 'utf8')).toContain('"reason":"a rebase"')
  })

  test('a line that is down: a warning for an hour, and work goes on; then a problem of the box', async () => {
    const commit = await bed.push(declared())
    await offer('a.tar')
    await run()
    await writeFile(join(bed.remote, 'config'), '[a server that is broken for now')
    const result = await document<Result>()
    expect(result).toMatchObject({
      exitCode: 0,
      revision: commit,
      problems: [],
      diagnostics: [{ severity: 'warning', code: 'git-unreachable' }],
    })
    expect((await document<StatusReport>('status')).diagnostics).toMatchObject([{ code: 'git-unreachable' }])
    const memory = join(bed.state, 'git.json')
    const { places } = JSON.parse(await readFile(memory, 'utf8'))
    for (const place of Object.values<{ unreachable: { since: number } }>(places))
      place.unreachable.since -= 2 * 3600 * 1000
    await writeFile(memory, JSON.stringify({ format: 'reconcile.git-specs/1', places }))
    await offer('b.tar')
    expect(await document<Result>()).toMatchObject({
      exitCode: 1,
      revision: commit,
      problems: [{ code: 'git-unreachable', message: expect.stringContaining('newer commits are not seen') }],
      backups: [{ published: ['b.tar'], exitCode: 0 }],
    })
  })

  test('a definite no: exit 1 with a problem of the box, notice, failed heartbeat; passes go on by the last good commit', async () => {
    const receiver = await startReceiver()
    try {
      for (const one of ['ops', 'beat'])
        await writeFile(join(bed.folder, one), `${receiver.origin}/${one}`, { mode: 0o600 })
      const config = join(bed.folder, 'etc/config.yaml')
      const notify = [{ urlFile: join(bed.folder, 'ops') }]
      await mkdir(join(bed.folder, 'etc'), { recursive: true })
      await writeFile(config, stringify({ notify, heartbeat: { urlFile: join(bed.folder, 'beat') } }))
      const told = () => ({
        ops: receiver.received.flatMap(({ url, body }) =>
          url === '/ops' ? [(JSON.parse(body) as Notice).message] : [],
        ),
        beat: receiver.received.flatMap(({ url }) => (url.startsWith('/beat') ? [url] : [])),
      })
      const words = ['--config', config, '--ref', 'main']
      const remote = (...more: string[]) => execa('git', [`--git-dir=${bed.remote}`, ...more])
      // Nothing was ever taken: that is told in a result too, so that the heartbeat fails.
      expect(await document<Result>(...words, name)).toMatchObject({
        exitCode: 1,
        backups: [],
        problems: [{ code: 'git-refused', message: expect.stringContaining('it is empty') }],
      })
      expect(told().beat).toEqual([])
      expect(await document<Result>(...words)).toMatchObject({ exitCode: 1, revision: null })
      expect(told().beat).toEqual(['/beat/start', '/beat/fail'])

      const commit = await bed.push(declared())
      await offer('a.tar')
      expect(await document<Result>(...words)).toMatchObject({ exitCode: 0, revision: commit, problems: [] })
      await remote('branch', '-m', 'main', 'trunk')
      await remote('symbolic-ref', 'HEAD', 'refs/heads/trunk')
      await offer('c.tar')
      const before = told()
      expect(await document<Result>(...words)).toMatchObject({
        exitCode: 1,
        revision: commit,
        problems: [{ code: 'git-refused', message: expect.stringMatching(/default branch is trunk now$/) }],
        backups: [{ published: ['c.tar'], exitCode: 0, problems: [] }],
      })
      expect(told().ops.slice(before.ops.length)).toEqual([
        expect.stringContaining('the newest specs are not seen: since'),
      ])
      expect(told().beat.slice(before.beat.length)).toEqual(['/beat/start', '/beat/fail'])
      const text = await run(...words)
      expect([text.code, text.out]).toEqual([
        1,
        expect.stringMatching(/problem .*newer commits are not seen/),
      ])

      const status = await document<StatusReport>('--ref', 'main', 'status')
      expect(status.backups[0]?.conditions.find(({ type }) => type === 'SpecValid')).toMatchObject({
        status: 'unknown',
        reason: 'git-refused',
      })
      const check = await run('--ref', 'main', 'status', '--check')
      expect([check.code, check.out]).toEqual([1, expect.stringMatching(/^RECONCILE WARNING/)])
      expect((await run('--ref', 'main', 'status', '--output', 'prometheus')).out).toContain(
        'reconcile_specs_stale_since_timestamp_seconds{reason="git-refused"}',
      )
      // Only a look: a line that is down is no reason to plan nothing.
      expect((await run('--ref', 'main', '--dry-run')).code).toBe(0)
      await bed.git('push', '-q', '--force', 'origin', 'HEAD:refs/heads/main')
      expect(await document<Result>(...words)).toMatchObject({ exitCode: 0, problems: [] })
      expect(told().ops.at(-1)).toContain('this is over: ')
      expect(told().beat.at(-1)).toBe('/beat')
    } finally {
      await receiver.end()
    }
  })

  test('never reached: exit 1 in plain words', async () => {
    const never = await run('--git', join(bed.folder, 'nowhere'), 'validate')
    expect(never.code).toBe(1)
    expect(never.err.replace(/\s+/g, ' ')).toMatch(/could not be fetched: there is no repository/)
    expect(never.err).not.toMatch(/ at .*\.[jt]s:/)
  })

  test('a dry run leaves state and destination untouched', async () => {
    await bed.push(declared())
    await offer('a.tar')
    await run()
    await bed.push({ README: 'x' })
    const before = [await treeOf(bed.state), await treeOf(destination())]
    for (const words of [
      ['--dry-run'],
      ['plan'],
      ['validate'],
      ['status'],
      ['explain', name],
      ['snapshot', '--to', join(bed.folder, 'snap')],
    ])
      expect((await run(...words)).code).toBe(0)
    expect([await treeOf(bed.state), await treeOf(destination())]).toEqual(before)
  })

  test('two first passes at once both end well', async () => {
    const commit = await bed.push(declared())
    await offer('a.tar')
    const both = await Promise.all([document<Result>(), document<Result>()])
    expect(both.map(({ revision, exitCode }) => [revision, exitCode])).toEqual(Array(2).fill([commit, 0]))
  })

  test('killed in the middle of a fetch: the next one clears up and takes the commit', async () => {
    await bed.push({ ...declared(), noise: noise(500_000) })
    await offer('a.tar')
    const at = (file: string) => join(bed.folder, file)
    // The first session lists; the second one sends a part of the pack and then no more, until STALL is gone.
    const serve = 'git-shell -c "$SSH_ORIGINAL_COMMAND"'
    await writeFile(at('STALL'), '')
    await writeFile(
      at('serve'),
      `if test -e ${at('STALL')} && ! mkdir ${at('LISTED')} 2>/dev/null; then ${serve} | { dd bs=4096 count=40 2>/dev/null; touch ${at('HALF')}; while test -e ${at('STALL')}; do sleep 0.1; done; }; else ${serve}; fi\n`,
    )
    const sshd = await startThrowawaySource({
      folder: at('keys'),
      served: bed.remote,
      command: `sh ${at('serve')}`,
    })
    const { user, port, identity, knownHosts } = sshd
    const git = { url: `ssh://${user}@127.0.0.1:${port}${bed.remote}`, identity, knownHosts }
    await mkdir(at('etc'))
    await writeFile(at('etc/config.yaml'), stringify({ git }))
    const begin = () =>
      execa(process.execPath, [CLI, '--config', at('etc/config.yaml'), '--state', bed.state, '--json'], {
        reject: false,
        cwd: bed.folder,
        stdin: 'ignore',
      })
    try {
      const killed = begin()
      while (!existsSync(at('HALF'))) {
        expect(killed.exitCode).toBeNull()
        await sleep(50)
      }
      killed.kill('SIGKILL')
      await killed
      await rm(at('STALL'))
      const { stdout, stderr } = await begin()
      expect(JSON.parse(String(stdout) || String(stderr))).toMatchObject({
        exitCode: 0,
        revision: await bed.git('rev-parse', 'HEAD'),
      })
      const packs = await readdir(bed.state, { recursive: true })
      expect(packs.filter((path) => path.includes('tmp_pack'))).toEqual([])
    } finally {
      await rm(at('STALL'), { force: true })
      await sshd.stop()
    }
  })

  test('flags that make no sense are usage errors', async () => {
    for (const words of [
      ['--specs', 'd'],
      ['--ref', '-x'],
      ['--git', 'ext::id'],
      ['--subpath', '../..'],
    ]) {
      const { code, err } = await run(...words)
      expect([words, code, err.split('\n').length < 5]).toEqual([words, 64, true])
    }
  })
})
