import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { until } from '../helpers/fault-processes.ts'
import type { DocWorld } from './doc-world.ts'
import { blocksIn, commandsIn } from './documented.ts'
import { followDocuments } from './follow-documents.ts'

const DOCUMENT = 'docs/gitops.md'
const { world, follow, expectAllRun } = followDocuments('docs-commands-gitops.test.ts')
const [defaults, first, settings, moved] = blocksIn(DOCUMENT, 'yaml') as [string, string, string, string]
const [, changed, refused, healed] = blocksIn(DOCUMENT, '') as [string, string, string, string]
const tenCommands = commandsIn(DOCUMENT).slice(0, 10) as [string, ...string[]]

const WHO = ['AUTHOR', 'COMMITTER']
  .map((who) => `export GIT_${who}_NAME=a GIT_${who}_EMAIL=a@example.net; `)
  .join('')

let daemon: { readonly pid: number; ended: Promise<unknown> } | null = null
afterEach(async () => {
  if (daemon === null) return
  process.kill(daemon.pid, 'SIGTERM')
  await daemon.ended
  daemon = null
})

/** A desk, a git server and a box in one world, and a log that the box's daemon writes. */
async function scene() {
  const at = await world()
  at.shareKeys()
  mkdirSync(join(at.folder, 'srv/git'))
  const config = join(at.folder, 'etc/reconcile/config.yaml')
  const log = join(at.folder, 'watch.log')
  const fill = (text: string) =>
    text
      .replaceAll('ssh://git@git.example.net/srv/', '/srv/')
      .replaceAll('$name.example.net', 'db1.example.net')
  const type = (command: string, more = (same: string) => same) =>
    follow(DOCUMENT, command, (same) => more(fill(same)))
  let read = 0
  return {
    at,
    config,
    type,
    atDesk: (command: string) => type(command, (same) => `${WHO}cd backups && ${same}`),
    write(name: string, text: string) {
      const here = text
        .replace('user: pull', 'user: foo')
        .replace(/^( *)identity: .*$/m, '$&\n$1knownHosts: /etc/reconcile/known_hosts')
      writeFileSync(join(at.folder, 'box/backups/backups.d', name), at.here(here))
    },
    setUp() {
      const here = settings
        .replace('/var/lib/reconcile', join(at.folder, 'state'))
        .replace('subpath', 'interval: 5s\n  subpath')
      writeFileSync(config, at.here(fill(here)))
    },
    async watch(command: string) {
      const pid = join(at.folder, 'watch.pid')
      const ended = type(command, (same) => `echo $$ > ${pid}; exec ${same} > ${log} 2>&1`)
      await until(() => textOf(pid).endsWith('\n'))
      daemon = { pid: Number(textOf(pid)), ended }
    },
    async stop() {
      const { pid, ended } = daemon!
      daemon = null
      process.kill(pid, 'SIGTERM')
      expect(await ended).toMatchObject({ code: 0 })
    },
    /** Waits until the daemon has said these lines, in this order, after what was waited for before. */
    async says(lines: string) {
      for (const line of lines.trimEnd().split('\n').map(anyCommit)) {
        const said = () => textOf(log).split('\n').slice(0, -1).map(anyCommit)
        await vi.waitFor(() => expect(`${said().slice(read).join('\n')}\n`).toContain(`${line}\n`), {
          timeout: 300_000,
        })
        read = said().indexOf(line, read) + 1
      }
    },
  }
}

const textOf = (file: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
const anyCommit = (line: string): string => line.replace(/\b[0-9a-f]{8,40}\b/g, 'COMMIT')
const held = (at: DocWorld, name: string, file: string) =>
  readFileSync(join(at.folder, 'srv', name, file), 'utf8')

/** The id of the one hold that a plan shows, as a person reads it. */
function holdIn(plan: { readonly code: number; readonly out: string }): string {
  expect(plan).toMatchObject({ code: 7, out: expect.stringMatching(/! held [^!]*\breconcile release \w+/) })
  return /reconcile release (\w+)/.exec(plan.out)![1]!
}

/** The ten commands in their order, up to `last`, each with what the text says of it. */
async function followTen(here: Awaited<ReturnType<typeof scene>>, last = 10) {
  const { at, atDesk, type, write } = here
  const dump = `db-${new Date().toISOString().slice(0, 10)}.sql.gz`
  const [init, clone, commit, plan, pass, watch, change, status, slip, revert] = tenCommands as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  at.finish(dump, 'a dump')
  for (const command of [init, clone]) expect(await type(command)).toMatchObject({ code: 0 })
  mkdirSync(join(at.folder, 'box/backups/backups.d'))
  write('_defaults.yaml', defaults)
  write('db1.yaml', first)
  expect(await atDesk(commit)).toMatchObject({ code: 0 })

  const planned = await type(plan)
  expect(planned).toMatchObject({ code: 0, out: expect.stringContaining(`+ pull      ${dump}`) })
  expect(textOf(join(at.folder, 'state/git.json'))).toBe('')
  here.setUp()
  expect(await type(pass)).toMatchObject({ code: 0, out: expect.stringContaining('1 pulled') })
  expect(held(at, 'offsite/db1', dump)).toBe('a dump')
  if (last === 5) return dump

  await here.watch(watch)
  await here.says('db1: finished: in sync')
  const shared = join(at.folder, 'box/backups/backups.d/_defaults.yaml')
  const edit = (from: string, to: string) => {
    const text = readFileSync(shared, 'utf8')
    expect(text).toContain(from)
    writeFileSync(shared, text.replace(from, to))
  }
  edit('daily: 7', 'daily: 14')
  expect(await atDesk(change)).toMatchObject({ code: 0 })
  await here.says(changed)
  const newest = (await at.run('git -C backups rev-parse HEAD')).out
  expect(await type(status)).toMatchObject({ code: 0, all: expect.stringContaining(newest.slice(0, 8)) })

  edit('daily: 14', 'dialy: 21')
  expect(await atDesk(slip)).toMatchObject({ code: 0 })
  // The world's spec has a line more, and so its faults are further down.
  await here.says(refused.replace(':8:', ':9:'))
  const told = await at.run('reconcile status')
  expect(told.code).toBe(3)
  expect((await at.run('reconcile validate')).all).toContain('did you mean "daily"?')
  for (const word of [newest.slice(0, 8), (await at.run('git -C backups rev-parse HEAD')).out])
    expect(told.all).toContain(word)
  expect(await at.run('reconcile')).toMatchObject({ code: 3, out: expect.stringMatching(/db1 +in sync/) })

  expect(await atDesk(revert)).toMatchObject({ code: 0 })
  await here.says(healed)
  expect((await at.run('reconcile status')).code).toBe(0)
  return dump
}

test('ten commands lead from an empty repository to a box that follows it, and to another disk', async () => {
  const here = await scene()
  const { at, type, write } = here
  expect(commandsIn(DOCUMENT)[10], 'the recipes come after ten').toMatch(/^reconcile suspend/)
  const dump = await followTen(here)

  mkdirSync(join(at.folder, 'srv/disk2'))
  for (const command of commandsIn(DOCUMENT).slice(10, 12))
    expect(await type(command)).toMatchObject({ code: 0 })
  write('db1.yaml', `${first}${moved}`)
  expect(await at.run(`${WHO}cd backups && git commit -qam moved && git push`)).toMatchObject({ code: 0 })
  await here.says(healed)
  expect(await type('reconcile resume db1')).toMatchObject({ code: 0 })
  const id = holdIn(await type('reconcile -n db1'))
  const release = 'reconcile release ID --reason "copied to disk2"'
  expect(await type(release, (same) => same.replace('ID', id))).toMatchObject({ code: 0 })
  await here.says('db1: finished: in sync')
  expect(held(at, 'disk2/db1', dump)).toBe('a dump')
  await here.stop()
})

test('a new box asks once for what it finds, and begins anew what is lost', async () => {
  const here = await scene()
  const { at, type } = here
  const dump = await followTen(here, 5)
  const state = join(at.folder, 'state')
  rmSync(state, { recursive: true })
  expect(await type('reconcile -n')).toMatchObject({ code: 7, out: expect.stringContaining('state folder') })
  const release = 'reconcile release --all-destinations --reason "the disks of the old box"'
  expect(await type(release)).toMatchObject({ code: 0 })
  expect(await type('reconcile')).toMatchObject({ code: 0, out: expect.stringMatching(/db1 +in sync/) })

  for (const lost of [state, join(at.folder, 'srv/offsite/db1')]) rmSync(lost, { recursive: true })
  expect(await type('reconcile')).toMatchObject({ code: 0, out: expect.stringContaining('1 pulled') })
  expect(held(at, 'offsite/db1', dump)).toBe('a dump')
})

test('more sources are their keys, a loop and a commit', async () => {
  const here = await scene()
  const { at, type, atDesk } = here
  const dump = await followTen(here, 5)
  const names = ['web1', 'web2']
  for (const folder of ['box', 'box/backups'])
    writeFileSync(join(at.folder, folder, 'names'), names.join('\n'))
  const all = commandsIn(DOCUMENT)
  const loops = all.filter((one) => one.includes('cat names'))
  expect(loops).toHaveLength(3)
  for (const command of loops.slice(0, 2)) expect(await type(command)).toMatchObject({ code: 0 })
  expect((await type('ssh-keygen -lf hostkeys')).out.split('\n')).toHaveLength(2)
  expect(await type('cat hostkeys >> /etc/reconcile/known_hosts')).toMatchObject({ code: 0 })
  // Of web2 the source does not know the key yet.
  const rrsync = (await at.run('command -v rrsync')).out
  const key = textOf(join(at.folder, 'etc/reconcile/keys/web1.pub')).trim()
  at.authorize(`restrict,command="${rrsync} -ro ${at.source}" ${key}`)

  const rest = all.slice(all.indexOf(loops[2]!))
  expect(rest).toHaveLength(3)
  for (const command of rest) expect(await atDesk(command), command).toMatchObject({ code: 0 })
  const planned = await type('reconcile -n')
  expect(planned.code).toBe(1)
  expect(planned.out).toMatch(/web1 .*\+ pull .*web2 .*auth/s)
  expect((await type('reconcile')).out).toMatch(/web1 +applied/)
  expect(held(at, 'offsite/web1', dump)).toBe('a dump')
})

expectAllRun()
