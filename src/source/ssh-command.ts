import { Failure } from '../model/failure.ts'
import { hostText } from '../model/host-text.ts'
import { shellQuoted } from '../model/shell-words.ts'
import type { Hop, SshPlace } from '../model/spec.ts'
import { DIES_WITH_US } from '../system/child.ts'
import { HOST_OR_USER, IPV6, sshWords, tokenSafe } from '../system/ssh-options.ts'

/** The abilities of this machine's ssh and processor that our arguments depend on. */
export interface SshAbilities {
  /** The processor has AES instructions: AES-GCM is then about twice as fast as ssh's own first choice. */
  readonly aes: boolean
  /** Algorithms that this ssh still knows and no longer offers; only asked for where a place wants them. */
  readonly legacy: LegacyAlgorithms | null
}

export interface LegacyAlgorithms {
  readonly hostKeys: readonly string[]
  readonly keyExchanges: readonly string[]
  readonly ciphers: readonly string[]
  readonly macs: readonly string[]
}

/** What a peer of twenty years ago spoke. */
export const LEGACY_ALGORITHMS: LegacyAlgorithms = {
  hostKeys: ['ssh-rsa', 'ssh-dss'],
  keyExchanges: [
    'diffie-hellman-group-exchange-sha1',
    'diffie-hellman-group14-sha1',
    'diffie-hellman-group1-sha1',
  ],
  ciphers: ['aes256-cbc', 'aes192-cbc', 'aes128-cbc', '3des-cbc'],
  macs: ['hmac-sha1', 'hmac-md5'],
}

/**
 * The ssh that rsync starts: rsync itself adds `-l USER HOST COMMAND…`. Reads no configuration, asks nobody, trusts only
 * the pinned host key, offers only the one key.
 */
export function sshCommand(place: SshPlace, abilities: SshAbilities): readonly string[] {
  return [...sshOptions(place, place, place.jump, abilities), '-p', String(place.port)]
}

/** The same command with these options instead: ssh takes the first value of each. Jump hosts have a command line of their own. */
export function withFirst(
  command: readonly string[],
  options: Readonly<Record<string, string>>,
): readonly string[] {
  const at = command.indexOf('ssh') + 1
  const words = Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`])
  return [...command.slice(0, at), ...words, ...command.slice(at)]
}

/** `-e`'s value: rsync splits it at spaces, and knows both quotes, which are doubled to stand for themselves. */
export const rshOption = (command: readonly string[]): string =>
  command
    .map((word) => (/^[A-Za-z0-9_./=:@,+^-]+$/.test(word) ? word : `'${word.replaceAll("'", "''")}'`))
    .join(' ')

function sshOptions(
  place: SshPlace,
  to: Hop | SshPlace,
  jump: readonly Hop[],
  abilities: SshAbilities,
): readonly string[] {
  if (!HOST_OR_USER.test(to.user)) throw unusable('user', to.user)
  if (!HOST_OR_USER.test(to.host) && !IPV6.test(to.host)) throw unusable('host', to.host)
  return [
    ...DIES_WITH_US,
    ...sshWords(checked('identity', place.identity), checked('knownHosts', place.knownHosts), {
      ProxyCommand: jump.length === 0 ? 'none' : jumpCommand(place, to, jump, abilities),
      ...algorithms(abilities),
    }),
  ]
}

function algorithms(abilities: SshAbilities): Record<string, string> {
  const { aes, legacy } = abilities
  if (legacy === null) return aes ? { Ciphers: '^aes128-gcm@openssh.com,aes256-gcm@openssh.com' } : {}
  const also = (key: string, names: readonly string[]): Record<string, string> =>
    names.length === 0 ? {} : { [key]: `+${names.join(',')}` }
  return {
    ...also('HostKeyAlgorithms', legacy.hostKeys),
    // Its name since OpenSSH 8.5 is PubkeyAcceptedAlgorithms; all know this one.
    ...also('PubkeyAcceptedKeyTypes', legacy.hostKeys),
    ...also('KexAlgorithms', legacy.keyExchanges),
    ...also('Ciphers', legacy.ciphers),
    ...also('MACs', legacy.macs),
  }
}

/** The command that carries us from the last hop to `to`. ssh gives it to a shell, after expanding `%`. */
function jumpCommand(
  place: SshPlace,
  to: Hop | SshPlace,
  jump: readonly Hop[],
  abilities: SshAbilities,
): string {
  const hop = jump.at(-1)!
  const options = sshOptions(place, hop, jump.slice(0, -1), abilities)
  const target = `${hostText(to.host)}:${to.port}`
  const command = [...options, '-p', String(hop.port), '-l', hop.user, '-W', target, hop.host]
  return command.map((word) => shellQuoted(word).replaceAll('%', '%%')).join(' ')
}

function checked(key: string, path: string): string {
  const safe = tokenSafe(path)
  if (safe === null) throw unusable(key, path)
  return safe
}

const unusable = (key: string, text: string): Failure =>
  new Failure({
    code: 'unusable-setting',
    message: `source.${key} cannot be passed to ssh as it is: ${JSON.stringify(text)}.`,
    hint: 'Use letters, digits, ".", "_" and "-"; for paths an absolute one without quotes and backslashes.',
    retryable: false,
  })
