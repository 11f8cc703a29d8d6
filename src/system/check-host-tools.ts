import { accessSync, constants } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { Failure } from '../model/failure.ts'
import { packageOf, runTool, searchPath } from './child.ts'

const NEEDED = ['flock', 'setpriv', 'prlimit', 'sync', 'mv', 'stat']

/** The first rsync that refuses names it did not ask for. */
const OLDEST_RSYNC = [3, 2, 5] as const

/** Throws the Failure that names the package where a program is missing that every pass needs. Exit code 64. */
export async function checkTools(): Promise<void> {
  const [here, there] = [checkHostTools(), await checkSourceTools()]
  const missing = here ?? there
  if (missing !== null) throw missing
}

/** Whether this machine can keep a destination: Linux, util-linux, coreutils. The Failure (`missing-tool`) names the package. */
export function checkHostTools(
  searched: string = searchPath(),
  platform: string = process.platform,
): Failure | null {
  if (platform !== 'linux')
    return failure(
      'missing-tool',
      `backups are written on Linux only, and this is ${platform}: flock, setpriv and prlimit are not there`,
      'Run it on Linux. validate and schema work anywhere.',
    )
  const missing = NEEDED.filter((tool) => !isFound(tool, searched))
  if (missing.length === 0) return null
  const packages = [...new Set(missing.map(packageOf))]
  return failure(
    'missing-tool',
    `not found in ${searched}: ${missing.join(', ')}`,
    `Install ${packages.join(' and ')} (the package of that name), or fix PATH.`,
  )
}

const isFound = (tool: string, searched: string): boolean =>
  searched
    .split(':')
    .filter((folder) => folder.startsWith('/'))
    .some((folder) => isProgram(join(folder, tool)))

/** Whether this user may run a file. */
export function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Whether rsync and ssh are here, and rsync is new enough to meet a hostile source; null: all is well. */
export async function checkSourceTools(): Promise<Failure | null> {
  const [rsync, ssh] = await Promise.all([rsyncHere(), sshHere()])
  return rsync instanceof Failure ? rsync : ssh instanceof Failure ? ssh : null
}

/** What it says of its version, or why it is of no use. */
export async function rsyncHere(): Promise<string | Failure> {
  const rsync = await firstLine('rsync', ['--version'])
  if (rsync instanceof Failure) return rsync
  const version = /version v?(\d+)\.(\d+)\.(\d+)/.exec(rsync)?.slice(1).map(Number)
  if (version === undefined || rankOf(version) < rankOf(OLDEST_RSYNC))
    return failure(
      'rsync-too-old',
      `rsync on this machine is ${version?.join('.') ?? 'of an unknown version'}; ${OLDEST_RSYNC.join('.')} is the oldest that is safe.`,
      'Update the package rsync; on Debian 11 from backports. At the source any old one will do.',
    )
  return rsync
}

export async function sshHere(): Promise<string | Failure> {
  const ssh = await firstLine('ssh', ['-V'])
  return ssh instanceof Failure ? (namelessUser() ?? ssh) : ssh
}

export const gitHere = (): Promise<string | Failure> => firstLine('git', ['--version'])

/** ssh looks its user up, and refuses to start where there is none of that number: a container that runs as any uid. Null: there is one. */
export function namelessUser(): Failure | null {
  try {
    userInfo()
    return null
  } catch (cause) {
    const uid = process.geteuid?.() ?? 0
    return failure(
      'user-unnamed',
      `No user on this machine has the uid ${uid} of this process, and ssh does not start without one.`,
      `In a container, run as a user of the image, or give this one a line in its /etc/passwd: reconcile:x:${uid}:${process.getgid?.() ?? uid}::/:/bin/sh`,
      cause,
    )
  }
}

/** In the order of versions. */
const rankOf = ([major = 0, minor = 0, patch = 0]: readonly number[]): number =>
  (major * 1000 + minor) * 1000 + patch

async function firstLine(program: string, words: readonly string[]): Promise<string | Failure> {
  const hint = `Run ${program} ${words.join(' ')} by hand.`
  const broken = (cause?: unknown): Failure =>
    failure('tool-broken', `${program} is installed but does not run.`, hint, cause)
  try {
    const { exitCode, stdout, stderr } = await runTool(program, words)
    return exitCode === 0 ? (stdout || stderr).split('\n', 1)[0]! : broken()
  } catch (error) {
    return error instanceof Failure && error.code === 'missing-tool' ? error : broken(error)
  }
}

const failure = (code: string, message: string, hint: string, cause?: unknown): Failure =>
  new Failure({ code, message, hint, cause })
