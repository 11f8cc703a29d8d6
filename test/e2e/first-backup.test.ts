import { chown, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'
import { startThrowawaySource } from '../../src/commands/demo/source.ts'
import { onTerminal } from '../helpers/terminal.ts'
import { digestOf, QUICK_EXCHANGE } from '../helpers/world.ts'

const projectRoot = resolve(import.meta.dirname, '../..')

/** What a plain user is called: root steps down, since it would write into this machine's own /etc/reconcile. */
const NOBODY = 65_534
const asUser = (words: readonly string[]): readonly string[] =>
  process.getuid?.() === 0
    ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', ...words]
    : words

test.each([
  ['marker', (name: string, text: string) => [`${name}.md5`, `${digestOf('md5', text)}  ${name}\n`]],
  ['sums', (name: string, text: string) => ['MD5SUMS', `${digestOf('md5', text)}  ${name}\n`]],
])(
  'from nothing to the first verified file in three commands here and one paste there: %s',
  async (_, sums) => {
    const folder = await mkdtemp(join(tmpdir(), 'reconcile-first-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const at = (path: string) => join(folder, path)
    for (const path of ['there/dumps', 'here', 'clone', 'prefix']) await mkdir(at(path), { recursive: true })
    await writeFile(at('there/dumps/db-2026-11-23.tar.gz'), 'a dump')
    const [name, text] = sums('db-2026-11-23.tar.gz', 'a dump')
    await writeFile(at(join('there/dumps', name!)), text!)
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

    // 1
    await type('npm install --global "$(npm pack --silent)"', 'clone')
    // 2
    const add = `reconcile add ${sshd.user}@127.0.0.1:${sshd.port}:${at('there/dumps')} --to ${at('here/offsite/db1')}`
    const screen = onTerminal(asUser(['sh', '-c', add]), { cwd: at('here'), env })
    await screen.until(/\[yes, no/)
    screen.type('yes')
    await screen.until(/Trying every/)
    const [, paste] = /\na\) [^\n]*:\n\n([\s\S]*?\n)\nThis key/.exec(screen.shown())!
    await execa('sh', { input: paste!, env: { HOME: at('there') } })
    await screen.until(/Write it to .*\? \[Y\/n\] /)
    screen.type('y')
    expect(await screen.ended, screen.shown()).toBe(0)
    const [, next] = /Next, the first pass:\n {2}(.*)\n/.exec(screen.shown())!
    // 3
    await type(next!, 'here')
    expect(await readFile(at('here/offsite/db1/db-2026-11-23.tar.gz'), 'utf8')).toBe('a dump')
    expect(await type('md5sum -c *.md5', 'here/offsite/db1')).toMatchObject({
      stdout: 'db-2026-11-23.tar.gz: OK',
    })
    expect((await type('reconcile status', 'here')).stdout).toMatch(/^db1 is fine/)
    expect(await readdir(at('here/.config/reconcile'))).toEqual(
      expect.arrayContaining(['backups.d', 'config.yaml', 'keys', 'known_hosts']),
    )
    // The key can do nothing else.
    const own = at('here/.config/reconcile')
    const [program, ...words] = asUser([
      ...['ssh', '-F', 'none', '-o', 'BatchMode=yes', '-o', `UserKnownHostsFile=${own}/known_hosts`],
      ...['-i', `${own}/keys/db1`, '-p', String(sshd.port), '-l', sshd.user, '127.0.0.1', 'id'],
    ])
    const other = await execa(program!, words, { reject: false, env })
    expect(other.exitCode).not.toBe(0)
    expect(other.stdout).not.toContain('uid=')
  },
)
