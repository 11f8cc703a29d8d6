import type { Place } from '../yaml/located.ts'
import {
  type Fault,
  type KeyPath,
  keyPathText,
  type LocatedMap,
  placeOf,
  textAt,
  valueAt,
} from '../yaml/located.ts'
import { cronFault } from './cron-fault.ts'
import { readUntil } from './read-until.ts'
import { MIN_RATE, parseDuration, parseRate } from './units.ts'
import { zoneFault } from './zone-fault.ts'

/**
 * What the schema cannot say about when a backup runs, when it does not, and how fast. Values at the places in `said` are passed
 * over.
 */
export function checkTimes(root: LocatedMap, said: ReadonlySet<Place>): readonly Fault[] {
  const check = (path: KeyPath, code: string, fault: (text: string) => string | null): readonly Fault[] => {
    const text = textAt(root, path)
    const place = placeOf(root, path)
    const found = text === null || said.has(place) ? null : fault(text)
    if (found === null) return []
    const message = `${keyPathText(path)}: ${JSON.stringify(text)} ${found}`
    return [{ place, severity: 'error', code, message }]
  }
  const bandwidth = valueAt(root, ['transfer', 'bandwidth'])
  const windows: readonly KeyPath[] =
    bandwidth?.kind === 'list' ? bandwidth.items.map((_, index) => ['transfer', 'bandwidth', index]) : []
  const timezone = textAt(root, ['series', 'timezone']) ?? 'UTC'
  return [
    ...check(['schedule', 'every'], 'out-of-range', atLeastASecond),
    ...check(['schedule', 'cron'], 'bad-cron', cronFault),
    ...check(['schedule', 'timezone'], 'bad-timezone', zoneFault),
    ...check(['suspend', 'until'], 'bad-time', (text) => {
      const read = readUntil(text, timezone)
      return read.ok ? null : read.fault
    }),
    ...check(['transfer', 'bandwidth'], 'out-of-range', rateFault),
    ...check(['transfer', 'timezone'], 'bad-timezone', zoneFault),
    ...windows.flatMap((path) => [
      ...check([...path, 'rate'], 'out-of-range', rateFault),
      ...neverOpen(root, path, said),
    ]),
    ...withoutZone(root, windows),
  ]
}

function atLeastASecond(text: string): string | null {
  const read = parseDuration(text)
  if (!read.ok) return read.fault === 'is too large' ? read.fault : null
  return read.value < 1 ? 'is below 1s' : null
}

function rateFault(text: string): string | null {
  if (text === 'off') return null
  const read = parseRate(text)
  if (!read.ok) return read.fault === 'is too large' ? read.fault : null
  return read.value !== null && read.value < MIN_RATE
    ? 'is below 1KiB/s, the least that rsync can hold'
    : null
}

/** A window that closes when it opens: all day, or never? */
function neverOpen(root: LocatedMap, path: KeyPath, said: ReadonlySet<Place>): readonly Fault[] {
  const [from, to] = [textAt(root, [...path, 'from']), textAt(root, [...path, 'to'])]
  if ((from ?? '00:00') !== (to ?? '24:00')) return []
  const place = placeOf(root, [...path, to === null ? 'from' : 'to'])
  if (said.has(place)) return []
  const message = `${keyPathText(path)} closes at ${to ?? '24:00'}, when it opens`
  const hint = 'for the whole day leave out "from" and "to"'
  return [{ place, severity: 'error', code: 'never-open', message, hint }]
}

function withoutZone(root: LocatedMap, windows: readonly KeyPath[]): readonly Fault[] {
  const isGiven = (path: KeyPath) => valueAt(root, path) !== null
  if (windows.length === 0 || isGiven(['transfer', 'timezone']) || isGiven(['series', 'timezone'])) return []
  return [
    {
      place: placeOf(root, ['transfer', 'bandwidth']),
      severity: 'error',
      code: 'missing-key',
      message: 'transfer.bandwidth is a timetable without a time zone',
      hint: 'name the zone by whose clock it is, for example "timezone: Europe/Oslo" in transfer',
    },
  ]
}
