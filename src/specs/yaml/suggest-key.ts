import { distance } from 'fastest-levenshtein'
import type { Schema } from '../schema.ts'

/** What other programs, and this one's users, call our keys: in lower case without `-` and `_`. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  bwlimit: 'transfer.bandwidth',
  limit: 'transfer.bandwidth',
  rate: 'transfer.bandwidth',
  ratelimit: 'transfer.bandwidth',
  speed: 'transfer.bandwidth',
  throttle: 'transfer.bandwidth',
  iotimeout: 'transfer.timeout',
  patience: 'transfer.timeout',
  maxsizefile: 'transfer.maxFileSize',
  sort: 'transfer.order',
  hostname: 'source.host',
  server: 'source.host',
  address: 'source.host',
  remote: 'source.host',
  login: 'source.user',
  username: 'source.user',
  account: 'source.user',
  key: 'source.identity',
  keyfile: 'source.identity',
  identityfile: 'source.identity',
  privatekey: 'source.identity',
  sshkey: 'source.identity',
  hostkey: 'source.knownHosts',
  hostkeys: 'source.knownHosts',
  userknownhostsfile: 'source.knownHosts',
  proxyjump: 'source.jump',
  jumphost: 'source.jump',
  bastion: 'source.jump',
  gateway: 'source.jump',
  list: 'source.listing',
  listfile: 'source.listing',
  filelist: 'source.listing',
  filesfrom: 'source.listing',
  manifest: 'source.listing',
  ciphers: 'source.algorithms',
  from: 'source',
  src: 'source',
  dest: 'destination',
  dst: 'destination',
  target: 'destination',
  to: 'destination',
  dir: 'path',
  directory: 'path',
  folder: 'path',
  root: 'path',
  mountpoint: 'destination.mount',
  freespace: 'destination.minFree',
  reserve: 'destination.minFree',
  quota: 'destination.maxSize',
  sum: 'checksum',
  hash: 'checksum',
  digesttype: 'checksum',
  includes: 'select.include',
  patterns: 'select.include',
  glob: 'select.include',
  files: 'select.include',
  filter: 'select',
  excludes: 'select.exclude',
  ignore: 'select.exclude',
  ack: 'acknowledge',
  keep: 'retain',
  retention: 'retain',
  policy: 'retain',
  retentionpolicy: 'retain',
  forget: 'retain',
  keeplast: 'retain.last',
  keephourly: 'retain.hourly',
  keepdaily: 'retain.daily',
  keepweekly: 'retain.weekly',
  keepmonthly: 'retain.monthly',
  keepyearly: 'retain.yearly',
  keepwithin: 'retain.within',
  keeptag: 'retain.pin',
  pinned: 'retain.pin',
  hours: 'retain.hourly',
  days: 'retain.daily',
  weeks: 'retain.weekly',
  months: 'retain.monthly',
  years: 'retain.yearly',
  count: 'retain.last',
  maxage: 'retain.within',
  timezone: 'series.timezone',
  tz: 'series.timezone',
  zone: 'series.timezone',
  dateformat: 'series.pattern',
  datepattern: 'series.pattern',
  format: 'series.pattern',
  template: 'series.pattern',
  freshness: 'expect',
  expected: 'expect',
  interval: 'every',
  frequency: 'every',
  crontab: 'cron',
  leeway: 'grace',
  tolerance: 'grace',
  deadline: 'expect.until',
  autoprune: 'prune',
  delete: 'prune',
  cleanup: 'prune',
  remove: 'prune',
  purge: 'prune',
  minkeep: 'prune.keepAtLeast',
  floor: 'prune.keepAtLeast',
  minimumage: 'prune.minAge',
  trash: 'prune.trashFor',
  scrub: 'verify',
  check: 'verify',
  accept: 'acknowledge',
  paused: 'suspend',
  pause: 'suspend',
  disabled: 'suspend',
  suspended: 'suspend',
  weekdays: 'transfer.bandwidth.days',
  start: 'transfer.bandwidth.from',
  end: 'transfer.bandwidth.to',
  comment: 'reason',
  jobs: 'concurrency',
  parallel: 'concurrency',
  workers: 'concurrency',
  backups: 'specs',
  specsdir: 'specs',
  backupsd: 'specs',
  statedir: 'state',
  allowedroots: 'roots',
}

const squeeze = (key: string): string => key.toLowerCase().replace(/[-_. ]/g, '')

/** Letters that changed places count as one slip. */
const misspelt = (asked: string, name: string): number =>
  inOrder(asked) === inOrder(name) ? Math.min(1, distance(asked, name)) : distance(asked, name)

const inOrder = (word: string): string => [...word].sort().join('')

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
  const all = keyPaths(schema)
  const here = parent === '' ? '' : `${parent}.`
  const siblings = all.filter((path) => path.startsWith(here) && !path.slice(here.length).includes('.'))
  const lastPart = (path: string) => path.slice(path.lastIndexOf('.') + 1)
  const asked = squeeze(key)
  const named = (test: (name: string) => boolean) =>
    siblings.find((path) => test(lastPart(path))) ?? all.find((path) => test(lastPart(path)))
  const near = (path: string) => misspelt(asked, squeeze(lastPart(path)))
  const nearest = [...siblings].sort((a, b) => near(a) - near(b))[0]
  const word = Object.hasOwn(OTHER_WORDS, asked) ? OTHER_WORDS[asked] : undefined
  const isAsked = (path: string) => squeeze(lastPart(path)) === asked
  const found =
    siblings.find(isAsked) ??
    (word !== undefined && all.some((path) => path === word || lastPart(path) === word)
      ? (all.find((path) => path === here + word) ??
        all.find((path) => path === word || lastPart(path) === word))
      : undefined) ??
    all.find(isAsked) ??
    (nearest !== undefined && near(nearest) <= Math.max(1, Math.floor(asked.length / 3))
      ? nearest
      : undefined) ??
    named((name) => asked.length > 3 && distance(asked, squeeze(name)) <= Math.floor(asked.length / 4))
  if (found === undefined) return null
  return siblings.includes(found) ? lastPart(found) : found
}
