import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { homeFolder } from '../system/who-am-i.ts'

const LIMIT = 256 * 1024

/** Keys of ssh_config and what they are called under `source` in a spec. */
const KEYS: Readonly<Record<string, string>> = {
  hostname: 'host',
  port: 'port',
  user: 'user',
  identityfile: 'identity',
  proxyjump: 'jump',
}

/**
 * What to write into a spec for a host that only the user's ~/.ssh/config knows, which no session of ours reads: keys there could make ssh
 * run programs. Null: it does not name that host.
 */
export function hintFromSshConfig(host: string, home = homeFolder()): string | null {
  let text: string
  try {
    text = readFileSync(join(home, '.ssh/config'), 'utf8').slice(0, LIMIT)
  } catch {
    return null
  }
  const found = new Map<string, string>()
  let applies = false
  for (const line of text.split('\n')) {
    const [, key = '', value = ''] = /^\s*(\w+)(?:\s*=\s*|\s+)(.*?)\s*$/.exec(line) ?? []
    const name = key.toLowerCase()
    if (name === 'host') applies = value.split(/\s+/).includes(host)
    else if (name === 'match') applies = false
    // As in ssh, the first one counts.
    else if (applies && KEYS[name] !== undefined && !found.has(KEYS[name]))
      found.set(KEYS[name], value.replace(/^"(.*)"$/, '$1'))
  }
  if (found.size === 0) return null
  const keys = [...found].map(
    ([key, value]) => `${key}: ${/^[\w.@/~-]+$/.test(value) ? value : JSON.stringify(value)}`,
  )
  return `~/.ssh/config knows this name, and is not read here. Write what it says into the spec: source: { ${keys.join(', ')} }`
}
