import { link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { openBox } from '../../../src/box/box.ts'
import type { Disk } from '../../../src/destination/disk/disk.ts'
import { realDisk } from '../../../src/destination/disk/real-disk.ts'
import { openDestination } from '../../../src/destination/open-destination.ts'
import type { LockedDestination } from '../../../src/model/ports.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'
import {
  arrive,
  bring,
  bytesOf,
  lockOf,
  markerText,
  quietRun,
  toAdopt,
  toPublish,
  treeOf,
} from '../../contract/destination.ts'

const undo: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each()
})

/** A destination on the real disk, with some of the disk's calls changed. */
async function world(over: Partial<Disk> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'publish-'))
  undo.push(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'held')
  const disk: Disk = { ...realDisk, ...over }
  const destination = openDestination(
    { path, mount: null, rotate: false },
    { disk, box: openBox(join(folder, 'state'), { concurrency: 1 }), uid: process.getuid!(), backup: 'test' },
  )
  const locked: LockedDestination = await lockOf(destination)
  undo.push(() => locked.close())
  return { folder, path, disk, destination, locked }
}

const errno = (code: string) => Object.assign(new Error(code), { code })

describe('I6: nothing leads out of the destination', () => {
  test('a symlinked folder is refused, and nothing is made behind it', async () => {
    const { folder, path, locked, disk } = await world()
    await mkdir(join(folder, 'elsewhere'))
    await symlink(join(folder, 'elsewhere'), join(path, 'd'))
    const verdict = await bring({ disk }, locked, toPublish('d/e/a', 'x'), 'x')
    expect(verdict).toMatchObject({ problem: { code: 'folder-blocked', path: 'd/e/a' } })
    expect(await treeOf(disk, join(folder, 'elsewhere'))).toEqual({})
  })

  test('a symlinked folder in staging is moved aside, not followed', async () => {
    const { folder, locked, disk } = await world()
    await mkdir(join(folder, 'elsewhere'))
    await symlink(join(folder, 'elsewhere'), join(locked.staging, 'd'))
    expect(await bring({ disk }, locked, toPublish('d/a', 'x'), 'x')).toEqual({ verdict: 'published' })
    expect(await treeOf(disk, join(folder, 'elsewhere'))).toEqual({})
  })

  test.each(['new', 'unmarked'] as const)(
    'a dangling symlink under the final name stays (%s)',
    async (over) => {
      const { folder, path, locked, disk } = await world()
      await symlink(join(folder, 'nowhere'), join(path, 'a'))
      expect(await bring({ disk }, locked, toPublish('a', 'x', over), 'x')).toMatchObject({
        problem: { code: 'name-taken' },
      })
      expect(await treeOf(disk, path)).toEqual({ a: '->' })
      expect(await treeOf(disk, folder)).not.toHaveProperty('nowhere')
    },
  )

  test('a symlink in staging is moved aside; at the gate it is refused', async () => {
    const { folder, locked } = await world()
    await writeFile(join(folder, 'secret'), 'x')
    await symlink(join(folder, 'secret'), join(locked.staging, 'a'))
    const { digests } = toPublish('a', 'x')
    const gate = () => locked.gate([{ path: 'a' as RelPath, size: 1, digest: digests.md5 }], quietRun())
    expect((await gate()).get('a' as RelPath)).toMatchObject({ problem: { code: 'staged-not-regular' } })
    expect(
      (await locked.stage([{ path: 'a' as RelPath, basis: false }], quietRun())).get('a' as RelPath),
    ).toBe(0)
  })
})

test('the gate refuses a staged file that has another name', async () => {
  const { folder, locked, disk } = await world()
  await arrive({ disk }, locked, 'a', 'x')
  await link(join(locked.staging, 'a'), join(folder, 'handle'))
  const { path, digests } = toPublish('a', 'x')
  const verdicts = await locked.gate([{ path, size: 1, digest: digests.md5 }], quietRun())
  expect(verdicts.get(path)).toMatchObject({ problem: { code: 'staged-linked' } })
})

test('I1: a staged file that gets another name once it has passed the gate is not published', async () => {
  const { path: root, folder, locked, disk } = await world()
  await arrive({ disk }, locked, 'a', 'x')
  const request = toPublish('a', 'x')
  const { path, digests } = request
  await locked.gate([{ path, size: 1, digest: digests.md5 }], quietRun())
  await link(join(locked.staging, 'a'), join(folder, 'handle'))
  const verdicts = await locked.publish([request], quietRun())
  expect(verdicts.get(path)).toMatchObject({ problem: { code: 'staged-changed' } })
  expect(await treeOf(disk, root)).toEqual({})
})

test('I4: a marker that comes to stand there at the last moment is left, and its file is not called published', async () => {
  const foreign = markerText('a', bytesOf('other'))
  const { path, locked, disk } = await world({
    async link(from, to) {
      if (to.endsWith('/a.md5')) await realDisk.create(to, bytesOf(foreign), 0o644)
      return realDisk.link(from, to)
    },
  })
  expect(await bring({ disk }, locked, toPublish('a', 'x'), 'x')).toMatchObject({
    problem: { code: 'marker-taken' },
  })
  expect((await treeOf(disk, path))['a.md5']).toBe(foreign)
  expect((await locked.inspect(quietRun())).records.size).toBe(0)
})

describe('a failed fsync', () => {
  test('throws the staged file away, is told in words, and holds up no other file', async () => {
    const { path, locked, disk } = await world({
      async syncFile(at) {
        if (at.endsWith('staging/bad')) throw errno('EIO')
        await realDisk.syncFile(at)
      },
    })
    const requests = [toPublish('bad', 'x'), toPublish('good', 'y')]
    await arrive({ disk }, locked, 'bad', 'x')
    await arrive({ disk }, locked, 'good', 'y')
    await locked.gate(
      requests.map(({ path: name, size, digests }) => ({ path: name, size, digest: digests.md5 })),
      quietRun(),
    )
    const verdicts = await locked.publish(requests, quietRun())
    expect(verdicts.get('bad' as RelPath)).toMatchObject({ problem: { code: 'disk-failing' } })
    expect(verdicts.get('good' as RelPath)).toEqual({ verdict: 'published' })
    expect(Object.keys(await treeOf(disk, path)).sort()).toEqual(['good', 'good.md5'])
    expect(await disk.lstat(join(locked.staging, 'bad'))).toBeNull()
  })

  test('I3: of the folder keeps the marker from being put there', async () => {
    const { path, locked, disk } = await world({
      async syncFolder(at) {
        if (at.endsWith('/held/d')) throw errno('EIO')
        await realDisk.syncFolder(at)
      },
    })
    expect(await bring({ disk }, locked, toPublish('d/a', 'x'), 'x')).toMatchObject({
      problem: { code: 'disk-failing' },
    })
    expect(await treeOf(disk, path)).toEqual({ 'd/': '', 'd/a': 'x' })
  })
})

test('I2: no marker is put beside data that was written to after it was judged', async () => {
  const { path, locked, disk } = await world({
    async chmod(at, mode) {
      // Before: a plain user may not write to it afterwards.
      if (at.endsWith('/held/a')) await realDisk.writeAt(at, 0, bytesOf('y'))
      await realDisk.chmod(at, mode)
    },
  })
  await writeFile(join(path, 'a'), 'x')
  const verdicts = await locked.adopt([toAdopt('a', 'source', 'x')], quietRun())
  expect(verdicts.get('a' as RelPath)).toMatchObject({ problem: { code: 'changed-here' } })
  expect(await treeOf(disk, path)).toEqual({ a: 'y' })
})

test('where a hard link is refused for one file and works for others, nothing is moved in its stead', async () => {
  const { path, locked, disk } = await world({
    async link(from, to) {
      return to.endsWith('/held/a') ? 'unsupported' : realDisk.link(from, to)
    },
  })
  expect(await bring({ disk }, locked, toPublish('a', 'x'), 'x')).toMatchObject({
    problem: { code: 'disk-forbidden' },
  })
  expect(await treeOf(disk, path)).toEqual({})
})

test('a stop is obeyed while files are judged, and leaves them as they were', async () => {
  const { path, locked, disk } = await world()
  await writeFile(join(path, 'a'), 'x')
  const stop = new AbortController()
  stop.abort(new Error('stopped'))
  const run = quietRun({ signal: stop.signal })
  await expect(locked.adopt([toAdopt('a', 'source', 'x')], run)).rejects.toThrow('stopped')
  expect(await treeOf(disk, path)).toEqual({ a: 'x' })
})

test('before recovery nothing is written, and the refusal says why', async () => {
  const { destination, locked } = await world()
  await locked.close()
  const taken = await destination.lock(0, quietRun())
  if (taken.state !== 'locked') throw new Error(taken.state)
  undo.push(() => taken.destination.close())
  await expect(taken.destination.record([], quietRun())).rejects.toThrow(/is not open/)
})

describe('a version, which the source and staging know by another name', () => {
  const from = 'backup.tar' as RelPath
  const version = { ...toPublish('d/backup-2026-10-01.tar', 'x'), from: `d/${from}` as RelPath }
  const staged = async (locked: LockedDestination, text: string) => {
    await locked.stage([{ path: version.path, from: version.from, basis: false }], quietRun())
    await writeFile(join(locked.staging, version.from), text)
  }
  const gated = async (locked: LockedDestination) => {
    const { path, size, digests } = version
    const request = { path, from: version.from, size, digest: digests.md5 }
    return (await locked.gate([request], quietRun())).get(path)
  }

  test('is published under its own, with the ledger’s word on the other', async () => {
    const { path, locked, disk } = await world()
    await staged(locked, 'x')
    expect(await gated(locked)).toMatchObject({ verdict: 'passed' })
    expect((await locked.publish([version], quietRun())).get(version.path)).toEqual({ verdict: 'published' })
    expect(Object.keys(await treeOf(disk, join(path, 'd')))).toEqual([
      'backup-2026-10-01.tar',
      'backup-2026-10-01.tar.md5',
    ])
    expect(await treeOf(disk, locked.staging)).not.toHaveProperty(version.from)
    expect((await locked.inspect(quietRun())).records.get(version.path)).toMatchObject({ from: version.from })
  })

  test('that was cut off with nothing but its name is finished under it, and then is no more in staging', async () => {
    const { path, locked } = await world()
    await staged(locked, 'x')
    await mkdir(join(path, 'd'))
    await link(join(locked.staging, version.from), join(path, version.path))
    await locked.recover(quietRun())
    expect((await locked.inspect(quietRun())).files.get(version.path)).toMatchObject({ marker: null })
    const adopted = { ...toAdopt(version.path, 'source', 'x'), from: version.from }
    expect((await locked.adopt([adopted], quietRun())).get(version.path)).toMatchObject({
      verdict: 'adopted',
    })
    await locked.recover(quietRun())
    const holding = await locked.inspect(quietRun())
    expect(holding.staged.size).toBe(0)
    expect(holding.records.get(version.path)).toMatchObject({ from: version.from })
  })

  test('whose final name is all that there is of it is not written to by that name (I1)', async () => {
    const { path, locked } = await world()
    await staged(locked, 'half')
    await mkdir(join(path, 'd'))
    await link(join(locked.staging, version.from), join(path, version.path))
    const again = [{ path: version.path, from: version.from, basis: false }]
    expect((await locked.stage(again, quietRun())).get(version.path)).toBe(4)
    await writeFile(join(locked.staging, version.from), 'other')
    expect(Buffer.from((await realDisk.read(join(path, version.path)))!).toString()).toBe('half')
  })

  test('that was cut off with its marker in place is no more in staging', async () => {
    const { path, locked } = await world()
    await staged(locked, 'x')
    await mkdir(join(path, 'd'))
    await link(join(locked.staging, version.from), join(path, version.path))
    await writeFile(join(path, version.marker.path), version.marker.text)
    const { inode } = (await realDisk.lstat(join(path, version.path)))!
    await locked.stage([{ path: version.path, from: version.from, basis: false }], quietRun())
    const holding = await locked.inspect(quietRun())
    expect([...holding.files.keys()]).toEqual([version.path])
    expect(holding.staged.size).toBe(0)
    expect((await realDisk.lstat(join(path, version.path)))!.inode).toBe(inode)
  })
})
