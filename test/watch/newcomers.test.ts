import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Backup, backupIn } from '../helpers/backup.ts'
import { type DaemonHere, daemonHere } from '../helpers/daemon-here.ts'
import { makeWorld, type World } from '../helpers/world.ts'

// A spec that names the destination of a backup that the daemon runs already.

let world: World
let daemon: DaemonHere
let old: Backup
beforeEach(async () => {
  world = await makeWorld('local', { calls: 'here' })
  old = await backupIn(world, 'old', { schedule: { every: '10m' } })
  await old.offer('a.tar', 'a')
  daemon = daemonHere({ specs: { kind: 'folder', path: world.specs }, state: world.state })
  expect(await daemon.finished('old')).toMatchObject({ published: ['a.tar'], exitCode: 0 })
})
afterEach(async () => {
  await daemon.stop().catch(() => {})
  await world.end()
})

/** What comes of the next look and the pass after it. */
async function afterNewcomer() {
  const from = daemon.mark()
  await backupIn(world, 'new', { destination: { path: old.destination } })
  await world.offer('new/c.tar', 'c')
  await old.offer('b.tar', 'b')
  daemon.hangup()
  const { fault } = await daemon.saw('spec-broken', ({ backup }) => backup === 'new', from)
  const outcome = await daemon.finished('old', from)
  const broken = daemon.events.flatMap((event) => (event.type === 'spec-broken' ? event.backup : []))
  return { fault, outcome, broken }
}

test('the one that holds it goes on by its newest spec, and the newcomer alone is broken', async () => {
  const { fault, outcome, broken } = await afterNewcomer()
  expect(fault).toMatchObject({
    code: 'destination-clash',
    message: expect.stringContaining('old.yaml') as string,
  })
  expect(outcome).toMatchObject({ published: ['b.tar'], exitCode: 0 })
  expect(broken).toEqual(['new'])
})

test('one whose spec cannot be read any more goes on by its last good one, and keeps its destination', async () => {
  await writeFile(join(world.specs, 'old.yaml'), '{')
  const { fault, outcome, broken } = await afterNewcomer()
  expect(fault).toMatchObject({
    code: 'destination-clash',
    message: expect.stringContaining('old.yaml') as string,
  })
  expect(outcome).toMatchObject({ published: ['b.tar'] })
  expect(broken.sort()).toEqual(['new', 'old'])
  expect(await old.names()).toEqual(['a.tar', 'a.tar.md5', 'b.tar', 'b.tar.md5'])
})
