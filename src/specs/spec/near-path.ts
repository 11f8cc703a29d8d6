import { join, normalize } from 'node:path'
import { isWithin } from '../../model/is-within.ts'
import { foldName, PRIVATE_FOLDER } from '../../model/rel-path.ts'
import { no, type Parsed } from './units.ts'

// The same as in model/rel-path.ts refuses: what ends, hides or reorders a line.
const CONTROL = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffd]/u
const PLACEHOLDER = /\{[^}]*\}/g

/**
 * `folder`: kept or read whole, so never `/`. `ssh-file`: ssh expands `%` and `$` in it, and reads quotes, so it holds none
 * of them. `any`: everything else.
 */
type Use = 'folder' | 'ssh-file' | 'any'

/** Linux's PATH_MAX, less the end of the string. */
const MOST_BYTES = 4095

/** With a relative path joined to the folder that it starts from, `..` as it is written there. */
export const inFolder = (folder: string, text: string): string =>
  /^(?:\/|~\/)/.test(text) ? text : join(folder, text)

/** What is wrong with a path of Windows, as the end of a sentence that begins with it; null: it is none. */
export function windowsFault(text: string): string | null {
  const [, drive, path = ''] =
    /^([A-Z]):[\\/]+(.*)$/s.exec(text.replace(/^[a-z](?=:\\)/, (one) => one.toUpperCase())) ?? []
  if (drive === undefined) return null
  const below = path.replaceAll(/[\\/]+/g, '/').replace(/\/$/, '')
  return `is a path of Windows; in WSL it is /mnt/${drive.toLowerCase()}${below === '' ? '' : '/'}${below}`
}

/** A path on this machine as written in a spec or a setting, made absolute and normal; or what is wrong with it. */
export function readNearPath(
  text: string,
  use: Use,
  known: { readonly home: string; readonly name: string | null },
): Parsed<string> {
  if (CONTROL.test(text)) return no('holds a control or invisible character')
  const windows = windowsFault(text)
  if (windows !== null) return no(windows)
  const strange = (text.match(PLACEHOLDER) ?? []).find((found) => found !== '{name}' || known.name === null)
  if (strange !== undefined) {
    return no(`holds ${strange}; ${known.name === null ? 'nothing is' : 'only {name} is'} filled in`)
  }
  if (text.includes('$')) return no('holds "$"; variables are not expanded')
  if (use === 'ssh-file' && /[^\S ]|[%"'\\#]/.test(text)) {
    return no('holds an odd blank, a quote, or one of % # \\, which ssh would read in its own way')
  }
  const named = known.name === null ? text : text.replaceAll('{name}', known.name)
  const absolute = named.startsWith('~/') ? `${known.home}/${named.slice(2)}` : named
  if (!absolute.startsWith('/')) return no('is not an absolute path: begin it with / or ~/')
  const parts = named.split('/')
  if (parts.includes('..')) return no('holds ".."; write where it leads')
  if (use === 'folder' && parts.some((part) => foldName(part) === PRIVATE_FOLDER)) {
    return no(`lies in a ${PRIVATE_FOLDER} folder, which is private to reconcile`)
  }
  if (Buffer.byteLength(absolute) > MOST_BYTES) return no(`is longer than ${MOST_BYTES} bytes`)
  const path = normalize(absolute).replace(/(?<=.)\/+$/, '')
  if (path === '/' && use === 'folder') return no('is the whole file system')
  if (use !== 'any' && isWithin(path, '/proc'))
    return no('lies in /proc, where each process finds another place')
  return use === 'ssh-file' && isWithin(path, '/dev')
    ? no('lies in /dev, where there are no files')
    : { ok: true, value: path }
}
