import { checkShape } from '../yaml/check-shape.ts'
import {
  type Entry,
  type Fault,
  faultAt,
  type LocatedMap,
  mergeMaps,
  type Place,
  plainValue,
  textAt,
} from '../yaml/located.ts'
import { readUnderlying } from '../yaml/read.ts'
import { hostFault, readHop } from './far-place.ts'
import { readNearPath } from './near-path.ts'
import { faultless, valueReader } from './value-reader.ts'

/** A connection of `_hosts.yaml`. */
export interface Host {
  readonly name: string
  readonly map: LocatedMap
  /** No fault was found in it. */
  readonly isSound: boolean
}

/** By name. `broken`: the file is there and cannot be parsed, so what any `source.host` stands for is unknown. */
export type Hosts = ReadonlyMap<string, Host> | 'broken'

export function readHosts(
  text: Parameters<typeof readUnderlying>[0],
  home: string,
): { hosts: Hosts; faults: readonly Fault[] } {
  const { root, faults: inYaml } = readUnderlying(text)
  if (typeof root === 'string') return { hosts: root === 'broken' ? root : new Map(), faults: inYaml }
  const shape = checkShape('hosts', root, 'whole').map((fault) => withoutVersion(root, fault))
  const { read, each, faults: inValues } = valueReader(root, plainValue(root), shape)
  const near = (text: string) => readNearPath(text, 'ssh-file', { home, name: 'name' })
  for (const name of root.entries.keys()) {
    read([name, 'address'], 'unsafe-host', faultless(hostFault))
    read([name, 'identity'], 'unsafe-path', near)
    read([name, 'knownHosts'], 'unsafe-path', near)
    each([name, 'jump'], (path) => read(path, 'unsafe-host', readHop))
  }
  const faults = [
    ...inYaml,
    ...shape,
    ...[...root.removed].map(([name, place]) =>
      faultAt(place, 'wrong-value', `${name} is empty`, 'give it an "address", or remove it'),
    ),
    ...inValues,
  ]
  const errors = faults.filter(({ severity }) => severity === 'error')
  const none = (place: Place): LocatedMap => ({ kind: 'map', place, entries: new Map(), removed: new Map() })
  const named = [
    ...[...root.entries].map(([name, { key, value }]) => {
      const end = Math.max(key.end, value.place.end)
      return { name, map: value.kind === 'map' ? value : none(value.place), start: key.start, end }
    }),
    ...[...root.removed].map(([name, key]) => ({ name, map: none(key), start: key.start, end: key.end })),
  ]
  const isIn = ({ place }: Fault, { start, end }: (typeof named)[number]) =>
    place.start >= start && place.end <= end
  const isElsewhere = errors.some((error) => !named.some((one) => isIn(error, one)))
  const hosts = new Map<string, Host>()
  for (const one of named) {
    const name = one.name.toLowerCase()
    const isSound = !isElsewhere && !errors.some((error) => isIn(error, one))
    hosts.set(name, { name, map: one.map, isSound })
  }
  return { hosts, faults }
}

/** Other files of specs begin with their version. */
const withoutVersion = (root: LocatedMap, fault: Fault): Fault =>
  fault.place === root.entries.get('version')?.value.place
    ? {
        ...fault,
        message: 'every key of _hosts.yaml is the name of a host, and version is none',
        hint: 'remove it: _hosts.yaml has no version',
      }
    : fault

/**
 * `defaults` < the host that `source.host` names < the spec's own keys, whose `source.host` is then the host's address. A name of
 * `_hosts.yaml` goes before a machine of that name; as with machines, upper case does not matter. `unknown`: it cannot be told
 * whether the spec uses one.
 */
export function withHost(
  hosts: Hosts,
  defaults: LocatedMap | null,
  own: LocatedMap,
  whole: ReadonlySet<string>,
): { readonly root: LocatedMap; readonly host: Host | 'unknown' | null } {
  const root = mergeMaps(defaults, own, whole)
  const named = textAt(root, ['source', 'host'])
  if (named === null) return { root, host: null }
  if (hosts === 'broken') return { root, host: 'unknown' }
  const host = hosts.get(named.toLowerCase())
  if (host === undefined) return { root, host: null }
  const { address, ...rest } = Object.fromEntries(host.map.entries)
  // Where the spec or the defaults wrote `source`: what is missing in it is missing there.
  const inSource = (
    entries: Iterable<readonly [string, Entry]>,
    removed: LocatedMap['removed'],
  ): LocatedMap => {
    const source = root.entries.get('source')!
    const value = { kind: 'map', place: source.value.place, entries: new Map(entries), removed } as const
    return { ...root, entries: new Map([['source', { key: source.key, value }]]), removed: new Map() }
  }
  const below = mergeMaps(defaults, inSource(Object.entries(rest), host.map.removed), whole)
  const merged = mergeMaps(below, own, whole)
  const addressed =
    address === undefined ? merged : mergeMaps(merged, inSource([['host', address]], new Map()), whole)
  return { root: addressed, host }
}

/** A name that no spec uses is likely a typing error there, or a leftover here. */
export const unusedHosts = (hosts: Hosts, used: ReadonlySet<string | null>): readonly Fault[] =>
  hosts === 'broken'
    ? []
    : [...hosts.values()]
        // Of what is faulty that is reported.
        .filter(({ name, map, isSound }) => !used.has(name) && (isSound || map.entries.size > 0))
        .map(({ name, map }) => {
          const hint = 'remove it, or name it in source.host'
          return faultAt(map.place, 'unused-host', `no spec uses the host ${name}`, hint, 'warning')
        })
