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
import { type CheckAt, itemPaths } from './check-at.ts'
import { readUntil } from './read-until.ts'
import { cronFault, faultIn, globFault, quantityFault, zoneFault } from './text-faults.ts'
import { parseDuration, parseRhythm } from './units.ts'

/**
 * What the schema cannot say about series, what is retained of them, what is expected and what is pruned. Values at the places in
 * `faulty` are passed over.
 */
export function checkSeries(root: LocatedMap, check: CheckAt, faulty: ReadonlySet<Place>): readonly Fault[] {
  const timezone = textAt(root, ['series', 'timezone']) ?? 'UTC'
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
      ...check([...path, 'until'], 'bad-time', (text) => faultIn(readUntil(text, timezone))),
      ...check([...path, 'every'], 'out-of-range', quantityFault(parseRhythm, 1, 'is below 1s')),
      ...check([...path, 'grace'], 'out-of-range', quantityFault(parseDuration)),
    ]),
    ...needsExpect(root),
    ...nothingToPrune(root),
    ...prunesNoGuess(root),
  ]
}

/** The paths of a list's items, or of the single value that may be written instead of a list. */
const oneOrMany = (root: LocatedMap, path: KeyPath): readonly KeyPath[] => {
  const value = valueAt(root, path)
  return value === null ? [] : value.kind === 'list' ? itemPaths(root, path) : [path]
}

/** At the token itself, if the file holds the text without escapes. */
function checkPattern(root: LocatedMap, path: KeyPath, faulty: ReadonlySet<Place>): readonly Fault[] {
  const text = textAt(root, path)
  const whole = placeOf(root, path)
  const fault = text === null || faulty.has(whole) ? null : patternFault(text)
  if (text === null || fault === null) return []
  const written = whole.source.text.slice(whole.start, whole.end)
  const quote = /^["']/.test(written) ? 1 : 0
  const asIs = written.slice(quote, written.length - quote) === text
  const start = whole.start + quote + fault.at
  const place = asIs ? { source: whole.source, start, end: start + fault.length } : whole
  return [faultAt(place, 'bad-pattern', `${keyPathText(path)}: ${fault.message}`)]
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

/** I9: what prunes by itself must notice that nothing new comes. */
function needsExpect(root: LocatedMap): readonly Fault[] {
  const path = ['prune', 'mode']
  if (textAt(root, path) !== 'auto' || valueAt(root, ['expect']) !== null) return []
  const message =
    'prune.mode is "auto" without "expect": old copies would keep being removed even when no new ones arrive'
  return [
    faultAt(
      placeOf(root, path),
      'missing-key',
      message,
      'add for example "expect: { every: 24h, grace: 2h }"',
    ),
  ]
}

/** Without `retain` everything is wanted, whatever else the spec says of pruning. */
function nothingToPrune(root: LocatedMap): readonly Fault[] {
  const mode = textAt(root, ['prune', 'mode'])
  if ((mode !== 'manual' && mode !== 'auto') || valueAt(root, ['retain']) !== null) return []
  // What _defaults.yaml lets all backups do, a spec that keeps everything need not take back.
  if (placeOf(root, ['prune', 'mode']).source !== root.place.source) return []
  const message = `prune.mode is ${mode}, and there is no retain: everything is wanted, and nothing is ever removed`
  const hint = 'say with retain what is to be kept'
  return [faultAt(placeOf(root, ['prune', 'mode']), 'prunes-nothing', message, hint, 'warning')]
}

/** I9: series that are only guessed by the dates in names are no ground to remove anything unasked. */
function prunesNoGuess(root: LocatedMap): readonly Fault[] {
  const path = ['prune', 'mode']
  const has = (key: KeyPath) => valueAt(root, key) !== null
  const isMeant = textAt(root, path) === 'auto' && has(['retain']) && has(['expect'])
  if (!isMeant || has(['series', 'pattern'])) return []
  const message =
    'prune.mode is auto, and without series.pattern series are guessed by the dates in names: nothing of them is ever removed'
  const pattern = `{series}-{YYYY}-{MM}-{DD}${endingOf(root)}`
  const hint = `write how names are made, for example series: { pattern: ${JSON.stringify(pattern)}, timezone: ${textAt(root, ['series', 'timezone']) ?? 'UTC'} }; a dry run prints the pattern that fits`
  return [faultAt(placeOf(root, path), 'guessed-series', message, hint, 'warning')]
}

/** How the names that are included end, as far as a glob says so. */
function endingOf(root: LocatedMap): string {
  const [first] = oneOrMany(root, ['select', 'include'])
  return /^[^/]*\*((?:\.[A-Za-z0-9]+)+)$/.exec((first && textAt(root, first)) ?? '')?.[1] ?? '.tar.gz'
}
