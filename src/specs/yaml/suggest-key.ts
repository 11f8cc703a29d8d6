import { distance } from 'fastest-levenshtein'
import type { Schema } from '../schema.ts'

/** What other programs, and this one's users, call each of our keys: in lower case without `-` and `_`. */
const WORDS: Readonly<Record<string, string>> = {
  'transfer.bandwidth': 'bwlimit limit rate ratelimit speed throttle',
  'transfer.timeout': 'iotimeout patience',
  'transfer.maxFileSize': 'maxsizefile',
  'transfer.order': 'sort',
  'source.host': 'hostname server address remote',
  'source.user': 'login username account',
  'source.identity': 'key keyfile identityfile privatekey sshkey',
  'source.knownHosts': 'hostkey hostkeys userknownhostsfile',
  'source.jump': 'proxyjump jumphost bastion gateway',
  'source.listing': 'list listfile filelist filesfrom manifest',
  'source.algorithms': 'ciphers',
  source: 'from src',
  destination: 'dest dst target to',
  path: 'dir directory folder root',
  'destination.mount': 'mountpoint',
  'destination.minFree': 'freespace reserve',
  'destination.maxSize': 'quota',
  checksum: 'sum hash digesttype',
  'select.include': 'includes patterns glob files',
  select: 'filter',
  'select.exclude': 'excludes ignore',
  acknowledge: 'ack accept',
  retain: 'keep retention policy retentionpolicy forget',
  'retain.last': 'keeplast count',
  'retain.hourly': 'keephourly hours',
  'retain.daily': 'keepdaily days',
  'retain.weekly': 'keepweekly weeks',
  'retain.monthly': 'keepmonthly months',
  'retain.yearly': 'keepyearly years',
  'retain.within': 'keepwithin maxage',
  'retain.pin': 'keeptag pinned',
  'series.timezone': 'timezone tz zone',
  'series.pattern': 'dateformat datepattern format template',
  expect: 'freshness expected',
  every: 'interval frequency',
  cron: 'crontab',
  grace: 'leeway tolerance',
  'expect.until': 'deadline',
  prune: 'autoprune delete cleanup remove purge',
  'prune.keepAtLeast': 'minkeep floor',
  'prune.minAge': 'minimumage',
  'prune.trashFor': 'trash',
  verify: 'scrub check',
  suspend: 'paused pause disabled suspended',
  'transfer.bandwidth.days': 'weekdays',
  'transfer.bandwidth.from': 'start',
  'transfer.bandwidth.to': 'end',
  reason: 'comment',
  concurrency: 'jobs parallel workers',
  specs: 'backups specsdir backupsd',
  state: 'statedir',
  roots: 'allowedroots',
}

const OTHER_WORDS: ReadonlyMap<string, string> = new Map(
  Object.entries(WORDS).flatMap(([key, words]) => words.split(' ').map((word) => [word, key] as const)),
)

const squeeze = (key: string): string => key.toLowerCase().replace(/[-_. ]/g, '')

/** Letters that changed places count as one slip. */
const misspelt = (asked: string, name: string): number =>
  inOrder(asked) === inOrder(name) ? Math.min(1, distance(asked, name)) : distance(asked, name)

const inOrder = (word: string): string => [...word].sort().join('')

/** Longer than any key or word of ours, with a few slips. */
const MOST_LETTERS = 40

/** Every key of a schema as a dotted path, lists' items without an index. */
function keyPaths(schema: Schema, above = ''): readonly string[] {
  const inner = schema.items === undefined ? [] : keyPaths(schema.items, above)
  return Object.entries(schema.properties ?? {})
    .flatMap(([key, value]) => [`${above}${key}`, ...keyPaths(value, `${above}${key}.`)])
    .concat(inner)
}

/**
 * The key that was probably meant by `key` in the map at `parent` (a dotted path, '' at the top): by its bare name where it
 * belongs into this very map, else by its whole path. Null where nothing is near.
 */
export function suggestKey(schema: Schema, parent: string, key: string): string | null {
  if (key.length > MOST_LETTERS) return null
  const all = keyPaths(schema)
  const here = parent === '' ? '' : `${parent}.`
  const siblings = all.filter((path) => path.startsWith(here) && !path.slice(here.length).includes('.'))
  const lastPart = (path: string) => path.slice(path.lastIndexOf('.') + 1)
  const asked = squeeze(key)
  const named = (test: (name: string) => boolean) =>
    siblings.find((path) => test(lastPart(path))) ?? all.find((path) => test(lastPart(path)))
  const [nearest] = siblings
    .map((path) => ({ path, far: misspelt(asked, squeeze(lastPart(path))) }))
    .sort((a, b) => a.far - b.far)
  const word = OTHER_WORDS.get(asked)
  const isAsked = (path: string) => squeeze(lastPart(path)) === asked
  const found =
    siblings.find(isAsked) ??
    (word !== undefined && all.some((path) => path === word || lastPart(path) === word)
      ? (all.find((path) => path === here + word) ??
        all.find((path) => path === word || lastPart(path) === word))
      : undefined) ??
    all.find(isAsked) ??
    (nearest !== undefined && nearest.far <= Math.max(1, Math.floor(asked.length / 3))
      ? nearest.path
      : undefined) ??
    named((name) => asked.length > 3 && distance(asked, squeeze(name)) <= Math.floor(asked.length / 4))
  if (found === undefined) return null
  return siblings.includes(found) ? lastPart(found) : found
}
