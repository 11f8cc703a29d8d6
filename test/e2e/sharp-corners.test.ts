import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { backupIn } from '../helpers/backup.ts'
import { makeWorld, noise, publishedIn, type World } from '../helpers/world.ts'

let world: World
beforeAll(async () => {
  world = await makeWorld('local', { calls: 'here' })
})
afterAll(() => world.end())

test('an empty file is a file: alone, and among others', async () => {
  const at = await backupIn(world, 'empty')
  await at.offer('none.tar', '')
  expect(await at.pass()).toMatchObject({ exitCode: 0, published: ['none.tar'] })
  await at.offer('also-none.tar', '')
  await at.offer('some.tar', noise(1000))
  expect(await at.pass()).toMatchObject({ exitCode: 0, published: ['also-none.tar', 'some.tar'] })
})

test('a destination behind symlinks is used by its real path, there or not yet', async () => {
  const real = join(world.folder, 'other disk')
  await mkdir(real)
  await symlink(real, join(world.folder, 'offsite'))
  const at = await backupIn(world, 'linked', {
    destination: { path: join(world.folder, 'offsite', 'linked') },
  })
  await at.offer('a.tar', noise(500))
  expect(await at.pass()).toMatchObject({ exitCode: 0, published: ['a.tar'] })
  expect([...(await publishedIn(join(real, 'linked'))).keys()]).toEqual(['a.tar', 'a.tar.md5'])
})

test('a destination that cannot be looked at is told in words, and keeps no other from its pass, plan or status', async () => {
  await symlink(join(world.folder, 'round'), join(world.folder, 'about'))
  await symlink(join(world.folder, 'about'), join(world.folder, 'round'))
  const bad = await backupIn(world, 'nowhere', {
    destination: { path: join(world.folder, 'round', 'x') },
  })
  await bad.offer('a.tar', 'x')
  const good = await backupIn(world, 'somewhere')
  await good.offer('a.tar', 'x')
  const result = await world.pass('nowhere', 'somewhere')
  expect(result.backups.map(({ result: end, exitCode }) => `${end} ${exitCode}`)).toEqual([
    'failed 1',
    'applied 0',
  ])
  for (const words of [['--dry-run'], ['status']]) {
    const { stdout, stderr, code } = await world.run(...words, 'nowhere', 'somewhere')
    expect(code).not.toBe(70)
    expect(stdout).toContain('somewhere')
    expect(stdout).toMatch(/cannot\s+look\s+at/)
    expect(stdout + stderr).not.toMatch(/^ +at .+:\d+:\d+/m)
  }
  await rm(join(world.specs, 'nowhere.yaml'))
})

test('a release without a reason, and a rebuild of a sound ledger, are refused', async () => {
  const at = await backupIn(world, 'sound')
  await at.offer('a.tar', 'x')
  await at.pass()
  expect((await world.run('release', '12345678', '--reason', ' ')).code).toBe(64)
  const rebuilt = await world.run('doctor', '--rebuild-ledger', 'sound')
  expect(rebuilt).toMatchObject({ code: 64 })
  expect(rebuilt.stderr).toContain('is sound')
})

test('a file where a folder has to be is named, with what to do', async () => {
  const { folder } = world
  const file = join(folder, 'a file')
  await writeFile(file, 'x')
  const below = join(file, 'below')
  await backupIn(world, 'from0', { source: { path: file } })
  await backupIn(world, 'from1', { source: { path: below } })
  const into = await backupIn(world, 'into', { destination: { path: below } })
  await into.offer('a.tar', 'x')
  const { backups } = await world.pass('from0', 'from1', 'into')
  expect(backups.map(({ problems: [first] }) => [first?.code, first?.message.split(' It said')[0]])).toEqual([
    ['path-no-folder', `${file} is a file, not a folder.`],
    ['path-no-folder', `${file} is a file, not a folder.`],
    ['disk-path', `cannot make ${below}/.reconcile: ${file} is a file, not a folder`],
  ])
  for (const name of ['from0', 'from1', 'into']) await rm(join(world.specs, `${name}.yaml`))
  const good = await backupIn(world, 'good')
  await good.offer('a.tar', 'x')
  await good.pass()
  const source = join(folder, 'new source')
  await mkdir(source)
  const cases: readonly (readonly [words: readonly string[], hint: RegExp])[] = [
    [['status', below], /the folder of a destination/],
    [['restore', file, '--list'], /the folder of a destination/],
    [['restore', 'good', '--at', 'now', '--to', below], /Restore to another folder, or move that file away/],
    [['snapshot', '--to', below], /another place/],
    [['--dry-run', '--offline', below], /snapshot --to DIR/],
    [['validate', '--specs', below], /--specs DIR/],
    [['init', '--specs', below], /another place with --specs/],
    [['add', source, '--to', below, '--yes'], /folder of its own with --to/],
    [['add', source, '--to', join(folder, 'new'), '--yes', '--specs', file], /name it with --specs/],
    [['suspend', 'good', '--reason', 'x', '--state', below], /or name another folder/],
  ]
  for (const [words, hint] of cases) {
    const { code, stdout, stderr } = await world.run(...words)
    const said = `${stdout}${stderr}`.replace(/\s+/g, ' ')
    expect(said, words.join(' ')).toContain(`${file} is a file, not a folder`)
    expect(said, words.join(' ')).toMatch(hint)
    expect([1, 64], words.join(' ')).toContain(code)
  }
  const onSpec = await world.run('validate', '--specs', join(world.specs, 'good.yaml'))
  expect(onSpec.stderr).toContain(`Name its folder: --specs ${world.specs}`)
})

test('a folder that is no destination has no status', async () => {
  const plain = join(world.folder, 'plain')
  await mkdir(plain)
  const { code, stderr } = await world.run('status', plain)
  expect(code).toBe(64)
  expect(stderr).toContain('is not a destination')
})

test('a log or results that cannot be written end no backup', async () => {
  const at = await backupIn(world, 'full-log')
  await at.offer('a.tar', 'x')
  const logged = await world.run('full-log', '--log-file', '/dev/full')
  expect(logged.code).toBe(0)
  expect(logged.stderr).toContain('Cannot write the log')
  await writeFile(join(world.folder, 'no-folder'), '')
  for (const file of ['no-folder/log', 'not/there/log']) {
    const unlogged = await world.run('full-log', '--log-file', join(world.folder, file))
    expect(unlogged.code).toBe(0)
    expect(unlogged.stderr).toMatch(/^Cannot write the log: \w+: .*'$/m)
  }
  await at.offer('b.tar', 'y')
  const { command, args } = world.command(['full-log', '--json'])
  const script = 'exec "$@" > /dev/full 2> /dev/full'
  const lost = await execa('sh', ['-c', script, 'sh', command, ...args], {
    reject: false,
    cwd: world.folder,
  })
  expect(lost.exitCode).toBe(1)
  const told = await execa('sh', ['-c', 'exec "$@" > /dev/full', 'sh', command, ...args], {
    reject: false,
    cwd: world.folder,
  })
  expect(told.exitCode).toBe(1)
  expect(told.stderr).toContain('cannot write to standard output: ENOSPC')
  expect((await world.plan('full-log')).summary).toMatchObject({ pull: 0, adopt: 0, keep: 2 })
})

test('while all is held because the defaults vanished, status says so', async () => {
  const at = await backupIn(world, 'with-defaults')
  await at.offer('a.tar', 'x')
  const defaults = join(world.specs, '_defaults.yaml')
  await writeFile(defaults, 'checksum: md5\n')
  await at.pass()
  await rm(defaults)
  expect((await world.status('with-defaults')).backups[0]).toMatchObject({ state: 'held' })
  await writeFile(defaults, 'checksum: md5\n')
  expect((await world.status('with-defaults')).backups[0]).toMatchObject({ state: 'ok' })
})

test('I2: a marker here that is not the one we published is put back from the ledger, and the bad one kept aside', async () => {
  const at = await backupIn(world, 'spoilt')
  for (const name of ['a.tar', 'b.tar', 'c.tar']) await at.offer(name, noise(300, name))
  await at.pass()
  const whole = await publishedIn(at.destination)
  for (const [name, text] of [
    ['a.tar.md5', ''],
    ['b.tar.md5', 'r2x\n'],
  ] as const) {
    await rm(join(at.destination, name))
    await writeFile(join(at.destination, name), text)
  }
  expect((await world.plan('spoilt')).summary).toMatchObject({ adopt: 2, keep: 1 })
  expect(await at.pass()).toMatchObject({ exitCode: 0, adopted: ['a.tar', 'b.tar'], bytes: 0 })
  expect(await publishedIn(at.destination)).toEqual(whole)
  const aside = await readdir(join(at.destination, '.reconcile/quarantine'), { recursive: true })
  expect(aside.filter((name) => name.endsWith('.md5'))).toHaveLength(2)
  expect(await at.pass()).toMatchObject({ result: 'in-sync', exitCode: 0 })
})

test('I2: a spoilt marker beside data that rotted too: both are repaired from the source', async () => {
  const at = await backupIn(world, 'rotten-too')
  await at.offer('a.tar', noise(400))
  await at.pass()
  const whole = await publishedIn(at.destination)
  for (const [name, text] of [
    ['a.tar', noise(400, 'rot')],
    ['a.tar.md5', ''],
  ] as const) {
    await rm(join(at.destination, name))
    await writeFile(join(at.destination, name), text)
  }
  expect(await at.pass()).toMatchObject({ exitCode: 0, repaired: ['a.tar'] })
  expect(await publishedIn(at.destination)).toEqual(whole)
})
