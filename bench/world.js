// @ts-check
import { createHash, randomFillSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { mkdir, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runChild } from './measure.js'

/** @typedef {import('../src/commands/demo/source.ts').ThrowawaySource} ThrowawaySource */
/** @typedef {import('../src/commands/demo/source.ts').ThrowawayOptions} ThrowawayOptions */

export const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
const STARTER = new URL('../dist/commands/demo/source.js', import.meta.url).href

/** The cipher that the AES instructions make cheap, as the program prefers it; null: ssh's default is as good. */
export const FAST_CIPHER = / aes( |$)/m.test(readFileSync('/proc/cpuinfo', 'latin1'))
  ? 'aes128-gcm@openssh.com'
  : null

/** What a listing or pull of ours always forbids; peers get the same. */
export const SAFE = ['--no-links', '--no-devices', '--no-specials', '--no-perms', '--no-owner', '--no-group']

/**
 * A private scratch folder, with everything that was started in it. `close` ends and removes all.
 * @typedef {Awaited<ReturnType<typeof openWorld>>} World
 */
export async function openWorld() {
  const scratch = mkdtempSync(join(tmpdir(), 'reconcile-bench-'))
  /** @type {ThrowawaySource[]} */
  const sources = []
  let folders = 0
  const clear = () => rmSync(scratch, { recursive: true, force: true })
  process.once('exit', clear)
  const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', HOME: scratch }

  return {
    scratch,
    env,
    /** @param {string} label */
    async folder(label) {
      const path = join(scratch, `${label}-${++folders}`)
      await mkdir(path, { mode: 0o700 })
      return path
    },
    /**
     * @param {string} served
     * @param {Pick<ThrowawayOptions, 'command'>} [options]
     */
    async startSource(served, options = {}) {
      /** @type {typeof import('../src/commands/demo/source.ts')} */
      const { startThrowawaySource } = await import(STARTER)
      const source = await startThrowawaySource({
        ...options,
        // A login shell's start-up files are the machine's own, and no part of anybody's work.
        config: [`SetEnv HOME=${scratch}`],
        folder: join(scratch, `sshd-${++folders}`),
        served,
      })
      sources.push(source)
      return source
    },
    async close() {
      await Promise.all(sources.map((source) => source.stop()))
      clear()
      process.off('exit', clear)
    },
  }
}

/**
 * A spec with settings of its own for one source, and runs of our command with them.
 * @param {World} world
 * @param {{ source: { host: string, port: number, user: string, identity: string, knownHosts: string }, bandwidth?: string }} options
 */
export async function declareBackup(world, { source, bandwidth = 'unlimited' }) {
  const folder = await world.folder('box')
  const destination = join(await world.folder('disk'), 'offsite')
  await mkdir(join(folder, 'backups.d'))
  await writeFile(
    join(folder, 'backups.d', 'bench.yaml'),
    `version: 1
source:
  host: ${source.host}
  port: ${source.port}
  user: ${JSON.stringify(source.user)}
  identity: ${JSON.stringify(source.identity)}
  knownHosts: ${JSON.stringify(source.knownHosts)}
destination: { path: ${JSON.stringify(destination)}, minFree: 64MiB }
transfer: { bandwidth: ${bandwidth} }
`,
  )
  await writeFile(join(folder, 'config.yaml'), 'specs: backups.d\nstate: state\n')
  const argv = [process.execPath, CLI, '--config', join(folder, 'config.yaml'), '--json']
  return {
    folder,
    destination,
    argv,
    /**
     * One pass, which must end in sync with all `files` published.
     * @param {number} files
     * @param {{ node?: readonly string[], env?: Record<string, string> }} [options]
     */
    async pass(files, { node = [], env = {} } = {}) {
      const [program = '', ...rest] = argv
      const result = JSON.parse(
        await runChild([program, ...node, ...rest], { env: { ...world.env, ...env } }),
      )
      const published = result.backups[0].published.length
      if (published !== files) throw new Error(`${published} files were published, not ${files}`)
      return result
    },
    async forget() {
      await rm(destination, { recursive: true, force: true })
      await rm(join(folder, 'state'), { recursive: true, force: true })
    },
  }
}

/**
 * ssh as the peers use it: no more than a careful sysadmin's options.
 * @param {ThrowawaySource} source
 * @param {string | null} cipher null: ssh's own choice
 */
export const sshArgv = (source, cipher) => [
  'ssh',
  ...['-F', 'none', '-T', '-x', '-a', '-p', String(source.port), '-i', source.identity],
  ...['-o', 'BatchMode=yes', '-o', 'IdentitiesOnly=yes', '-o', 'IdentityAgent=none'],
  ...['-o', 'StrictHostKeyChecking=yes', '-o', `UserKnownHostsFile=${source.knownHosts}`],
  ...['-o', 'GlobalKnownHostsFile=/dev/null', '-o', 'Compression=no', '-o', 'LogLevel=ERROR'],
  ...(cipher === null ? [] : ['-c', cipher]),
]

/** @param {ThrowawaySource} source */
export const remote = (source) => `${source.user}@${source.host}:./`

/**
 * The raw peer: one plain rsync of the whole folder, without a check, a sync or a promise.
 * @param {ThrowawaySource} source
 * @param {string} into
 * @param {string | null} cipher
 */
export const rsyncArgv = (source, into, cipher) => [
  'rsync',
  '-rt',
  ...SAFE,
  '-e',
  sshArgv(source, cipher).join(' '),
  remote(source),
  `${into}/`,
]

/**
 * rclone over sftp with its defaults, which asks the source for each file's md5 where it has a shell.
 * @param {ThrowawaySource} source
 * @param {string} served
 * @param {string} into
 */
export function rcloneArgv(source, served, into) {
  const options = {
    host: source.host,
    port: source.port,
    user: source.user,
    key_file: source.identity,
    known_hosts_file: source.knownHosts,
  }
  const place = Object.entries(options).map(([key, value]) => `${key}=${value}`)
  return [
    'rclone',
    'copy',
    '--immutable',
    '--config',
    '/dev/null',
    `:sftp,${place.join(',')}:${served}`,
    into,
  ]
}

/**
 * What the hourly script runs for the first `count` files of makeFiles, one by one.
 * @param {ThrowawaySource} source
 * @param {string} into
 * @param {number} count
 */
export const scriptArgv = (source, into, count) =>
  Array.from({ length: count }, (_, n) => fileName(n)).flatMap((name) =>
    [name, `${name}.md5`].map((one) => [
      ...['rsync', '--checksum', '--partial', '-e', sshArgv(source, null).join(' ')],
      ...[`${remote(source)}${one}`, `${into}/`],
    ]),
  )

/** @param {number} n */
const fileName = (n) => `file-${String(n).padStart(6, '0')}.bin`

/**
 * Random files with their markers, dated a day back so that nothing looks as if it were still being written.
 * @param {string} folder
 * @param {number} count
 * @param {number} bytes
 */
export async function makeFiles(folder, count, bytes) {
  const block = Buffer.allocUnsafe(Math.min(bytes, 4 * 1024 * 1024))
  for (let n = 0; n < count; n++) {
    const name = fileName(n)
    const hash = createHash('md5')
    const file = await open(join(folder, name), 'w')
    for (let left = bytes; left > 0; left -= block.length) {
      const part = randomFillSync(block).subarray(0, Math.min(left, block.length))
      hash.update(part)
      await file.writeFile(part)
    }
    await file.close()
    await writeFile(join(folder, `${name}.md5`), `${hash.digest('hex')}  ${name}\n`)
  }
}
