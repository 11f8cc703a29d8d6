/** One way in which ssh fails. What helps depends on what was to be reached. */
interface SshFailure {
  readonly code: string
  /** Of what ssh says. */
  readonly pattern: RegExp
  readonly says: (host: string, port: number, user: string) => string
  readonly retryable: boolean
  /** So vague that they can also be the words of the far side. */
  readonly isVague?: true
}

/** The most telling first; the last one takes everything. */
export const SSH_FAILURES: readonly SshFailure[] = [
  {
    code: 'host-key-changed',
    pattern:
      /IDENTIFICATION HAS CHANGED|Host key for .* has changed|Host key verification failed[\s\S]*Offending/,
    says: (host, port) => `${host} (port ${port}) showed another host key than the one that is pinned.`,
    retryable: false,
  },
  {
    code: 'host-key-unknown',
    pattern: /No \S+ host key is known for|Host key verification failed/,
    says: (host, port) => `No host key is pinned for ${host} (port ${port}).`,
    retryable: false,
  },
  {
    code: 'key-refused',
    pattern: /Permission denied \(/,
    says: (host, _, user) => `${host} refused our key for the account ${user}.`,
    retryable: false,
  },
  {
    code: 'host-unresolvable',
    pattern: /Could not resolve hostname/,
    says: (host) => `The name ${host} cannot be resolved.`,
    retryable: true,
  },
  {
    code: 'connection-refused',
    pattern: /Connection refused/,
    says: (host, port) => `${host} refused the connection on port ${port}.`,
    retryable: true,
  },
  {
    code: 'source-silent',
    pattern: /timed out during banner exchange|banner exchange: .*timed out/i,
    says: (host, port) => `${host} accepted the connection on port ${port} and then said nothing.`,
    retryable: true,
  },
  {
    code: 'host-unreachable',
    pattern: /Connection timed out|Operation timed out|No route to host|(Network|Host) is unreachable/,
    says: (host, port) => `${host} (port ${port}) cannot be reached.`,
    retryable: true,
  },
  {
    code: 'no-common-algorithm',
    pattern: /no matching .* found|Unable to negotiate/,
    says: (host) => `${host} and this machine's ssh have no algorithm in common.`,
    retryable: false,
  },
  {
    code: 'connection-lost',
    pattern:
      /not responding|closed by|reset by|Connection (closed|reset)|Broken pipe|kex_exchange_identification|disconnect/i,
    says: (host) => `The connection to ${host} broke.`,
    retryable: true,
    isVague: true,
  },
  {
    code: 'ssh-failed',
    pattern: /[\s\S]*/,
    says: (host, port) => `ssh could not open a session on ${host} (port ${port}).`,
    retryable: true,
    isVague: true,
  },
]
