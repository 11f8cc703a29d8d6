/**
 * Options of every ssh we start: it reads no configuration, asks nobody, trusts only a pinned host key, offers
 * only one key, forwards nothing, and notices a dead line.
 */
const SSH_OPTIONS: Readonly<Record<string, string>> = {
  BatchMode: 'yes',
  IdentitiesOnly: 'yes',
  IdentityAgent: 'none',
  StrictHostKeyChecking: 'yes',
  GlobalKnownHostsFile: '/dev/null',
  UpdateHostKeys: 'no',
  VerifyHostKeyDNS: 'no',
  PreferredAuthentications: 'publickey',
  ControlMaster: 'no',
  ControlPath: 'none',
  ClearAllForwardings: 'yes',
  PermitLocalCommand: 'no',
  Compression: 'no',
  ConnectTimeout: '20',
  ServerAliveInterval: '15',
  ServerAliveCountMax: '4',
  LogLevel: 'ERROR',
}

/** The beginning of ssh's command line. Both paths are `tokenSafe`; `more`: options beside those that all share. */
export const sshWords = (
  identity: string,
  knownHosts: string,
  more: Readonly<Record<string, string>>,
): readonly string[] => [
  ...['ssh', '-F', 'none', '-T', '-x', '-a', '-e', 'none', '-i', identity],
  ...Object.entries({ ...SSH_OPTIONS, UserKnownHostsFile: `"${knownHosts}"`, ...more }).flatMap(
    ([key, value]) => ['-o', `${key}=${value}`],
  ),
]

/** What a host's or a user's name looks like to ssh: never an option, never an expression. */
export const HOST_OR_USER = /^[A-Za-z0-9][A-Za-z0-9._-]*$/
export const IPV6 = /^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/

/** A path that ssh takes for nothing but a path: it expands `%x` and `${NAME}`, and older ones know no escape for quotes. Null: it is none. */
export const tokenSafe = (path: string): string | null =>
  !path.startsWith('/') || /["\\\u0000-\u001f\u007f]|\$\{/.test(path) ? null : path.replaceAll('%', '%%')
