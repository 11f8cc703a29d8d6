import { templateFault } from '../../decide/files/dated-name.ts'
import type { PatternFault } from '../../decide/retention/parse-pattern.ts'
import { type Precision, patternFault, patternPrecision } from '../../decide/retention/series-pattern.ts'
import {
  type Fault,
  faultAt,
  type KeyPath,
  keyPathText,
  type LocatedMap,
  type Place,
  placeOf,
  textAt,
  valueAt,
} from '../yaml/located.ts'
import { readUntil } from './read-until.ts'
import {
  cronFault,
  faultIn,
  globFault,
  quantityFault,
  rateFault,
  type TextFault,
  zoneFault,
} from './text-faults.ts'
import { parseDuration, parseRhythm } from './units.ts'

/** The fault of the text at a path, none where there is no text. */
type CheckAt = (path: KeyPath, code: string, fault: TextFault) => readonly Fault[]

/** Checks texts, each at its value. Values at the places in `faulty` are passed over. */
export const checkAt =
  (root: LocatedMap, faulty: ReadonlySet<Place>): CheckAt =>
  (path, code, fault) => {
    const text = textAt(root, path)
    const place = placeOf(root, path)
    const found = text === null || faulty.has(place) ? null : fault(text)
    return found === null
      ? []
      : [faultAt(place, code, `${keyPathText(path)}: ${JSON.stringify(text)} ${found}`)]
  }

/** The paths of a list's items; empty if it is not a list. */
export function itemPaths(root: LocatedMap, path: KeyPath): readonly KeyPath[] {
  const value = valueAt(root, path)
  return value?.kind === 'list' ? value.items.map((_, index) => [...path, index]) : []
}

const has = (root: LocatedMap, path: KeyPath): boolean => valueAt(root, path) !== null

const timezoneOf = (root: LocatedMap): string => textAt(root, ['series', 'timezone']) ?? 'UTC'

const untilFault =
  (root: LocatedMap): TextFault =>
  (text) =>
    faultIn(readUntil(text, timezoneOf(root)))

/**
 * What the schema cannot say about series, what is retained of them, what is expected and what is pruned. Values at the places in
 * `faulty` are passed over.
 */
export function checkSeries(root: LocatedMap, check: CheckAt, faulty: ReadonlySet<Place>): readonly Fault[] {
  const patterns = oneOrMany(root, ['series', 'pattern'])
  const wrong = patterns.flatMap((path) => checkPattern(root, path, faulty))
  return [
    ...check(['series', 'timezone'], 'bad-timezone', zoneFault),
    ...wrong,
    ...(wrong.length > 0 || patterns.some((path) => faulty.has(placeOf(root, path)))
      ? []
      : checkPrecision(root, patterns)),
    ...oneOrMany(root, ['expect']).flatMap((path) => [
      ...check([...path, 'series'], 'bad-glob', globFault),
      ...check([...path, 'cron'], 'bad-cron', cronFault),
      ...check([...path, 'until'], 'bad-time', untilFault(root)),
      ...check([...path, 'every'], 'out-of-range', quantityFault(parseRhythm, 1, 'is below 1s')),
      ...check([...path, 'grace'], 'out-of-range', quantityFault(parseDuration)),
    ]),
    ...checkPruning(root),
  ]
}

/** The paths of a list's items, or of the single value that may be written instead of a list. */
const oneOrMany = (root: LocatedMap, path: KeyPath): readonly KeyPath[] => {
  const value = valueAt(root, path)
  return value === null ? [] : value.kind === 'list' ? itemPaths(root, path) : [path]
}

/** At the token itself, if the file holds the text without escapes. */
function checkPattern(
  root: LocatedMap,
  path: KeyPath,
  faulty: ReadonlySet<Place>,
  faultOf: (text: string) => PatternFault | null = patternFault,
): readonly Fault[] {
  const text = textAt(root, path)
  const whole = placeOf(root, path)
  const fault = text === null || faulty.has(whole) ? null : faultOf(text)
  if (text === null || fault === null) return []
  const written = whole.source.text.slice(whole.start, whole.end)
  const quote = /^["']/.test(written) ? 1 : 0
  const asIs = written.slice(quote, written.length - quote) === text
  const start = whole.start + quote + fault.at
  const place = asIs ? { source: whole.source, start, end: start + fault.length } : whole
  return [faultAt(place, 'bad-pattern', `${keyPathText(path)}: ${fault.message}`)]
}

const AS: KeyPath = ['select', 'as']

/** The names under which versions are kept, and the zone by which they are dated. */
export function checkNames(root: LocatedMap, faulty: ReadonlySet<Place>): readonly Fault[] {
  if (!has(root, AS)) return []
  const wrong = checkPattern(root, AS, faulty, templateFault)
  if (has(root, ['series', 'timezone'])) return wrong
  const message = 'select.as needs series.timezone: by which clock a version is dated is never guessed'
  const hint = 'add for example "series: { timezone: Europe/Oslo }"'
  return [...wrong, faultAt(placeOf(root, AS), 'missing-key', message, hint)]
}

const FINENESS: readonly Precision[] = ['year', 'month', 'day', 'hour']

/** The coarsest date by which a rule can distinguish periods. */
const NEEDED: Readonly<Record<string, Precision>> = {
  hourly: 'hour',
  daily: 'day',
  weekly: 'day',
  monthly: 'month',
}

/** A rule that needs a finer date than any name has. Names without a date use the modification time, which is fine enough. */
function checkPrecision(root: LocatedMap, patterns: readonly KeyPath[]): readonly Fault[] {
  const precisions = patterns.map((path) => FINENESS.indexOf(patternPrecision(textAt(root, path) ?? '')))
  const finest = Math.max(...precisions)
  // Finer than an hour, and no date at all, are not in the list.
  if (precisions.length === 0 || precisions.includes(-1)) return []
  return Object.entries(NEEDED).flatMap(([rule, needed]) => {
    const path = ['retain', rule]
    if (valueAt(root, path) === null || FINENESS.indexOf(needed) <= finest) return []
    const message = `${keyPathText(path)} needs the ${needed}, and series.pattern tells the ${FINENESS[finest]} only`
    return [
      faultAt(placeOf(root, path), 'too-coarse', message, `remove it, or add the ${needed} to the pattern`),
    ]
  })
}

const MODE: KeyPath = ['prune', 'mode']

/** I9: what prunes by itself must notice that nothing new comes; series that are only guessed are no ground to remove anything unasked. */
function checkPruning(root: LocatedMap): readonly Fault[] {
  const mode = textAt(root, MODE)
  const place = placeOf(root, MODE)
  const isAuto = mode === 'auto'
  if (isAuto && !has(root, ['expect'])) {
    const message =
      'prune.mode is "auto" without "expect": old copies would keep being removed even when no new ones arrive'
    const hint = 'add for example "expect: { every: 24h, grace: 2h }"'
    return [faultAt(place, 'missing-key', message, hint), ...nothingToPrune(root, mode)]
  }
  if (!isAuto || !has(root, ['retain']) || has(root, ['series', 'pattern'])) return nothingToPrune(root, mode)
  const message =
    'prune.mode is auto, and without series.pattern series are guessed by the dates in names: nothing of them is ever removed'
  const pattern = `{series}-{YYYY}-{MM}-{DD}${endingOf(root)}`
  const hint = `write how names are made, for example series: { pattern: ${JSON.stringify(pattern)}, timezone: ${timezoneOf(root)} }; a dry run prints the pattern that fits`
  return [faultAt(place, 'guessed-series', message, hint, 'warning')]
}

/** Without `retain` everything is wanted, whatever else the spec says of pruning. */
function nothingToPrune(root: LocatedMap, mode: string | null): readonly Fault[] {
  const place = placeOf(root, MODE)
  if ((mode !== 'manual' && mode !== 'auto') || has(root, ['retain'])) return []
  // What _defaults.yaml lets all backups do, a spec that keeps everything need not take back.
  if (place.source !== root.place.source) return []
  const message = `prune.mode is ${mode}, and there is no retain: everything is wanted, and nothing is ever removed`
  return [faultAt(place, 'prunes-nothing', message, 'say with retain what is to be kept', 'warning')]
}

/** How the names that are included end, as far as a glob says so. */
function endingOf(root: LocatedMap): string {
  const [first] = oneOrMany(root, ['select', 'include'])
  return /^[^/]*\*((?:\.[A-Za-z0-9]+)+)$/.exec((first && textAt(root, first)) ?? '')?.[1] ?? '.tar.gz'
}

/**
 * What the schema cannot say about when a backup runs, when it does not, and how fast. Values at the places in `faulty` are passed
 * over.
 */
export function checkTimes(root: LocatedMap, check: CheckAt, faulty: ReadonlySet<Place>): readonly Fault[] {
  const windows = itemPaths(root, ['transfer', 'bandwidth'])
  return [
    ...check(['schedule', 'every'], 'out-of-range', quantityFault(parseDuration, 1, 'is below 1s')),
    ...check(['schedule', 'cron'], 'bad-cron', cronFault),
    ...check(['schedule', 'timezone'], 'bad-timezone', zoneFault),
    ...check(['suspend', 'until'], 'bad-time', untilFault(root)),
    ...check(['transfer', 'bandwidth'], 'out-of-range', rateFault),
    ...check(['transfer', 'timezone'], 'bad-timezone', zoneFault),
    ...windows.flatMap((path) => [
      ...check([...path, 'rate'], 'out-of-range', rateFault),
      ...neverOpen(root, path, faulty),
    ]),
    ...withoutZone(root, windows),
  ]
}

/** A window that closes when it opens: all day, or never? */
function neverOpen(root: LocatedMap, path: KeyPath, faulty: ReadonlySet<Place>): readonly Fault[] {
  const [from, to] = [textAt(root, [...path, 'from']), textAt(root, [...path, 'to'])]
  if ((from ?? '00:00') !== (to ?? '24:00')) return []
  const place = placeOf(root, [...path, to === null ? 'from' : 'to'])
  if (faulty.has(place)) return []
  const message = `${keyPathText(path)} closes at ${to ?? '24:00'}, when it opens`
  return [faultAt(place, 'never-open', message, 'for the whole day leave out "from" and "to"')]
}

function withoutZone(root: LocatedMap, windows: readonly KeyPath[]): readonly Fault[] {
  if (windows.length === 0 || has(root, ['transfer', 'timezone']) || has(root, ['series', 'timezone']))
    return []
  return [
    faultAt(
      placeOf(root, ['transfer', 'bandwidth']),
      'missing-key',
      'transfer.bandwidth is a timetable without a time zone',
      'name the zone by whose clock it is, for example "timezone: Europe/Oslo" in transfer',
    ),
  ]
}
