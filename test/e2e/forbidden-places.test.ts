import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openPorts, openWorkspace, passOptions } from '../../src/commands/workspace.ts'
import { instant } from '../../src/model/instant.ts'
import type { Diagnostic } from '../../src/model/trouble.ts'
import { reconcileBackup } from '../../src/reconcile/pass.ts'
import { backupIn } from '../helpers/backup.ts'
import { treeOf } from '../helpers/tree.ts'
import { makeWorld, type World } from '../helpers/world.ts'

let world: World
beforeEach(async () => {
  world = await makeWorld('local', { calls: 'here' })
})
afterEach(() => world.end())

const EVIL = 'version: 1\nsource: { path: /nonexistent }\ndestination: { path: /nonexistent/evil }\n'

async function faultsOf(...words: string[]): Promise<readonly Diagnostic[]> {
  const { stdout } = await world.run('validate', '--json', ...words)
  return (JSON.parse(stdout) as { readonly diagnostics: readonly Diagnostic[] }).diagnostics
}

describe('I6: no source gives this box orders', () => {
  test.each(['backups.d', 'state', '.', 'link', 'etc'])(
    'a destination that is %s: refused by every command, and nothing is written',
    async (place) => {
      await symlink('backups.d', join(world.folder, 'link'))
      await mkdir(join(world.folder, 'etc'))
      await mkdir(world.state)
      const config = join(world.folder, 'etc/config.yaml')
      await writeFile(config, '')
      await world.offer('evil.yaml', EVIL)
      await world.declare('pg', { destination: { path: join(world.folder, place) } })
      const before = await treeOf(world.folder)
      const faults = await faultsOf('--config', config)
      expect(faults.map(({ code }) => code)).toContain('destination-forbidden')
      for (const words of [[], ['-n'], ['status'], ['prune']])
        expect((await world.run('--config', config, ...words)).code).toBe(3)
      expect(await treeOf(world.folder)).toEqual(before)
    },
  )

  test('a link that leads there only after the specs were read: halted, and nothing is written', async () => {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'swapped-')))
    try {
      await mkdir(join(folder, 'offsite'))
      const link = join(folder, 'link')
      await symlink(join(folder, 'offsite'), link)
      await world.offer('evil.yaml', EVIL)
      await world.declare('pg', { destination: { path: link } })
      const run = { now: () => instant(Date.now()), signal: new AbortController().signal, emit: () => {} }
      const workspace = await openWorkspace({ specs: world.specs, state: world.state }, 'look', run)
      const spec = workspace.loaded.specs[0]!
      await rm(link)
      await symlink(world.specs, link)
      const options = passOptions(spec, workspace, { lockWait: 0, all: false, named: false, holds: [] })
      const { outcome } = await reconcileBackup(await openPorts(spec, workspace), spec, options, run)
      expect(outcome).toMatchObject({
        result: 'halted',
        exitCode: 7,
        halt: { code: 'destination-forbidden' },
      })
      expect(await readdir(world.specs)).toEqual(['pg.yaml'])
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

describe('a newcomer that names the destination of another backup', () => {
  test('the one that holds it goes on; the newcomer is told of it, and takes nothing', async () => {
    const at = await backupIn(world, 'old')
    await at.offer('a.tar', 'a')
    expect(await at.pass()).toMatchObject({ published: ['a.tar'], exitCode: 0 })
    await at.offer('b.tar', 'b')
    await backupIn(world, 'new', { destination: { path: at.destination } })
    await world.offer('new/c.tar', 'c')
    expect(await faultsOf()).toMatchObject([
      {
        file: join(world.specs, 'new.yaml'),
        code: 'destination-clash',
        message: expect.stringContaining('that of backup "old", old.yaml:') as string,
      },
    ])
    const { backups, exitCode } = await world.pass()
    expect(backups).toMatchObject([{ backup: 'old', published: ['b.tar'], exitCode: 0 }])
    expect(exitCode).toBe(3)
    expect(await at.names()).toEqual(['a.tar', 'a.tar.md5', 'b.tar', 'b.tar.md5'])
  })

  test('also with a state of an older version, which did not say whose destination is whose', async () => {
    const at = await backupIn(world, 'old')
    await at.offer('a.tar', 'a')
    await at.pass()
    const file = join(world.state, 'destinations.json')
    const older = (await readFile(file, 'utf8')).replaceAll('"backup":"old",', '')
    await writeFile(file, older)
    await backupIn(world, 'new', { destination: { path: join(at.destination, 'sub') } })
    expect((await world.pass()).backups).toMatchObject([{ backup: 'old', exitCode: 0 }])
  })
})
