import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { openBox } from '../../src/box/box.ts'
import { realDisk } from '../../src/destination/disk/real-disk.ts'
import { openDestination } from '../../src/destination/open-destination.ts'
import type { LockedDestination } from '../../src/model/ports.ts'
import type { RelPath } from '../../src/model/rel-path.ts'
import { bring, lockOf, quietRun, toPrune, toPublish, treeOf } from '../contract/destination.ts'
import { inFull } from '../helpers/extent.ts'
import { buildShim, CHANGES } from '../helpers/fault-shim.ts'
import type { World } from '../helpers/world.ts'

const shim = buildShim()
afterAll(() => shim?.remove())

const PATHS = ['a', 'd/b'] as RelPath[]
const WHY = { reason: 'needed', by: 'ann' }
const ACTS = {
  prune: (locked: LockedDestination, paths: readonly RelPath[]) =>
    locked.prune(
      paths.map((path) => toPrune(path)),
      quietRun(),
    ),
  undoPrune: (locked: LockedDestination, paths: readonly RelPath[]) =>
    locked.undoPrune(paths, WHY, quietRun()),
  expireTrash: (locked: LockedDestination, paths: readonly RelPath[]) =>
    locked.expireTrash(paths, quietRun()),
}
type Act = keyof typeof ACTS

/** What another process does, for it is to be killed: recovery, and then one act. */
const script = (path: string, state: string, act: Act): string => {
  const of = (name: string) => JSON.stringify(resolve(import.meta.dirname, `../../dist/${name}.js`))
  const request = act === 'prune' ? PATHS.map((one) => toPrune(one)) : PATHS
  const words = [request, ...(act === 'undoPrune' ? [WHY] : [])].map((each) => JSON.stringify(each)).join()
  return `
    import { openBox } from ${of('box/box')}
    import { openDestination } from ${of('destination/open-destination')}
    import { realDisk } from ${of('destination/disk/real-disk')}
    const place = { path: ${JSON.stringify(path)}, mount: null, rotate: false }
    const box = openBox(${JSON.stringify(state)}, { concurrency: 1 })
    const destination = openDestination(place, { disk: realDisk, box, uid: process.getuid(), backup: 'test' })
    const run = { now: () => Date.now(), signal: new AbortController().signal, emit: () => {} }
    const taken = await destination.lock(60, run)
    await taken.destination.recover(run)
    await taken.destination.${act}(${words}, run)
    process.exit(0)`
}

// After each step, and at every power cut: removal-crash.test.ts, on a disk in memory.
describe.skipIf(shim === null)('killed before any change to the destination (needs cc)', () => {
  test('I2 I7: pruning, putting back and expiring, and runs over what such deaths left', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'removal-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const [path, state] = [join(folder, 'held'), join(folder, 'state')]
    const open = () =>
      openDestination(
        { path, mount: null, rotate: false },
        { disk: realDisk, box: openBox(state, { concurrency: 1 }), uid: process.getuid!(), backup: 'test' },
      )
    for (const act of Object.keys(ACTS) as Act[])
      await writeFile(join(folder, `${act}.mjs`), script(path, state, act))
    const inOneRun = async <T>(work: (locked: LockedDestination) => Promise<T>): Promise<T> => {
      const locked = await lockOf(open())
      try {
        return await work(locked)
      } finally {
        await locked.close()
      }
    }
    const publish = () =>
      inOneRun(async (locked) => {
        for (const one of PATHS) await bring({ disk: realDisk }, locked, toPublish(one, one), one)
      })
    const trees = async () => ({
      published: Object.keys(await treeOf(realDisk, path)),
      trash: Object.keys(await treeOf(realDisk, join(path, '.reconcile/trash'))).map((one) =>
        one.slice(one.indexOf('/') + 1),
      ),
    })
    /** Killed before its `nth` change, and then finished: by recovery, and by doing what it had not begun. */
    const killed = async (act: Act, nth: number): Promise<boolean> => {
      const world = {
        start: (_: readonly string[], { env }: { env: Record<string, string> }) =>
          execa(process.execPath, [join(folder, `${act}.mjs`)], { env, reject: false }),
      } as unknown as World
      const ended = await shim!.run(world, { calls: CHANGES, under: path, nth, does: 'kill' })
      expect(ended.code, ended.stderr).toBe(ended.happened ? undefined : 0)
      const names = new Set((await trees()).published)
      for (const one of PATHS)
        if (names.has(`${one}.md5`)) expect(names, `I2: ${one}.md5 stands alone`).toContain(one)
      await inOneRun(async (locked) => {
        const { pruned, files } = await locked.inspect(quietRun())
        const left = PATHS.filter((one) =>
          act === 'prune'
            ? !pruned.has(one)
            : act === 'undoPrune'
              ? !files.has(one)
              : pruned.get(one)!.trash !== null,
        )
        for (const verdict of (await ACTS[act](locked, left)).values()) expect(verdict.verdict).toBe('done')
      })
      return ended.happened
    }
    const whole = ['a', 'a.md5', 'd/', 'd/b', 'd/b.md5']
    let deaths = 0
    for (let nth = 1, goesOn = true; goesOn; nth += inFull(5, 8)) {
      await publish()
      const died = [await killed('prune', nth)]
      expect(await trees()).toEqual({ published: ['d/'], trash: expect.arrayContaining(whole) })
      died.push(await killed('undoPrune', nth + 1))
      expect((await trees()).published.sort()).toEqual(whole)
      expect((await trees()).trash).toEqual([])
      await inOneRun((locked) => ACTS.prune(locked, PATHS))
      died.push(await killed('expireTrash', nth + 2))
      expect(await trees()).toEqual({ published: ['d/'], trash: [] })
      deaths += died.filter((one) => one).length
      goesOn = died.some((one) => one)
    }
    expect(deaths).toBeGreaterThan(inFull(9, 5))
  })
})
