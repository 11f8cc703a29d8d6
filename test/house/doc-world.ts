import { createHash } from 'node:crypto'
import { appendFileSync, chmodSync, copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { delimiter, join } from 'node:path'
import { execa } from 'execa'
import { startThrowawaySource } from '../../src/commands/demo/source.ts'
import { callHere } from '../helpers/call-here.ts'
import { QUICK_EXCHANGE } from '../helpers/world.ts'
import { projectRoot } from './documented.ts'

/** Of a shell these commands need only the words; and they have nothing to do with the process that they run in. */
const PLAIN = /^reconcile(?! (?:--version|watch|service|demo)\b)(?: [\w./:=-]+)*$/

/** A small world in which the documents' own commands are run, as they are written. */
export interface DocWorld {
  readonly folder: string
  /** Where `/srv/backups` and `/srv/offsite/postgres` of the documents lie. */
  readonly source: string
  readonly offsite: string
  /** The documents' text with this world's paths, host, port and user in it. */
  here(text: string): string
  /** What this world says, with the documents' paths, host, port and user in it. */
  there(text: string): string
  /** Runs a command of a document as the shell would, on the box. */
  run(command: string): Promise<{ readonly code: number; readonly out: string; readonly all: string }>
  /** Puts a private key that the source knows, and the source's host key, where the documents have them. */
  shareKeys(): void
  /** Adds a line to the source's authorized_keys. */
  authorize(line: string): void
  /** Writes a document's spec as the backup `postgres`. */
  declare(spec: string): void
  /** Writes a backup file and its marker at the source, and the list anew. */
  finish(name: string, content: string): void
  sessions(): number
  close(): Promise<void>
}

const path = process.env['PATH']

export async function docWorld(): Promise<DocWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'reconcile-docs-'))
  const at = (...parts: string[]) => join(folder, ...parts)
  for (const path of ['bin', 'box/backups.d', 'etc', 'srv/backups', 'srv/offsite'])
    mkdirSync(at(path), { recursive: true })
  const source = await startThrowawaySource({
    folder: at('keys'),
    served: at('srv/backups'),
    config: QUICK_EXCHANGE,
  })
  const user = userInfo().username
  const group = (await execa('id', ['-gn'])).stdout

  const program = (name: string, text: string) => {
    writeFileSync(at('bin', name), `#!/bin/sh\n${text}\n`)
    chmodSync(at('bin', name), 0o755)
  }
  mkdirSync(at('etc/reconcile'))
  writeFileSync(at('etc/reconcile/config.yaml'), `state: ${at('state')}\n`)
  const cli = join(projectRoot, 'dist/cli.js')
  program(
    'reconcile',
    `exec '${process.execPath}' '${cli}' --config '${at('etc/reconcile/config.yaml')}' "$@"`,
  )
  program('pg_dump', 'echo "a dump of $1"')

  const here = (text: string): string =>
    text
      .replaceAll('/etc/reconcile', at('etc/reconcile'))
      .replaceAll('/etc/ssh/ssh_host_ed25519_key', at('keys/host_key'))
      .replace('-m 0700 /var/lib/reconcile', `-m 0700 ${at('var/lib/reconcile')}`)
      .replaceAll('/srv/', at('srv/'))
      .replaceAll('db1.example.net', source.host)
      .replace(/(port: |-p )222\b/g, `$1${source.port}`)
      .replace(/\b(?:foo|pull)@/g, `${user}@`)
      .replace(/user: foo\b/, `user: ${user}`)
      .replace('chgrp -R pull', `chgrp -R ${group}`)
      .replace('chown -R reconcile:', `chown -R ${user}:`)
      .replace('runuser -u reconcile -- ', '')
      .replace('-o reconcile -g reconcile -m 0700', `-o ${user} -g ${group} -m 0700`)
      .replace('minFree: 10GiB', 'minFree: 1MiB')

  return {
    folder,
    source: at('srv/backups'),
    offsite: at('srv/offsite/postgres'),
    here,
    there: (text) =>
      text
        .replaceAll(at('srv/'), '/srv/')
        .replaceAll(`${user}@${source.host}:${source.port}:`, 'foo@db1.example.net:222:'),
    async run(command) {
      const env = { PATH: [at('bin'), path].join(delimiter), NO_COLOR: '1' }
      const written = here(command)
      if (PLAIN.test(written)) {
        const words = ['--config', at('etc/reconcile/config.yaml'), ...written.split(' ').slice(1)]
        const { code, stdout: out, stderr } = await callHere(at('box'), words, env)
        return { code: code ?? -1, out, all: [out, stderr].filter((text) => text !== '').join('\n') }
      }
      const { exitCode, stdout, all } = await execa('sh', ['-c', written], {
        cwd: at('box'),
        env: { ...process.env, ...env },
        reject: false,
        all: true,
        stdin: 'ignore',
      })
      return { code: exitCode ?? -1, out: stdout, all }
    },
    shareKeys() {
      mkdirSync(at('etc/reconcile/keys'), { mode: 0o700 })
      copyFileSync(source.identity, at('etc/reconcile/keys/db1'))
      copyFileSync(source.knownHosts, at('etc/reconcile/known_hosts'))
    },
    authorize: (line) => appendFileSync(at('keys/authorized_keys'), `${line}\n`),
    declare(spec) {
      // The default lies outside of this world.
      const pinned = spec.includes('knownHosts:')
        ? spec
        : spec.replace(/^( *)identity: .*$/m, `$&\n$1knownHosts: /etc/reconcile/known_hosts`)
      writeFileSync(at('box/backups.d/postgres.yaml'), here(pinned))
    },
    finish(name, content) {
      const digest = createHash('md5').update(content).digest('hex')
      writeFileSync(at('srv/backups', name), content)
      writeFileSync(at('srv/backups', `${name}.md5`), `${digest}  ${name}\n`)
      writeFileSync(at('srv/backups/LIST'), readdirSync(at('srv/backups')).join('\n'))
    },
    sessions: () => source.countSessions(),
    async close() {
      await source.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
