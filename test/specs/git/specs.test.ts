import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { specFaults } from '../../../src/decide/specs/faults.ts'
import { Failure } from '../../../src/model/failure.ts'
import { instant } from '../../../src/model/instant.ts'
import type { LoadedSpecs } from '../../../src/specs/load-specs.ts'
import { type GitBed, makeGitBed } from '../../helpers/git-bed.ts'
import { treeOf } from '../../helpers/tree.ts'
import { spec } from '../spec-folder.ts'

let bed: GitBed
beforeEach(async () => {
  bed = await makeGitBed()
})
afterEach(() => bed.end())

const names = ({ specs }: LoadedSpecs) => specs.map(({ name }) => name)
const codes = ({ faults }: LoadedSpecs) => faults.map(({ severity, code }) => `${severity} ${code}`)

const GOOD = { 'a.yaml': spec(), 'b.yaml': spec() }
const FAULTY = { 'b.yaml': `${spec()}bwlimit: 25\n` }
const HOUR = 3_600_000

describe('specs from git', () => {
  test('are those of the commit, each named by its place in the repository, and the clone is private and bare', async () => {
    const commit = await bed.push({
      'sub/a.yaml': spec(),
      'sub/_defaults.yaml': 'prune: { mode: manual }\n',
      'x.yaml': '!',
    })
    const loaded = await bed.load({ place: { subpath: 'sub' } })
    expect(names(loaded)).toEqual(['a'])
    expect(loaded).toMatchObject({
      label: `file://${bed.remote}@main:sub`,
      folder: null,
      revision: commit,
      faults: [],
      holds: [],
      stale: null,
      lastGood: null,
      shared: ['_defaults.yaml'],
    })
    expect(loaded.specs[0]).toMatchObject({ file: 'sub/a.yaml', prune: { mode: 'manual' } })
    const [clone] = (await readdir(`${bed.state}/git`)).filter((name) => !name.endsWith('.lock'))
    expect((await readdir(`${bed.state}/git/${clone}`)).sort()).toEqual(['gitconfig', 'repo.git'])
    expect(await readdir(`${bed.state}/git/${clone}/repo.git`)).toContain('objects')
  })

  test('a faulty commit is not taken at all: the last good one goes on, and both are said', async () => {
    const good = await bed.push(GOOD)
    await bed.load()
    const faulty = await bed.push({ ...FAULTY, 'c.yaml': spec() })
    const loaded = await bed.load()
    expect(names(loaded)).toEqual(['a', 'b'])
    expect(loaded.revision).toBe(good)
    expect(loaded.faults).toMatchObject([
      { file: 'b.yaml', line: 4, column: 1, severity: 'error', code: 'unknown-key' },
      {
        severity: 'error',
        code: 'commit-refused',
        message: expect.stringMatching(
          `^commit ${faulty} is not taken: it has a fault .b\\.yaml:4:1: unknown key.*${good.slice(0, 8)}$`,
        ),
      },
    ])
    expect(loaded.stale).toMatchObject({ since: bed.clock })
    expect(loaded.lastGood).toMatchObject({ obeyed: good, newer: faulty })
    expect(loaded.holds).toEqual([])
  })

  test('since when is remembered, until a good one comes', async () => {
    await bed.push(GOOD)
    await bed.load()
    await bed.push(FAULTY)
    const since = bed.clock
    await bed.load()
    bed.clock = instant(since + HOUR)
    await bed.push({ 'd.yaml': spec() })
    expect((await bed.load()).stale).toMatchObject({ since })
    const mended = await bed.push({ 'b.yaml': spec() })
    expect(await bed.load()).toMatchObject({ revision: mended, stale: null, lastGood: null, faults: [] })
  })

  test('a commit that cannot be written down is not taken; the last good one goes on, and both are told', async () => {
    const good = await bed.push(GOOD)
    await bed.load()
    const next = await bed.push({ 'd.yaml': spec() })
    const unwritable = new Failure({
      code: 'state-unwritable',
      message: 'no room in state',
      hint: 'Make room.',
      retryable: false,
    })
    const loaded = await bed.load({ unwritable })
    expect(loaded).toMatchObject({ revision: good, specs: [{}, {}], lastGood: { obeyed: good, newer: next } })
    expect(loaded.faults).toMatchObject([
      {
        code: 'commit-unkept',
        severity: 'error',
        message: `commit ${next} is not taken: no room in state; the specs are those of the last good commit ${good.slice(0, 8)}`,
        hint: 'Make room.',
      },
    ])
    // Who only looks at what was fetched knows as much.
    expect(await bed.load({ use: 'recall' })).toMatchObject({
      revision: good,
      faults: [{ code: 'commit-unkept', severity: 'warning' }],
    })
    expect(await bed.load()).toMatchObject({ revision: next, stale: null, faults: [] })
  })

  test('a fault in _defaults.yaml refuses the commit as well', async () => {
    const good = await bed.push(GOOD)
    await bed.load()
    await bed.push({ '_defaults.yaml': 'colour: red\n' })
    expect(await bed.load()).toMatchObject({ revision: good, specs: [{}, {}] })
  })

  test('a faulty first commit: nothing runs, and its backups are known as faulty', async () => {
    await bed.push({ ...GOOD, ...FAULTY })
    const loaded = await bed.load()
    expect(loaded).toMatchObject({ revision: null, specs: [], lastGood: null })
    expect(loaded.faulty.map(({ name }) => name)).toEqual(['a', 'b'])
    expect(codes(loaded)).toEqual(['error unknown-key', 'error commit-refused'])
    // Each knows what is wrong, the sound one too.
    for (const { file } of loaded.faulty) {
      expect(specFaults([file], loaded.faults)[0]).toMatchObject({ code: 'unknown-key' })
    }
  })

  test('what a taken commit has as a fault by now is told, and the rest of it goes on', async () => {
    const commit = await bed.push({ ...GOOD, 'b.yaml': spec({ destination: '{ path: /elsewhere/b }' }) })
    await bed.load()
    const loaded = await bed.load({ roots: ['/srv'] })
    expect(loaded).toMatchObject({ revision: commit, lastGood: null })
    expect([names(loaded), codes(loaded)]).toEqual([['a'], ['error outside-roots']])
  })

  test('a repository that is gone: work goes on with the last good commit, since when is said, and told over', async () => {
    const good = await bed.push(GOOD)
    await bed.load()
    const away = `${bed.remote}.away`
    const { rename } = await import('node:fs/promises')
    await rename(bed.remote, away)
    const since = bed.clock
    const first = await bed.load()
    bed.clock = instant(since + HOUR)
    const later = await bed.load()
    for (const loaded of [first, later]) {
      expect(loaded).toMatchObject({ revision: good, stale: { since }, lastGood: null })
      expect(codes(loaded)).toEqual(['warning git-refused'])
      expect(names(loaded)).toEqual(['a', 'b'])
    }
    await rename(away, bed.remote)
    expect(await bed.load()).toMatchObject({ stale: null, faults: [] })
  })

  test('where nothing was ever fetched, whoever only asks fetches, obeys it for now, and leaves nothing', async () => {
    const commit = await bed.push(GOOD)
    const loaded = await bed.load({ use: 'recall' })
    expect(loaded).toMatchObject({ revision: commit, faults: [] })
    expect(names(loaded)).toEqual(['a', 'b'])
    expect(await readdir(bed.state).catch(() => [])).toEqual([])
  })

  test('one that never was is a failure; a line that is down may pass', async () => {
    await expect(bed.load({ place: { url: 'file:///nonexistent/x.git' } })).rejects.toMatchObject({
      code: 'git-refused',
      retryable: false,
    })
    await bed.push(GOOD)
    const silent = createServer()
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    await expect(
      bed.load({ place: { url: `https://127.0.0.1:${port}/x.git` }, limits: { total: 1, silence: 60 } }),
    ).rejects.toMatchObject({ code: 'git-unreachable', retryable: true })
    silent.close()
    await expect(bed.load({ place: { ref: 'nowhere' } })).rejects.toMatchObject({
      message: expect.stringContaining('nowhere'),
    })
  })

  test('a missing subpath refuses the commit', async () => {
    await bed.push(GOOD)
    expect(codes(await bed.load({ place: { subpath: 'nope' } }))).toEqual([
      'error subpath-missing',
      'error commit-refused',
    ])
  })

  test.each(['refs/heads/main', 'HEAD', 'v1', 'the commit'])('%s is followed', async (ref) => {
    const commit = await bed.push(GOOD)
    await bed.git('tag', '-a', '-m', 'v', 'v1')
    await bed.git('push', '-q', 'origin', 'v1')
    expect((await bed.load({ place: { ref: ref === 'the commit' ? commit : ref } })).revision).toBe(commit)
  })
})

test('a tag does not take the place of the branch of its name', async () => {
  await bed.push({ 'old.yaml': spec() })
  await bed.git('tag', 'main')
  await bed.git('push', '-q', 'origin', 'refs/tags/main')
  await bed.git('tag', '-d', 'main')
  const commit = await bed.push({ 'new.yaml': spec() })
  expect((await bed.load()).revision).toBe(commit)
})

describe('a dry look', () => {
  test('sees the newest commit and leaves state as it is, also where there is none', async () => {
    const first = await bed.push(GOOD)
    expect((await bed.load({ use: 'look' })).revision).toBe(first)
    await expect(readdir(bed.state)).rejects.toMatchObject({ code: 'ENOENT' })
    await bed.load()
    const before = await treeOf(bed.state)
    const second = await bed.push({ 'c.yaml': spec() })
    expect((await bed.load({ use: 'look' })).revision).toBe(second)
    expect((await bed.load({ use: 'newest' })).revision).toBe(second)
    expect((await bed.load({ use: 'recall' })).revision).toBe(first)
    await bed.push(FAULTY)
    expect((await bed.load({ use: 'look' })).revision).toBe(first)
    expect(await treeOf(bed.state)).toEqual(before)
  })
})

describe('a rewritten history', () => {
  const rewrite = async () => {
    await bed.git('checkout', '-q', '--orphan', 'other')
    return bed.push({ 'c.yaml': spec() })
  }

  test('is a hold: the last good commit goes on until a person releases it, once, on the record', async () => {
    const good = await bed.push(GOOD)
    await bed.load()
    const other = await rewrite()
    const loaded = await bed.load()
    expect(loaded).toMatchObject({ revision: good, lastGood: { obeyed: good, newer: other } })
    expect(loaded.holds).toMatchObject([{ code: 'history-rewritten' }])
    const { id } = loaded.holds[0]!
    // What is pushed on top is the same question.
    const top = await bed.push({ 'd.yaml': spec() })
    expect((await bed.load()).holds[0]?.id).toBe(id)
    await bed.box.writeRelease(id, 'a rebase', 'me', bed.clock)
    expect(await bed.load({ use: 'look' })).toMatchObject({ revision: top, holds: [] })
    expect(await bed.box.released(id)).not.toBeNull()
    expect(await bed.load()).toMatchObject({ revision: top, holds: [], lastGood: null, stale: null })
    expect(await bed.box.released(id)).toBeNull()
  })

  test('a release of one history passes no other', async () => {
    await bed.push(GOOD)
    await bed.load()
    await rewrite()
    const { id } = (await bed.load()).holds[0]!
    await bed.box.writeRelease(id, 'a rebase', 'me', bed.clock)
    await bed.git('checkout', '-q', '--orphan', 'third')
    await bed.push({ 'e.yaml': spec() })
    const again = await bed.load()
    expect(again.holds).toHaveLength(1)
    expect(again.holds[0]!.id).not.toBe(id)
  })

  test('back to an older commit is one too', async () => {
    await bed.push(GOOD)
    await bed.push({ 'c.yaml': spec() })
    await bed.load()
    await bed.git('reset', '-q', '--hard', 'HEAD^')
    await bed.push({ 'd.yaml': spec() })
    expect((await bed.load()).holds).toMatchObject([{ code: 'history-rewritten' }])
  })
})

describe('specs that vanish', () => {
  test('more than half of them at once: a hold', async () => {
    const good = await bed.push({ ...GOOD, 'c.yaml': spec() })
    await bed.load()
    await bed.push({ 'a.yaml': null, 'b.yaml': null })
    const held = await bed.load()
    expect(held).toMatchObject({ revision: good, holds: [{ code: 'specs-vanished' }] })
    await bed.box.writeRelease(held.holds[0]!.id, 'two hosts are gone', 'me', bed.clock)
    expect(names(await bed.load())).toEqual(['c'])
  })

  test('_hosts.yaml is read at the commit, and a hold once it is gone', async () => {
    await bed.push({
      'a.yaml': spec({ source: '{ host: nas }' }),
      '_hosts.yaml': 'nas: { address: b, user: u }\n',
    })
    expect((await bed.load()).specs.find(({ name }) => name === 'a')).toMatchObject({ source: { host: 'b' } })
    await bed.push({ '_hosts.yaml': null, 'a.yaml': spec({ source: '{ host: nas, user: u }' }) })
    const held = await bed.load()
    expect(held.holds).toMatchObject([{ code: 'hosts-gone' }])
    expect(held.specs.find(({ name }) => name === 'a')).toMatchObject({ source: { host: 'b' } })
  })

  test('_defaults.yaml: a hold; renamed backups: none', async () => {
    await bed.push({ ...GOOD, '_defaults.yaml': 'prune: { mode: manual }\n' })
    await bed.load()
    await bed.push({
      'a.yaml': null,
      'b.yaml': null,
      'a2.yaml': spec({ destination: '{ path: /srv/offsite/a }' }),
      'b2.yaml': spec({ destination: '{ path: /srv/offsite/b }' }),
    })
    expect(names(await bed.load())).toEqual(['a2', 'b2'])
    await bed.push({ '_defaults.yaml': null })
    expect((await bed.load()).holds).toMatchObject([{ code: 'defaults-gone' }])
  })
})
