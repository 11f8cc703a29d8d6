import {
  type Fault,
  type KeyPath,
  keyPathText,
  type LocatedMap,
  placeOf,
  startOf,
  textAt,
  valueAt,
} from '../yaml/located.ts'
import { nameFault } from './backup-name.ts'
import { checkSeries } from './check-series.ts'
import { checkTimes } from './check-times.ts'
import { farPathFault, hostFault, readFarPath, readHop, readListing } from './far-place.ts'
import { globFault } from './glob-fault.ts'
import { readNearPath } from './near-path.ts'
import { type Parsed, parseDuration, parseSize } from './units.ts'

/** What a spec's values are read against. */
export interface SpecContext {
  readonly home: string
  /** The file's base name without its suffix: the backup's name where the spec gives none. */
  readonly baseName: string
}

type Check = (text: string) => string | null

/**
 * What the schema cannot say about single values: every fault, each at the value. Values in whose `shape` there is a fault
 * already are passed over.
 */
export function checkValues(
  root: LocatedMap,
  context: SpecContext,
  shape: readonly Fault[],
): readonly Fault[] {
  const said = new Set(shape.map(({ place }) => place))
  const faults: Fault[] = []
  const report = (path: KeyPath, code: string, message: string, severity: Fault['severity'] = 'error') =>
    faults.push({ place: placeOf(root, path), severity, code, message })
  const check = (path: KeyPath, code: string, fault: Check) => {
    const text = textAt(root, path)
    const found = text === null || said.has(placeOf(root, path)) ? null : fault(text)
    if (found !== null) report(path, code, `${keyPathText(path)}: ${JSON.stringify(text)} ${found}`)
  }
  const checkEach = (path: KeyPath, code: string, fault: Check) => {
    const list = valueAt(root, path)
    if (list?.kind !== 'list') return
    for (const index of list.items.keys()) check([...path, index], code, fault)
  }

  const name = textAt(root, ['name']) ?? context.baseName
  const nameWrong = nameFault(name)
  if (nameWrong !== null && !root.entries.has('name')) {
    const message = `the file's name makes the backup's name, and ${JSON.stringify(name)} ${nameWrong}`
    faults.push({
      place: startOf(root.place.source),
      severity: 'error',
      code: 'bad-name',
      message,
      hint: 'rename the file, or give a "name"',
    })
  }
  check(['name'], 'bad-name', nameFault)

  const known = { home: context.home, name: nameWrong === null ? name : 'name' }
  const near = (use: Parameters<typeof readNearPath>[1]): Check => {
    return (text) => faultIn(readNearPath(text, use, known))
  }
  const kind = sourceKind(root)
  if (kind === 'local') check(['source', 'path'], 'unsafe-path', near('folder'))
  if (kind === 'ssh') check(['source', 'path'], 'unsafe-path', (text) => faultIn(readFarPath(text)))
  check(['source', 'host'], 'unsafe-host', hostFault)
  check(['source', 'identity'], 'unsafe-path', near('ssh-file'))
  check(['source', 'knownHosts'], 'unsafe-path', near('ssh-file'))
  checkEach(['source', 'jump'], 'unsafe-host', (text) => faultIn(readHop(text)))
  check(['source', 'listing'], 'unsafe-path', (text) => faultIn(readListing(text)))
  check(['destination', 'path'], 'unsafe-path', near('folder'))
  check(['destination', 'mount'], 'unsafe-path', near('any'))
  checkEach(['select', 'include'], 'bad-glob', globFault)
  checkEach(['select', 'exclude'], 'bad-glob', globFault)

  checkEach(['retain', 'pin'], 'bad-glob', globFault)

  const positive = (parse: (text: string) => Parsed<number | null>, least: number, words: string): Check => {
    return (text) => {
      const parsed = parse(text)
      if (!parsed.ok) return parsed.fault === 'is too large' ? parsed.fault : null
      return parsed.value !== null && parsed.value < least ? words : null
    }
  }
  check(['transfer', 'timeout'], 'out-of-range', positive(parseDuration, 1, 'is below 1s'))
  check(['transfer', 'maxFileSize'], 'out-of-range', positive(parseSize, 1, 'allows no file at all'))
  check(['destination', 'maxSize'], 'out-of-range', positive(parseSize, 1, 'allows no file at all'))
  check(['destination', 'minFree'], 'out-of-range', positive(parseSize, 0, ''))

  check(['retain', 'within'], 'out-of-range', positive(parseDuration, 1, 'is below 1s'))
  check(['prune', 'minAge'], 'out-of-range', positive(parseDuration, 0, ''))
  check(['prune', 'trashFor'], 'out-of-range', positive(parseDuration, 0, ''))
  check(['verify', 'every'], 'out-of-range', positive(parseDuration, 1, 'is below 1s'))

  const acknowledged = valueAt(root, ['acknowledge'])
  for (const index of acknowledged?.kind === 'list' ? acknowledged.items.keys() : []) {
    check(['acknowledge', index, 'path'], 'unsafe-path', farPathFault)
  }
  const included = valueAt(root, ['select', 'include'])
  for (const index of included?.kind === 'list' ? included.items.keys() : []) {
    const glob = textAt(root, ['select', 'include', index]) ?? ''
    if (/\.(?:md5|sha256)$/i.test(glob)) {
      const message = `select.include: ${JSON.stringify(glob)} selects nothing: checksum files come along by themselves`
      report(['select', 'include', index], 'selects-nothing', message, 'warning')
    }
  }
  return [...faults, ...checkSeries(root, said), ...checkTimes(root, said)]
}

/** `unclear`: somebody at a host that was forgotten. */
export function sourceKind(root: LocatedMap): 'ssh' | 'local' | 'unclear' {
  if (valueAt(root, ['source', 'host']) !== null) return 'ssh'
  return valueAt(root, ['source', 'user']) === null ? 'local' : 'unclear'
}

const faultIn = (parsed: Parsed<unknown>): string | null => (parsed.ok ? null : parsed.fault)
