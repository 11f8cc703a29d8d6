import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { isoTime } from '../../src/model/instant.ts'
import type { Notice } from '../../src/model/notice.ts'
import type { StatusReport } from '../../src/model/status.ts'
import { callHere } from '../helpers/call-here.ts'
import { type DaemonHere, daemonHere } from '../helpers/daemon-here.ts'
import { type GitBed, makeGitBed } from '../helpers/git-bed.ts'
import { heartbeatTo, type Receiver, startReceiver, webhook } from '../helpers/receiver.ts'
import { makeWorld, type World } from '../helpers/world.ts'

// The daemon on specs from git: real git and rsync, by a clock that is moved by hand.

let world: World
let bed: GitBed
let daemon: DaemonHere
let receiver: Receiver
let first = ''
beforeEach(async () => {
  world = await makeWorld('local', { calls: 'here' })
  bed = await makeGitBed()
  await world.offer('a.tar', 'a')
  first = await bed.push(declared())
  receiver = await startReceiver()
  daemon = daemonHere({
    specs: bed.place(),
    state: bed.state,
    notify: [webhook(await urlFile('ops'))],
    heartbeat: heartbeatTo(await urlFile('beat')),
  })
  expect(await daemon.finished('pg')).toMatchObject({ published: ['a.tar'] })
})
afterEach(async () => {
  await daemon.stop().catch(() => {})
  await receiver.end()
  await bed.end()
  await world.end()
})

const declared = (more: object = {}) => ({
  'pg.yaml': stringify({
    version: 1,
    source: { path: world.source },
    destination: { path: world.destination, minFree: '1MiB' },
    ...more,
  }),
})

async function urlFile(name: string): Promise<string> {
  const file = join(bed.folder, name)
  await writeFile(file, `${receiver.origin}/${name}`, { mode: 0o600 })
  return file
}

/** What the hook was told, and how the heartbeat was called, each in order. */
const told = () => ({
  ops: receiver.received.flatMap(({ body }) =>
    body.startsWith('{') ? [(JSON.parse(body) as Notice).kind] : [],
  ),
  beat: receiver.received.flatMap(({ url }) => (url.startsWith('/beat') ? [url] : [])),
})

/** Once as many have come, they are these. */
async function hasTold(all: ReturnType<typeof told>) {
  await daemon.until(() => told().ops.length >= all.ops.length && told().beat.length >= all.beat.length)
  expect(told()).toEqual(all)
}

/** A run that is asked for now: by which commit, and what it came to. */
async function runNow() {
  const from = daemon.mark()
  daemon.hangup()
  const { revision, notTaken } = await daemon.saw('triggered', () => true, from)
  return { revision, notTaken, outcome: await daemon.finished('pg', from) }
}

/** A command beside the daemon. */
async function call(...words: string[]): Promise<string> {
  const { url, ref } = bed.place()
  const { stdout, stderr } = await callHere(
    bed.folder,
    ['--git', url, '--ref', ref, '--state', bed.state, ...words],
    { XDG_CONFIG_HOME: join(bed.folder, 'no-config') },
  )
  if (stdout === '') throw new Error(stderr)
  return stdout
}
const status = async () =>
  JSON.parse(await call('status', '--json', '--as-of', isoTime(daemon.clock.now()))) as StatusReport

test('a new commit is taken without a restart; of a faulty one the last good is kept, and both are told', async () => {
  const from = daemon.mark()
  const second = await bed.push(declared({ select: { exclude: ['x'] } }))
  expect(await daemon.saw('triggered', () => true, from)).toMatchObject({
    causes: ['spec-changed'],
    revision: second,
  })
  expect(second).not.toBe(first)
  await daemon.finished('pg', from)

  const faulty = await bed.push({ 'other.yaml': 'colour: red\n' })
  const { message } = await daemon.saw('warning')
  expect(message).toContain(`commit ${faulty} is not taken: it has`)
  expect(message).toContain(`the last good commit ${second.slice(0, 8)}`)
  await world.offer('b.tar', 'b')
  expect(await runNow()).toMatchObject({
    revision: second,
    notTaken: faulty,
    outcome: { published: ['b.tar'] },
  })
  const report = await status()
  expect(report.diagnostics.map(({ code }) => code)).toContain('commit-refused')
  expect(report.backups[0]?.conditions.find(({ type }) => type === 'SpecValid')).toMatchObject({
    status: 'false',
    reason: 'commit-refused',
    message: expect.stringMatching(`${faulty}.*${second.slice(0, 8)}`),
  })
  await hasTold({ ops: ['failing'], beat: ['/beat', '/beat/fail'] })

  const mended = await bed.push({ 'other.yaml': null })
  await daemon.until(async () => (await runNow()).revision === mended)
  await hasTold({ ops: ['failing', 'recovered'], beat: ['/beat', '/beat/fail', '/beat'] })
})

test('while the repository cannot be reached work goes on, and it is told since when', async () => {
  const config = join(bed.remote, 'config')
  const sound = await readFile(config)
  await writeFile(config, '[a server that is broken for now')
  const { message } = await daemon.saw('warning')
  const since = /since (\S+Z) newer commits are not seen/.exec(message)?.[1]
  expect(since).toBeDefined()
  await daemon.clock.advance(600_000)
  await world.offer('b.tar', 'b')
  expect(await runNow()).toMatchObject({ revision: first, outcome: { published: ['b.tar'] } })
  expect((await status()).diagnostics).toMatchObject([
    {
      code: 'git-unreachable',
      message: expect.stringMatching(`since ${since} newer.*bad config line`),
    },
  ])
  const check = async () => call('status', '--check', '--as-of', isoTime(daemon.clock.now()))
  // Once the daemon has said that it lives, by a clock that is ten minutes ahead now.
  await daemon.until(async () => (await check()).startsWith('RECONCILE OK'))
  expect(await check()).toMatch(/newer specs cannot be read.*\nspecs: since /)
  expect(await call('status', '--as-of', isoTime(daemon.clock.now()))).toMatch(
    /^specs: since \d{4}-\d\d-\d\d \d\d:\d\d \S+ newer/m,
  )
  daemon.pace = 60_000
  await daemon.until(async () => (await check()).startsWith('RECONCILE WARNING'))
  daemon.pace = 1_000
  await daemon.until(async () => (await status()).backups[0]?.state === 'ok')
  // Ten minutes of the same are told once.
  expect(daemon.events.filter(({ type }) => type === 'warning')).toHaveLength(1)

  await writeFile(config, sound)
  const from = daemon.mark()
  const next = await bed.push(declared({ select: { exclude: ['y'] } }))
  expect(await daemon.saw('triggered', () => true, from)).toMatchObject({ revision: next })
  expect((await status()).diagnostics).toEqual([])
})

test('a repository that says no is told at once, and over once it answers; work goes on meanwhile', async () => {
  await rename(bed.remote, `${bed.remote}.away`)
  await daemon.saw('warning')
  await hasTold({ ops: ['failing'], beat: ['/beat', '/beat/fail'] })
  await world.offer('b.tar', 'b')
  expect(await runNow()).toMatchObject({ revision: first, outcome: { published: ['b.tar'], exitCode: 0 } })
  const report = await status()
  expect(report).toMatchObject({ stale: [{ code: 'git-refused' }] })
  expect(report.backups[0]?.conditions.find(({ type }) => type === 'SpecValid')).toMatchObject({
    status: 'unknown',
    reason: 'git-refused',
  })
  expect(told()).toEqual({ ops: ['failing'], beat: ['/beat', '/beat/fail'] })
  await rename(`${bed.remote}.away`, bed.remote)
  await daemon.until(async () => {
    await runNow()
    return told().beat.length === 3
  })
  await hasTold({ ops: ['failing', 'recovered'], beat: ['/beat', '/beat/fail', '/beat'] })
})

test('the release of a rewritten history that changes no spec is told at once too', async () => {
  await bed.git('commit', '-q', '--amend', '-m', 'amended')
  await bed.push({})
  await daemon.saw('specs-held')
  await runNow()
  const [held] = (await status()).backups
  expect(held).toMatchObject({ state: 'held' })
  const id = /release (\w+)/.exec(held?.conditions.find(({ type }) => type === 'Held')?.message ?? '')?.[1]
  const from = daemon.mark()
  await call('release', id ?? '', '--reason', 'a typo')
  await daemon.saw('specs-hold-over', () => true, from)
  expect((await status()).backups).toMatchObject([{ state: 'ok' }])
  expect(await daemon.saw('triggered', () => true, from)).toMatchObject({ causes: ['released'] })
  expect(await daemon.finished('pg', from)).toMatchObject({ exitCode: 0 })
  await hasTold({ ops: ['held', 'recovered'], beat: ['/beat', '/beat/fail', '/beat'] })
})

test('a rewritten history holds what is obeyed, and a release takes the new one', async () => {
  await bed.git('checkout', '-q', '--orphan', 'new')
  const other = await bed.push({ ...declared({ select: { exclude: ['z'] } }), README: 'x' })
  expect((await daemon.saw('warning')).message).toContain(other)
  // Long before the next run.
  await hasTold({ ops: ['held'], beat: ['/beat', '/beat/fail'] })
  expect((await status()).backups).toMatchObject([{ state: 'held', watch: { phase: 'idle' } }])
  await world.offer('b.tar', 'b')
  const { revision, outcome } = await runNow()
  expect(revision).toBe(first)
  expect(outcome).toMatchObject({ published: ['b.tar'], holds: [{ code: 'history-rewritten' }], exitCode: 7 })

  const from = daemon.mark()
  const { id } = outcome.holds[0]!
  await call('release', id, '--reason', 'a rebase')
  expect(await daemon.saw('spec-changed', () => true, from)).toMatchObject({ revision: other })
  await daemon.saw('triggered', ({ revision: by }) => by === other, from)
  expect(await daemon.finished('pg', daemon.mark() - 1)).toMatchObject({ holds: [], exitCode: 0 })
})

test('one release takes a commit in which the specs are others', async () => {
  const other = await bed.push({
    'pg.yaml': null,
    'web.yaml': stringify({
      version: 1,
      source: { path: world.source },
      destination: { path: join(world.folder, 'web'), minFree: '1MiB' },
    }),
  })
  await daemon.saw('specs-held')
  const { outcome } = await runNow()
  expect(outcome.holds).toMatchObject([{ code: 'specs-vanished' }])
  const from = daemon.mark()
  await call('release', outcome.holds[0]!.id, '--reason', 'moved')
  expect(await daemon.saw('triggered', ({ backup }) => backup === 'web', from)).toMatchObject({
    revision: other,
  })
  expect(await daemon.finished('web', from)).toMatchObject({ published: ['a.tar'], holds: [], exitCode: 0 })
  expect((await status()).backups).toMatchObject([{ backup: 'web', state: 'ok' }])
})
