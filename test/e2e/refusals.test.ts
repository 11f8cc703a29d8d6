import { chmod, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Problem } from '../../src/model/trouble.ts'
import { type Backup, backupIn, problemsOf } from '../helpers/backup.ts'
import { makeWorld, type World } from '../helpers/world.ts'

// A source that cannot be looked at: each cause in words of its own, what is held stays, and nothing is called lost.

let world: World
let at: Backup
beforeAll(async () => {
  world = await makeWorld('ssh', { calls: 'here' })
  at = await backupIn(world, 'pg')
  await at.offer('a.tar', 'a')
  expect(await at.pass()).toMatchObject({ published: ['a.tar'] })
})
afterAll(() => world.end())

/** A pass that fails for one cause and changes nothing here; the problem, which people see without a stack. */
async function refused(source: Readonly<Record<string, unknown>>): Promise<Problem> {
  await at.declare({ source })
  const before = await at.published()
  const { code, stdout, stderr } = await at.run()
  expect(code).toBe(1)
  expect(stdout + stderr).not.toMatch(/^\s+at .*[:(]\d+/m)
  const outcome = await at.pass()
  expect(outcome).toMatchObject({ result: 'failed', lost: [], published: [], exitCode: 1 })
  expect(outcome.problems).toHaveLength(1)
  expect(await at.published()).toEqual(before)
  const problem = outcome.problems[0]!
  for (const words of [problem.message, problem.hint]) expect(words).toMatch(/\S+ \S+ \S+/)
  return problem
}

test('nobody listens on the port', async () => {
  const server = createServer()
  await new Promise<void>((tell) => server.listen(0, '127.0.0.1', tell))
  const { port } = server.address() as { port: number }
  await new Promise((tell) => server.close(tell))
  const problem = await refused({ port })
  // The pinned key goes by the port, which ssh never gets to ask for.
  expect(problem.code).toBe('connection-refused')
  expect(problem.message).toContain(`127.0.0.1 refused the connection on port ${port}`)
  expect(problem.hint).toContain('source.port')
})

test('the name cannot be resolved', async () => {
  expect(await refused({ host: 'no-such-host.invalid' })).toMatchObject({ code: 'host-unresolvable' })
})

test('another key than the one that may log in', async () => {
  const key = join(world.folder, 'other_key')
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key])
  const problem = await refused({ identity: key })
  expect(problem).toMatchObject({ code: 'key-refused' })
  expect(problem.message).toContain(world.sshd!.user)
  expect(problem.hint).toContain('authorized_keys')
})

test('a key that is not there', async () => {
  const missing = join(world.folder, 'no_key')
  const problem = await refused({ identity: missing })
  expect(problem.message).toContain(missing)
})

test('another host key than the pinned one, and none pinned', async () => {
  const pinned = join(world.folder, 'pinned')
  const key = join(world.folder, 'host_key_2')
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key])
  const [kind, bytes] = (await readFile(`${key}.pub`, 'utf8')).split(' ')
  await writeFile(pinned, `[127.0.0.1]:${world.sshd!.port} ${kind} ${bytes}\n`)
  expect(await refused({ knownHosts: pinned })).toMatchObject({ code: 'host-key-changed' })
  await writeFile(pinned, '')
  const unknown = await refused({ knownHosts: pinned })
  expect(unknown.code).toBe('host-key-unknown')
  expect(unknown.hint).toContain('ssh-keyscan')
})

test('a path that is not below what rrsync serves', async () => {
  const problem = await refused({ path: 'nowhere' })
  expect(problem.code).toBe('path-missing')
  expect(problem.hint).toContain('source.path')
})

test('a forced command that is no rsync', async () => {
  const chatty = await makeWorld('ssh', { command: 'echo welcome' })
  try {
    await chatty.declare()
    const { backups, exitCode } = await chatty.pass()
    expect(exitCode).toBe(1)
    expect(problemsOf(backups[0]!)).toEqual(['garbage-from-source'])
  } finally {
    await chatty.end()
  }
})

test('a file that the account cannot read: a problem of that file, the rest comes', async () => {
  // Root reads everything: behind its login rrsync runs as nobody.
  const asRoot = process.getuid?.() === 0
  const nobody = (served: string) =>
    `setpriv --reuid 65534 --regid 65534 --clear-groups rrsync -ro '${served}'`
  const guarded = await makeWorld('ssh', asRoot ? { command: nobody } : {})
  try {
    await chmod(guarded.folder, 0o711)
    await guarded.offer('a.tar', 'a')
    await guarded.offer('secret.tar', 's')
    await guarded.offer('marker.tar', 'm')
    for (const name of ['secret.tar', 'marker.tar.md5']) await chmod(join(guarded.source, name), 0)
    await guarded.declare()
    const { backups } = await guarded.pass()
    expect(backups[0]).toMatchObject({ published: ['a.tar'], exitCode: 1 })
    expect(problemsOf(backups[0]!)).toEqual(['unreadable marker.tar.md5', 'unreadable secret.tar'])
    for (const { hint } of backups[0]!.problems) expect(hint).toContain('permission')
  } finally {
    await guarded.end()
  }
})

test('a source that is back after all that: in sync', async () => {
  await at.declare()
  expect(await at.pass()).toMatchObject({ result: 'in-sync', exitCode: 0 })
})

test('the folder that one stands in is gone', async () => {
  const { command, args } = world.command(['--dry-run'])
  const script = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"'
  const { exitCode, stderr } = await execa('sh', ['-c', script, 'sh', command, ...args], {
    cwd: world.folder,
    reject: false,
  })
  expect({ exitCode, stderr: String(stderr) }).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining('the current folder no longer exists'),
  })
})
