import { chmod, cp, readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'

// Destinations, state, snapshots and a plan as an earlier version wrote them. What is on people's disks must be read for ever: these
// files are never made anew. One point is in the trash, one is in conflict, and the backup `other` is suspended.

const KEPT = resolve(import.meta.dirname, 'kept')

let world: World
beforeAll(async () => {
  world = await makeWorld('local', { calls: 'here' })
  await cp(KEPT, world.folder, { recursive: true })
  for (const entry of await readdir(world.folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const file = join(entry.parentPath, entry.name)
    const day = /db-2026-03-(\d\d)/.exec(entry.name)?.[1]
    // Git keeps neither times nor modes.
    if (day !== undefined) await utimes(file, ...both(Date.UTC(2026, 2, Number(day), 3) / 1000))
    else await writeFile(file, (await readFile(file, 'utf8')).replaceAll('@FOLDER@', world.folder))
    const isPublished = /(?:destination|other)$/.test(entry.parentPath)
    await chmod(file, isPublished ? 0o444 : 0o600)
  }
})
afterAll(() => world.end())

const both = (seconds: number): [number, number] => [seconds, seconds]

test('what was published is held, what conflicts conflicts, and nothing is brought again', async () => {
  const result = await world.pass()
  expect(result).toMatchObject({
    exitCode: 6,
    backups: [
      { backup: 'other', result: 'suspended' },
      { backup: 'pg', published: [], problems: [], holds: [], conflicts: [{ path: 'db-2026-03-05.tar' }] },
    ],
  })
  const held = await world.published()
  expect([...held.keys()].filter((name) => name.endsWith('.tar'))).toEqual(
    [2, 3, 4, 5, 6, 7, 8].map((day) => `db-2026-03-0${day}.tar`),
  )
})

test('its ledger goes on where it ended, and what lies in the trash can be put back', async () => {
  const ledger = async (): Promise<readonly string[]> =>
    (await readFile(join(world.destination, '.reconcile/ledger.jsonl'), 'utf8')).trimEnd().split('\n')
  const before = await readFile(join(KEPT, 'destination/.reconcile/ledger.jsonl'), 'utf8')
  const undone = await world.run('prune', 'pg', '--undo', 'db-2026-03-01.tar')
  expect(undone.code, undone.stderr).toBe(0)
  const after = await ledger()
  expect(`${after.slice(0, 16).join('\n')}\n`).toBe(before)
  expect(after.length).toBeGreaterThan(16)
  expect([...(await world.published()).keys()]).toContain('db-2026-03-01.tar')
})

test('the suspension, its reason and the status stand', async () => {
  const { backups } = await world.status()
  expect(backups).toMatchObject([{ backup: 'other', state: 'suspended' }, { backup: 'pg' }])
  expect(await world.run('resume', 'other')).toMatchObject({ code: 0 })
  expect(await world.pass('other')).toMatchObject({
    exitCode: 0,
    backups: [{ result: 'in-sync', problems: [] }],
  })
})

test('a snapshot and a saved plan are read', async () => {
  const { code, stdout } = await world.run('--dry-run', '--offline', join(world.folder, 'snapshots'), 'pg')
  expect([code, stdout]).toEqual([6, expect.stringContaining('conflict  db-2026-03-05.tar')])
  const shown = await world.run('plan', '--show', join(world.folder, 'plan.json'))
  expect([shown.code, shown.stdout]).toEqual([0, expect.stringContaining('db-2026-05-30.tar')])
})
