import { type TimeWarning, timeWarnings } from '../../decide/time/warnings.ts'
import { isObject } from '../../model/is-object.ts'
import type { Spec } from '../../model/spec.ts'
import { loadSchema, withDefaults } from '../schema.ts'
import { checkShape } from '../yaml/check-shape.ts'
import {
  type Fault,
  faultAt,
  keyPlaceOf,
  type LocatedMap,
  lineAndColumn,
  placeOf,
  plainValue,
  type SourceText,
  startOf,
  valueAt,
} from '../yaml/located.ts'
import { readYaml } from '../yaml/read.ts'
import { nameFault } from './backup-name.ts'
import { buildSpec, type SpecDocument } from './build.ts'
import type { Claim, WrittenPath } from './check-claims.ts'
import { checkValues, type SpecContext, sourceKind } from './check-values.ts'
import { type Hosts, withHost } from './hosts.ts'
import { readNearPath } from './near-path.ts'

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
export function readDefaults(source: SourceText): { defaults: Defaults; faults: readonly Fault[] } {
  const { root, faults } = readYaml(source)
  if (root === null) {
    const empty = faults.every(({ code }) => code === 'empty')
    return empty ? { defaults: 'absent', faults: [] } : { defaults: 'broken', faults }
  }
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
  const inSpec = [...shape, ...checkValues(root, context, shape)]
  const isFaultyHost = host !== null && host !== 'unknown' && !host.isSound
  const found = [
    ...faults,
    // What a faulty host gives was reported when its file was read.
    ...inSpec.filter(({ place }) => !isFaultyHost || place.source !== host.map.place.source),
  ]
  if (host === 'unknown' || !whole)
    return { faults: found, claim: null, document: null, spec: null, host: null }
  const claim = claimOf(root, source, context)
  const document = effectiveDocument(root, claim.name.text)
  const { line } = lineAndColumn(source.text, root.place.start)
  const suspend = keyPlaceOf(root, ['suspend'])
  const suspendedAt = {
    file: suspend.source.file,
    line: lineAndColumn(suspend.source.text, suspend.start).line,
  }
  // Without an error the schema has vouched for the document's shape.
  const spec =
    isFaultyHost || isCut || found.some(({ severity }) => severity === 'error')
      ? null
      : buildSpec(document as SpecDocument, { file: source.file, line, suspend: suspendedAt }, context)
  const warnings = spec === null ? [] : timeWarnings(spec).map((warning) => warningFault(root, warning))
  return { faults: [...found, ...warnings], claim, document, spec, host: host?.name ?? null, isCut }
}

const warningFault = (root: LocatedMap, { key, code, message, hint }: TimeWarning): Fault =>
  faultAt(placeOf(root, key), code, message, hint, 'warning')

function claimOf(root: LocatedMap, source: SourceText, context: SpecContext): Claim {
  const named = textAt(root, 'name')
  const name =
    named === null || nameFault(named.path) !== null
      ? { text: context.baseName, place: startOf(source) }
      : { text: named.path, place: named.place }
  const path = (use: Parameters<typeof readNearPath>[1], ...keys: readonly string[]): WrittenPath | null => {
    const written = textAt(root, ...keys)
    if (written === null) return null
    const read = readNearPath(written.path, use, { home: context.home, name: name.text })
    return read.ok ? { path: read.value, place: written.place } : null
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

function textAt(root: LocatedMap, ...keys: readonly string[]): WrittenPath | null {
  const value = valueAt(root, keys)
  return value?.kind === 'scalar' && typeof value.value === 'string'
    ? { path: value.value, place: value.place }
    : null
}

/** The document that the spec's digest is taken of: what is implied is written out. */
function effectiveDocument(root: LocatedMap, name: string): unknown {
  const written = plainValue(root) as {
    readonly source?: unknown
    readonly series?: unknown
    readonly expect?: unknown
  }
  const { source, series, expect } = written
  const overSsh = typeof source === 'object' && source !== null && 'host' in source
  const implied = overSsh && !('path' in source) ? { ...source, path: '.' } : source
  return withDefaults(loadSchema('backup'), {
    ...written,
    name,
    ...(implied === undefined ? {} : { source: implied }),
    // One is the same as a list of one.
    ...(isObject(series) && typeof series['pattern'] === 'string'
      ? { series: { ...series, pattern: [series['pattern']] } }
      : {}),
    ...(isObject(expect) ? { expect: [expect] } : {}),
  })
}
