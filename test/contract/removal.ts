import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Stop } from '../../src/model/failure.ts'
import type { LockedDestination, PruneRequest } from '../../src/model/ports.ts'
import type { RelPath } from '../../src/model/rel-path.ts'
import {
  bring,
  bytesOf,
  digestsOf,
  lockOf,
  markerText,
  quietRun,
  toPrune,
  toPublish,
  treeOf,
  type World,
} from './destination.ts'

/** What every Destination promises of verifying, of removing and of putting back, on whatever disk it stands. */
export function removalContract(name: string, make: () => Promise<World>): void {
  describe(`removal from a destination on ${name}`, () => {
    let world: World
    let locked: LockedDestination
    beforeEach(async () => {
      world = await make()
      locked = await lockOf(world.destination)
      await bring(world, locked, toPublish('a', 'one'), 'one')
      await bring(world, locked, toPublish('d/b', 'two', 'new', '.MD5'), 'two')
    })
    afterEach(async () => {
      await locked.close()
      await world.remove()
    })

    const at = (path: string) => join(world.path, path)
    const A = { a: 'one', 'a.md5': markerText('a', bytesOf('one')) }
    const B = { 'd/': '', 'd/b': 'two', 'd/b.MD5': markerText('d/b', bytesOf('two')) }
    const tree = () => treeOf(world.disk, world.path)
    const look = () => locked.inspect(quietRun())
    const prune = async (path: string, over: Partial<PruneRequest> = {}) =>
      (await locked.prune([toPrune(path, over)], quietRun())).get(path as RelPath)
    const undo = async (path: string) =>
      (await locked.undoPrune([path as RelPath], { reason: 'needed', by: 'ann' }, quietRun())).get(
        path as RelPath,
      )
    const expire = async (path: string) =>
      (await locked.expireTrash([path as RelPath], quietRun())).get(path as RelPath)
    const verify = async (path: string) =>
      (await locked.verify([path as RelPath], quietRun())).get(path as RelPath)
    const entry = async (path: string) => (await look()).pruned.get(path as RelPath)
    const trash = join('.reconcile', 'trash')
    const events = async () => ((await world.disk.list(at(trash))) ?? []).map((each) => each.name!)
    const put = (path: string, text: string) => world.disk.create(at(path), bytesOf(text), 0o644)

    test('pruning moves data and every marker to one event of the trash, and keeps the record', async () => {
      await put('a.SHA256', `${digestsOf(bytesOf('one')).sha256}\n`)
      const verdicts = await locked.prune([toPrune('a'), toPrune('d/b')], quietRun())
      expect([...verdicts.values()]).toEqual([{ verdict: 'done' }, { verdict: 'done' }])
      expect(await tree()).toEqual({ 'd/': '' })
      const [event, ...others] = await events()
      expect(others).toEqual([])
      const lying = await treeOf(world.disk, at(`${trash}/${event}`))
      expect(lying).toEqual({ ...A, ...B, 'a.SHA256': `${digestsOf(bytesOf('one')).sha256}\n` })
      expect((await world.disk.lstat(at(`${trash}/${event}/d`)))?.mode).toBe(0o700)
      const holding = await look()
      expect([...holding.records.keys()]).toEqual(['a', 'd/b'])
      expect(holding.lastPrune).toEqual({ policy: 'aa', basis: 'bb' })
      expect(holding.pruned.get('a' as RelPath)).toMatchObject({
        trash: event,
        by: 'policy',
        reason: 'outside last=1',
        series: 'db',
        point: Date.parse('2026-11-20T00:00:00Z'),
      })
    })

    test.each<[string, string, string, (path: string) => Promise<unknown>]>([
      ['unknown to the ledger', 'x', 'not-recorded', () => put('x', 'y')],
      ['that is gone', 'a', 'vanished-here', () => world.disk.unlink(at('a'))],
      [
        'of another size',
        'a',
        'prune-differs',
        () => world.disk.unlink(at('a')).then(() => put('a', 'longer')),
      ],
      [
        'replaced by a folder',
        'a',
        'name-taken',
        () => world.disk.unlink(at('a')).then(() => world.disk.mkdir(at('a'), 0o755)),
      ],
    ])('a file %s is left alone, and holds up no other point', async (_, path, code, spoil) => {
      await spoil(path)
      const before = await tree()
      const other = toPrune('d/b', { point: '2026-11-19T00:00:00Z' })
      const verdicts = await locked.prune([toPrune(path), other], quietRun())
      expect(verdicts.get(path as RelPath)).toMatchObject({ problem: { code, path } })
      expect(verdicts.get('d/b' as RelPath)).toEqual({ verdict: 'done' })
      expect(await tree()).toEqual({
        'd/': '',
        ...Object.fromEntries(Object.entries(before).filter(([each]) => !each.startsWith('d/'))),
      })
    })

    test.each(['policy', 'person'] as const)(
      'I9: beside a file of its point that cannot go: by %s',
      async (by) => {
        await world.disk.unlink(at('a'))
        const verdicts = await locked.prune([toPrune('a', { by }), toPrune('d/b', { by })], quietRun())
        expect(verdicts.get('d/b' as RelPath)).toMatchObject(
          by === 'person'
            ? { verdict: 'done' }
            : { verdict: 'problem', problem: { code: 'prune-point-stays' } },
        )
      },
    )

    test('a person removes by another reason, and says nothing of the policy', async () => {
      await prune('a', { by: 'person', reason: 'wrong file', policy: null, basis: null })
      expect(await entry('a')).toMatchObject({ by: 'person', reason: 'wrong file' })
      expect((await look()).lastPrune).toBeNull()
    })

    test('I9: what came again, by an undo or from the source, is known to have been removed by policy, and when', async () => {
      for (const path of ['a', 'd/b']) await prune(path)
      const { at: when, series, point } = (await entry('a'))!
      await undo('a')
      await bring(world, locked, toPublish('d/b', 'two', 'new', '.MD5'), 'two')
      const { records } = await look()
      expect(records.get('a' as RelPath)?.removedBefore).toEqual({ at: when, series, point })
      expect(records.get('d/b' as RelPath)?.removedBefore).toMatchObject({ series, point })
    })

    test('I4: what was removed is put back byte for byte, and nothing stays in the trash', async () => {
      await prune('a')
      await prune('d/b')
      await world.disk.rmdir(at('d'))
      expect([await undo('a'), await undo('d/b')]).toEqual([{ verdict: 'done' }, { verdict: 'done' }])
      expect(await tree()).toEqual({ ...A, ...B })
      expect(await events()).toEqual([])
      expect((await look()).pruned.size).toBe(0)
      expect(await world.disk.lstat(at('a'))).toMatchObject({ mode: 0o444, links: 1 })
    })

    test('I4: other data under the name stays, and what was removed stays in the trash', async () => {
      await prune('a')
      await put('a', 'mine')
      expect(await undo('a')).toMatchObject({ problem: { code: 'name-taken', path: 'a' } })
      expect(await tree()).toEqual({ a: 'mine', ...B })
      expect((await entry('a'))?.trash).toBe((await events())[0])
    })

    test('I4: the same bytes under the name are taken', async () => {
      await prune('a')
      await put('a', 'one')
      expect(await undo('a')).toEqual({ verdict: 'done' })
      expect(await tree()).toEqual({ ...A, ...B })
      expect((await world.disk.lstat(at('a')))?.mode).toBe(0o444)
    })

    test('I2: other bytes in the trash are not put back, nor beside a marker that says something else', async () => {
      await prune('a')
      await prune('d/b')
      const place = at(`${trash}/${(await entry('a'))!.trash}/a`)
      await world.disk.unlink(place)
      await world.disk.create(place, bytesOf('eno'), 0o444)
      await put('d/b.sha256', `${digestsOf(bytesOf('other')).sha256}\n`)
      expect(await undo('a')).toMatchObject({ problem: { code: 'rot' } })
      expect(await undo('d/b')).toMatchObject({ problem: { code: 'marker-taken' } })
      expect(Object.keys(await tree())).toEqual(['d/', 'd/b.sha256'])
    })

    test('I2: a marker lost from the trash comes from the ledger, one that lies stays away', async () => {
      await put('a.sha256', `${digestsOf(bytesOf('other')).sha256}\n`)
      await prune('a')
      await world.disk.unlink(at(`${trash}/${(await entry('a'))!.trash}/a.md5`))
      expect(await undo('a')).toEqual({ verdict: 'done' })
      expect(await tree()).toEqual({ ...A, ...B })
      expect(await events()).toEqual([])
    })

    test('an event of many folders is emptied at once, and its folder goes with the last of them', async () => {
      const paths = ['d/b', 'e/f/c', 'e/g/c', 'h/c'] as RelPath[]
      for (const path of paths.slice(1)) await bring(world, locked, toPublish(path, path), path)
      await locked.prune(
        paths.map((path) => toPrune(path)),
        quietRun(),
      )
      expect([...(await locked.expireTrash(paths.slice(1), quietRun())).values()]).toEqual(
        paths.slice(1).map(() => ({ verdict: 'done' })),
      )
      expect(await treeOf(world.disk, at(`${trash}/${(await events())[0]}`))).toEqual(B)
      expect(await expire('d/b')).toEqual({ verdict: 'done' })
      expect(await events()).toEqual([])
    })

    test('what was never removed, or is gone for good, cannot be put back', async () => {
      expect(await undo('a')).toMatchObject({ problem: { code: 'not-pruned' } })
      expect(await expire('a')).toMatchObject({ problem: { code: 'not-pruned' } })
      await prune('a')
      await prune('d/b')
      expect(await expire('a')).toEqual({ verdict: 'done' })
      expect(await expire('a')).toEqual({ verdict: 'done' })
      expect(await undo('a')).toMatchObject({ problem: { code: 'trash-gone' } })
      expect((await entry('a'))?.trash).toBeNull()
      // The other one's event is untouched.
      expect(await events()).toEqual([(await entry('d/b'))!.trash])
    })

    test('what is published again leaves no copy in the trash, and no memory of its removal', async () => {
      await prune('a')
      expect(await bring(world, locked, toPublish('a', 'one'), 'one')).toEqual({ verdict: 'published' })
      expect(await entry('a')).toBeUndefined()
      await locked.close()
      locked = await lockOf(world.destination)
      expect(await events()).toEqual([])
      expect(await tree()).toEqual({ ...A, ...B })
    })

    test('verifying records what is sound, and leaves what is not', async () => {
      const before = (await look()).records
      const readAt = (path: string) => before.get(path as RelPath)!.readAt
      const then = [readAt('a'), readAt('d/b')]
      await world.disk.unlink(at('d/b'))
      await put('d/b', 'owt')
      expect(await verify('a')).toEqual({ verdict: 'sound' })
      expect(await verify('d/b')).toEqual({ verdict: 'mismatch', digests: digestsOf(bytesOf('owt')) })
      expect(await verify('x')).toMatchObject({ problem: { code: 'not-recorded' } })
      const after = (await look()).records
      expect(after.get('a' as RelPath)!.readAt).toBeGreaterThan(then[0]!)
      expect(after.get('a' as RelPath)!.since).toBe(then[0])
      expect(after.get('d/b' as RelPath)!.readAt).toBe(then[1])
    })

    test('verifying obeys a stop', async () => {
      const stop = new Stop('interrupt')
      const run = quietRun({ signal: AbortSignal.abort(stop) })
      await expect(locked.verify(['a' as RelPath], run)).rejects.toBe(stop)
    })
  })
}
