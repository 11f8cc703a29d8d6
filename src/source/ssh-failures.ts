type Says = (host: string, port: number, user: string) => string

/** By what ssh says, the most telling first; the last one takes everything. */
export const SSH_FAILURES: readonly (readonly [
  pattern: RegExp,
  code: string,
  says: Says,
  hint: string,
  retryable: boolean,
])[] = [
  [
    /IDENTIFICATION HAS CHANGED|Host key for .* has changed|Host key verification failed[\s\S]*Offending/,
    'host-key-changed',
    (host, port) => `${host} (port ${port}) showed another host key than the one that is pinned.`,
    'If the machine was really reinstalled, compare its new key on its own console and put it into source.knownHosts. Otherwise somebody is in between.',
    false,
  ],
  [
    /No \S+ host key is known for|Host key verification failed/,
    'host-key-unknown',
    (host, port) => `No host key is pinned for ${host} (port ${port}).`,
    'Put its key into source.knownHosts: ssh-keyscan -t ed25519 -p PORT HOST, after comparing it with /etc/ssh/ssh_host_ed25519_key.pub there.',
    false,
  ],
  [
    /Permission denied \(/,
    'key-refused',
    (host, _, user) => `${host} refused our key for the account ${user}.`,
    "Put the public half of source.identity into that account's authorized_keys, and see that the account is not locked (usermod -p '*').",
    false,
  ],
  [
    /Could not resolve hostname/,
    'host-unresolvable',
    (host) => `The name ${host} cannot be resolved.`,
    "See source.host and this machine's DNS.",
    true,
  ],
  [
    /Connection refused/,
    'connection-refused',
    (host, port) => `${host} refused the connection on port ${port}.`,
    'See source.port, whether sshd runs there, and the firewall.',
    true,
  ],
  [
    /timed out during banner exchange|banner exchange: .*timed out/i,
    'source-silent',
    (host, port) => `${host} accepted the connection on port ${port} and then said nothing.`,
    'See whether sshd answers there (is it another service?), and whether the machine is overloaded.',
    true,
  ],
  [
    /Connection timed out|Operation timed out|No route to host|(Network|Host) is unreachable/,
    'host-unreachable',
    (host, port) => `${host} (port ${port}) cannot be reached.`,
    'See whether the machine and the line are up, and the firewall.',
    true,
  ],
  [
    /no matching .* found|Unable to negotiate/,
    'no-common-algorithm',
    (host) => `${host} and this machine's ssh have no algorithm in common.`,
    'For a very old sshd set source.algorithms: legacy; better, update it.',
    false,
  ],
  [
    /not responding|closed by|reset by|Connection (closed|reset)|Broken pipe|kex_exchange_identification|disconnect/i,
    'connection-lost',
    (host) => `The connection to ${host} broke.`,
    'It is tried again. If it stays so, look at the line and at the log of sshd there.',
    true,
  ],
  [
    /[\s\S]*/,
    'ssh-failed',
    (host, port) => `ssh could not open a session on ${host} (port ${port}).`,
    'Run ssh -v with the same key and known_hosts by hand to see more.',
    true,
  ],
]

/** What these say can also be the words of the far side. */
export const VAGUE: readonly string[] = ['connection-lost', 'ssh-failed']
