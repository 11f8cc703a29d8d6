import { execFileSync } from 'node:child_process'
import { mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Backup, backupIn } from '../helpers/backup.ts'
import { treeOf } from '../helpers/tree.ts'
import { makeWorld, type World } from '../helpers/world.ts'

// What stands in the place of something of ours, and is of another kind. Local sources: nothing here depends on the line.

let world: World
beforeAll(async () => {
  world = await makeWorld('local', { calls: 'here' })
})
afterAll(() => world.end())

const RETAIN = { retain: { last: 1 }, prune: { mode: 'manual' } }

async function held(name: string): Promise<Backup> {
  const at = await backupIn(world, name, RETAIN)
  await at.offer('a-2026-11-20.tar', 'a')
  expect(await at.pass()).toMatchObject({ published: ['a-2026-11-20.tar'], exitCode: 0 })
  await at.offer('a-2026-11-21.tar', 'b')
  return at
}

const FOLDERS = ['staging', 'quarantine', 'trash']
const FILES = ['lock', 'id', 'ledger.jsonl', 'seen.jsonl', 'status.json', 'reserve', 'progress.json']

describe('I6: a symlink in the place of something of ours is never followed', () => {
  test.each(['', ...FOLDERS, ...FILES])('.reconcile/%s', async (name) => {
    const at = await held(`linked-${name.replace('.', '-') || 'whole'}`)
    const place = join(at.destination, '.reconcile', name)
    const outside = join(world.folder, `outside-${at.name}`)
    // What it leads to is what was there, so that nothing else about it is strange.
    await rename(place, outside).catch(() => writeFile(outside, ''))
    await symlink(outside, place.replace(/\/$/, ''))
    const before = [await treeOf(world.folder), await treeOf(at.destination)]
    const message = expect.stringContaining(`${place.replace(/\/$/, '')} is a symlink`) as string
    const halt = { code: 'private-folder-strange', message }
    expect(await at.plan()).toMatchObject({ halt, steps: [] })
    expect(await at.pass()).toMatchObject({ result: 'halted', exitCode: 7, halt, published: [] })
    const { state, conditions } = (await world.status(at.name)).backups[0]!
    expect(state).not.toBe('ok')
    expect(JSON.stringify(conditions)).toContain('private-folder-strange')
    const commands = [
      ['status', at.name, '--check'],
      ['prune', at.name],
      ['prune', '--dry-run', at.name],
      ['prune', at.name, 'a-2026-11-20.tar', '--reason', 'r'],
      ['prune', '--dry-run', at.name, 'a-2026-11-20.tar', '--reason', 'r'],
      ['prune', at.name, '--undo', 'a-2026-11-20.tar', '--reason', 'r'],
      ['doctor', '--rebuild-ledger', at.name],
    ]
    // One that leads the whole folder away, one that takes what is pulled, one that is read.
    for (const words of ['', 'staging', 'ledger.jsonl'].includes(name) ? commands : [])
      expect([words.join(' '), (await world.run(...words)).code]).toEqual([
        words.join(' '),
        words[0] === 'status' ? 2 : 7,
      ])
    expect([await treeOf(world.folder), await treeOf(at.destination)]).toEqual(before)
  })
})

describe('what is of another kind', () => {
  test.each([...FOLDERS, ...FILES])('.reconcile/%s: a pipe hangs nobody', async (name) => {
    const at = await held(`piped-${name.replace('.', '-')}`)
    const place = join(at.destination, '.reconcile', name)
    await rm(place, { recursive: true, force: true })
    execFileSync('mkfifo', [place])
    const halt = { code: 'private-folder-strange' }
    expect(await at.plan()).toMatchObject({ halt })
    expect(await at.pass()).toMatchObject({ exitCode: 7, halt })
    expect((await world.status(at.name)).backups[0]!.state).not.toBe('ok')
  })
  test.each(FILES)('.reconcile/%s: a folder', async (name) => {
    const at = await held(`folder-${name.replace('.', '-')}`)
    const place = join(at.destination, '.reconcile', name)
    await rm(place, { force: true })
    await mkdir(place)
    // A ledger that is none is damaged, which has a way out of its own (I10).
    const [exitCode, code] = name === 'ledger.jsonl' ? [6, 'ledger-damaged'] : [7, 'private-folder-strange']
    expect(await at.pass()).toMatchObject({ exitCode, halt: { code } })
    expect(await readdir(place)).toEqual([])
  })
  test.each(FOLDERS)('.reconcile/%s: a file', async (name) => {
    const at = await held(`file-${name}`)
    const place = join(at.destination, '.reconcile', name)
    await rm(place, { recursive: true })
    await writeFile(place, '')
    expect(await at.pass()).toMatchObject({ exitCode: 7, halt: { code: 'private-folder-strange' } })
  })
})
