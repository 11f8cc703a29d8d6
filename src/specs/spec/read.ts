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
  placeOf,
  plainValue,
  type SourceText,
  startOf,
  textAt,
} from '../yaml/located.ts'
import { readUnderlying, readYaml } from '../yaml/read.ts'
import { nameFault } from './backup-name.ts'
import type { Claim, WrittenPath } from './check-claims.ts'
import { type Hosts, withHost } from './hosts.ts'
import { readNearPath } from './near-path.ts'
import { readValues, type SpecContext, sourceKind } from './read-values.ts'

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
  under: { readonly defaults: Defaults; readonly hosts: Hosts },
  context: SpecContext,
): ReadSpec {
  const { root: own, faults } = readYaml(source)
  if (own === null) return { faults, claim: null, document: null, spec: null, host: null }
  const defaults = typeof under.defaults === 'string' ? null : under.defaults
  const { root, host } = withHost(under.hosts, defaults, own, REPLACED_WHOLE)
  const whole = under.defaults !== 'broken' && host !== 'unknown'
  const shape = checkShape('backup', root, whole ? 'whole' : 'part')
  const claim = claimOf(root, source, context)
  const document = effectiveDocument(root, claim.name.text)
  const values = readValues(root, document, context, shape)
  const isFaultyHost = host !== null && host !== 'unknown' && !host.isSound
  const found = [
    ...faults,
    // What a faulty host gives was reported when its file was read.
    ...[...shape, ...values.faults].filter(
      ({ place }) => !isFaultyHost || place.source !== host.map.place.source,
    ),
  ]
  if (host === 'unknown' || !whole)
    return { faults: found, claim: null, document: null, spec: null, host: null }
  const isSound = !isFaultyHost && !found.some(({ severity }) => severity === 'error')
  const spec = isSound ? values.spec : null
  const warnings = spec === null ? [] : timeWarnings(spec).map((warning) => warningFault(root, warning))
  return { faults: [...found, ...warnings], claim, document, spec, host: host?.name ?? null }
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
