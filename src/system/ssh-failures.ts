/** One way in which ssh fails. */
interface SshFailure {
  readonly code: string
  /** Of what ssh says. */
  readonly pattern: RegExp
  readonly says: (host: string, port: number, user: string) => string
  /** What helps where the machine is a source. */
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
    says: (host, port) => `${host} (port ${port}) presented a different host key than the pinned one.`,
    hint: 'If the machine was really reinstalled, compare its new key on its own console and put it into source.knownHosts. Otherwise somebody may be intercepting the connection.',
    retryable: false,
  },
  {
    code: 'host-key-unknown',
    pattern: /No \S+ host key is known for|Host key verification failed/,
    says: (host, port) => `No host key is pinned for ${host} (port ${port}).`,
    hint: 'Put its key into source.knownHosts: ssh-keyscan -t ed25519 -p PORT HOST, after comparing it with /etc/ssh/ssh_host_ed25519_key.pub there.',
    retryable: false,
  },
  {
    code: 'key-refused',
    pattern: /Permission denied \(/,
    says: (host, _, user) => `${host} refused our key for the account ${user}.`,
    hint: "Put the public half of source.identity into that account's authorized_keys, and see that the account is not locked (usermod -p '*').",
    retryable: false,
  },
  {
    code: 'host-unresolvable',
    pattern: /Could not resolve hostname/,
    says: (host) => `The name ${host} cannot be resolved.`,
    hint: "Check source.host and this machine's DNS.",
    retryable: true,
  },
  {
    code: 'connection-refused',
    pattern: /Connection refused/,
    says: (host, port) => `${host} refused the connection on port ${port}.`,
    hint: 'Check source.port, whether sshd runs there, and the firewall.',
    retryable: true,
  },
  {
    code: 'source-silent',
    pattern: /timed out during banner exchange|banner exchange: .*timed out/i,
    says: (host, port) => `${host} accepted the connection on port ${port} and then sent nothing.`,
    hint: 'Check whether sshd answers there (is it another service?), and whether the machine is overloaded.',
    retryable: true,
  },
  {
    code: 'host-unreachable',
    pattern: /Connection timed out|Operation timed out|No route to host|(Network|Host) is unreachable/,
    says: (host, port) => `${host} (port ${port}) cannot be reached.`,
    hint: 'Check that the machine and the network are up, and the firewall.',
    retryable: true,
  },
  {
    code: 'no-common-algorithm',
    pattern: /no matching .* found|Unable to negotiate/,
    says: (host) => `${host} and this machine's ssh have no algorithm in common.`,
    hint: 'For a very old sshd set source.algorithms: legacy; better, update it.',
    retryable: false,
  },
  {
    // What refused it is only said at a level at which ssh prints banners too.
    code: 'jump-refused',
    pattern: /stdio forwarding failed|administratively prohibited/,
    says: (host, port) => `The jump host did not carry us on to ${host} (port ${port}).`,
    hint: 'Where authorized_keys at the jump host says restrict, our key needs port-forwarding beside it: restrict,port-forwarding,command="/bin/false",permitopen="HOST:PORT". Check also AllowTcpForwarding in its sshd_config, and whether the jump host itself reaches that host.',
    retryable: true,
  },
  {
    code: 'connection-lost',
    pattern: /kex_exchange_identification/,
    says: (host, port) => `${host} (port ${port}) ended the connection before it said who it is.`,
    hint: 'Perhaps sshd there is asked for too many sessions at once (MaxStartups), or fail2ban or a firewall shuts this machine out for a while. It is retried; if it goes on, wait ten minutes, then check the log of sshd there, and fail2ban-client status sshd.',
    retryable: true,
  },
  {
    code: 'connection-lost',
    pattern: /not responding|closed by|reset by|Connection (closed|reset)|Broken pipe|disconnect/i,
    says: (host) => `The connection to ${host} broke.`,
    hint: 'It is retried. If this persists, check the network and the log of sshd there.',
    retryable: true,
    isVague: true,
  },
  {
    code: 'ssh-failed',
    pattern: /[\s\S]*/,
    says: (host, port) => `ssh could not open a session on ${host} (port ${port}).`,
    hint: 'Run ssh -v with the same key and known_hosts by hand to see more.',
    retryable: true,
    isVague: true,
  },
]
