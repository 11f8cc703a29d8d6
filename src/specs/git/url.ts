import { HOST_OR_USER, IPV6 } from '../../system/ssh-options.ts'
import { readNearPath } from '../spec/near-path.ts'
import { no, type Parsed } from '../spec/units.ts'

/** How a repository is reached. */
export type GitTransport = 'ssh' | 'https' | 'file'

// What ends, hides or reorders a line, and white space.
const ODD = /[\s\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffd]/u
const SSH_URL = /^ssh:\/\/(?:([^@/:]*)@)?(\[[^\]/]*\]|[^/:@[\]]*)(?::([0-9]*))?(\/.*)$/
const SCP_LIKE = /^(?:([^@/:]*)@)?([^/:@]+):(.*)$/

/**
 * A repository's URL as it may be handed to git: over ssh (`ssh://git@host:22/path`, `git@host:path`), over https, or on this machine
 * (`file:///path`, `/path`). Never one with a password in it, nor one that runs a program.
 */
export function readGitUrl(text: string): Parsed<string> {
  if (text === '' || ODD.test(text)) return no('is empty, or holds white space or an invisible character')
  if (text.startsWith('-')) return no('begins with "-"')
  if (text.length > 2000) return no('is too long')
  if (/^[A-Za-z0-9+.-]*::/.test(text)) return no('names a transport helper: a program that git would run')
  if (text.startsWith('/')) return readNearPath(text, 'any', { home: '/', name: null })
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(text)?.[1]
  if (scheme === undefined) return readScpLike(text)
  switch (scheme) {
    case 'https':
      return readHttps(text)
    case 'ssh':
      return readSsh(text)
    case 'file': {
      // git decodes what is behind it, and a host would be ignored.
      if (!text.startsWith('file:///') || text.includes('%'))
        return no('names a host, or holds "%": write file:/// and an absolute path')
      const path = readNearPath(text.slice('file://'.length), 'any', { home: '/', name: null })
      return path.ok ? { ok: true, value: `file://${path.value}` } : path
    }
    case 'http':
    case 'git':
      return no(`goes over ${scheme}, where anybody on the way can change it: use ssh or https`)
    default:
      return no(`goes over ${scheme}: use ssh, https or a path on this machine`)
  }
}

/**
 * A password or a token in a URL is refused, and is to show nowhere: whatever in a URL could be one, in any shape, becomes stars, one for
 * each character. For showing only: other things may look like one.
 */
export const withoutSecrets = (text: string): string =>
  text.replace(/[^\s"']+/g, (word) => {
    if (!/@|:\/\//.test(word)) return word
    const server = word.lastIndexOf('@') + 1
    return `${word.slice(0, server).replace(LOGIN, starred)}${word.slice(server)}`.replace(QUERY, starred)
  })

/** A password, or a user that may be a token; ssh's is not. */
const LOGIN = /(:(?!\/\/)|(?<!ssh):\/\/)(.*)(?=@$)/i
const QUERY = /([?#])(.*)/

const starred = (_: string, before: string, secret: string): string => before + '*'.repeat(secret.length)

export const transportOf = (url: string): GitTransport =>
  url.startsWith('https://') ? 'https' : url.startsWith('file://') || url.startsWith('/') ? 'file' : 'ssh'

/** Whom ssh is to reach; null: another transport does. */
export function serverOf(
  url: string,
): { readonly user: string; readonly host: string; readonly port: number } | null {
  if (transportOf(url) !== 'ssh') return null
  const [, user = '', host = '', port] = SSH_URL.exec(url) ?? SCP_LIKE.exec(url)?.slice(0, 3) ?? []
  return { user, host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port ?? 22) }
}

/** Of a repository on this machine: its folder. */
export const folderOf = (url: string): string => url.replace(/^file:\/\//, '')

function readHttps(text: string): Parsed<string> {
  if (!URL.canParse(text)) return no('is no URL')
  const { username, password, search, hash, hostname } = new URL(text)
  // A token stands in either.
  if (username !== '' || password !== '' || /^https:\/\/[^/]*@/.test(text)) {
    return no(
      'holds a user or a password, which logs and process lists would show: use ssh with a key of its own',
    )
  }
  if (search !== '' || hash !== '' || /[?#]/.test(text)) return no('holds "?" or "#"')
  return hostname === '' ? no('names no host') : { ok: true, value: text }
}

function readSsh(text: string): Parsed<string> {
  const [, user, host, port, path] = SSH_URL.exec(text) ?? []
  if (host === undefined || path === undefined) {
    return /^ssh:\/\/[^/]*:[^/]*@/.test(text)
      ? no('holds a password: use a key')
      : no('is not ssh://USER@HOST/PATH')
  }
  if (port !== undefined && !(Number(port) > 0 && Number(port) < 65_536)) return no('names no port')
  return whoAndWhere(text, user, host, path)
}

function readScpLike(text: string): Parsed<string> {
  const [, user, host, path] = SCP_LIKE.exec(text) ?? []
  if (host === undefined || path === undefined)
    return no('is neither a URL, nor USER@HOST:PATH, nor an absolute path')
  return whoAndWhere(text, user, host, path)
}

function whoAndWhere(text: string, user: string | undefined, host: string, path: string): Parsed<string> {
  if (user === undefined || user === '') return no('names no user: most servers want git@HOST')
  if (!HOST_OR_USER.test(user)) return no('names a user that ssh could take for something else')
  const bare = host.replace(/^\[(.*)\]$/, '$1')
  if (!HOST_OR_USER.test(bare) && !(host.startsWith('[') && IPV6.test(bare)))
    return no('names a host that ssh could take for something else')
  if (path === '' || path.startsWith('-') || path.startsWith('/-')) return no('names no path')
  return { ok: true, value: text }
}
