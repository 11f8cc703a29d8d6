import type { GitPlace } from '../../model/settings.ts'
import { childEnvironment } from '../../system/child.ts'
import { shellQuoted, sshWords, tokenSafe } from '../../system/ssh-options.ts'

/** Settings of every git that we start: no hooks, no helpers, and everything fetched is checked. */
const CONFIG: Readonly<Record<string, string>> = {
  'core.hooksPath': '/dev/null',
  'core.fsync': 'all',
  'core.askPass': '',
  'credential.helper': '',
  'protocol.ext.allow': 'never',
  'transfer.fsckObjects': 'true',
  'fetch.fsckObjects': 'true',
  'fetch.recurseSubmodules': 'false',
  'transfer.bundleURI': 'false',
  'gc.autoDetach': 'false',
  'maintenance.autoDetach': 'false',
  'http.lowSpeedLimit': '1',
  'http.lowSpeedTime': '60',
  // ssh's signatures alone count here.
  'gpg.format': 'ssh',
  'gpg.openpgp.program': '/bin/false',
  'gpg.x509.program': '/bin/false',
}

export const gitArguments = (
  gitDir: string,
  more: Readonly<Record<string, string>> = {},
): readonly string[] => [
  `--git-dir=${gitDir}`,
  '--no-replace-objects',
  ...Object.entries({ ...CONFIG, ...more }).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
]

/** `configFile`: the only settings that git's helpers read beside ours. */
export const gitEnvironment = (
  configFile: string,
  ssh: string | null,
  caFile: string | null = null,
): Record<string, string> => ({
  ...childEnvironment(),
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: configFile,
  GIT_ATTR_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ALLOW_PROTOCOL: 'file:https:ssh',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_NO_LAZY_FETCH: '1',
  ...(caFile === null ? {} : { GIT_SSL_CAINFO: caFile }),
  GIT_SSH_VARIANT: 'ssh',
  // Without a key of its own no ssh is started at all.
  GIT_SSH_COMMAND: ssh ?? 'false',
})

/** git hands this to a shell: every word is quoted, and the two that come from settings are absolute paths. Null: one of them is not. */
export function gitSshCommand({
  identity,
  knownHosts,
}: Pick<GitPlace, 'identity' | 'knownHosts'>): string | null {
  const [key, pin] = [tokenSafe(identity), tokenSafe(knownHosts)]
  if (key === null || pin === null) return null
  return sshWords(key, pin, { ProxyCommand: 'none' }).map(shellQuoted).join(' ')
}
