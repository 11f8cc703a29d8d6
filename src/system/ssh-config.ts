import { access, readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { childEnvironment, runChild } from './child.ts'
import { hopText } from './ssh-failures.ts'
import { HOST_OR_USER, IPV6 } from './ssh-options.ts'
import { homeFolder } from './who-am-i.ts'

type Resolved = ReadonlyMap<string, string>

/** Jump hosts may be reached through jump hosts of their own. */
const DEEPEST = 5

/**
 * What to write into a spec for a host that only ssh's own configuration knows, which no session of ours reads: keys there could make ssh
 * run programs. ssh itself is asked, which connects to nothing for it. `user`: the spec's; null: it has none, and is to get one. Null: the
 * configuration does not change where the name leads.
 */
export async function hintFromSshConfig(
  host: string,
  user: string | null,
  home = homeFolder(),
): Promise<string | null> {
  if (!HOST_OR_USER.test(host) && !IPV6.test(host)) return null
  const file = await configOf(home)
  const [found, plain] = await Promise.all([ask([...file, '--', host]), ask(['-F', 'none', '--', host])])
  if (plain === null) return null
  if (found === null) return hintWhereItRuns(host, home)
  const own = (key: string): string | null => {
    const value = found.get(key)
    return value === undefined || value === plain.get(key) ? null : value
  }
  const command = own('proxycommand')
  const jumps = own('proxyjump')
  const leads = [own('hostname'), own('port'), command, jumps, user === null ? own('user') : null]
  if (leads.every((value) => value === null)) return null
  const account = own('user') ?? user ?? found.get('user') ?? ''
  const key = own('identityfile')
  const identity = keyPath(key ?? '', found, host)
  const hops = jumps === null ? null : await resolveHops(jumps, file, DEEPEST)
  const keys: readonly (readonly [string, string | null])[] = [
    ['host', yaml(found.get('hostname') ?? host)],
    ['port', own('port')],
    ['user', HOST_OR_USER.test(account) ? yaml(account) : null],
    ['identity', identity === null ? null : yaml(identity)],
    ['jump', hops === null ? null : `[${hops.map(yaml).join(', ')}]`],
  ]
  const written = keys.flatMap(([key, value]) => (value === null ? [] : `${key}: ${value}`)).join(', ')
  const unnamed =
    key === null || identity !== null
      ? ''
      : ' Its IdentityFile cannot be written in a spec: copy the key to a path without quotes, % and #.'
  const strange =
    HOST_OR_USER.test(account) || account === ''
      ? ''
      : ` Its User ${JSON.stringify(account)} cannot be written in a spec, which takes letters, digits, ".", "_" and "-": use an account with such a name.`
  const proxy = command === null ? '' : ' Its ProxyCommand has no key here: use jump.'
  return `~/.ssh/config knows this name, and is not read here. Write what it says into the spec: source: { ${written} }${proxy}${unnamed}${strange}`
}

/** What it says cannot be known without running a program, which is left to a person. Null: that is not why. */
async function hintWhereItRuns(host: string, home: string): Promise<string | null> {
  const text = await readFile(join(home, '.ssh/config'), 'utf8').catch(() => '')
  return /^\s*Match\s(?:.*\s)?exec\b/im.test(text)
    ? `~/.ssh/config may know this name, but runs a program to say so (Match exec), and is not read here. See what it says: ssh -G ${host}. Write its hostname, port, user and identityfile into the spec, as host, port, user and identity of source.`
    : null
}

/** ssh looks into the home folder of its user, whatever HOME says; a configuration that HOME names is the one that people mean. */
async function configOf(home: string): Promise<readonly string[]> {
  const file = join(home, '.ssh/config')
  const isMeant = await access(file).then(
    () => home !== userInfo().homedir,
    () => false,
  )
  return isMeant ? ['-F', file] : []
}

/** The first value of each key, as ssh would use it; null: it cannot say, or not without running a program. */
async function ask(words: readonly string[]): Promise<Resolved | null> {
  try {
    const { code, stdout } = await runChild({
      program: 'ssh',
      arguments: ['-G', '-T', '-o', 'CanonicalizeHostname=no', ...words],
      // `Match exec` runs its command with this shell, and ends ssh where there is none.
      env: { ...childEnvironment(), SHELL: '/nonexistent' },
      limits: { total: 5 },
    })
    if (code !== 0) return null
    const lines = stdout.toString('utf8').split('\n')
    const pairs = lines.map((line) => /^([^ ]*) ?(.*)$/s.exec(line)?.slice(1) as [string, string])
    return new Map(pairs.reverse())
  } catch {
    return null
  }
}

/** `ProxyJump`'s hosts, each with what the configuration says of it; null: one cannot be written into a spec. */
async function resolveHops(
  list: string,
  file: readonly string[],
  deepest: number,
): Promise<readonly string[] | null> {
  const hops: string[] = []
  for (const [index, hop] of list.split(',').entries()) {
    const [, user, bracketed, name = bracketed ?? '', port] =
      /^(?:ssh:\/\/)?(?:(.+)@)?(?:\[(.+)\]|([^:[\]]+))(?::(\d+))?\/?$/.exec(hop.trim()) ?? []
    if (!HOST_OR_USER.test(name) && !IPV6.test(name)) return null
    const given = [...(user === undefined ? [] : ['-l', user]), ...(port === undefined ? [] : ['-p', port])]
    const found = await ask([...file, ...given, '--', name])
    const to = {
      user: found?.get('user') ?? '',
      host: found?.get('hostname') ?? '',
      port: Number(found?.get('port')),
    }
    if (!HOST_OR_USER.test(to.user)) return null
    // Only the first one is reached as its own lines say.
    const before = index === 0 ? found?.get('proxyjump') : undefined
    if (before !== undefined && deepest > 0)
      hops.push(...((await resolveHops(before, file, deepest - 1)) ?? []))
    hops.push(hopText(to).replace(/:22$/, ''))
  }
  return hops
}

/** `IdentityFile` as a spec takes it: absolute or below `~`, without what ssh would read in its own way; null: it is not one. */
function keyPath(file: string, found: Resolved, host: string): string | null {
  const tokens: Readonly<Record<string, string | undefined>> = {
    ...{ '%%': '%', '%d': '~', '%n': host, '%h': found.get('hostname'), '%p': found.get('port') },
    ...{ '%r': found.get('user'), '%u': userInfo().username, '${HOME}': '~' },
  }
  const path = file.replace(/%.|\$\{HOME\}/g, (token) => tokens[token] ?? '\0')
  return /^(?:~\/|\/)/.test(path) && !/[^\S ]|["'%#\\${}\p{Cc}]/u.test(path) ? path : null
}

/** In a flow map. What YAML might take for a number or a word of its own is quoted. */
const yaml = (text: string): string =>
  /^(?:~?\/|[A-Za-z])[\w./@-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text)
    ? text
    : JSON.stringify(text)
