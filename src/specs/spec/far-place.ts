import { isIPv6 } from 'node:net'
import { type PathFault, PRIVATE_FOLDER, pathFault, type RelPath, toRelPath } from '../../model/rel-path.ts'
import type { Hop } from '../../model/spec.ts'
import { windowsFault } from './near-path.ts'
import { no, type Parsed } from './units.ts'

/** What a remote shell, rsync or rrsync would read as more than a name. */
const SPECIAL = /[*?[\]{}()$`"'\\|&;<>!~#]/

/** In a name on its own, what rsync and rrsync read as more than a name. */
const GLOB = /[*?[\]{}\\]/

const PATH_FAULTS: Readonly<Record<PathFault, string>> = {
  empty: 'is empty, or has an empty part',
  absolute: 'is absolute',
  'dot-part': 'holds a part "." or ".."',
  'control-character': 'holds a control or invisible character',
  'not-utf-8': 'holds a broken character',
  'too-long': 'is too long, or has a part that leaves no room for the suffix of a checksum file',
  reserved: `lies in a ${PRIVATE_FOLDER} folder, which is private to reconcile`,
}

/** What is wrong with a path at a source or in a destination (I6), as the end of a sentence that begins with it; null: nothing. */
export function farPathFault(text: string): string | null {
  const fault = pathFault(text)
  return fault === null ? null : PATH_FAULTS[fault]
}

/** A source's folder: relative to the one that rrsync serves, `.` for that one itself; or absolute, for an account without rrsync. */
export function readFarPath(text: string): Parsed<string> {
  const root = text.startsWith('/') ? '/' : ''
  const windows = windowsFault(text)
  if (windows !== null) return no(windows)
  if (text.includes('{name}'))
    return no(
      'holds {name}, which is filled in only in paths on this machine, such as destination.path and identity; write the name itself',
    )
  // rsync's own rule: what is before a colon, if no slash comes first, is a host; two colons make it a module.
  if (/^[^/]*:/.test(text))
    return no(
      'has ":" before any "/", which rsync reads as another host or a module; write ./ before a folder',
    )
  const parts = text.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.length === 0) return { ok: true, value: root || '.' }
  const path = parts.join('/')
  const unsafe = farPathFault(path)
  if (unsafe !== null) return no(unsafe)
  const special = SPECIAL.exec(path)?.[0]
  if (special !== undefined)
    return no(`holds ${special}, which a shell at the source might read in its own way`)
  if (parts.some((part) => part.startsWith('-'))) return no('has a part that begins with "-"')
  return { ok: true, value: `${root}${path}` }
}

/** A list file's name: directly in the source's folder. */
export function readListing(text: string): Parsed<RelPath> {
  if (text.includes('/')) return no('holds "/"; the list file lies directly in the source\'s folder')
  const path = toRelPath(text)
  if (path === null) return no(farPathFault(text) ?? 'is no safe name')
  if (text.startsWith('-')) return no('begins with "-"')
  const glob = GLOB.exec(text)?.[0]
  if (glob !== undefined) return no(`holds ${glob}, which rsync reads as a pattern; write the name itself`)
  return /\.(?:md5|sha256)$/i.test(text) ? no('is the name of a checksum file') : { ok: true, value: path }
}

export function hostFault(host: string): string | null {
  return host.includes(':') && !isIPv6(host) ? 'is no IPv6 address' : null
}

/** `user@host`, `user@host:port`, `user@[address]:port`, of a shape that the schema has checked. */
export function readHop(text: string): Parsed<Hop> {
  const [, user, bracketed, name, port] =
    /^([^@]+)@(?:\[([^\]]+)\]|([^:[\]]+))(?::([0-9]+))?$/.exec(text) ?? []
  const host = bracketed ?? name
  if (user === undefined || host === undefined)
    return no('is no jump host: write user@host or user@host:port')
  if (bracketed !== undefined && !isIPv6(bracketed)) return no(`${bracketed} is no IPv6 address`)
  const number = Number(port ?? 22)
  return number >= 1 && number <= 65_535
    ? { ok: true, value: { user, host, port: number } }
    : no(`has the port ${port}, not between 1 and 65535`)
}
