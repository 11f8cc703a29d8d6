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
import { cronFault, faultIn, quantityFault, rateFault, zoneFault } from './text-faults.ts'
import { parseDuration } from './units.ts'

/**
 * What the schema cannot say about when a backup runs, when it does not, and how fast. Values at the places in `faulty` are passed
 * over.
 */
export function checkTimes(root: LocatedMap, check: CheckAt, faulty: ReadonlySet<Place>): readonly Fault[] {
  const windows = itemPaths(root, ['transfer', 'bandwidth'])
  const timezone = textAt(root, ['series', 'timezone']) ?? 'UTC'
  return [
    ...check(['schedule', 'every'], 'out-of-range', quantityFault(parseDuration, 1, 'is below 1s')),
    ...check(['schedule', 'cron'], 'bad-cron', cronFault),
    ...check(['schedule', 'timezone'], 'bad-timezone', zoneFault),
    ...check(['suspend', 'until'], 'bad-time', (text) => faultIn(readUntil(text, timezone))),
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
  const isGiven = (path: KeyPath) => valueAt(root, path) !== null
  if (windows.length === 0 || isGiven(['transfer', 'timezone']) || isGiven(['series', 'timezone'])) return []
  return [
    faultAt(
      placeOf(root, ['transfer', 'bandwidth']),
      'missing-key',
      'transfer.bandwidth is a timetable without a time zone',
      'name the zone by whose clock it is, for example "timezone: Europe/Oslo" in transfer',
    ),
  ]
}
