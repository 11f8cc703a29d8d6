import { distance } from 'fastest-levenshtein'
import { groupBy } from '../../model/group-by.ts'
import type { Schema } from '../schema.ts'

/** What other programs, and this one's users, call each of our keys: in lower case without `-` and `_`. */
const WORDS: Readonly<Record<string, string>> = {
  'transfer.bandwidth': 'bwlimit limit rate ratelimit speed throttle',
  'transfer.timeout': 'iotimeout patience',
  'transfer.maxFileSize': 'maxsizefile',
  'transfer.order': 'sort',
  'source.host': 'hostname server address remote',
  'source.address': 'host hostname server remote ip',
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
  'destination.encrypted': 'encryption encrypt luks crypt',
  'destination.rotate': 'rotation rotating disks swap taketurns',
  'destination.minFree': 'freespace reserve',
  'destination.maxSize': 'quota',
  checksum: 'sum hash digesttype',
  'select.include': 'includes patterns glob files',
  select: 'filter',
  'select.exclude': 'excludes ignore',
  acknowledge: 'ack accept',
  anomaly: 'anomalies outliers oddities plausibility',
  'expect.reach': 'history depth span oldest',
  retain: 'keep retention policy retentionpolicy forget',
  'retain.last': 'keep keeplast count',
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
  'heartbeat.urlFile': 'url',
  reason: 'comment',
  concurrency: 'jobs parallel workers',
  specs: 'backups specsdir backupsd',
  state: 'statedir',
  drills: 'drill tests checks',
  prove: 'proof drill restoretest',
  command: 'cmd argv run exec',
  roots: 'allowedroots',
}

const OTHER_WORDS = groupBy(
  Object.entries(WORDS).flatMap(([key, words]) => words.split(' ').map((word) => ({ word, key }))),
  ({ word }) => word,
)

const squeeze = (key: string): string => key.toLowerCase().replace(/[-_. ]/g, '')

/** Longer than any key or word of ours, with a few slips. */
const MOST_LETTERS = 40

/** A key of ours: its dotted path, lists' items without an index, and its last part as it is compared. */
interface Known {
  readonly path: string
  readonly above: string
  readonly name: string
  readonly squeezed: string
  readonly sorted: string
}

const sorted = (word: string): string => [...word].sort().join('')

/** By schema: a hostile file asks for thousands of keys. */
const known = new WeakMap<Schema, readonly Known[]>()

function keysOf(schema: Schema): readonly Known[] {
  const keys = known.get(schema) ?? listKeys(schema, '')
  known.set(schema, keys)
  return keys
}

function listKeys(schema: Schema, above: string): readonly Known[] {
  const inner = schema.items === undefined ? [] : listKeys(schema.items, above)
  return Object.entries(schema.properties ?? {})
    .flatMap(([name, value]) => {
      const squeezed = squeeze(name)
      const key = { path: above + name, above, name, squeezed, sorted: sorted(squeezed) }
      return [key, ...listKeys(value, `${above}${name}.`)]
    })
    .concat(inner, schema.additionalProperties ? listKeys(schema.additionalProperties, `${above}*.`) : [])
}

/** Whether a map's keys are those of `here`; of an open map each key has the same. */
const isOf = (above: string, here: string): boolean => {
  const [one, other] = [above.split('.'), here.split('.')]
  return one.length === other.length && one.every((part, i) => part === '*' || part === other[i])
}

/**
 * The key that was probably meant by `key` in the map at `parent` (a dotted path, '' at the top): by its bare name where it
 * belongs into this very map, else by its whole path. Null where nothing is near.
 */
export function suggestKey(schema: Schema, parent: string, key: string): string | null {
  if (key.length > MOST_LETTERS) return null
  const all = keysOf(schema)
  const here = parent === '' ? '' : `${parent}.`
  const siblings = all.filter(({ above }) => isOf(above, here))
  const asked = squeeze(key)
  const letters = sorted(asked)
  const isAsked = ({ squeezed }: Known) => squeezed === asked
  const words = (OTHER_WORDS.get(asked) ?? []).map(({ key }) => key)
  const found =
    siblings.find(isAsked) ??
    siblings.find(({ path }) => words.includes(path)) ??
    all.find(({ path }) => words.some((word) => path === here + word)) ??
    all.find(({ path, name }) => words.includes(path) || words.includes(name)) ??
    all.find(isAsked) ??
    // Letters that changed places count as one slip.
    nearest(siblings, Math.max(1, Math.floor(asked.length / 3)), (one) =>
      Math.min(distance(asked, one.squeezed), one.sorted === letters ? 1 : MOST_LETTERS),
    ) ??
    all.find(({ squeezed }) => asked.length > 3 && distance(asked, squeezed) <= Math.floor(asked.length / 4))
  if (found === undefined) return null
  return siblings.includes(found) ? found.name : found.path
}

function nearest(keys: readonly Known[], most: number, far: (key: Known) => number): Known | undefined {
  const [first] = keys.map((key) => ({ key, far: far(key) })).sort((a, b) => a.far - b.far)
  return first !== undefined && first.far <= most ? first.key : undefined
}
