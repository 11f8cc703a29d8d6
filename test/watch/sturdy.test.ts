import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { backupIn } from '../helpers/backup.ts'
import { type Daemon, finished, startDaemon } from '../helpers/daemon.ts'
import { makeWorld, type World } from '../helpers/world.ts'

let world: World | null = null
let daemons: Daemon[] = []
afterEach(async () => {
  for (const { command } of daemons) command.kill('SIGKILL')
  await Promise.all(daemons.map(({ command }) => command))
  await world?.end()
  daemons = []
  world = null
})
const start = (at: World, ...words: string[]): Daemon => {
  const daemon = startDaemon(at, ...words)
  daemons.push(daemon)
  return daemon
}

test('a spec that is away while SIGHUP makes the daemon look is not lost for good', async () => {
  world = await makeWorld('local')
  const names = ['a', 'b', 'p']
  const backups = await Promise.all(names.map((name) => backupIn(world!, name)))
  for (const one of backups) {
    await one.offer('x.tar', one.name)
    await one.declare({ schedule: { every: '5s' } })
  }
  const daemon = start(world)
  for (const name of names) await daemon.saw(finished(name))
  const file = join(world.specs, 'p.yaml')
  const aside = join(world.folder, 'aside')
  await rename(file, aside)
  daemon.command.kill('SIGHUP')
  await daemon.saw(({ type }) => type === 'reloading')
  // Long enough for a look that waits for nothing.
  await new Promise((done) => setTimeout(done, 400))
  await rename(aside, file)

  await backups[2]!.offer('y.tar', 'new')
  // By its schedule alone: nothing else makes the daemon look again.
  await daemon.saw(
    (line) => finished('p')(line) && JSON.stringify(line['outcome']).includes('y.tar'),
    daemon.lines().length,
  )
  expect(await backups[2]!.names()).toContain('y.tar')
})
