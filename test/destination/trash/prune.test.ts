import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { openBox } from '../../../src/box/box.ts'
import { realDisk } from '../../../src/destination/disk/real-disk.ts'
import { openDestination } from '../../../src/destination/open-destination.ts'
import type { LedgerEvent } from '../../../src/model/ledger-event.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'
import { bring, lockOf, quietRun, toPrune, toPublish, treeOf } from '../../contract/destination.ts'
import { lookAtLedger, NOON, newDestination, openWhole, published, rel } from '../../helpers/disk-folder.ts'
import { canMount, smallDisk } from '../../helpers/disk-small.ts'

async function destinationIn(folder: string) {
  const path = join(folder, 'held')
  const state = await mkdtemp(join(tmpdir(), 'state-'))
  onTestFinished(() => rm(state, { recursive: true, force: true }))
  const destination = openDestination(
    { path, mount: null, rotate: false },
    { disk: realDisk, box: openBox(state, { concurrency: 1 }), uid: process.getuid!(), backup: 'test' },
  )
  const locked = await lockOf(destination)
  onTestFinished(() => locked.close())
  const pass = async (...paths: string[]) => {
    for (const one of paths) await bring({ disk: realDisk }, locked, toPublish(one, one), one)
  }
  return { path, locked, pass, destination }
}

async function world() {
  const folder = await mkdtemp(join(tmpdir(), 'prune-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const made = await destinationIn(folder)
  const elsewhere = join(folder, 'elsewhere')
  await mkdir(elsewhere)
  return { ...made, elsewhere }
}

const why = { reason: 'needed', by: 'ann' }
const A = 'd/a' as RelPath

test('what is read again before a prune comes from the disk: memory is asked to forget it first', async () => {
  const { path, pass, locked } = await world()
  await pass(A, 'b')
  const forgotten = vi.spyOn(realDisk, 'forget')
  onTestFinished(() => forgotten.mockRestore())
  expect((await locked.verify([A], quietRun())).get(A)).toEqual({ verdict: 'sound' })
  expect(forgotten.mock.calls).toEqual([[join(path, A)]])
})

describe('I6: nothing leads out of the destination', () => {
  test('a symlinked folder of the data is not followed', async () => {
    const { path, locked, pass, elsewhere } = await world()
    await pass(A)
    await rename(join(path, 'd'), join(elsewhere, 'd'))
    await symlink(join(elsewhere, 'd'), join(path, 'd'))
    const blocked = { problem: { code: 'folder-blocked' } }
    expect((await locked.prune([toPrune(A)], quietRun())).get(A)).toMatchObject(blocked)
    expect((await locked.verify([A], quietRun())).get(A)).toMatchObject(blocked)
    expect((await readdir(join(elsewhere, 'd'))).sort()).toEqual(['a', 'a.md5'])
  })

  test('a symlinked trash takes nothing in', async () => {
    const { path, locked, pass, elsewhere } = await world()
    await pass(A)
    const before = await treeOf(realDisk, path)
    await rm(join(path, '.reconcile/trash'), { recursive: true })
    await symlink(elsewhere, join(path, '.reconcile/trash'))
    const verdict = (await locked.prune([toPrune(A)], quietRun())).get(A)
    expect(verdict).toMatchObject({ problem: { code: 'folder-blocked' } })
    expect(await treeOf(realDisk, path)).toEqual(before)
    expect(await readdir(elsewhere)).toEqual([])
  })

  test('a symlinked folder in the trash is emptied by nobody, and nothing comes back out of it', async () => {
    const { path, locked, pass, elsewhere } = await world()
    await pass(A)
    await locked.prune([toPrune(A)], quietRun())
    const event = join(path, '.reconcile/trash', (await locked.inspect(quietRun())).pruned.get(A)!.trash!)
    await rename(join(event, 'd'), join(elsewhere, 'd'))
    await symlink(join(elsewhere, 'd'), join(event, 'd'))
    const blocked = { problem: { code: 'folder-blocked' } }
    expect((await locked.undoPrune([A], why, quietRun())).get(A)).toMatchObject(blocked)
    expect((await locked.expireTrash([A], quietRun())).get(A)).toMatchObject(blocked)
    expect((await readdir(join(elsewhere, 'd'))).sort()).toEqual(['a', 'a.md5'])
  })

  test('a symlink in the place of the data in the trash goes alone, and is not put back', async () => {
    const { path, locked, pass, elsewhere } = await world()
    await pass(A)
    await locked.prune([toPrune(A)], quietRun())
    const event = join(path, '.reconcile/trash', (await locked.inspect(quietRun())).pruned.get(A)!.trash!)
    await writeFile(join(elsewhere, 'x'), A)
    await rm(join(event, A))
    await symlink(join(elsewhere, 'x'), join(event, A))
    expect((await locked.undoPrune([A], why, quietRun())).get(A)).toMatchObject({ problem: { code: 'rot' } })
    expect((await locked.expireTrash([A], quietRun())).get(A)).toEqual({ verdict: 'done' })
    expect(await readFile(join(elsewhere, 'x'), 'utf8')).toBe(A)
    expect(await readdir(join(path, '.reconcile/trash'))).toEqual([])
  })
})

test('what is gone when its removal is finished is not called removed', async () => {
  const { path, locked, pass, destination } = await world()
  await pass(A)
  const trash = '20261123T180000Z-000000000000'
  await locked.record([{ event: 'prune-begin', trash, ...toPrune(A) }], quietRun())
  await rm(join(path, A))
  await locked.close()
  const events: string[] = []
  const again = await destination.lock(0, quietRun())
  if (again.state !== 'locked') throw new Error(again.state)
  await again.destination.recover(
    quietRun({ emit: (event) => void (event.type === 'problem' && events.push(event.problem.code)) }),
  )
  const holding = await again.destination.inspect(quietRun())
  await again.destination.close()
  expect(events).toEqual(['vanished-here'])
  expect([holding.pruned.size, holding.records.size]).toEqual([0, 1])
  // And it is over: the next run says no more of it.
  const last = await lockOf(destination)
  await last.close()
  expect((await readFile(join(path, '.reconcile/ledger.jsonl'), 'utf8')).match(/prune-done/g)).toHaveLength(1)
})

describe.skipIf(!canMount())('a disk without a byte left', () => {
  test('is pruned, and has room again once the trash has expired', async () => {
    const small = smallDisk('6m')
    const { path, locked, pass } = await destinationIn(small.path)
    const paths = Array.from({ length: 40 }, (_, i) => `d${i}/a` as RelPath)
    await pass(...paths)
    for (let size = 1 << 20; size >= 1; size >>= 1) {
      try {
        for (;;) await writeFile(join(small.path, 'flood'), Buffer.alloc(size, 1), { flag: 'a' })
      } catch {
        // A smaller piece may still fit.
      }
    }
    const done = new Map(paths.map((each) => [each, { verdict: 'done' }]))
    expect(
      await locked.prune(
        paths.map((each) => toPrune(each)),
        quietRun(),
      ),
    ).toEqual(done)
    expect(await locked.expireTrash(paths, quietRun())).toEqual(done)
    expect(await readdir(join(path, '.reconcile/trash'))).toEqual([])
  })
})

describe('the ledger', () => {
  const begin = (path: string, trash = 'e'): LedgerEvent => ({
    event: 'prune-begin',
    trash,
    ...toPrune(path),
  })
  const done = (path: string, trash = 'e'): LedgerEvent => ({ event: 'prune-done', path, trash })

  test('knows what was begun, what is removed, and what the last policy was', async () => {
    const { files } = await newDestination()
    const ledger = await openWhole(files)
    await ledger.append(['a', 'b', 'c', 'd'].map((path) => published(path)))
    await ledger.append([begin('a'), begin('b'), begin('c'), done('a'), done('b')])
    await ledger.append([
      { event: 'undo-begin', path: 'a', trash: 'e', ...why },
      { event: 'trash-expired', path: 'b', trash: 'other' },
    ])
    for (const seen of [ledger, await openWhole(files, 'read')]) {
      expect([...seen.pruned]).toMatchObject([
        ['a', { at: NOON, trash: 'e' }],
        ['b', { trash: 'e' }],
      ])
      expect([...seen.prunes.values()]).toMatchObject([{ path: 'c' }])
      expect([...seen.undos.values()]).toMatchObject([{ path: 'a', by: 'ann' }])
      expect([seen.lastPrune, seen.created]).toEqual([{ policy: 'aa', basis: 'bb' }, NOON])
      expect(seen.records.size).toBe(4)
    }
    await ledger.append([
      { event: 'undo-done', path: 'a', trash: 'e' },
      { event: 'trash-expired', path: 'b', trash: 'e' },
      published('c'),
    ])
    const after = await openWhole(files, 'read')
    expect([...after.pruned]).toMatchObject([['b', { trash: null }]])
    expect([after.prunes.size, after.undos.size]).toEqual([0, 0])
  })

  test('I6: passes over a removal of what was never published, and an event that leads elsewhere', async () => {
    const { files } = await newDestination()
    const ledger = await openWhole(files)
    await ledger.append([published('a')])
    for (const trash of ['../..', '..', '', 'a/b', '/etc']) await ledger.append([begin('a', trash)])
    await ledger.append([begin('../x'), begin('b'), done('b')])
    expect([ledger.prunes.size, ledger.pruned.size]).toEqual([0, 0])
  })

  test('what ended badly is as it was before', async () => {
    const { files } = await newDestination()
    const ledger = await openWhole(files)
    await ledger.append([published('a'), begin('a')])
    await ledger.append([{ event: 'prune-done', path: 'a', trash: 'e', failed: true }])
    expect([ledger.prunes.size, ledger.pruned.size]).toEqual([0, 0])
    await ledger.append([begin('a'), done('a'), { event: 'undo-begin', path: 'a', trash: 'e', ...why }])
    await ledger.append([{ event: 'undo-done', path: 'a', trash: 'e', failed: true }])
    expect([ledger.undos.size, ledger.pruned.has(rel('a'))]).toEqual([0, true])
  })

  test.each([
    ['by', '"by":"policy"', '"by":"person"'],
    ['reason', 'outside last=1', 'outside last=2'],
    ['point', '2026-11-20T', '2026-11-21T'],
    ['trash', '"trash":"e"', '"trash":"f"'],
  ])('I10: an edited %s of a removal is found', async (_, was, is) => {
    const { files } = await newDestination()
    const ledger = await openWhole(files)
    await ledger.append([published('a'), begin('a')])
    await ledger.append([done('a')])
    await ledger.append([published('b')])
    const text = await readFile(files.ledger, 'utf8')
    expect(text).toContain(was)
    await writeFile(files.ledger, text.replace(was, is))
    expect(await lookAtLedger(files)).toMatchObject({ state: 'damaged' })
  })
})
