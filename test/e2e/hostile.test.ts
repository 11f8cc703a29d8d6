import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Backup, backupIn, problemsOf } from '../helpers/backup.ts'
import { digestOf, makeWorld, type World } from '../helpers/world.ts'

// A source that means harm: the names and entries that it shows, all the way to the terminal, the log and the disk.

let world: World
let at: Backup
beforeAll(async () => {
  world = await makeWorld('ssh', { calls: 'here' })
  at = await backupIn(world, 'hostile')
  await at.offer('good.tar', 'good')
  // A name as bytes, because not all of these are text.
  const offer = async (name: Buffer) => {
    const path = Buffer.concat([Buffer.from(`${at.source}/`), name])
    await writeFile(path, 'x')
    await writeFile(
      Buffer.concat([path, Buffer.from('.md5')]),
      Buffer.concat([Buffer.from(`${digestOf('md5', 'x')}  `), name, Buffer.from('\n')]),
    )
  }
  for (const name of [
    'bell\u0007.tar',
    'clear\u001b[2J.tar',
    'new\nline.tar',
    'csi\u009b31m.tar',
    'bidi\u202egpj.tar',
    ' leading.tar',
    '-rf',
    '$(touch pwned)',
    ';touch pwned;.tar',
    'back\\slash.tar',
    'back\\#011slash.tar',
    '%s%n.tar',
    '{a,b}*?[x].tar',
    'é.tar',
    'e\u0301.tar',
    'UPPER.tar',
    'upper.tar',
    `${'l'.repeat(249)}`,
  ])
    await offer(Buffer.from(name))
  await offer(Buffer.from([0x62, 0x61, 0x64, 0xff, 0xfe]))
  await symlink('/etc/passwd', join(at.source, 'link.tar'))
  await execa('mkfifo', [join(at.source, 'pipe.tar')])
  await mkdir(join(at.source, '.Reconcile'))
  await writeFile(join(at.source, '.Reconcile/ledger.jsonl'), '{}')
})
afterAll(() => world.end())

/** Control characters other than the newline, in any form that a terminal obeys; bidi overrides too. */
const OBEYED = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/u

const REFUSED = [
  'name-collision UPPER.tar',
  'name-collision upper.tar',
  'name-collision e\u0301.tar',
  'name-collision é.tar',
]

test.each([
  ['a dry run', ['--dry-run']],
  ['a dry run with everything', ['--dry-run', '--all', '--diff']],
  ['a dry run as JSON', ['--dry-run', '--json']],
  ['a pass', []],
  ['a pass as events', ['--output', 'ndjson']],
  ['the log', ['--log-level', 'debug']],
])('no control character reaches the terminal: %s', async (_, words) => {
  const { stdout, stderr, code } = await at.run(...words)
  expect(code).toBe(1)
  expect(stdout + stderr).toContain('bell')
  expect(OBEYED.exec(stdout + stderr)).toBeNull()
})

test('I6: what is odd and safe is backed up under its own name, what is not is refused by name, and nothing else is made', async () => {
  const outcome = await at.pass()
  const said = problemsOf(outcome)
  expect(said).toEqual(expect.arrayContaining(REFUSED))
  for (const name of ['bell', 'clear', 'new', 'csi', 'bidi', 'bad', 'lll', 'pipe.tar'])
    expect(said.filter((problem) => problem.includes(` ${name}`)).length, name).toBeGreaterThan(0)
  // What no spec can select is nobody's trouble, and neither is a symlink.
  for (const name of ['.Reconcile', 'link.tar'])
    expect(
      said.filter((problem) => problem.includes(` ${name}`)),
      name,
    ).toEqual([])
  const safe = [
    ' leading.tar',
    '$(touch pwned)',
    '%s%n.tar',
    '-rf',
    ';touch pwned;.tar',
    'back\\#011slash.tar',
    'back\\slash.tar',
    'good.tar',
    '{a,b}*?[x].tar',
  ]
  const here = (await readdir(at.destination)).filter((name) => name !== '.reconcile')
  expect(here.filter((name) => !name.endsWith('.md5')).sort()).toEqual(safe.toSorted())
  expect(here).toHaveLength(2 * safe.length)
  expect((await readdir(world.folder)).sort()).toEqual(
    ['backups.d', 'destination', 'keys', 'offsite-hostile', 'source', 'state'].sort(),
  )
  expect(await readdir(join(at.destination, '.reconcile/staging'))).toEqual([])
})

test('status of such a destination stays calm, too', async () => {
  const { stdout, stderr, code } = await world.run('status', 'hostile')
  expect(code).toBe(0)
  expect(OBEYED.exec(stdout + stderr)).toBeNull()
})
