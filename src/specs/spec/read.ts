import { fingerprint } from '../../decide/documents/fingerprint.ts'
import { templateFault } from '../../decide/files/dated-name.ts'
import { specWarnings } from '../../decide/specs/spec-warnings.ts'
import type { TimeWarning } from '../../decide/time/warnings.ts'
import { type Digest, toDigest } from '../../model/digest.ts'
import { DAY } from '../../model/instant.ts'
import { isObject } from '../../model/is-object.ts'
import type { BackupName, Finished, Spec } from '../../model/spec.ts'
import { loadSchema, withDefaults } from '../schema.ts'
import { checkShape } from '../yaml/check-shape.ts'
import {
  type Fault,
  faultAt,
  type KeyPath,
  keyPlaceOf,
  type LocatedMap,
  lineOf,
  placeOf,
  plainValue,
  type SourceText,
  startOf,
  textAt,
  valueAt,
} from '../yaml/located.ts'
import { readUnderlying, readYaml } from '../yaml/read.ts'
import { nameFault } from './backup-name.ts'
import type { Claim, WrittenPath } from './check-claims.ts'
import { farPathFault, hostFault, readFarPath, readHop, readListing } from './far-place.ts'
import { type Hosts, withHost } from './hosts.ts'
import { readNearPath } from './near-path.ts'
import { checkPattern, readAnomaly, readRules, readTimes } from './read-rules.ts'
import { globFault, sumsFault } from './text-faults.ts'
import { atLeast, no, type Parsed, parseDuration, parseSize } from './units.ts'
import { faultless, type ValueReader, valueReader } from './value-reader.ts'

/** Not merged with the defaults: half of each set of rules would be a set that nobody wrote. */
const REPLACED_WHOLE: ReadonlySet<string> = new Set([
  'schedule',
  'series',
  'retain',
  'expect',
  'suspend',
  'finished',
])

/** `broken`: it is there and cannot be parsed, so no spec can be known. */
export type Defaults = LocatedMap | 'absent' | 'broken'

/** One spec file, as far as it could be read. */
export interface ReadSpec {
  readonly faults: readonly Fault[]
  /** Null where the file is no YAML map at all. */
  readonly claim: Claim | null
  /** The merged document with defaults; null where it cannot be known. */
  readonly document: unknown
  /** Null where there are faults. */
  readonly spec: Spec | null
  /** The name of `_hosts.yaml` that it uses; null: none. */
  readonly host: string | null
  /** It lacks what a file that is gone may have given. */
  readonly isCut?: boolean
}

/** `_defaults.yaml`: it need not be whole, and names no backup. */
export function readDefaults(text: Parameters<typeof readUnderlying>[0]): {
  defaults: Defaults
  faults: readonly Fault[]
} {
  const { root, faults } = readUnderlying(text)
  if (typeof root === 'string') return { defaults: root, faults }
  const found = [...faults, ...checkShape('backup', root, 'part')]
  if (root.entries.has('name')) {
    const message = 'a "name" for all backups would be one that they share'
    const hint = 'remove it; {name} in a path becomes the name of each'
    found.push(faultAt(keyPlaceOf(root, ['name']), 'wrong-value', message, hint))
  }
  return { defaults: root, faults: found }
}

export function readSpec(
  source: SourceText,
  under: {
    readonly defaults: Defaults
    readonly hosts: Hosts
    /** A file under all specs was there before and is gone. */
    readonly isLessThanBefore: boolean
  },
  context: SpecContext,
): ReadSpec {
  const { root: own, faults } = readYaml(source)
  if (own === null) return { faults, claim: null, document: null, spec: null, host: null }
  const defaults = typeof under.defaults === 'string' ? null : under.defaults
  const { root, host } = withHost(under.hosts, defaults, own, REPLACED_WHOLE)
  const whole = under.defaults !== 'broken' && host !== 'unknown'
  const all = checkShape('backup', root, whole ? 'whole' : 'part')
  const part = whole && under.isLessThanBefore ? checkShape('backup', root, 'part') : all
  const isCut = all.length > part.length
  const shape = isCut ? part : all
  const claim = claimOf(root, source, context)
  const document = effectiveDocument(root, claim.name.text)
  const values = readValues(root, document, context, shape)
  const isFaultyHost = host !== null && host !== 'unknown' && !host.isSound
  const found = [
    ...faults,
    // What a faulty host gives was reported when its file was read.
    ...[...shape, ...values.faults, ...(whole && !isCut ? neededBeside(root) : [])].filter(
      ({ place }) => !isFaultyHost || place.source !== host.map.place.source,
    ),
  ]
  if (host === 'unknown' || !whole)
    return { faults: found, claim: null, document: null, spec: null, host: null }
  const isSound = !isFaultyHost && !isCut && !found.some(({ severity }) => severity === 'error')
  const spec = isSound ? values.spec : null
  const warnings = spec === null ? [] : specWarnings(spec).map((warning) => warningFault(root, warning))
  return { faults: [...found, ...warnings], claim, document, spec, host: host?.name ?? null, isCut }
}

/** What single values need next to them, in a spec that is whole. */
function neededBeside(root: LocatedMap): readonly Fault[] {
  const lacks = (path: KeyPath): boolean => valueAt(root, path) === null
  const needed: Fault[] = []
  const rotate = valueAt(root, ['destination', 'rotate'])
  // An emptied folder would look like another disk.
  if (rotate?.kind === 'scalar' && rotate.value === true && lacks(['destination', 'mount'])) {
    const message = '"rotate" without "mount" in destination'
    const hint = 'name the mount point at which the disks take turns'
    needed.push(faultAt(rotate.place, 'missing-key', message, hint))
  }
  const as = valueAt(root, ['select', 'as'])
  if (as !== null && lacks(['series', 'timezone'])) {
    const message = 'select.as needs series.timezone: by which clock a version is dated is never guessed'
    const hint = 'add for example "series: { timezone: Europe/Oslo }"'
    needed.push(faultAt(as.place, 'missing-key', message, hint))
  }
  return needed
}

const warningFault = (root: LocatedMap, { key, code, message, hint }: TimeWarning): Fault =>
  faultAt(placeOf(root, key), code, message, hint, 'warning')

function claimOf(root: LocatedMap, source: SourceText, context: SpecContext): Claim {
  const named = textAt(root, ['name'])
  const name =
    named === null || nameFault(named) !== null
      ? { text: context.baseName, place: startOf(source) }
      : { text: named, place: placeOf(root, ['name']) }
  const path = (use: Parameters<typeof readNearPath>[1], ...keys: readonly string[]): WrittenPath | null => {
    const written = textAt(root, keys)
    const read = written === null ? null : readNearPath(written, use, { home: context.home, name: name.text })
    return read?.ok ? { path: read.value, place: placeOf(root, keys) } : null
  }
  return {
    file: source.file,
    name,
    destination: path('folder', 'destination', 'path'),
    mount: path('any', 'destination', 'mount'),
    localSource: sourceKind(root) === 'local' ? path('folder', 'source', 'path') : null,
    keys: ['identity', 'knownHosts'].flatMap((key) => path('ssh-file', 'source', key) ?? []),
  }
}

/** The document that the spec's digest is taken of: what is implied is written out. */
function effectiveDocument(root: LocatedMap, name: string): unknown {
  const written = plainValue(root) as Readonly<Record<string, unknown>>
  const { source, series, expect } = written
  return withDefaults(loadSchema('backup'), {
    ...written,
    name,
    ...(isObject(source) && 'host' in source ? { source: { path: '.', ...source } } : {}),
    // One is the same as a list of one.
    ...(isObject(series) && typeof series['pattern'] === 'string'
      ? { series: { ...series, pattern: [series['pattern']] } }
      : {}),
    ...(isObject(expect) ? { expect: [expect] } : {}),
  })
}

/** What a spec's values are read against. */
export interface SpecContext {
  readonly home: string
  /** The file's base name without its suffix: the backup's name where the spec gives none. */
  readonly baseName: string
}

/**
 * The spec of a merged map, and what the schema cannot say about its values: every fault, each at the value. `document`: the same with
 * defaults written out. With a fault, here or in its `shape`, the spec is not whole, and nobody is to see it.
 */
function readValues(
  root: LocatedMap,
  document: unknown,
  { home, baseName }: SpecContext,
  shape: readonly Fault[],
): { readonly spec: Spec; readonly faults: readonly Fault[] } {
  const reader = valueReader(root, document, shape)
  const { read, plain, each } = reader
  const name = readName(reader, baseName)
  const near = (path: KeyPath, use: Parameters<typeof readNearPath>[1]) =>
    read(path, 'unsafe-path', (text) => readNearPath(text, use, { home, name }))
  const most = (path: KeyPath) =>
    read(path, 'out-of-range', atLeast(parseSize, 1, 'allows no file at all')) ?? null
  const seconds = (path: KeyPath) => read(path, 'out-of-range', atLeast(parseDuration, 1))
  const glob = (path: KeyPath) => read(path, 'bad-glob', faultless(globFault))
  const kind = sourceKind(root)
  const nearSource = kind === 'local' ? near(['source', 'path'], 'folder') : ''
  const farSource = kind === 'ssh' ? read(['source', 'path'], 'unsafe-path', readFarPath) : ''
  const ssh = {
    host: read(['source', 'host'], 'unsafe-host', faultless(hostFault)),
    port: plain<number>(['source', 'port']),
    user: plain<string>(['source', 'user']),
    identity: near(['source', 'identity'], 'ssh-file'),
    knownHosts: near(['source', 'knownHosts'], 'ssh-file'),
    jump: each(['source', 'jump'], (path) => read(path, 'unsafe-host', readHop)),
    protocol: plain<number | undefined>(['source', 'protocol']) ?? null,
    algorithms: plain<'default' | 'legacy'>(['source', 'algorithms']),
  }
  const listing = read(['source', 'listing'], 'unsafe-path', readListing) ?? null
  const { bandwidth, ...times } = readTimes(reader)
  const spec: Spec = {
    name,
    file: root.place.source.file,
    line: lineOf(root.place),
    // Comments, layout, key order and the file's place do not change it.
    digest: fingerprint(document),
    source:
      kind === 'local'
        ? { kind, path: nearSource, listing }
        : { kind: 'ssh', path: farSource, listing, ...ssh },
    finished: readFinished(reader),
    checksum: plain(['checksum']),
    select: {
      include: each(['select', 'include'], (path) => {
        warnOfChecksums(reader, path)
        return glob(path)
      }),
      exclude: each(['select', 'exclude'], glob),
      ...readNames(reader),
    },
    ...readRules(reader),
    verifyEvery: seconds(['verify', 'every']),
    prove: reader.isWritten(['prove'])
      ? {
          every: read(['prove', 'every'], 'out-of-range', atLeast(parseDuration, DAY / 1000, 'is below 1d')),
          drill: plain(['prove', 'drill']),
        }
      : null,
    destination: {
      path: near(['destination', 'path'], 'folder'),
      mount: near(['destination', 'mount'], 'any') ?? null,
      rotate: plain(['destination', 'rotate']) === true,
      ...(reader.isWritten(['destination', 'encrypted']) ? { encrypted: 'required' as const } : {}),
      minFree: read(['destination', 'minFree'], 'out-of-range', parseSize),
      maxSize: most(['destination', 'maxSize']),
    },
    transfer: {
      bandwidth,
      timeout: seconds(['transfer', 'timeout']),
      maxFileSize: most(['transfer', 'maxFileSize']),
      order: plain(['transfer', 'order']),
    },
    acknowledge: each(['acknowledge'], (path) => ({
      path: read([...path, 'path'], 'unsafe-path', faultless(farPathFault)),
      digest: read([...path, 'digest'], 'wrong-value', readDigest),
      reason: plain([...path, 'reason']),
      lost: plain<boolean | undefined>([...path, 'lost']) ?? false,
    })),
    ...readAnomaly(reader),
    ...times,
  }
  return { spec, faults: reader.faults }
}

/** The names under which versions are kept. */
function readNames(reader: ValueReader): Pick<Spec['select'], 'as'> {
  const path = ['select', 'as']
  if (!reader.isWritten(path)) return {}
  checkPattern(reader, path, templateFault)
  return { as: reader.plain(path) }
}

function readName({ fault, faults, isFaulty, root }: ValueReader, baseName: string): BackupName {
  const name = textAt(root, ['name']) ?? baseName
  const wrong = nameFault(name)
  if (wrong === null) return name as BackupName
  if (!root.entries.has('name')) {
    const message = `the file's name makes the backup's name, and ${JSON.stringify(name)} ${wrong}`
    const hint = 'rename the file, or give a "name"'
    faults.push(faultAt(startOf(root.place.source), 'bad-name', message, hint))
  } else if (!isFaulty(['name'])) fault(['name'], 'bad-name', `name: ${JSON.stringify(name)} ${wrong}`)
  // What its paths are read with meanwhile.
  return 'name' as BackupName
}

function readFinished({ root, read, plain, each, text, isWritten, isFaulty, fault }: ValueReader): Finished {
  const quiet = read(['finished', 'quiet'], 'out-of-range', atLeast(parseDuration, 1))
  const path = ['finished', 'sums']
  const name = isFaulty(path) ? undefined : plain<string | undefined>(path)
  const wrong =
    name === undefined
      ? null
      : sumsFault(
          name,
          each(['select', 'include'], text).filter((one) => one !== undefined),
        )
  if (wrong !== null)
    fault(
      path,
      'bad-glob',
      `finished.sums: ${JSON.stringify(name)} ${wrong}`,
      'write the name of the file that holds the sums, such as MD5SUMS, or a glob of such files alone, such as "*.md5"',
    )
  // A peer of protocol 29 has no md5 to say.
  if (isWritten(['finished', 'quiet']) && plain(['source', 'protocol']) === 29) {
    const message = "finished: { quiet } asks the source's rsync for md5s, and protocol 29 has none"
    const hint = 'remove source.protocol, or have markers or a sums file written at the source'
    fault(['finished', 'quiet'], 'wrong-value', message, hint)
  }
  if (valueAt(root, ['finished'])?.kind !== 'map') return { kind: 'marker' }
  return name === undefined ? { kind: 'quiet', seconds: quiet } : { kind: 'sums', name }
}

function warnOfChecksums({ plain, fault }: ValueReader, path: KeyPath): void {
  const glob = plain(path)
  if (typeof glob !== 'string' || !/\.(?:md5|sha256)$/i.test(glob)) return
  const message = `select.include: ${JSON.stringify(glob)} selects nothing: checksum files come along by themselves`
  fault(path, 'selects-nothing', message, undefined, 'warning')
}

function readDigest(text: string): Parsed<Digest> {
  const digest = toDigest(text)
  return digest === null ? no('is no digest') : { ok: true, value: digest }
}

/** `unclear`: there is a user but no host. */
function sourceKind(root: LocatedMap): 'ssh' | 'local' | 'unclear' {
  if (valueAt(root, ['source', 'host']) !== null) return 'ssh'
  return valueAt(root, ['source', 'user']) === null ? 'local' : 'unclear'
}
