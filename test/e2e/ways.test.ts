import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { backupIn, problemsOf } from '../helpers/backup.ts'
import { makeWorld } from '../helpers/world.ts'

describe('other ways to a source', () => {
  test('through a jump host', async () => {
    const far = await makeWorld()
    const gate = await makeWorld('ssh', { command: null })
    try {
      await far.offer('a.tar', 'a')
      const { host, port, user, knownHosts } = gate.sshd!
      await far.declare('far', { source: { jump: [`${user}@${host}:${port}`] } })
      const strange = await far.pass()
      expect(problemsOf(strange.backups[0]!)).toEqual(['host-key-unknown'])
      expect(strange.backups[0]!.problems[0]!.message).toContain(`jump host ${user}@${host}:${port}`)

      await appendFile(far.sshd!.knownHosts, await readFile(knownHosts))
      await appendFile(join(gate.folder, 'keys/authorized_keys'), await readFile(`${far.sshd!.identity}.pub`))
      const { backups } = await far.pass()
      expect(backups[0]).toMatchObject({ published: ['a.tar'], problems: [], exitCode: 0 })
      expect([gate, far].map(({ sshd }) => sshd!.countSessions())).toEqual([1, 1])
    } finally {
      await far.end()
      await gate.end()
    }
  })

  test('an absolute folder of an account with a shell; rrsync wants a relative one, and the message says so', async () => {
    const [shell, served] = [await makeWorld('ssh', { command: null }), await makeWorld()]
    try {
      for (const { offer } of [shell, served]) await offer('in here/a.tar', 'a')
      await shell.declare('far', { source: { path: `${shell.source}/in here/` } })
      const { backups } = await shell.pass()
      expect(backups[0]).toMatchObject({ published: ['a.tar'], problems: [], exitCode: 0 })
      await shell.declare('far', { source: { path: `${shell.source}/nowhere` } })
      const gone = (await shell.pass()).backups[0]!.problems
      expect(gone).toMatchObject([
        { code: 'path-missing', hint: expect.stringContaining('If rrsync serves') },
      ])

      await served.declare('far', { source: { path: `${served.source}/in here` } })
      const [problem] = (await served.pass()).backups[0]!.problems
      expect(problem).toMatchObject({
        code: 'path-missing',
        hint: 'rrsync answers there and takes no absolute path: write source.path relative to the folder that rrsync serves ("." for that folder itself).',
      })
      await served.declare('far', { source: { path: 'in here' } })
      expect((await served.pass()).backups[0]).toMatchObject({ published: ['a.tar'], exitCode: 0 })

      const { host, ...sshd } = served.sshd!
      const { port, user, identity, knownHosts } = sshd
      await writeFile(
        join(served.specs, '_hosts.yaml'),
        stringify({ far: { address: host, port, user, identity, knownHosts } }),
      )
      // The key is limited to another folder than is meant.
      const dir = (path: string) =>
        `("${path}") counts from the DIR of command="rrsync -ro DIR" in authorized_keys of`
      const elsewhere = { destination: { path: join(served.folder, 'elsewhere') } }
      await served.declare('far', { ...elsewhere, source: { path: 'not here' } })
      expect((await served.pass()).backups[0]!.problems).toMatchObject([
        {
          hint: expect.stringContaining('source.path ("not here") counts from the folder that rrsync serves'),
        },
      ])
      await served.declare('far', { ...elsewhere, select: { include: ['*.dump'] } })
      expect((await served.pass()).backups[0]!.problems).toMatchObject([
        { code: 'nothing-found', hint: expect.stringContaining(dir('.')) },
      ])
      expect((await served.run('doctor', 'far')).stdout.replace(/\s+/g, ' ')).toContain(dir('.'))
      await rm(join(served.source, 'in here/a.tar.md5'))
      const add = await served.run(
        ...[
          'add',
          `far:${served.folder}/meant`,
          '--to',
          join(served.folder, 'two'),
          '--name',
          'two',
          '--yes',
        ],
      )
      expect(add.stderr.replace(/\s+/g, ' ')).toContain(`it is taken for ${served.folder}/meant.`)
    } finally {
      await shell.end()
      await served.end()
    }
  })

  test('a host of _hosts.yaml: in passes, in plans without a network, and held when the file is gone', async () => {
    const world = await makeWorld()
    try {
      await world.offer('a.tar', 'a')
      const { host, port, user, identity, knownHosts } = world.sshd!
      const hosts = join(world.specs, '_hosts.yaml')
      const written = JSON.stringify({ nas: { address: host, port, user, identity, knownHosts } })
      await writeFile(hosts, written)
      const source = 'source: { host: nas }\n'
      const destination = `destination: { path: ${world.destination}, minFree: 1MiB }\n`
      await writeFile(join(world.specs, 'far.yaml'), `version: 1\n${source}${destination}`)
      const effective = await world.run('validate', '--effective', 'far')
      expect(effective.stdout).toContain(`host: ${host}\n`)
      expect((await world.pass()).backups[0]).toMatchObject({ published: ['a.tar'], exitCode: 0 })
      await mkdir(join(world.folder, 'snapshots'))
      expect((await world.run('snapshot', '--to', join(world.folder, 'snapshots'))).code).toBe(0)
      const offline = await world.plan('--offline', join(world.folder, 'snapshots'))
      expect(offline.backups).toMatchObject([{ backup: 'far' }])

      // The specs still mean something without the file, and another machine.
      const inline = JSON.stringify({ host, port, user, identity, knownHosts })
      await writeFile(join(world.specs, 'far.yaml'), `version: 1\nsource: ${inline}\n${destination}`)
      await rm(hosts)
      const held = await world.pass()
      expect(held).toMatchObject({ exitCode: 7, problems: [{ code: 'hosts-gone' }] })
      const words = ['release', held.backups[0]!.holds[0]!.id, '--reason', 'inline now']
      expect(await world.run(...words)).toMatchObject({ code: 0 })
      expect(await world.pass()).toMatchObject({ exitCode: 0, problems: [] })
    } finally {
      await world.end()
    }
  })

  test('a folder on this machine, with a list and with folders', async () => {
    const local = await makeWorld('local')
    try {
      const listed = await backupIn(local, 'listed', { source: { listing: 'LIST' } })
      await listed.offer('a.tar', 'a')
      await listed.offer('b.tar', 'b')
      await listed.put('LIST', 'a.tar\nsoon.tar\n')
      const whole = await backupIn(local, 'whole')
      await whole.offer('sub/a.tar', 'a')
      const { exitCode, backups } = await local.pass()
      expect(exitCode).toBe(0)
      expect(backups.map(({ published, waiting }) => [published, waiting])).toEqual([
        [['a.tar'], ['soon.tar']],
        [['sub/a.tar'], []],
      ])
    } finally {
      await local.end()
    }
  })
})
