import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { expect, test } from 'vitest'
import { isZone, zoneOf } from '../../../src/decide/time/zone.ts'
import { type Instant, instant } from '../../../src/model/instant.ts'

const HOUR = 3_600_000

/** Half-hour and 45-minute offsets, half-hour changes, changes at odd times, a day skipped, changes of the base offset, UTC alone. */
const ZONES = [
  'UTC',
  'Europe/Oslo',
  'Europe/Dublin',
  'America/New_York',
  'America/St_Johns',
  'America/Sao_Paulo',
  'America/Caracas',
  'Africa/Casablanca',
  'Africa/Monrovia',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Asia/Pyongyang',
  'Asia/Manila',
  'Australia/Lord_Howe',
  'Australia/Eucla',
  'Pacific/Apia',
  'Pacific/Chatham',
  'Pacific/Auckland',
  'Etc/GMT+12',
]

const truth = (at: number, zone: string) =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone)

const trueLocal = (at: number, zone: string) => at + truth(at, zone).offsetNanoseconds / 1e6

function trueInstant(local: number, zone: string): number {
  const wall = Temporal.Instant.fromEpochMilliseconds(local).toZonedDateTimeISO('UTC').toPlainDateTime()
  return wall.toZonedDateTime(zone, { disambiguation: 'compatible' }).epochMilliseconds
}

const zone = fc.constantFrom(...ZONES)
const anytime = fc.integer({ min: Date.UTC(1850, 0, 1), max: Date.UTC(2150, 0, 1) })

/** Within some hours of a change of the zone's clock, where there is one after a random moment. */
const nearChange = fc
  .record({ zone, from: anytime, by: fc.integer({ min: -26 * HOUR, max: 26 * HOUR }), sharp: fc.boolean() })
  .map(({ zone, from, by, sharp }) => {
    const change = truth(from, zone).getTimeZoneTransition('next')?.epochMilliseconds ?? from
    return { zone, at: change + (sharp ? Math.sign(by) : by) }
  })
const moment = fc.oneof(fc.record({ zone, at: anytime }), nearChange)

test('the wall clock shows what Temporal says, in any order of asking', () => {
  fc.assert(
    fc.property(moment, ({ zone, at }) => {
      expect(zoneOf(zone).toLocal(instant(at))).toBe(trueLocal(at, zone))
    }),
    { numRuns: 3000 },
  )
})

test('a wall clock is shown when Temporal says, in gaps and folds too', () => {
  fc.assert(
    fc.property(moment, ({ zone, at }) => {
      expect(zoneOf(zone).toInstant(at)).toBe(trueInstant(at, zone))
    }),
    { numRuns: 1500 },
  )
})

test('there and back is where one was, but for a time that comes twice', () => {
  fc.assert(
    fc.property(moment, ({ zone, at }) => {
      const { toInstant, toLocal } = zoneOf(zone)
      const back = toInstant(toLocal(at as Instant))
      expect(toLocal(back)).toBe(toLocal(at as Instant))
      expect(back).toBeLessThanOrEqual(at)
    }),
    { numRuns: 1000 },
  )
})

test.each([
  ['a time that the clock skips is moved past it', 'Europe/Oslo', '2026-03-29T02:30', '2026-03-29T01:30:00Z'],
  ['the last moment before', 'Europe/Oslo', '2026-03-29T01:59', '2026-03-29T00:59:00Z'],
  ['the first moment after', 'Europe/Oslo', '2026-03-29T03:00', '2026-03-29T01:00:00Z'],
  ['of a time that comes twice it is the first', 'Europe/Oslo', '2026-10-25T02:30', '2026-10-25T00:30:00Z'],
  ['a half-hour gap', 'Australia/Lord_Howe', '2026-10-04T02:15', '2026-10-03T15:45:00Z'],
  ['a half-hour fold', 'Australia/Lord_Howe', '2026-04-05T01:45', '2026-04-04T14:45:00Z'],
  ['a day that was skipped', 'Pacific/Apia', '2011-12-30T12:00', '2011-12-30T22:00:00Z'],
  ['45 minutes', 'Asia/Kathmandu', '2026-11-23T00:00', '2026-11-22T18:15:00Z'],
  ['before there were zones', 'Europe/London', '1840-01-01T00:00', '1840-01-01T00:01:15Z'],
])('%s: %s %s', (_, name, local, at) => {
  expect(new Date(zoneOf(name).toInstant(Date.parse(`${local}Z`)))).toEqual(new Date(at))
})

test.each(['Europe/Oslo', 'UTC', 'Etc/GMT+5', 'EST5EDT', 'America/Argentina/Buenos_Aires'])(
  '%s is a zone',
  (name) => {
    expect(isZone(name)).toBe(true)
    expect(zoneOf(name).name).toBe(name)
  },
)

test.each([
  '',
  'Oslo',
  'Europe/Nowhere',
  ' Europe/Oslo',
  'Local',
  '+02:00',
  '-0500',
  '2026-01-01T00:00Z',
  '2026-01-01T00:00[Europe/Oslo]',
  '..',
])('"%s" is no zone', (name) => {
  expect(isZone(name)).toBe(false)
})
