import { loadSchema, type Schema } from '../schema.ts'
import { parseDuration } from '../spec/units.ts'
import { type KeyPath, keyPathText } from './located.ts'

const NO_MANIFEST = 'this is no Kubernetes manifest: remove it, and write its keys at the top of the file'
const COMMENT = 'write it as a comment: # …'
const SCHEMA =
  'remove it; for an editor, begin the file with: # yaml-language-server: $schema=FILE (reconcile schema prints it)'
const SWITCH = 'remove it; a backup is switched off with "suspend: true" in its spec'
const FLAG = 'this is a flag, not a key: reconcile --'
const PLAIN = 'remove it: files are copied whole and as they are; nothing is packed or encrypted on the way'

/** Keys that people write by habit and that nothing here is called by, in lower case without `-` and `_`: what to do instead. */
const HABITS: Readonly<Record<string, string>> = {
  apiversion: NO_MANIFEST,
  metadata: NO_MANIFEST,
  spec: NO_MANIFEST,
  kind: NO_MANIFEST,
  $schema: SCHEMA,
  schema: SCHEMA,
  description: COMMENT,
  title: COMMENT,
  note: COMMENT,
  notes: COMMENT,
  comment: COMMENT,
  labels: COMMENT,
  tags: COMMENT,
  enabled: SWITCH,
  enable: SWITCH,
  active: SWITCH,
  disabled: SWITCH,
  type: 'remove it: a source with a host is reached by ssh, one without is a folder on this machine',
  loglevel: `${FLAG}log-level`,
  logfile: `${FLAG}log-file`,
  dryrun: `${FLAG}dry-run`,
  compress: PLAIN,
  compression: PLAIN,
  encrypt: PLAIN,
  incremental: PLAIN,
  password: 'remove it: secrets never stand in specs; a source takes a key (source.identity)',
  rsync: 'remove it: rsync takes no options from here; see transfer and select',
  rsyncoptions: 'remove it: rsync takes no options from here; see transfer and select',
  options: 'remove it: rsync takes no options from here; see transfer and select',
}

const NOTIFY = 'notifications stand in config.yaml: notify: [{ urlFile: … }]'

/** At the top of the one kind of file only. */
const OF_CONFIG: Readonly<Record<string, string>> = {
  version: 'remove it: config.yaml has no version',
  name: 'remove it: each backup has its name in its own spec',
}
const OF_SPEC: Readonly<Record<string, string>> = {
  notifications: NOTIFY,
  email: NOTIFY,
  mail: NOTIFY,
  webhook: NOTIFY,
  alerts: NOTIFY,
}

/** What to do about a key that is no slip of one of ours, but written by habit, or in the wrong file; null: nothing is known. */
export function habitHint(schema: Schema, parent: string, key: string): string | null {
  const asked = key.toLowerCase().replace(/[-_ ]/g, '')
  const [config, backup] = [loadSchema('config'), loadSchema('backup')]
  const isTop = parent === ''
  if (isTop && schema !== loadSchema('hosts')) {
    const own = schema === config ? OF_CONFIG : OF_SPEC
    if (Object.hasOwn(own, asked)) return own[asked]!
    const [other, where] = schema === config ? [backup, 'a spec'] : [config, 'config.yaml']
    if (Object.hasOwn(other.properties ?? {}, key) && key !== 'specs') return `it belongs in ${where}`
  }
  if (!isTop && asked === 'name') return 'remove it here: the name of a backup stands at the top of its spec'
  return Object.hasOwn(HABITS, asked) ? HABITS[asked]! : null
}

export const NO = /^(?:no|off|n|none|false)$/i

/** Keys that people leave empty, or give one value, as they are written. */
const SHAPES: Readonly<Record<string, string>> = {
  source: '{ host: db1.example.net, user: backup }',
  select: '{ include: ["*.tar.gz"] }',
  series: '{ pattern: "{series}-{YYYY}-{MM}-{DD}.tar.gz", timezone: UTC }',
  retain: '{ daily: 7, weekly: 4 }',
  finished: '{ sums: MD5SUMS }, or finished: { quiet: 30m }',
  destination: '{ path: /srv/offsite/postgres }',
  transfer: '{ bandwidth: 25KiB/s }',
  schedule: '{ every: 1h }, or schedule: { cron: "0 2 * * *", timezone: UTC }',
  expect: '{ every: 24h }',
  prune: '{ mode: manual }',
  verify: '{ every: 30d }',
  prove: '{ every: 90d, drill: pg }',
  anomaly: '{ size: [0.5, 2], kind: true }',
  'anomaly.size': '[0.5, 2]',
  acknowledge:
    '[{ path: db-2026-11-20.tar.gz, digest: 60303ae22b998861bce3b28f33eec1be, reason: "re-exported" }]',
  suspend: '{ reason: "disk swap", until: 2026-12-01T00:00:00Z }',
}

/** How a key is written, with the value that was meant for one of its own keys where it fits that one. */
export function writeAs(path: KeyPath, data?: unknown): string | undefined {
  const key = keyPathText(path.filter((part) => typeof part === 'string'))
  if (!Object.hasOwn(SHAPES, key)) return undefined
  const isEntry = typeof path.at(-1) === 'number'
  return `write it as ${isEntry ? '' : `${key}: `}${shapeOf(key, SHAPES[key]!, data)}`
}

function shapeOf(key: string, shape: string, data: unknown): string {
  const text = String(data)
  if (key === 'prune') {
    const mode = NO.test(text) ? 'never' : text
    return /^(?:never|manual|auto)$/.test(mode) ? `{ mode: ${mode} }` : shape
  }
  if (parseDuration(text).ok) return shape.replace(/(?<=^\{ every: )\w+/, text)
  return key === 'prove' && typeof data === 'string' && /^[a-z][a-z0-9._-]*$/.test(data)
    ? shape.replace('pg', data)
    : shape
}
