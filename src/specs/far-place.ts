import { isIPv6 } from 'node:net'
import { pathFault, type RelPath, toRelPath } from '../model/rel-path.ts'
import type { Hop } from '../model/spec.ts'
import type { Parsed } from './units.ts'

/** What a remote shell, rsync or rrsync would read as more than a name. */
const SPECIAL = /[*?[\]{}()$`"'\\|&;<>!~#]/

/** A source's folder relative to the one that rrsync serves, `.` for that one itself. */
export function readFarPath(text: string): Parsed<string> {
  if (text.startsWith('/')) return no('is absolute; it is relative to the folder that rrsync serves')
  const parts = text.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.length === 0) return { ok: true, value: '.' }
  const path = parts.join('/')
  if (parts.includes('..')) return no('holds ".."')
  if (pathFault(path) !== null) return no(`is no safe path (${pathFault(path)})`)
  const special = SPECIAL.exec(path)?.[0]
  if (special !== undefined)
    return no(`holds ${special}, which a shell at the source might read in its own way`)
  if (parts.some((part) => part.startsWith('-'))) return no('has a part that begins with "-"')
  return { ok: true, value: path }
}

/** A list file's name: directly in the source's folder. */
export function readListing(text: string): Parsed<RelPath> {
  if (text.includes('/')) return no('holds "/"; the list file lies directly in the source\'s folder')
  const path = toRelPath(text)
  if (path === null) return no(`is no safe name (${pathFault(text)})`)
  if (text.startsWith('-')) return no('begins with "-"')
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

const no = (fault: string): { readonly ok: false; readonly fault: string } => ({ ok: false, fault })
