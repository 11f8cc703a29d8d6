import { chmod, mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Backup, backupIn, stepsOf } from '../helpers/backup.ts'
import { treeOf } from '../helpers/tree.ts'
import { makeWorld, noise, type World } from '../helpers/world.ts'

// A dry run leaves no trace, and a pass with nothing to do costs next to nothing.

let world: World
beforeAll(async () => {
  world = await makeWorld('ssh', { calls: 'here' })
})
afterAll(() => world.end())

/** Something of every kind to do: pull, adopt, repair, conflict, wait, lost. */
async function muchToDo(name: string): Promise<Backup> {
  const at = await backupIn(world, name)
  for (const file of ['keep.tar', 'gone.tar', 'unmarked.tar', 'other.tar', 'lost.tar'])
    await at.offer(file, file, { mtime: 1_700_000_000 })
  await at.pass()
  for (const file of ['gone.tar', 'unmarked.tar.md5', 'lost.tar', 'lost.tar.md5'])
    await rm(join(at.destination, file))
  for (const file of ['lost.tar', 'lost.tar.md5']) await rm(join(at.source, file))
  await at.offer('other.tar', 'changed')
  await at.offer('new.tar', 'new')
  await at.offer('unfinished.tar', 'x', { marker: null })
  return at
}

const STEPS = [
  'repair gone.tar',
  'lost lost.tar',
  'pull new.tar',
  'conflict other.tar',
  'wait unfinished.tar',
  'adopt unmarked.tar',
]

describe('a dry run', () => {
  test('with something of every kind to do writes nothing in destination, state or source', async () => {
    const at = await muchToDo('much')
    const look = () => Promise.all([at.destination, world.state, at.source, world.specs].map(treeOf))
    const before = await look()
    expect(before[0]!.size).toBeGreaterThan(8)
    expect(before[1]!.size).toBeGreaterThan(2)
    expect(stepsOf(await at.plan()).toSorted()).toEqual(STEPS.toSorted())
    expect((await at.run('--dry-run', '--diff')).code).toBe(6)
    expect(await look()).toEqual(before)
  })

  test('before the first pass makes neither destination nor state', async () => {
    const at = await backupIn(world, 'first')
    await at.offer('a.tar', 'a')
    const state = join(world.folder, 'no-state')
    const { code } = await at.run('--state', state, '--dry-run')
    expect(code).toBe(0)
    for (const folder of [state, at.destination]) await expect(stat(folder)).rejects.toThrow('ENOENT')
  })

  test('works on a destination and a state that cannot be written', async () => {
    const at = await muchToDo('read-only')
    const words = ['read-only', '--dry-run', '--json']
    if (process.getuid?.() === 0) {
      // Root may write everywhere but on what is mounted read-only, which is so in a namespace of its own.
      const script = [
        `mount --bind ${at.destination} ${at.destination}`,
        `mount -o remount,ro,bind ${at.destination}`,
        `mount --bind ${world.state} ${world.state}`,
        `mount -o remount,ro,bind ${world.state}`,
        `! touch ${at.destination}/x 2>/dev/null`,
        `exec "$@"`,
      ].join(' && ')
      const { command, args } = world.command(words)
      const ended = await execa('unshare', ['-m', 'sh', '-ec', script, 'sh', command, ...args], {
        reject: false,
        stdin: 'ignore',
        cwd: world.folder,
      })
      expect(JSON.parse(ended.stdout), ended.stderr).toMatchObject({
        backups: [{ halt: null, summary: { pull: 1, repair: 1 } }],
      })
      return
    }
    for (const folder of [at.destination, join(at.destination, '.reconcile'), world.state])
      await chmod(folder, 0o500)
    try {
      expect(stepsOf(await at.plan()).toSorted()).toEqual(STEPS.toSorted())
    } finally {
      for (const folder of [at.destination, join(at.destination, '.reconcile'), world.state])
        await chmod(folder, 0o700)
    }
  })

  test('leaves no temporary folder behind', async () => {
    const at = await backupIn(world, 'tidy')
    await at.offer('a.tar', 'a')
    const own = join(world.folder, 'tmp')
    await mkdir(own)
    const ended = await world.start(['tidy', '--dry-run'], { env: { TMPDIR: own } })
    expect(ended.exitCode).toBe(0)
    expect([...(await treeOf(own)).keys()]).toEqual([''])
  })
})

describe('I7: a converged pass', () => {
  test('over 1,000 files costs one login, and writes nothing but status and seen', async () => {
    const at = await backupIn(world, 'thousand', { source: { listing: 'LIST' } })
    const names = Array.from({ length: 1000 }, (_, i) => `db-${i}.tar`)
    for (const name of names) await at.offer(name, noise(200, name))
    await at.put('LIST', `${names.join('\n')}\n`)
    const start = world.sshd!.countSessions()
    expect((await at.pass()).published).toHaveLength(1000)
    expect(world.sshd!.countSessions() - start).toBe(1)

    const before = await treeOf(at.destination)
    const state = await treeOf(world.state)
    const sessions = world.sshd!.countSessions()
    expect(await at.pass()).toMatchObject({
      result: 'in-sync',
      bytes: 0,
      exitCode: 0,
      complete: { files: 1000 },
    })
    expect(world.sshd!.countSessions() - sessions).toBe(1)
    expect(changed(before, await treeOf(at.destination)).filter((path) => !MAY_CHANGE.has(path))).toEqual([])
    expect(changed(state, await treeOf(world.state)).filter((path) => !path.startsWith('locks'))).toEqual([])
  })
})

/** status.json is replaced by rename, which touches its folder. */
const MAY_CHANGE = new Set(['.reconcile', '.reconcile/status.json', '.reconcile/seen.jsonl'])

function changed(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly string[] {
  const paths = new Set([...before.keys(), ...after.keys()])
  return [...paths].filter((path) => before.get(path) !== after.get(path)).sort()
}
