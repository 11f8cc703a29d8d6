import { chmod, lstat, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, expect, test } from 'vitest'
import type { Result } from '../../src/model/outcome.ts'
import { digestOf, makeWorld, noise, type World } from '../helpers/world.ts'

let world: World
afterEach(() => world.end())

/** Runs the built command as a shell with this umask starts it. */
async function under(umask: string, ...words: string[]) {
  const { command, args } = world.command(words)
  const env = { NO_COLOR: '1', XDG_CONFIG_HOME: join(world.folder, 'no-config') }
  const ended = await execa('sh', ['-c', `umask ${umask}; exec "$@"`, 'sh', command, ...args], {
    reject: false,
    stdin: 'ignore',
    env,
  })
  return { code: ended.exitCode, stdout: ended.stdout, stderr: ended.stderr }
}

const passUnder = async (umask: string): Promise<Result> => JSON.parse((await under(umask, '--json')).stdout)

const stat = (path: string) => lstat(join(world.destination, path))
const mode = async (path: string): Promise<string> => ((await stat(path)).mode & 0o7777).toString(8)
const modes = async (...paths: string[]): Promise<Record<string, string>> =>
  Object.fromEntries(await Promise.all(paths.map(async (path) => [path, await mode(path)] as const)))

/** As an older script left it. */
async function stands(path: string, bytes: Buffer, how: number): Promise<void> {
  const at = join(world.destination, path)
  await writeFile(at, bytes)
  await writeFile(`${at}.md5`, `${digestOf('md5', bytes)}  ${path}\n`)
  for (const each of [at, `${at}.md5`]) await chmod(each, how)
}

test.each([
  ['000', '777', '444'],
  ['022', '755', '444'],
  ['027', '750', '440'],
  ['077', '700', '400'],
])(
  'under umask %s folders are made %s and files published %s; what is ours is private',
  async (umask, folder, file) => {
    world = await makeWorld('local')
    const deep = join(world.folder, 'made/for/us')
    await world.declare('pg', { destination: { path: deep } })
    await world.offer('d/e/a.tar', noise(2_000))
    expect(await passUnder(umask)).toMatchObject({ exitCode: 0 })
    const found: Record<string, string> = {}
    for (const path of ['', '../', 'd', 'd/e', 'd/e/a.tar', 'd/e/a.tar.md5'])
      found[path] = ((await lstat(join(deep, path))).mode & 0o7777).toString(8)
    expect(found).toEqual({
      '': folder,
      '../': folder,
      d: folder,
      'd/e': folder,
      'd/e/a.tar': file,
      'd/e/a.tar.md5': file,
    })
    for (const entry of await readdir(join(deep, '.reconcile'), { withFileTypes: true })) {
      const { mode: own } = await lstat(join(entry.parentPath, entry.name))
      expect(own & 0o077, entry.name).toBe(0)
    }
  },
)

test('of what stands there no mode is changed, but that nobody may write any more: adopted, repaired, put back, looked at again', async () => {
  world = await makeWorld('local')
  await world.declare()
  const bytes = noise(2_000)
  for (const name of ['open.tar', 'group.tar', 'own.tar', 'new.tar']) await world.offer(name, bytes)
  await stands('open.tar', bytes, 0o664)
  await stands('group.tar', bytes, 0o2640)
  await stands('own.tar', bytes, 0o400)
  await mkdir(join(world.destination, 'theirs'), { mode: 0o770 })
  await chmod(join(world.destination, 'theirs'), 0o770)
  await world.offer('theirs/more.tar', bytes)
  expect(await passUnder('077')).toMatchObject({ exitCode: 0 })
  const whole = {
    'open.tar': '444',
    'open.tar.md5': '444',
    'group.tar': '2440',
    'group.tar.md5': '2440',
    'own.tar': '400',
    'new.tar': '400',
    'new.tar.md5': '400',
    theirs: '770',
    'theirs/more.tar': '400',
  }
  const paths = Object.keys(whole)
  expect(await modes(...paths)).toEqual(whole)

  // Another umask is no reason to touch them.
  const times = async () => Promise.all(paths.map(async (path) => (await stat(path)).ctimeMs))
  const before = await times()
  expect(await passUnder('022')).toMatchObject({ exitCode: 0, backups: [{ result: 'in-sync' }] })
  expect(await times()).toEqual(before)

  const removed = await under('022', 'prune', 'pg', 'new.tar', '--reason', 'a try')
  expect(removed.code, removed.stderr).toBe(0)
  const back = await under('022', 'prune', 'pg', '--undo=new.tar')
  expect(back.code, back.stderr).toBe(0)
  expect(await modes(...paths)).toEqual(whole)

  // What is lost is published anew, as the umask is now.
  await rm(join(world.destination, 'own.tar'))
  expect(await passUnder('027')).toMatchObject({ exitCode: 0, backups: [{ repaired: ['own.tar'] }] })
  expect(await modes(...paths)).toEqual({ ...whole, 'own.tar': '440' })
})
