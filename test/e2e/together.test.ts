import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { PassEvent } from '../../src/model/event.ts'
import { type Backup, backupIn } from '../helpers/backup.ts'
import { makeWorld, noise, type Started, type World } from '../helpers/world.ts'

// Several backups, and several runs, at once.

let world: World
const others: World[] = []
afterEach(async () => {
  for (const one of [world, ...others.splice(0)]) await one.end()
})

type Timed = PassEvent & { readonly time: string }

/** Starts a pass, and comes back, with a promise of its end in a box, once it has told such an event. */
async function startedAndTold(
  words: readonly string[],
  told: (event: PassEvent) => boolean,
): Promise<{ readonly child: Started }> {
  const child = world.start([...words, '--output', 'ndjson'])
  await new Promise<void>((tell, fail) => {
    let said = ''
    child.stdout!.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      const events = said
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as PassEvent)
      if (events.some(told)) tell()
    })
    child.once('close', () => fail(new Error(`ended before it told that: ${said}`)))
  })
  return { child }
}

/** Bytes are coming, and will be for far longer than any case lasts. */
const pulling = (event: PassEvent): boolean => event.type === 'batch-started'

const eventsOf = (stdout: string): readonly Timed[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Timed)

/** Whether two backups were being pulled at once. */
function overlap(events: readonly Timed[], a: string, b: string): boolean {
  const pulling = new Set<string>()
  for (const event of events) {
    if (event.type === 'batch-started') pulling.add(event.backup)
    if (event.type === 'backup-finished') pulling.delete(event.backup)
    if (pulling.has(a) && pulling.has(b)) return true
  }
  return false
}

async function endlessBackup(name: string): Promise<Backup> {
  const at = await backupIn(world, name, { transfer: { bandwidth: '4KiB/s' } })
  await at.offer('large.tar', noise(3_000_000, name))
  return at
}

test('I11: a destination in use is busy: 0 unnamed, 5 named, its holder told, and nobody is ended', async () => {
  world = await makeWorld('ssh', { calls: 'here' })
  const at = await endlessBackup('pg')
  const { child } = await startedAndTold(['pg'], pulling)
  const named = await at.pass()
  expect(named).toMatchObject({ result: 'busy', exitCode: 5 })
  expect(named.holders.map(({ pid }) => pid)).toContain(child.pid)
  const { code, stdout } = await world.run()
  expect(code).toBe(0)
  expect(stdout).toMatch(/pg +busy +in use by pid \d+, a pass since \d\d:\d\d;/)
  const removal = await world.run('prune', 'pg', 'large.tar', '--reason', 'r')
  expect(removal).toMatchObject({
    code: 5,
    stderr: expect.stringMatching(/^pg is busy: in use by pid \d+, a pass since \d\d:\d\d; /),
  })
  const rebuilt = await world.run('doctor', '--rebuild-ledger', 'pg')
  expect(rebuilt.stderr).toMatch(/^pg is busy: in use by pid \d+, a pass since \d\d:\d\d\.\s+Try\s+again/)
  // A dry run takes no lock.
  expect((await at.plan()).halt).toBeNull()

  // Who waits takes over once the holder has ended.
  await at.declare()
  const waiting = at.pass('--lock-timeout', '1h')
  child.kill('SIGTERM')
  expect((await child).exitCode).toBe(143)
  expect(await waiting).toMatchObject({ result: 'applied', published: ['large.tar'], exitCode: 0 })
})

test('two hosts at once, one transfer a host', async () => {
  world = await makeWorld('ssh', { calls: 'here' })
  const far = await makeWorld()
  others.push(far)
  for (const name of ['here-1', 'here-2']) {
    const at = await backupIn(world, name, { transfer: { bandwidth: '64KiB/s' } })
    await at.offer('large.tar', noise(600_000, name))
  }
  const elsewhere = await backupIn(world, 'elsewhere', {
    // Another host by another name.
    source: {
      host: 'localhost',
      port: far.sshd!.port,
      identity: far.sshd!.identity,
      knownHosts: join(world.folder, 'localhost'),
      path: '.',
    },
    transfer: { bandwidth: '64KiB/s' },
  })
  const pinned = (await readFile(far.sshd!.knownHosts, 'utf8')).replace('127.0.0.1', 'localhost')
  await writeFile(join(world.folder, 'localhost'), pinned)
  await far.offer('large.tar', noise(600_000, 'far'))

  const { stdout, code } = await world.run('--output', 'ndjson', '--concurrency', '3')
  expect(code, stdout).toBe(0)
  const events = eventsOf(stdout)
  expect(await elsewhere.names()).toContain('large.tar')
  expect(overlap(events, 'here-1', 'here-2')).toBe(false)
  expect(overlap(events, 'elsewhere', 'here-1') || overlap(events, 'elsewhere', 'here-2')).toBe(true)
})

test('a host in use by another process is waited for', async () => {
  world = await makeWorld('ssh', { calls: 'here' })
  await endlessBackup('one')
  const two = await backupIn(world, 'two')
  await two.offer('a.tar', 'a')
  const { child: first } = await startedAndTold(['one'], pulling)
  const { child: second } = await startedAndTold(
    ['two'],
    (event) => event.type === 'waiting' && event.for === 'host',
  )
  expect(await two.plan()).toMatchObject({ summary: { pull: 1 } })
  first.kill('SIGTERM')
  expect((await first).exitCode).toBe(143)
  expect((await second).exitCode).toBe(0)
  expect(await two.names()).toEqual(['a.tar', 'a.tar.md5'])
})

test('the cap on the sum of rates is shared out to the slots', async () => {
  world = await makeWorld('local', { calls: 'here' })
  await backupIn(world, 'a')
  await endlessBackup('b')
  const plan = await world.plan('--bandwidth', '60KiB/s', '--concurrency', '3')
  expect(plan.backups.map(({ rate }) => rate)).toEqual([20 * 1024, 4 * 1024])
})
