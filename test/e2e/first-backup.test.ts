import { chown, cp, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'
import { startThrowawaySource } from '../../src/commands/demo/source.ts'
import { onTerminal } from '../helpers/terminal.ts'
import { digestOf, QUICK_EXCHANGE } from '../helpers/world.ts'
import { blocksIn, commandsIn, projectRoot } from '../house/documented.ts'

const DOCUMENT = 'docs/first-backup.md'

/** What a plain user is called: root steps down, since it would write into this machine's own /etc/reconcile. */
const NOBODY = 65_534
const asUser = (words: readonly string[]): readonly string[] =>
  process.getuid?.() === 0
    ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', ...words]
    : words

const DAYS = ['2026-11-27', '2026-11-28', '2026-11-29']
/** The last three days; the document has those of its own. */
const day = (before: number): string => new Date(Date.now() - before * 86_400_000).toISOString().slice(0, 10)

test.each([
  ['marker', (name: string) => `${name}.md5`],
  ['sums', () => 'MD5SUMS'],
])('from nothing to verified files in three commands here and one paste there: %s', async (kind, sumsOf) => {
  const folder = await mkdtemp(join(tmpdir(), 'reconcile-first-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const at = (path: string) => join(folder, path)
  for (const path of ['there/dumps', 'here', 'clone', 'prefix']) await mkdir(at(path), { recursive: true })
  const days = [day(3), day(2), day(1)]
  for (const date of days) {
    const name = `db-${date}.tar.gz`
    const file = at(`there/dumps/${name}`)
    await writeFile(file, name)
    await utimes(file, new Date(`${date}T00:00:01Z`), new Date(`${date}T00:00:01Z`))
    const line = `${digestOf('md5', name)}  ${name}\n`
    await writeFile(at(`there/dumps/${sumsOf(name)}`), line, { flag: 'a' })
  }
  const sshd = await startThrowawaySource({
    folder: at('sshd'),
    served: at('there/dumps'),
    config: [`AuthorizedKeysFile ${at('there/.ssh/authorized_keys')}`, ...QUICK_EXCHANGE],
  })
  onTestFinished(() => sshd.stop())
  const packed = ['dist', 'schemas', 'docs', 'backups.d', 'packaging', 'package.json', 'CHANGELOG.md']
  for (const one of packed) await cp(join(projectRoot, one), at(join('clone', one)), { recursive: true })
  if (process.getuid?.() === 0) {
    await execa('chown', ['-R', `${NOBODY}:${NOBODY}`, at('here'), at('clone'), at('prefix')])
    await chown(folder, NOBODY, NOBODY)
  }
  const env = {
    ...{ HOME: at('here'), PATH: `${at('prefix/bin')}:${process.env['PATH']}`, NO_COLOR: '1' },
    ...{ npm_config_prefix: at('prefix'), npm_config_offline: 'true', npm_config_cache: at('here/.npm') },
  }
  const type = (command: string, cwd: string) => {
    const [program, ...words] = asUser(['sh', '-c', command])
    return execa(program!, words, { cwd: at(cwd), env, extendEnv: false, all: true, stdin: 'ignore' })
  }
  // The document's own commands, in this world.
  const commands = commandsIn(DOCUMENT).map((command) =>
    command
      .replace('deploy@db1.example.net:', `${sshd.user}@127.0.0.1:${sshd.port}:`)
      .replace('/srv/dumps', at('there/dumps'))
      .replace('/srv/offsite', at('here/offsite')),
  )
  expect(commands).toHaveLength(5)
  const [, install, add, pass, check] = commands

  await type(install!, 'clone')
  const screen = onTerminal(asUser(['sh', '-c', add!]), { cwd: at('here'), env })
  await screen.until(/\[yes, no/)
  screen.type('yes')
  await screen.until(/Trying every/)
  const [, paste] = /\na\) [^\n]*:\n\n([\s\S]*?\n)\nThis key/.exec(screen.shown())!
  await execa('sh', { input: paste!, env: { HOME: at('there') } })
  await screen.until(/Write it\? /)
  screen.type('y')
  expect(await screen.ended, screen.shown()).toBe(0)
  expect(screen.shown()).toContain(`Next, the first pass:\n  ${pass}\n`)
  await type(pass!, 'here')

  const held = await readFile(at(`here/offsite/db1/db-${days[0]}.tar.gz`), 'utf8')
  expect(held).toBe(`db-${days[0]}.tar.gz`)
  const verified = days.map((date) => `db-${date}.tar.gz: OK`)
  expect((await type(check!, 'here')).stdout.split('\n')).toEqual(verified)
  expect((await type('reconcile status', 'here')).stdout).toMatch(/^db1 is fine/)
  const own = at('here/.config/reconcile')
  expect((await readdir(own)).toSorted()).toEqual(['backups.d', 'config.yaml', 'keys', 'known_hosts'])

  // The key can do nothing else.
  const [program, ...words] = asUser([
    ...['ssh', '-F', 'none', '-o', 'BatchMode=yes', '-o', `UserKnownHostsFile=${own}/known_hosts`],
    ...['-i', `${own}/keys/db1`, '-p', String(sshd.port), '-l', sshd.user, '127.0.0.1', 'id'],
  ])
  const other = await execa(program!, words, { reject: false, env })
  expect(other.exitCode).not.toBe(0)
  expect(other.stdout).not.toContain('uid=')

  if (kind !== 'marker') return
  // What the document shows of the screen is what came, with its own names, but for where it leaves something out.
  const flat = (text: string): string => text.replace(/\s+/g, ' ').trim()
  const names: readonly (readonly [RegExp | string, string])[] = [
    [own, '/home/you/.config/reconcile'],
    [at('here/offsite'), '/srv/offsite'],
    [at('there/dumps'), '/srv/dumps'],
    [`127.0.0.1:${sshd.port}`, 'db1.example.net'],
    [`127.0.0.1 (port ${sshd.port})`, 'db1.example.net (port 22)'],
    ['127.0.0.1', 'db1.example.net'],
    [`${sshd.user}@`, 'deploy@'],
    [/a\) (as root|without root, as \S+ itself)/, 'a) without root, as deploy itself'],
    [/SHA256:\S{43}/, 'SHA256:oHYKP8F2kWCtkhiWBLlQ5Hq3BmMrEPqRzCaVfAXsT4w'],
    [/AAAAC3NzaC1l\S+ \S+/, 'AAAAC3NzaC1l… you@box'],
    ...days.map((date, i) => [date, `day ${i}`] as const),
    ...DAYS.map((date, i) => [`day ${i}`, date] as const),
  ]
  const came = flat(names.reduce((text, [from, to]) => text.replaceAll(asGlobal(from), to), screen.shown()))
  const shown = blocksIn(DOCUMENT, '').filter((block) => !block.startsWith('reconcile '))
  expect(shown).toHaveLength(3)
  for (const part of shown.flatMap((block) => block.split(/^…$/m))) expect(came).toContain(flat(part))
})

const asGlobal = (from: RegExp | string): RegExp =>
  new RegExp(typeof from === 'string' ? from.replace(/[.()]/g, '\\$&') : from.source, 'g')
