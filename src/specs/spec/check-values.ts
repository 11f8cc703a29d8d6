import {
  type Fault,
  faultAt,
  type KeyPath,
  type LocatedMap,
  placeOf,
  startOf,
  textAt,
  valueAt,
} from '../yaml/located.ts'
import { nameFault } from './backup-name.ts'
import { checkAt, checkNames, checkSeries, checkTimes, itemPaths } from './check-rules.ts'
import { farPathFault, hostFault, readFarPath, readHop, readListing } from './far-place.ts'
import { readNearPath } from './near-path.ts'
import { faultIn, globFault, quantityFault, type TextFault } from './text-faults.ts'
import { parseDuration, parseSize } from './units.ts'

/** What a spec's values are read against. */
export interface SpecContext {
  readonly home: string
  /** The file's base name without its suffix: the backup's name where the spec gives none. */
  readonly baseName: string
}

/**
 * What the schema cannot say about single values: every fault, each at the value. Values in whose `shape` there is a fault
 * already are passed over.
 */
export function checkValues(
  root: LocatedMap,
  context: SpecContext,
  shape: readonly Fault[],
): readonly Fault[] {
  const faulty = new Set(shape.map(({ place }) => place))
  const check = checkAt(root, faulty)
  const name = textAt(root, ['name']) ?? context.baseName
  const nameWrong = nameFault(name)
  const known = { home: context.home, name: nameWrong === null ? name : 'name' }
  const near =
    (use: Parameters<typeof readNearPath>[1]): TextFault =>
    (text) =>
      faultIn(readNearPath(text, use, known))
  const kind = sourceKind(root)
  const aSecond = quantityFault(parseDuration, 1, 'is below 1s')
  const aFile = quantityFault(parseSize, 1, 'allows no file at all')
  const aDuration = quantityFault(parseDuration)
  const included = itemPaths(root, ['select', 'include'])
  const globs = [
    ...included,
    ...itemPaths(root, ['select', 'exclude']),
    ...itemPaths(root, ['retain', 'pin']),
  ]
  return [
    ...(nameWrong !== null && !root.entries.has('name')
      ? [
          faultAt(
            startOf(root.place.source),
            'bad-name',
            `the file's name makes the backup's name, and ${JSON.stringify(name)} ${nameWrong}`,
            'rename the file, or give a "name"',
          ),
        ]
      : []),
    ...check(['name'], 'bad-name', nameFault),
    ...(kind === 'local' ? check(['source', 'path'], 'unsafe-path', near('folder')) : []),
    ...(kind === 'ssh' ? check(['source', 'path'], 'unsafe-path', (text) => faultIn(readFarPath(text))) : []),
    ...check(['source', 'host'], 'unsafe-host', hostFault),
    ...check(['source', 'identity'], 'unsafe-path', near('ssh-file')),
    ...check(['source', 'knownHosts'], 'unsafe-path', near('ssh-file')),
    ...itemPaths(root, ['source', 'jump']).flatMap((path) =>
      check(path, 'unsafe-host', (text) => faultIn(readHop(text))),
    ),
    ...check(['source', 'listing'], 'unsafe-path', (text) => faultIn(readListing(text))),
    ...check(['destination', 'path'], 'unsafe-path', near('folder')),
    ...check(['destination', 'mount'], 'unsafe-path', near('any')),
    ...globs.flatMap((path) => check(path, 'bad-glob', globFault)),
    ...check(['transfer', 'timeout'], 'out-of-range', aSecond),
    ...check(['transfer', 'maxFileSize'], 'out-of-range', aFile),
    ...check(['destination', 'maxSize'], 'out-of-range', aFile),
    ...check(['destination', 'minFree'], 'out-of-range', quantityFault(parseSize)),
    ...check(['retain', 'within'], 'out-of-range', aSecond),
    ...check(['prune', 'minAge'], 'out-of-range', aDuration),
    ...check(['prune', 'trashFor'], 'out-of-range', aDuration),
    ...check(['finished', 'quiet'], 'out-of-range', aSecond),
    ...check(['finished', 'sums'], 'bad-glob', globFault),
    ...quietNeeds(root),
    ...checkNames(root, faulty),
    ...check(['verify', 'every'], 'out-of-range', aSecond),
    ...itemPaths(root, ['acknowledge']).flatMap((path) =>
      check([...path, 'path'], 'unsafe-path', farPathFault),
    ),
    ...included.flatMap((path) => selectsNothing(root, path)),
    ...checkSeries(root, check, faulty),
    ...checkTimes(root, check, faulty),
  ]
}

function selectsNothing(root: LocatedMap, path: KeyPath): readonly Fault[] {
  const glob = textAt(root, path) ?? ''
  if (!/\.(?:md5|sha256)$/i.test(glob)) return []
  const message = `select.include: ${JSON.stringify(glob)} selects nothing: checksum files come along by themselves`
  return [faultAt(placeOf(root, path), 'selects-nothing', message, undefined, 'warning')]
}

/** A peer of protocol 29 has no md5 to say. */
function quietNeeds(root: LocatedMap): readonly Fault[] {
  const protocol = valueAt(root, ['source', 'protocol'])
  if (valueAt(root, ['finished', 'quiet']) === null || protocol?.kind !== 'scalar' || protocol.value !== 29)
    return []
  const message = "finished: { quiet } asks the source's rsync for md5s, and protocol 29 has none"
  const hint = 'remove source.protocol, or have markers or a sums file written at the source'
  return [faultAt(placeOf(root, ['finished', 'quiet']), 'wrong-value', message, hint)]
}

/** `unclear`: there is a user but no host. */
export function sourceKind(root: LocatedMap): 'ssh' | 'local' | 'unclear' {
  if (valueAt(root, ['source', 'host']) !== null) return 'ssh'
  return valueAt(root, ['source', 'user']) === null ? 'local' : 'unclear'
}
