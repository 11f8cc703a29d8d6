import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Disk } from '../../src/destination/disk/disk.ts'
import type { Digest, DigestPair } from '../../src/model/digest.ts'
import { instant } from '../../src/model/instant.ts'
import type {
  AdoptRequest,
  Destination,
  LockedDestination,
  PruneRequest,
  PublishRequest,
} from '../../src/model/ports.ts'
import type { RelPath } from '../../src/model/rel-path.ts'
import type { Run } from '../../src/model/run.ts'

/** A destination under test, and the bare disk below it. */
export interface World {
  readonly path: string
  readonly disk: Disk
  readonly destination: Destination
  remove(): Promise<void>
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

export function digestsOf(bytes: Uint8Array): DigestPair {
  const of = (kind: string) => createHash(kind).update(bytes).digest('hex') as Digest
  return { md5: of('md5'), sha256: of('sha256') }
}

let clock = Date.parse('2026-11-23T18:00:00Z')
export const quietRun = (over: Partial<Run> = {}): Run => ({
  now: () => instant(clock++),
  signal: new AbortController().signal,
  emit: () => {},
  ...over,
})

export const markerText = (path: string, bytes: Uint8Array): string =>
  `${digestsOf(bytes).md5}  ${path.slice(path.lastIndexOf('/') + 1)}\n`

/** A request to publish `text` under `path`, marked as the source would mark it. */
export function toPublish(
  path: string,
  text: string,
  over: PublishRequest['over'] = 'new',
  suffix = '.md5',
): PublishRequest {
  const bytes = bytesOf(text)
  return {
    path: path as RelPath,
    size: bytes.length,
    digests: digestsOf(bytes),
    marker: { path: `${path}${suffix}` as RelPath, text: markerText(path, bytes) },
    mtime: 1,
    markerMtime: 2,
    over,
    planId: null,
    revision: null,
  }
}

export function toAdopt(path: string, judge: AdoptRequest['judge'], text = ''): AdoptRequest {
  const bytes = bytesOf(text)
  const marker = {
    path: `${path}.md5` as RelPath,
    text: markerText(path, bytes),
    digest: digestsOf(bytes).md5,
  }
  return {
    path: path as RelPath,
    judge,
    marker: judge === 'source' ? marker : null,
    mtime: null,
    markerMtime: null,
    planId: null,
    revision: null,
  }
}

export const toPrune = (path: string, over: Partial<PruneRequest> = {}): PruneRequest => ({
  path: path as RelPath,
  by: 'policy',
  reason: 'outside last=1',
  series: 'db',
  point: '2026-11-20T00:00:00Z',
  policy: 'aa',
  basis: 'bb',
  revision: null,
  planId: null,
  ...over,
})

/** As rsync would leave it in staging: written in place where something is staged already. */
export async function arrive(world: { disk: Disk }, locked: LockedDestination, path: string, text: string) {
  const staged = await locked.stage([{ path: path as RelPath, basis: false }], quietRun())
  const at = join(locked.staging, path)
  if (staged.get(path as RelPath)! > text.length) await world.disk.truncate(at, text.length)
  await world.disk.writeAt(at, 0, bytesOf(text))
}

/** The way of one file from the line to its final name. */
export async function bring(
  world: { disk: Disk },
  locked: LockedDestination,
  request: PublishRequest,
  text: string,
) {
  await arrive(world, locked, request.path, text)
  const { path, size } = request
  const gated = await locked.gate([{ path, size, digest: request.digests.md5 }], quietRun())
  if (gated.get(path)?.verdict !== 'passed') return gated.get(path)
  return (await locked.publish([request], quietRun())).get(path)
}

export async function lockOf(destination: Destination): Promise<LockedDestination> {
  const taken = await destination.lock(0, quietRun())
  if (taken.state !== 'locked') throw new Error(`not locked: ${taken.state}`)
  await taken.destination.recover(quietRun())
  return taken.destination
}

/** All that stands outside `.reconcile`: path -> text, folders with a slash, symlinks as `->`. */
export async function treeOf(disk: Disk, root: string, prefix = ''): Promise<Record<string, string>> {
  const tree: Record<string, string> = {}
  for (const { name, kind } of (await disk.list(join(root, prefix))) ?? []) {
    const path = `${prefix}${name}`
    if (path === '.reconcile') continue
    if (kind === 'folder') Object.assign(tree, { [`${path}/`]: '' }, await treeOf(disk, root, `${path}/`))
    else if (kind === 'file')
      tree[path] = Buffer.from((await disk.read(join(root, path))) ?? []).toString('latin1')
    else tree[path] = '->'
  }
  return tree
}

/** What every Destination promises, on whatever disk it stands. */
export function destinationContract(name: string, make: () => Promise<World>): void {
  describe(`a destination on ${name}`, () => {
    let world: World
    let locked: LockedDestination
    beforeEach(async () => {
      world = await make()
      locked = await lockOf(world.destination)
    })
    afterEach(async () => {
      await locked.close()
      await world.remove()
    })

    const tree = () => treeOf(world.disk, world.path)
    const put = (path: string, text: string, mode = 0o644) =>
      world.disk.create(join(world.path, path), bytesOf(text), mode)
    const again = async () => {
      await locked.close()
      locked = await lockOf(world.destination)
    }
    const published = (path: string, text: string, suffix = '.md5') => ({
      [path]: text,
      [`${path}${suffix}`]: markerText(path, bytesOf(text)),
    })

    test('publishes data and marker, read-only, and records them', async () => {
      expect(await bring(world, locked, toPublish('db.gz', 'one'), 'one')).toEqual({ verdict: 'published' })
      expect(await tree()).toEqual(published('db.gz', 'one'))
      const stat = await world.disk.lstat(join(world.path, 'db.gz'))
      expect(stat).toMatchObject({ mode: 0o444, links: 1 })
      expect(await world.disk.lstat(join(world.path, 'db.gz.md5'))).toMatchObject({ mode: 0o444, links: 1 })
      const holding = await locked.inspect(quietRun())
      expect(holding.records.get('db.gz' as RelPath)).toMatchObject(digestsOf(bytesOf('one')))
      expect([...holding.staged.keys()]).toEqual([])
    })

    test('publishes into folders that it makes, and keeps the suffix as the source spells it', async () => {
      const request = toPublish('2026/nov/db.gz', 'deep', 'new', '.MD5')
      expect(await bring(world, locked, request, 'deep')).toEqual({ verdict: 'published' })
      expect(await tree()).toEqual({
        '2026/': '',
        '2026/nov/': '',
        ...published('2026/nov/db.gz', 'deep', '.MD5'),
      })
    })

    test('publishes a batch, and one bad file in it holds up no other', async () => {
      const names = Array.from({ length: 40 }, (_, i) => `f${i}`)
      for (const name of names) await arrive(world, locked, name, name)
      await put('f7', 'something else')
      const requests = names.map((name) => toPublish(name, name))
      await locked.gate(
        requests.map(({ path, size, digests }) => ({ path, size, digest: digests.md5 })),
        quietRun(),
      )
      const verdicts = await locked.publish(requests, quietRun())
      for (const name of names)
        expect(verdicts.get(name as RelPath)?.verdict).toBe(name === 'f7' ? 'conflict' : 'published')
      expect((await tree())['f7']).toBe('something else')
      expect((await tree())['f7.md5']).toBeUndefined()
    })

    describe('the gate', () => {
      const gated = async (digest: string, size: number) =>
        (await locked.gate([{ path: 'a' as RelPath, size, digest: digest as Digest }], quietRun())).get(
          'a' as RelPath,
        )
      test.each([
        ['passed', digestsOf(bytesOf('abc')).md5, 3],
        ['passed', digestsOf(bytesOf('abc')).sha256, 3],
        ['mismatch', digestsOf(bytesOf('abd')).md5, 3],
        ['size', digestsOf(bytesOf('abc')).md5, 4],
        ['size', digestsOf(bytesOf('abc')).md5, 2],
      ])('says %s', async (verdict, digest, size) => {
        await arrive(world, locked, 'a', 'abc')
        expect((await gated(digest, size))?.verdict).toBe(verdict)
      })
      test('says missing', async () => {
        expect((await gated(digestsOf(bytesOf('abc')).md5, 3))?.verdict).toBe('missing')
      })
      test('lets nothing be published that it did not pass', async () => {
        await arrive(world, locked, 'a', 'abc')
        const verdicts = await locked.publish([toPublish('a', 'abc')], quietRun())
        expect(verdicts.get('a' as RelPath)).toMatchObject({ problem: { code: 'not-gated' } })
        expect(await tree()).toEqual({})
      })
      test('lets nothing be published that was staged anew since', async () => {
        const request = toPublish('a', 'abc')
        await arrive(world, locked, 'a', 'abc')
        await locked.gate([{ path: request.path, size: 3, digest: request.digests.md5 }], quietRun())
        const at = join(locked.staging, 'a')
        await world.disk.unlink(at)
        await world.disk.create(at, bytesOf('xyz'), 0o600)
        const verdicts = await locked.publish([request], quietRun())
        expect(verdicts.get(request.path)).toMatchObject({ problem: { code: 'staged-changed' } })
        expect(await tree()).toEqual({})
      })
    })

    describe('I4: publishing replaces nothing', () => {
      test('not other bytes: a conflict that names both', async () => {
        await put('a', 'mine')
        const verdict = await bring(world, locked, toPublish('a', 'theirs'), 'theirs')
        const conflict = {
          path: 'a',
          held: digestsOf(bytesOf('mine')).md5,
          source: digestsOf(bytesOf('theirs')).md5,
        }
        expect(verdict).toEqual({ verdict: 'conflict', conflict })
        expect(await tree()).toEqual({ a: 'mine' })
      })
      test('equal bytes are taken for our own', async () => {
        await put('a', 'same')
        expect(await bring(world, locked, toPublish('a', 'same'), 'same')).toEqual({ verdict: 'published' })
        expect(await tree()).toEqual(published('a', 'same'))
        expect((await world.disk.lstat(join(world.path, 'a')))?.mode).toBe(0o444)
      })
      test('not a folder', async () => {
        await world.disk.mkdir(join(world.path, 'a'), 0o755)
        const verdict = await bring(world, locked, toPublish('a', 'x'), 'x')
        expect(verdict).toMatchObject({ problem: { code: 'name-taken' } })
        expect(await tree()).toEqual({ 'a/': '' })
      })
      test('not a marker that claims something else', async () => {
        await put('a.md5', markerText('a', bytesOf('old')))
        const verdict = await bring(world, locked, toPublish('a', 'new'), 'new')
        expect(verdict?.verdict).toBe('conflict')
        expect(Object.keys(await tree())).toEqual(['a.md5'])
      })
      test('not a file that stands where a folder is needed', async () => {
        await put('d', 'file')
        const verdict = await bring(world, locked, toPublish('d/a', 'x'), 'x')
        expect(verdict).toMatchObject({ problem: { code: 'folder-blocked' } })
        expect(await tree()).toEqual({ d: 'file' })
      })
      test('not what the ledger knows with another digest, gone though it is', async () => {
        await bring(world, locked, toPublish('a', 'first'), 'first')
        await world.disk.unlink(join(world.path, 'a'))
        await world.disk.unlink(join(world.path, 'a.md5'))
        expect((await bring(world, locked, toPublish('a', 'second'), 'second'))?.verdict).toBe('conflict')
        expect((await bring(world, locked, toPublish('a', 'second', 'repair'), 'second'))?.verdict).toBe(
          'conflict',
        )
        expect(await tree()).toEqual({})
      })
    })

    test('I2: a marker that names another digest than the file has is not published', async () => {
      const request = { ...toPublish('a', 'x'), marker: toPublish('a', 'y').marker }
      expect(await bring(world, locked, request, 'x')).toMatchObject({ problem: { code: 'marker-differs' } })
      expect(await tree()).toEqual({})
    })

    describe('repairs', () => {
      const rot = async (text: string) => {
        await bring(world, locked, toPublish('d/a', 'good'), 'good')
        await world.disk.unlink(join(world.path, 'd/a'))
        await put('d/a', text)
      }
      test('a rotten file: the old bytes and their marker are in quarantine', async () => {
        await rot('rotten')
        const verdict = await bring(world, locked, toPublish('d/a', 'good', 'repair'), 'good')
        expect(verdict).toEqual({ verdict: 'published' })
        expect(await tree()).toEqual({ 'd/': '', ...published('d/a', 'good') })
        const quarantine = join(world.path, '.reconcile/quarantine')
        const [event] = (await world.disk.list(quarantine)) ?? []
        expect(await treeOf(world.disk, join(quarantine, event!.name!))).toEqual({
          'd/': '',
          ...published('d/a', 'good'),
          'd/a': 'rotten',
        })
      })
      test('a file that is gone with its folder', async () => {
        await rot('x')
        for (const path of ['d/a', 'd/a.md5']) await world.disk.unlink(join(world.path, path))
        await world.disk.rmdir(join(world.path, 'd'))
        const verdict = await bring(world, locked, toPublish('d/a', 'good', 'repair'), 'good')
        expect(verdict).toEqual({ verdict: 'published' })
        expect(await tree()).toEqual({ 'd/': '', ...published('d/a', 'good') })
      })
      test('unknown data, which goes to quarantine', async () => {
        await put('a', 'who knows')
        expect(await bring(world, locked, toPublish('a', 'good', 'unmarked'), 'good')).toEqual({
          verdict: 'published',
        })
        expect(await tree()).toEqual(published('a', 'good'))
      })
    })

    describe('adopts', () => {
      const adopt = async (request: AdoptRequest) =>
        (await locked.adopt([request], quietRun())).get(request.path)
      test("unmarked data that matches the source's marker", async () => {
        await put('a', 'old script')
        expect(await adopt(toAdopt('a', 'source', 'old script'))).toMatchObject({ verdict: 'adopted' })
        expect(await tree()).toEqual(published('a', 'old script'))
      })
      test('no data that does not', async () => {
        await put('a', 'half')
        expect(await adopt(toAdopt('a', 'source', 'whole'))).toMatchObject({ verdict: 'mismatch' })
        expect(await tree()).toEqual({ a: 'half' })
      })
      test("a lost marker, put back byte for byte from the ledger, under the source's spelling", async () => {
        await bring(world, locked, toPublish('d/a', 'x', 'new', '.MD5'), 'x')
        await world.disk.unlink(join(world.path, 'd/a.MD5'))
        await again()
        expect(await adopt(toAdopt('d/a', 'ledger'))).toMatchObject({ verdict: 'adopted' })
        expect(await tree()).toEqual({ 'd/': '', ...published('d/a', 'x', '.MD5') })
      })
      test('no unmarked data that is not what the ledger knows', async () => {
        await bring(world, locked, toPublish('a', 'x'), 'x')
        for (const path of ['a', 'a.md5']) await world.disk.unlink(join(world.path, path))
        await put('a', 'y')
        expect(await adopt(toAdopt('a', 'ledger'))).toMatchObject({ verdict: 'mismatch' })
        expect(await tree()).toEqual({ a: 'y' })
      })
      test('a pair that agrees', async () => {
        await put('a', 'x')
        await put('a.sha256', `${digestsOf(bytesOf('x')).sha256}\n`)
        expect(await adopt(toAdopt('a', 'pair'))).toMatchObject({ verdict: 'adopted' })
        const holding = await locked.inspect(quietRun())
        expect(holding.records.get('a' as RelPath)).toMatchObject(digestsOf(bytesOf('x')))
      })
      test('I2: no pair that disagrees: its marker goes to quarantine, its data stays', async () => {
        await put('a', 'x')
        await put('a.md5', markerText('a', bytesOf('y')))
        expect(await adopt(toAdopt('a', 'pair'))).toMatchObject({ verdict: 'mismatch' })
        expect(await tree()).toEqual({ a: 'x' })
      })
      test('of two spellings the lower-case one', async () => {
        await put('a', 'x')
        await put('a.MD5', markerText('a', bytesOf('stale')))
        await put('a.md5', markerText('a', bytesOf('x')))
        expect(await adopt(toAdopt('a', 'pair'))).toMatchObject({ verdict: 'adopted' })
      })
      test('nothing that is gone, and no folder', async () => {
        await world.disk.mkdir(join(world.path, 'f'), 0o755)
        expect(await adopt(toAdopt('a', 'source', 'x'))).toMatchObject({ problem: { code: 'vanished-here' } })
        expect(await adopt(toAdopt('f', 'source', 'x'))).toMatchObject({ problem: { code: 'name-taken' } })
      })
    })

    describe('staging', () => {
      const stage = async (path: string, basis = false) =>
        (await locked.stage([{ path: path as RelPath, basis }], quietRun())).get(path as RelPath)
      test('tells what is staged, and makes it writable', async () => {
        expect(await stage('d/a')).toBe(0)
        await world.disk.create(join(locked.staging, 'd/a'), bytesOf('half'), 0o444)
        expect(await stage('d/a')).toBe(4)
        expect((await world.disk.lstat(join(locked.staging, 'd/a')))?.mode).toBe(0o600)
      })
      test('starts from a copy of what is held, where it may', async () => {
        await put('a', 'held')
        expect(await stage('a', true)).toBe(4)
        expect(await tree()).toEqual({ a: 'held' })
        expect((await world.disk.lstat(join(world.path, 'a')))?.links).toBe(1)
      })
      test('moves a file aside that stands where a folder has to be, and a folder where a file has', async () => {
        await world.disk.create(join(locked.staging, 'd'), bytesOf('file'), 0o600)
        expect(await stage('d/e/a')).toBe(0)
        expect(await stage('d')).toBe(0)
        expect(await world.disk.lstat(join(locked.staging, 'd'))).toBeNull()
      })
      test('I1: a second name of a published file is removed, by the next run or before anything is written', async () => {
        await bring(world, locked, toPublish('a', 'published'), 'published')
        const [final, staged] = [join(world.path, 'a'), join(locked.staging, 'a')]
        if ((await world.disk.link(final, staged)) === 'unsupported') return
        expect(await stage('a')).toBe(0)
        await world.disk.link(final, staged)
        await again()
        expect(await world.disk.lstat(staged)).toBeNull()
        expect(await world.disk.lstat(final)).toMatchObject({ links: 1, mode: 0o444 })
      })
      test('I1: bytes that somebody linked elsewhere go on as a copy', async () => {
        await arrive(world, locked, 'a', 'half')
        const [elsewhere, staged] = [join(world.path, 'snapshot'), join(locked.staging, 'a')]
        if ((await world.disk.link(staged, elsewhere)) === 'unsupported') return
        expect(await stage('a')).toBe(4)
        await world.disk.writeAt(staged, 4, bytesOf(' more'))
        expect(await tree()).toEqual({ snapshot: 'half' })
      })
      test('outlives a run; what a killed run left of its own does not', async () => {
        await arrive(world, locked, 'd/a', 'half')
        await world.disk.mkdir(join(locked.staging, 'empty'), 0o700)
        await world.disk.create(join(locked.staging, 'own-1.md5'), bytesOf('litter'), 0o600)
        await again()
        expect(await treeOf(world.disk, locked.staging)).toEqual({ 'd/': '', 'd/a': 'half' })
      })
    })

    test('I7: looking, recovering and locking again write nothing to a converged destination', async () => {
      await bring(world, locked, toPublish('a', 'x'), 'x')
      const before = (await locked.inspect(quietRun())).head
      await again()
      const holding = await locked.inspect(quietRun())
      expect(holding.head).toEqual(before)
      expect(holding.problems).toEqual([])
      expect(holding.halt).toBeNull()
      expect(await tree()).toEqual(published('a', 'x'))
    })
  })
}
