import { readFileSync } from 'node:fs'
import { open, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../../model/failure.ts'
import { shellQuoted } from '../../model/shell-words.ts'
import { isProgram } from '../../system/check-host-tools.ts'
import { runTool, startChild } from '../../system/child.ts'
import { makeWithParents } from '../../system/make-with-parents.ts'

/** A real sshd on loopback that serves one folder through rrsync, with throwaway keys. */
export interface ThrowawaySource {
  readonly host: string
  readonly port: number
  readonly user: string
  /** Absolute paths: the private key that may log in, and the file that pins the host's key. */
  readonly identity: string
  readonly knownHosts: string
  /** Path of sshd's log. */
  readonly log: string
  readonly pid: number
  /** Sessions that were let in since the start. */
  countSessions(): number
  /** Ends sshd and waits for it; sessions end with their clients. */
  stop(): Promise<void>
}

export interface ThrowawayOptions {
  /** A private folder for keys, configuration and log. Absolute. */
  readonly folder: string
  /** What rrsync serves, read only. Absolute. */
  readonly served: string
  /** A forced command to use instead of rrsync; null: none, a full shell. */
  readonly command?: string | null
  /** More lines for sshd's configuration. The first line that sets a key wins, and these come first. */
  readonly config?: readonly string[]
}

const SSHD = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/usr/bin/sshd', '/sbin/sshd']
const RRSYNC = ['/usr/bin/rrsync', '/usr/local/bin/rrsync', '/usr/share/doc/rsync/scripts/rrsync']
const ATTEMPTS = 5

/**
 * Starts it as the current user; needs no service, no system settings and no fixed port. Ends with this process, even if that is
 * killed. Throws a Failure that names the package if sshd, ssh-keygen or rrsync is missing.
 */
export async function startThrowawaySource(options: ThrowawayOptions): Promise<ThrowawaySource> {
  const sshd = find(SSHD, 'sshd', 'openssh-server')
  const command =
    options.command === undefined
      ? `${find(RRSYNC, 'rrsync', 'rsync')} -ro ${shellQuoted(resolve(options.served))}`
      : options.command
  const user = userInfo().username
  await makeWithParents(options.folder)
  const at = (name: string): string => join(resolve(options.folder), name)
  await Promise.all([makeKey(at('host_key')), makeKey(at('user_key'))])

  const forced = command === null ? '' : `restrict,command="${command.replaceAll('"', '\\"')}" `
  await writeFile(at('authorized_keys'), forced + (await readFile(at('user_key.pub'), 'utf8')), {
    mode: 0o600,
  })
  // As root, sshd chroots to this folder, which its service usually creates.
  if (process.getuid?.() === 0) await makeWithParents('/run/sshd', 0o755)

  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    await writeFile(at('sshd_config'), await configLines(at, port, options.config ?? []), { mode: 0o600 })
    await writeFile(at('log'), '', { mode: 0o600 })
    const stop = new AbortController()
    const log = await open(at('log'), 'a')
    const child = startChild({
      program: sshd,
      arguments: ['-D', '-f', at('sshd_config'), '-E', at('log')],
      onto: [log.fd, log.fd],
      signal: stop.signal,
    })
    await log.close()
    const trouble = await untilListening(child.ended, at('log'))
    if (trouble === null) {
      const hostKey = (await readFile(at('host_key.pub'), 'utf8')).split(' ', 2).join(' ')
      await writeFile(at('known_hosts'), `[127.0.0.1]:${port} ${hostKey}\n`)
      return {
        host: '127.0.0.1',
        port,
        user,
        identity: at('user_key'),
        knownHosts: at('known_hosts'),
        log: at('log'),
        pid: child.pid!,
        countSessions: () => readFileSync(at('log'), 'utf8').match(/^Accepted publickey for /gm)?.length ?? 0,
        async stop() {
          stop.abort()
          await child.ended
        },
      }
    }
    // Another process may have taken the free port meanwhile.
    if (attempt < ATTEMPTS && /address already in use/i.test(trouble)) continue
    throw new Failure({
      code: 'sshd-failed',
      message: `${sshd} did not start: ${trouble.trim() || 'no output'}`,
      hint: `Check that it works on this machine at all: ${sshd} -t -f CONFIG`,
    })
  }
}

async function configLines(
  at: (name: string) => string,
  port: number,
  more: readonly string[],
): Promise<string> {
  const lines = [
    ...more,
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${configQuoted(at('host_key'))}`,
    `AuthorizedKeysFile ${configQuoted(at('authorized_keys').replaceAll('%', '%%'))}`,
    'PidFile none',
    'LogLevel VERBOSE',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin yes',
    // The folder is in a temporary one that anybody may write to.
    'StrictModes no',
    'UseDNS no',
    'MaxStartups 100',
    'Subsystem sftp internal-sftp',
    `UsePAM ${(await accountIsLocked()) ? 'yes' : 'no'}`,
  ]
  const version = /OpenSSH_(\d+)\.(\d+)/.exec((await runTool('ssh', ['-V'])).stderr)
  // Since 9.8 a few refused logins in a row block all of loopback.
  if (version !== null && Number(version[1]) * 100 + Number(version[2]) >= 908)
    lines.push('PerSourcePenalties no')
  return `${lines.join('\n')}\n`
}

/** A locked root may log in by key only through PAM; a plain user's sshd cannot even see the lock. */
async function accountIsLocked(): Promise<boolean> {
  if (process.getuid?.() !== 0) return false
  const shadow = await readFile('/etc/shadow', 'utf8').catch(() => '')
  return shadow.split('\n').some((line) => line.startsWith(`${userInfo().username}:!`))
}

/** Null once it listens, else its log if it ended before. */
async function untilListening(ended: Promise<unknown>, log: string): Promise<string | null> {
  const end = ended.then(() => true)
  for (;;) {
    const over = await Promise.race([end, sleep(10, false)])
    const written = await readFile(log, 'utf8')
    // Checked first: one that listened and ended at once is no use either.
    if (over) return written
    if (/^Server listening on /m.test(written)) return null
  }
}

function find(places: readonly string[], program: string, debianPackage: string): string {
  const found = places.find(isProgram)
  if (found !== undefined) return found
  throw new Failure({
    code: 'missing-tool',
    message: `${program} is not installed (looked for ${places.join(', ')}).`,
    hint: `Install the package ${debianPackage}.`,
  })
}

async function makeKey(file: string): Promise<void> {
  const { exitCode } = await runTool('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', file])
  if (exitCode === 0) return
  throw new Failure({
    code: 'ssh-keygen-failed',
    message: `ssh-keygen could not create ${file}.`,
    hint: 'Check that its folder exists and is empty and writable.',
  })
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done, fail) => {
    server.once('error', fail)
    server.listen(0, '127.0.0.1', done)
  })
  const address = server.address()
  await new Promise<void>((done) => server.close(() => done()))
  if (address === null || typeof address === 'string') throw new Error('a TCP server without a port')
  return address.port
}

const configQuoted = (path: string): string => `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
