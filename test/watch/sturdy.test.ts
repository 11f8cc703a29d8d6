import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { backupIn } from '../helpers/backup.ts'
import { finished, openDaemons } from '../helpers/daemon.ts'
import { canMount, smallDisk } from '../helpers/disk-small.ts'
import { makeWorld, type World } from '../helpers/world.ts'

let world: World | null = null
const daemons = openDaemons()
const { start } = daemons
afterEach(async () => {
  await daemons.kill()
  await world?.end()
  world = null
})

test('a spec that is away while SIGHUP makes the daemon look is not lost for good', async () => {
  world = await makeWorld('local', { calls: 'here' })
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

const warned =
  (text: string) =>
  ({ type, message }: { readonly type: string; readonly message?: unknown }): boolean =>
    type === 'warning' && String(message).includes(text)

test('damaged files of its state end no daemon, and are told', async () => {
  world = await makeWorld('local', { calls: 'here' })
  const pg = await backupIn(world, 'pg')
  await pg.offer('a.tar', 'one')
  const daemon = start(world)
  await daemon.saw(finished('pg'))
  for (const name of ['releases', 'watch-specs', 'git', 'notices'])
    await writeFile(join(world.state, `${name}.json`), '{')
  await daemon.saw(warned('releases.json does not hold what this program writes there'))
  const other = await backupIn(world, 'other')
  await daemon.saw(finished('other'))
  await daemon.saw(warned('watch-specs.json.damaged-'))
  await writeFile(join(world.state, 'suspensions.json'), '{')
  await daemon.saw(warned('everything suspended by command then runs again'))
  const from = daemon.lines().length
  daemon.command.kill('SIGHUP')
  expect(await daemon.saw(finished('pg'), from)).toMatchObject({ outcome: { result: 'failed' } })
  const status = await world.run('status', '--json')
  expect(JSON.parse(status.stdout)).toMatchObject({
    problems: expect.arrayContaining([
      expect.objectContaining({ code: 'state-damaged', path: join(world.state, 'suspensions.json') }),
    ]),
    backups: [{ backup: other.name }, { backup: 'pg' }],
  })
  expect(status.code).not.toBe(0)
  expect(await daemon.stop()).toBe(0)

  await writeFile(join(world.state, 'watch-specs.json'), '{')
  const next = start(world)
  await next.saw(warned('earlier last good specs, orphans and holds are lost'))
  expect(await next.stop()).toBe(0)
})

test('a lost state folder is one warning, whatever the number of backups', async () => {
  world = await makeWorld('local', { calls: 'here' })
  for (const name of ['a', 'b', 'c']) await (await backupIn(world, name)).offer('x.tar', name)
  expect((await world.pass()).exitCode).toBe(0)
  await rm(world.state, { recursive: true })
  const daemon = start(world)
  for (const name of ['a', 'b', 'c']) await daemon.saw(finished(name))
  await daemon.saw(warned('reconcile release --all-destinations'))
  expect(await daemon.stop()).toBe(0)
  expect(daemon.lines().filter(warned('state-lost'))).toHaveLength(1)
  expect(daemon.lines().filter(({ type }) => type === 'hold')).toEqual([])
})

test.skipIf(!canMount())('a full state disk ends no daemon', async () => {
  world = await makeWorld('local', { calls: 'here' })
  const disk = smallDisk('4m')
  const pg = await backupIn(world, 'pg')
  await pg.offer('a.tar', 'one')
  const daemon = start(world, '--state', disk.path)
  await daemon.saw(finished('pg'))
  await writeFile(join(disk.path, 'filler'), Buffer.alloc(8_000_000)).catch(() => {})
  await backupIn(world, 'other')
  await daemon.saw(({ type, backup }) => type === 'spec-added' && backup === 'other')
  await daemon.saw(warned('a restart would not know them'))
  await daemon.saw(finished('other'))
  expect(await daemon.stop()).toBe(0)
})
