import { hostText } from '../model/host-text.ts'
import { shellQuoted } from '../model/shell-words.ts'
import type { PublicKey } from './public-key.ts'

/** A machine that ssh logs in to. */
export interface Peer {
  readonly host: string
  readonly port: number
  readonly user: string
}

/** One way in which ssh fails. In its words, `{…}` stands for what `wordsAbout` knows of the machine. */
interface SshFailure {
  readonly code: string
  /** Of what ssh says. */
  readonly pattern: RegExp
  readonly says: string
  /** What helps where the machine is a source, or a jump host on the way to one. */
  readonly hint: string
  readonly retryable: boolean
  /** So vague that they can also be the words of the far side. */
  readonly isVague?: true
}

/** Most specific first; the last one matches everything. */
export const SSH_FAILURES: readonly SshFailure[] = [
  {
    code: 'host-key-changed',
    pattern:
      /IDENTIFICATION HAS CHANGED|Host key for .* has changed|Host key verification failed[\s\S]*Offending/,
    says: '{at} presented a different host key than the pinned one.',
    hint: 'If the machine was really reinstalled, compare its new key on its own console and put it into source.knownHosts, in the line that begins with {pin}. Otherwise somebody may be intercepting the connection.',
    retryable: false,
  },
  {
    code: 'host-key-unknown',
    pattern: /No \S+ host key is known for|Host key verification failed/,
    says: 'No host key is pinned for {at}.',
    hint: 'reconcile source init NAME shows its fingerprint to compare, and pins it. By hand, put its key into source.knownHosts, in a line that begins with {pin}: ssh-keyscan -t ed25519 -p {port} {host}, after comparing it with /etc/ssh/ssh_host_ed25519_key.pub there.',
    retryable: false,
  },
  {
    code: 'key-refused',
    pattern: /Permission denied \((?!\d)/,
    says: '{name} refused our key {key} for the account {user}.',
    hint: "Put this line into the authorized_keys of {user} there{folder}: {confined} {public}. See also that the account is not locked (usermod -p '*' {user}).",
    retryable: false,
  },
  {
    code: 'host-unresolvable',
    pattern: /Could not resolve hostname/,
    says: 'The name {host} cannot be resolved{as}.',
    hint: "Check {hostKey} and this machine's DNS; ~/.ssh/config is not read.",
    retryable: true,
  },
  {
    code: 'connection-refused',
    pattern: /Connection refused/,
    says: '{name} refused the connection on port {port}.',
    hint: 'Check {portKey}, whether sshd runs there, and the firewall.',
    retryable: true,
  },
  {
    code: 'source-silent',
    pattern: /timed out during banner exchange|banner exchange: .*timed out/i,
    says: '{name} accepted the connection on port {port} and then sent nothing.',
    hint: 'Check whether sshd answers there (is it another service?), and whether the machine is overloaded.',
    retryable: true,
  },
  {
    code: 'host-unreachable',
    pattern: /Connection timed out|Operation timed out|No route to host|(Network|Host) is unreachable/,
    says: '{at} cannot be reached.',
    hint: 'Check that the machine and the network are up, and the firewall.',
    retryable: true,
  },
  {
    code: 'no-common-algorithm',
    pattern: /no matching .* found|Unable to negotiate/,
    says: "{name} and this machine's ssh have no algorithm in common.",
    hint: 'For a very old sshd set source.algorithms: legacy; better, update it.',
    retryable: false,
  },
  {
    // What refused it is only said at a level at which ssh prints banners too.
    code: 'jump-refused',
    pattern: /stdio forwarding failed|administratively prohibited/,
    says: '{name} did not carry us on to {next}.',
    hint: 'See source.jump. Where authorized_keys at the jump host says restrict, our key needs port-forwarding beside it: restrict,port-forwarding,command="/bin/false",permitopen="{to}". Check also AllowTcpForwarding in its sshd_config, and whether the jump host itself reaches that host.',
    retryable: true,
  },
  {
    code: 'connection-lost',
    pattern: /kex_exchange_identification/,
    says: '{at} ended the connection before it said who it is.',
    hint: 'Perhaps sshd there is asked for too many sessions at once (MaxStartups), or fail2ban or a firewall shuts {us} out for a while. It is retried; if it goes on, wait ten minutes, then check the log of sshd there, and fail2ban-client status sshd.',
    retryable: true,
  },
  {
    code: 'connection-lost',
    pattern: /not responding|closed by|reset by|Connection (closed|reset)|Broken pipe|disconnect/i,
    says: 'The connection to {name} broke.',
    hint: 'It is retried. If this persists, check the network and the log of sshd there.',
    retryable: true,
    isVague: true,
  },
  {
    code: 'ssh-failed',
    pattern: /[\s\S]*/,
    says: 'ssh could not open a session on {at}.',
    hint: 'Run ssh -v with the same key and known_hosts by hand to see more.',
    retryable: true,
    isVague: true,
  },
]

/** The key that was shown: what it is called, and how to get its public half. */
export const keyWords = (identity: string, found: PublicKey | null): Readonly<Record<string, string>> => ({
  key: found === null ? identity : `${identity} (${found.fingerprint})`,
  public: found?.line ?? `and, after a blank, what ssh-keygen -y -f ${shellQuoted(identity)} prints`,
})

/** ssh's words about a machine, filled in. `next`: where a jump host was to carry us; null: the machine is none. `more`: of its key. */
export function wordsAbout(
  text: string,
  peer: Peer,
  more: Readonly<Record<string, string>>,
  next: Peer | null = null,
): string {
  const { host, port, user } = peer
  const jump = `the jump host ${hopText(peer)}`
  const about: Readonly<Record<string, string>> = {
    host,
    user,
    ...more,
    port: String(port),
    pin: port === 22 ? host : `[${host}]:${port}`,
    ...(next === null
      ? {
          ...{ name: host, at: `${host} (port ${port})`, as: '', us: 'this machine' },
          folder: ', with the folder of the backups as DIR (reconcile source init NAME prints it whole)',
          confined: 'restrict,command="rrsync -ro DIR"',
          ...{ hostKey: 'the host (source.host)', portKey: 'the port (source.port)' },
        }
      : {
          ...{ name: jump, at: jump, as: `, of ${jump}`, next: `${next.host} (port ${next.port})` },
          to: `${hostText(next.host)}:${next.port}`,
          us: 'us',
          folder: '',
          confined: `restrict,port-forwarding,permitopen="${hostText(next.host)}:${next.port}",command="/bin/false"`,
          ...{ hostKey: 'source.jump', portKey: 'source.jump' },
        }),
  }
  return text.replace(/\{(\w+)\}/g, (_, key: string) => about[key] ?? '').replace(/^the /, 'The ')
}

/** `user@host:port`, as `source.jump` has it. */
export const hopText = ({ user, host, port }: Peer): string => `${user}@${hostText(host)}:${port}`
