import { hostText } from '../model/host-text.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { LocalPlace, SshPlace } from '../model/spec.ts'
import type { SharedLogin } from './run-rsync.ts'
import { rshOption } from './ssh-command.ts'

export type Place = SshPlace | LocalPlace

/** One source, and the ssh that rsync is to start for it; null for a folder on this machine. */
export interface End {
  readonly place: Place
  readonly ssh: readonly string[] | null
}

/** One source and the settings of every session with it. */
export interface Far extends End {
  /** Seconds without progress. */
  readonly timeout: number
  /** The login that the session goes over; left out: it logs in by itself. */
  readonly login?: SharedLogin
}

/**
 * On every call. A source sends regular files and folders and nothing else: no links, devices, modes, owners; no compression and
 * no incremental recursion, where clients had holes that a hostile sender could use.
 */
const SAFE = [
  '--no-links',
  '--no-devices',
  '--no-specials',
  '--no-perms',
  '--no-owner',
  '--no-group',
  '--no-compress',
  '--no-inc-recursive',
  '--no-h',
]

/** Connection 1: the folder's entries, one a line, on stdout. */
export function listArguments(end: End): readonly string[] {
  return [end.place.listing === null ? '-rt' : '-dt', ...SAFE, '--exclude=lost+found/', ...far(end)]
}

/** Connection 2 by names on stdin: the names, whole, into `into`. */
export function fetchArguments(
  end: End,
  options: { readonly maxSize: number; readonly into: string },
): readonly string[] {
  return [
    ...['-t', '--files-from=-', '--from0', `--max-size=${options.maxSize}`, ...SAFE],
    ...far(end),
    `${options.into}/`,
  ]
}

/** A look at the names on stdin: `DIGEST|SIZE|MTIME|NAME` a line, and nothing is transferred into the empty `into`. */
export function lookArguments(
  end: End,
  options: { readonly digests: boolean; readonly into: string },
): readonly string[] {
  return [
    ...['-nt', '--files-from=-', '--from0', ...(options.digests ? ['--checksum'] : [])],
    `--out-format=${options.digests ? '%C' : ''}|%l|%M|%n`,
    ...SAFE,
    ...far(end),
    `${options.into}/`,
  ]
}

/** Connection 2 where the names are too many for that: every file with such a suffix. */
export function fetchAllArguments(
  end: End,
  options: {
    readonly maxSize: number
    readonly into: string
    readonly also: readonly RelPath[]
    readonly except: readonly RelPath[]
  },
): readonly string[] {
  const deep = end.place.listing === null
  const anchor = deep ? '' : '/'
  return [
    ...[deep ? '-rt' : '-dt', `--max-size=${options.maxSize}`, ...SAFE],
    '--exclude=lost+found/',
    ...options.except.map((path) => `--exclude=/${literal(path)}`),
    ...options.also.map((path) => `--include=/${literal(path)}`),
    ...(deep ? ['--include=*/'] : []),
    ...['[mM][dD]5', '[sS][hH][aA]256'].flatMap((kind) => [
      `--include=${anchor}*.${kind}`,
      `--include=${anchor}*.${kind}[sS][uU][mM]`,
    ]),
    '--exclude=*',
    ...far(end),
    `${options.into}/`,
  ]
}

/** A pull: the names on stdin, into staging. Says `=BYTES NAME` for each file when it is through (`%b` is what makes rsync wait), then statistics. */
export function pullArguments(
  end: End,
  options: {
    readonly mode: 'append' | 'mend'
    readonly maxSize: number
    /** KiB a second; null: unlimited. */
    readonly rate: number | null
    readonly into: string
  },
): readonly string[] {
  const { place } = end
  // A peer of protocol 29 may know no --append; a delta keeps staged bytes as well, for a little upstream.
  const appends =
    options.mode === 'append' && !(place.kind === 'ssh' && place.protocol !== null && place.protocol < 30)
  return [
    ...['-t', '--files-from=-', '--from0', '--inplace', '--no-whole-file'],
    appends ? '--append-verify' : '-I',
    // Skipped without a word otherwise.
    ...[`--max-size=${options.maxSize}`, '--info=skip'],
    ...(options.rate === null ? [] : [`--bwlimit=${options.rate}`]),
    ...SAFE,
    ...['--stats', '--out-format==%b %n'],
    ...far(end),
    `${options.into}/`,
  ]
}

/** Asks whether it may write a file of ours there under this name. With -n nothing is written, whatever it says. */
export const writeArguments = (end: End, file: string, name: string): readonly string[] => [
  '-nt',
  ...SAFE,
  file,
  ...far(end, name),
]

/** Asks for the names in one folder: at `below` from ours. */
export const namesArguments = (end: End, below: '' | '../'): readonly string[] => [
  '-dt',
  ...SAFE,
  ...far(end, below),
]

/** Names for `--files-from=- --from0`. The `./` keeps a name from being taken for an option or a comment. */
export const namesOnStdin = (paths: Iterable<RelPath>): string => {
  let text = ''
  for (const path of paths) text += `./${path}\0`
  return text
}

/** Options about the peer, and the folder there, or what is at `below` from it. A remote path starts with `/` or `./`, so it is neither an option nor `::module`. */
function far({ place, ssh }: End, below = ''): readonly string[] {
  if (place.kind === 'local') return [`${place.path.replace(/\/+$/, '')}/${below}`]
  const host = hostText(place.host)
  const path = place.path.replace(/^(\.\/)+|\/+$/g, '')
  const folder = place.path.startsWith('/') ? `${path}/` : path === '.' ? './' : `./${path}/`
  return [
    ...(place.protocol === null ? [] : [`--protocol=${place.protocol}`]),
    `--rsh=${rshOption(ssh!)}`,
    `${place.user}@${host}:${folder}${below}`,
  ]
}

/** A filter pattern that matches just this path: a backslash escapes only in a pattern that has a wildcard. */
const literal = (path: string): string => (/[*?[]/.test(path) ? path.replace(/[\\*?[]/g, '\\$&') : path)
