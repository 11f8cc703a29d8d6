import { isIPv6 } from 'node:net'
import { HOST_OR_USER } from '../../system/ssh-options.ts'
import { readFarPath } from './far-place.ts'
import { windowsFault } from './near-path.ts'
import { no, type Parsed } from './units.ts'

/** Where files are made, as a person types it. What is null is left to `_hosts.yaml` and `_defaults.yaml`. */
export type Address =
  /** A folder on this machine, as typed. */
  | { readonly kind: 'local'; readonly path: string }
  | {
      readonly kind: 'ssh'
      readonly user: string | null
      readonly host: string
      readonly port: number | null
      /** As in a spec: `.`, relative, or absolute. */
      readonly path: string
    }

/** `[USER@]HOST[:PORT]:[PATH]`, or a folder here: what begins with `/`, `./`, `../` or `~/`. Faults complete a sentence that begins with it. */
export function readAddress(text: string): Parsed<Address> {
  if (/^(?:\/|~\/|\.{1,2}(?:\/|$))/.test(text)) return { ok: true, value: { kind: 'local', path: text } }
  const windows = windowsFault(text)
  if (windows !== null) return no(windows)
  const [, scheme, beyond = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text) ?? []
  if (scheme !== undefined)
    return scheme.toLowerCase() === 'rsync' ? no(DAEMON) : no(`is a URL; write ${fromUrl(beyond)}`)
  const [, user = null, rest = ''] = /^(?:([^:@/[]*)@)?(.*)$/s.exec(text) ?? []
  if (user === '') return no('has no user before "@"')
  if (user !== null && !HOST_OR_USER.test(user)) return no(`has the user ${JSON.stringify(user)}, ${NAMED}`)
  const before = user === null ? '' : `${user}@`
  const naked = rest.split('/', 1)[0]!.replace(/:$/, '')
  if (isIPv6(naked)) return no(`is an IPv6 address without brackets; write ${before}[${naked}]:`)
  const [, bracketed, name = '', tail = ''] = /^(?:\[([^\]]*)\]|([^:]*))(.*)$/s.exec(rest) ?? []
  const host = bracketed ?? name
  if (bracketed !== undefined && !isIPv6(host))
    return no(`has "${host}" in brackets, which is no IPv6 address`)
  if (host === '') return no('has no host before ":"')
  if (bracketed === undefined && tail === '' && !text.includes('/'))
    return no(`has no ":"; write ${text}: for a host, ./${text} for a folder here`)
  if (bracketed === undefined && tail === '' && user === null)
    return no(`has no ":", so it names no host; write ./${text} for a folder here`)
  if (bracketed === undefined && !HOST_OR_USER.test(host))
    return no(`has the host ${JSON.stringify(host)}, ${NAMED}`)
  if (tail === '') return no('has no ":" after the host; write it, also where no path follows')
  if (tail.startsWith('::')) return no(DAEMON)
  const written = text.slice(0, text.length - tail.length)
  const [, digits, below = ''] = /^:(\d+)(\/.*)?$/s.exec(tail) ?? []
  if (digits !== undefined)
    return no(
      `may mean a port or a folder; write ${written}:${digits}:${below} for the port, ${written}:./${digits}${below} for the folder`,
    )
  const [, port = null, far = tail.slice(1)] = /^:([^:/]*):(.*)$/s.exec(tail) ?? []
  if (port !== null && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535))
    return no(`has the port ${JSON.stringify(port)}; a port is a number from 1 to 65535`)
  // An account's own paths begin at its home.
  const path = readFarPath(far.replace(/^~(?:\/|$)/, '') || '.')
  if (!path.ok) return no(`has a path that ${path.fault}`)
  const found = { user, host, port: port === null ? null : Number(port), path: path.value }
  return { ok: true, value: { kind: 'ssh', ...found } }
}

const NAMED = 'which ssh would not take for a name'

const DAEMON =
  'names an rsync daemon, which sends everything in the clear; reconcile needs rsync over ssh: write USER@HOST:PATH'

function fromUrl(beyond: string): string {
  const [, place = 'USER@HOST', port, path] = /^([^/:]+|[^/]*\])(?::(\d+))?(\/.*)?$/.exec(beyond) ?? []
  return `${place}:${port === undefined ? '' : `${port}:`}${path ?? ''}`
}
