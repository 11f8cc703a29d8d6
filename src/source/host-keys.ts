import { open, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Failure } from '../model/failure.ts'
import type { Hop, SshPlace } from '../model/spec.ts'
import { failureFrom, systemErrorOf } from '../model/system-error.ts'
import { runChild, runTool } from '../system/child.ts'
import { makeOwnFolder } from '../system/make-key.ts'
import { fingerprintOf } from '../system/public-key.ts'
import { inTemporaryFolder } from '../system/temporary-folder.ts'
import { bySsh } from './explain-failure.ts'
import { probeSsh } from './probe-ssh.ts'
import { sshCommand, withFirst } from './ssh-command.ts'

/** A public key that a machine shows as its own. */
export interface HostKey {
  /** `ssh-ed25519` */
  readonly type: string
  /** Base64. */
  readonly blob: string
  /** `SHA256:…`, as ssh-keygen -l prints it. */
  readonly fingerprint: string
}

/** Best first: ssh asks for the kind that is pinned. */
const KINDS = [
  ['ed25519', 'ssh-ed25519'],
  ['ecdsa', 'ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521'],
  ['rsa', 'rsa-sha2-512,rsa-sha2-256'],
] as const

/** Seconds. */
const PATIENCE = 30
const MOST_OUTPUT = 64 << 10

/**
 * The keys that the machine shows now, best first; nothing vouches for them. Throws a Failure where it cannot be asked, in ssh's words: also
 * where a jump host on the way refuses us.
 */
export async function scanHostKeys(place: SshPlace, signal: AbortSignal): Promise<readonly HostKey[]> {
  if (place.jump.length === 0) {
    const { stdout } = await runChild({
      program: 'ssh-keyscan',
      arguments: [
        ...['-T', '15', '-p', String(place.port), '-t', KINDS.map(([kind]) => kind).join(',')],
        ...['--', place.host],
      ],
      limits: { total: PATIENCE },
      mostOutput: MOST_OUTPUT,
      signal,
    })
    signal.throwIfAborted()
    const keys = readKeys(stdout.toString('latin1'))
    if (keys.length > 0) return keys
  }
  // ssh knows the way through jump hosts and the words for what is wrong.
  return inTemporaryFolder(async (into) => {
    const found: HostKey[] = []
    let trouble: Failure | null = null
    for (const [kind, algorithms] of KINDS) {
      const file = join(into, kind)
      const end = await askBySsh(place, file, algorithms, signal)
      signal.throwIfAborted()
      const keys = readKeys(await readFile(file, 'latin1').catch(() => ''))
      found.push(...keys)
      if (keys.length > 0) continue
      trouble = await bySsh(place, end, signal)
      if (trouble?.code !== 'no-common-algorithm') break
    }
    if (found.length > 0) return found
    const at = `${place.host} (port ${place.port})`
    const hint = 'Check that sshd answers there: ssh-keyscan -p PORT HOST.'
    const failure = { code: 'host-key-unknown', message: `${at} shows no host key.`, hint }
    throw trouble ?? new Failure({ ...failure, retryable: true })
  })
}

/** Why a machine on the way, or the source itself, shows no host key; null: it shows one. */
export async function whyUnreached(place: SshPlace, hop: Hop, signal: AbortSignal): Promise<Failure | null> {
  const before = place.jump.slice(0, Math.max(0, place.jump.indexOf(hop)))
  const jump = place.jump.includes(hop) ? before : place.jump
  return scanHostKeys({ ...place, ...hop, jump }, signal).then(
    () => null,
    (error: unknown) => failureFrom(error, signal),
  )
}

/** One session that gets no further than the host key, which ssh writes down. */
async function askBySsh(place: SshPlace, file: string, algorithms: string, signal: AbortSignal) {
  const mine = {
    UserKnownHostsFile: file,
    StrictHostKeyChecking: 'accept-new',
    HashKnownHosts: 'no',
    PreferredAuthentications: 'none',
    ...(place.algorithms === 'legacy' ? {} : { HostKeyAlgorithms: algorithms }),
  }
  const command = sshCommand(place, await probeSsh(place.algorithms === 'legacy'))
  const [program, ...words] = withFirst(command, mine)
  return runChild({
    program: program!,
    arguments: [...words, '-l', place.user, place.host, 'true'],
    limits: { total: PATIENCE },
    mostOutput: MOST_OUTPUT,
    signal,
  })
}

const KEY_LINE = /^(?!#|@)\S+ ((?:ssh|ecdsa)-[\w-]+) ([A-Za-z0-9+/]+=*)(?:\s|$)/

function readKeys(text: string): readonly HostKey[] {
  const keys = text.split('\n').flatMap((line): readonly HostKey[] => {
    const [, type, blob] = KEY_LINE.exec(line) ?? []
    if (type === undefined || blob === undefined) return []
    return [{ type, blob, fingerprint: fingerprintOf(blob) }]
  })
  const rank = ({ type }: HostKey): number => KINDS.findIndex(([kind]) => type.includes(kind))
  return keys.toSorted((a, b) => rank(a) - rank(b))
}

/** What known_hosts has of the machine; `trusted`: a certificate authority vouches for it, and ssh is to judge. */
export async function pinnedKeys(
  place: Pick<SshPlace, 'host' | 'port' | 'knownHosts'>,
): Promise<{ readonly keys: readonly HostKey[]; readonly trusted: boolean }> {
  // It exits with 1 where nothing is found.
  const { stdout } = await runTool('ssh-keygen', ['-F', pinName(place), '-f', place.knownHosts])
  return { keys: readKeys(stdout), trusted: /^@cert-authority /m.test(stdout) }
}

/** Appends one line, in one write and durably. Makes the file, for everybody to read, and its folder. Throws a Failure where it cannot. */
export async function pinHostKey(
  place: Pick<SshPlace, 'host' | 'port' | 'knownHosts'>,
  { type, blob }: HostKey,
): Promise<void> {
  const { knownHosts } = place
  try {
    await makeOwnFolder(dirname(knownHosts), 0o755)
    const before = await readFile(knownHosts, 'latin1').catch((error: unknown) => {
      if (systemErrorOf(error)?.name === 'ENOENT') return null
      throw error
    })
    const line = `${pinName(place)} ${type} ${blob}\n`
    const file = await open(knownHosts, 'a', 0o644)
    try {
      await file.write(before === null || before === '' || before.endsWith('\n') ? line : `\n${line}`)
      await file.sync()
    } finally {
      await file.close()
    }
  } catch (cause) {
    throw new Failure({
      code: 'bad-target',
      message: `cannot pin the host key in ${knownHosts}: ${systemErrorOf(cause)?.name ?? String(cause)}`,
      hint: 'Run this as the user who owns that file, or name another one with source.knownHosts.',
      cause,
    })
  }
}

/** As known_hosts names a machine. */
const pinName = ({ host, port }: Pick<SshPlace, 'host' | 'port'>): string =>
  port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`
