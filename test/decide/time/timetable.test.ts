import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { describe, expect, test } from 'vitest'
import { rateAt } from '../../../src/decide/time/timetable.ts'
import { type Instant, instant, isoTime } from '../../../src/model/instant.ts'
import type { Bandwidth, BandwidthEntry, Rate } from '../../../src/model/spec.ts'

const HOUR = 3_600_000
const KIB = 1024
const at = (text: string): Instant => instant(Date.parse(text))
const clock = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))

/** `12345 08:00-18:00 25` in KiB/s, `off` and `-` (unlimited); days and window may be left out as `*`. */
function entry(text: string): BandwidthEntry {
  const [days = '*', window = '*', rate = '-'] = text.split(' ')
  const [from = '', to = ''] = window.split('-')
  return {
    days: days === '*' ? null : [...days].map(Number),
    window: window === '*' ? null : { from: clock(from), to: clock(to) },
    rate: rate === 'off' ? 'off' : rate === '-' ? null : Number(rate) * KIB,
  }
}
const table = (timezone: string, ...entries: readonly string[]): Bandwidth => ({
  timezone,
  entries: entries.map(entry),
})

/** Rate and boundary, as short as they are written. */
function told(bandwidth: Bandwidth, when: string): string {
  const { rate, until } = rateAt(bandwidth, at(when))
  const word = rate === null ? '-' : rate === 'off' ? 'off' : String(rate / KIB)
  return `${word} ${until === null ? 'always' : isoTime(until)}`
}

describe('the rate and until when it is in force', () => {
  const office = table('Europe/Oslo', '12345 08:00-18:00 25', '67 * off')
  const night = table('Europe/Oslo', '5 22:00-06:00 off')
  test.each([
    ['a plain rate is always in force', table('UTC', '* * 25'), '2026-11-23T12:00:00Z', '25 always'],
    ['without an entry there is no limit', table('UTC'), '2026-11-23T12:00:00Z', '- always'],
    [
      'entries that say the same all week',
      table('UTC', '* 08:00-18:00 25', '* * 25'),
      '2026-11-23T12:00:00Z',
      '25 always',
    ],
    ['by day', office, '2026-11-23T11:00:00Z', '25 2026-11-23T17:00:00Z'],
    ['the very moment at which a window opens', office, '2026-11-23T07:00:00Z', '25 2026-11-23T17:00:00Z'],
    ['the very moment at which it closes', office, '2026-11-23T17:00:00Z', '- 2026-11-24T07:00:00Z'],
    ['a millisecond before', office, '2026-11-23T16:59:59.999Z', '25 2026-11-23T17:00:00Z'],
    ['a gap is unlimited', office, '2026-11-27T18:00:00Z', '- 2026-11-27T23:00:00Z'],
    ['from Sunday into Monday', office, '2026-11-29T22:00:00Z', 'off 2026-11-29T23:00:00Z'],
    [
      'over midnight, of the day on which it begins',
      night,
      '2026-11-28T03:00:00Z',
      'off 2026-11-28T05:00:00Z',
    ],
    ['and not of the day on which it ends', night, '2026-11-27T03:00:00Z', '- 2026-11-27T21:00:00Z'],
    [
      'from Sunday over the end of the week',
      table('UTC', '7 22:00-06:00 off'),
      '2026-11-30T01:00:00Z',
      'off 2026-11-30T06:00:00Z',
    ],
    ['up to 24:00', table('UTC', '1 18:00-24:00 off'), '2026-11-23T20:00:00Z', 'off 2026-11-24T00:00:00Z'],
    [
      'the first that is open counts',
      table('UTC', '1 10:00-12:00 off', '* * 25'),
      '2026-11-23T11:00:00Z',
      'off 2026-11-23T12:00:00Z',
    ],
    [
      'a window that the clock skips does not come',
      table('Europe/Oslo', '* 02:00-03:00 off'),
      '2026-03-28T23:30:00Z',
      '- 2026-03-30T00:00:00Z',
    ],
    [
      'one that is skipped in part opens when the gap is over',
      table('Europe/Oslo', '* 02:30-04:00 off'),
      '2026-03-29T00:30:00Z',
      '- 2026-03-29T01:00:00Z',
    ],
    [
      'one that is repeated is twice as long',
      table('Europe/Oslo', '* 02:00-03:00 off'),
      '2026-10-25T00:00:00Z',
      'off 2026-10-25T02:00:00Z',
    ],
    [
      'or comes twice',
      table('Europe/Oslo', '* 02:15-02:45 off'),
      '2026-10-25T00:45:00Z',
      '- 2026-10-25T01:15:00Z',
    ],
    [
      'or opens when the clock is put back',
      table('Europe/Oslo', '* 01:00-02:30 off'),
      '2026-10-25T00:30:00Z',
      '- 2026-10-25T01:00:00Z',
    ],
    [
      'in half hours',
      table('Australia/Lord_Howe', '* 01:30-02:00 off'),
      '2026-04-04T14:30:00Z',
      'off 2026-04-04T15:30:00Z',
    ],
    [
      'over a day that never was',
      table('Pacific/Apia', '5 * off'),
      '2011-12-29T12:00:00Z',
      '- 2012-01-05T10:00:00Z',
    ],
  ])('%s', (_, bandwidth, when, is) => {
    expect(told(bandwidth, when)).toBe(is)
  })
})

const ZONES = [
  'UTC',
  'Europe/Oslo',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'Pacific/Apia',
]
const minute = fc.integer({ min: 0, max: 1439 })
const anEntry: fc.Arbitrary<BandwidthEntry> = fc.record({
  days: fc.option(fc.subarray([1, 2, 3, 4, 5, 6, 7], { minLength: 1 })),
  window: fc.option(
    fc.record({ from: minute, to: fc.integer({ min: 0, max: 1440 }) }).filter(({ from, to }) => from !== to),
  ),
  rate: fc.constantFrom<Rate>(25 * KIB, 100 * KIB, null, 'off'),
})
const aTable: fc.Arbitrary<Bandwidth> = fc.record({
  timezone: fc.constantFrom(...ZONES),
  entries: fc.array(anEntry, { maxLength: 4 }),
})

/** What the wall clock's day and minute say, told the slow way. */
function plainly({ timezone, entries }: Bandwidth, when: number): Rate {
  const wall = Temporal.Instant.fromEpochMilliseconds(when).toZonedDateTimeISO(timezone)
  const now = wall.hour * 60 + wall.minute
  const yesterday = wall.dayOfWeek === 1 ? 7 : wall.dayOfWeek - 1
  const isOn = (days: readonly number[] | null, day: number) => days === null || days.includes(day)
  const open = entries.find(({ days, window }) => {
    if (window === null) return isOn(days, wall.dayOfWeek)
    const { from, to } = window
    if (from < to) return isOn(days, wall.dayOfWeek) && now >= from && now < to
    return (isOn(days, wall.dayOfWeek) && now >= from) || (isOn(days, yesterday) && now < to)
  })
  return open === undefined ? null : open.rate
}

/** Near a change of the clock as often as not. */
const moment = fc
  .record({
    zone: fc.constantFrom(...ZONES),
    from: fc.integer({ min: Date.UTC(2011, 0, 1), max: Date.UTC(2036, 0, 1) }),
    by: fc.integer({ min: -30 * HOUR, max: 30 * HOUR }),
    near: fc.boolean(),
  })
  .map(({ zone, from, by, near }) => {
    const { epochMilliseconds: change } =
      Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(zone).getTimeZoneTransition('next') ??
      {}
    return near && change !== undefined ? change + by : from
  })

test('it is what the wall clock says, all the time until it changes, and then it is another', () => {
  fc.assert(
    fc.property(aTable, moment, fc.double({ min: 0, max: 1, noNaN: true }), (bandwidth, when, part) => {
      const { rate, until } = rateAt(bandwidth, instant(when))
      const end = until ?? when + 21 * 24 * HOUR
      expect(rate).toBe(plainly(bandwidth, when))
      expect(end).toBeGreaterThan(when)
      expect(plainly(bandwidth, Math.floor(when + (end - 1 - when) * part))).toBe(rate)
      expect(plainly(bandwidth, end - 1)).toBe(rate)
      if (until !== null) expect(plainly(bandwidth, until)).not.toBe(rate)
    }),
    { numRuns: 1500 },
  )
})

test('from boundary to boundary every minute of a week is told as minute by minute', () => {
  fc.assert(
    fc.property(aTable, moment, (bandwidth, start) => {
      const begin = Math.floor(start / 60_000) * 60_000
      const end = begin + 7 * 24 * HOUR
      const walked = new Map<Rate, number>()
      for (let here = begin; here < end; ) {
        const { rate, until } = rateAt(bandwidth, instant(here))
        const next = Math.min(until ?? end, end)
        walked.set(rate, (walked.get(rate) ?? 0) + (next - here) / 60_000)
        here = next
      }
      const counted = new Map<Rate, number>()
      for (let here = begin; here < end; here += 60_000) {
        const rate = plainly(bandwidth, here)
        counted.set(rate, (counted.get(rate) ?? 0) + 1)
      }
      expect(walked).toEqual(counted)
    }),
    { numRuns: 5 },
  )
})
