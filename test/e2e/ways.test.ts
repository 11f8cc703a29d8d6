import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
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
      expect(strange.backups[0]!.problems[0]!.message).toContain(`(port ${port})`)

      await appendFile(far.sshd!.knownHosts, await readFile(knownHosts))
      await appendFile(join(gate.folder, 'keys/authorized_keys'), await readFile(`${far.sshd!.identity}.pub`))
      const { backups } = await far.pass()
      expect(backups[0]).toMatchObject({ published: ['a.tar'], problems: [], exitCode: 0 })
      expect(gate.sshd!.countSessions()).toBe(far.sshd!.countSessions())
    } finally {
      await far.end()
      await gate.end()
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
