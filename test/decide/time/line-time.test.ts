import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lineTime } from '../../../src/decide/time/line-time.ts'
import { plainRate, rateAt, withinCap, withoutOff } from '../../../src/decide/time/timetable.ts'
import { instant } from '../../../src/model/instant.ts'
import type { Bandwidth, BandwidthEntry, Rate } from '../../../src/model/spec.ts'
import { NOON } from '../../helpers/picture.ts'

const HOUR = 3600
const hours = (
  from: number,
  to: number,
  rate: Rate,
  days: readonly number[] | null = null,
): BandwidthEntry => ({
  days,
  window: { from: from * 60, to: to * 60 },
  rate,
})
const table = (...entries: readonly BandwidthEntry[]): Bandwidth => ({ timezone: 'UTC', entries })
const all = (rate: Rate): BandwidthEntry => ({ days: null, window: null, rate })

describe('how long a transfer takes, from Monday noon on', () => {
  const office = table(hours(8, 18, 100), all(1000))
  const lunch = table(hours(12, 13, 'off'), all(100))
  test.each<[string, number, Bandwidth, number | null, string | null, number | null]>([
    ['at one rate', 250, plainRate(100), 100, null, 3],
    ['without a limit', 250, plainRate(null), null, null, null],
    ['off for good', 250, plainRate('off'), 0, null, null],
    ['nothing to bring while it is off for good', 0, plainRate('off'), 0, null, 0],
    ['before the rate changes', 100 * HOUR, office, 100, '18:00:00', HOUR],
    ['over a change', 100 * 6 * HOUR + 1000 * HOUR, office, 100, '18:00:00', 7 * HOUR],
    ['after it opens', 100, lunch, 0, '13:00:00', HOUR + 1],
    ['until there is no limit', 1e12, table(hours(8, 18, 100)), 100, '18:00:00', 6 * HOUR],
    ['no limit now', 1e12, table(hours(18, 20, 100)), null, '18:00:00', null],
  ])('%s', (_, bytes, bandwidth, rate, until, seconds) => {
    const rateUntil = until === null ? null : `2026-11-23T${until}Z`
    expect(lineTime(bytes, bandwidth, NOON)).toEqual({ rate, rateUntil, seconds })
  })

  test('of far too much is told at once, and near the truth', () => {
    const weekly = table(hours(0, 1, 1024, [7]), all('off'))
    const perWeek = 1024 * HOUR
    const { seconds } = lineTime(1000 * perWeek, weekly, NOON)
    expect(seconds! / (7 * 24 * HOUR)).toBeCloseTo(1000, 0)
    expect(lineTime(Number.MAX_SAFE_INTEGER, weekly, NOON).seconds).toBeGreaterThan(1e9)
  })

  test('is what hour by hour comes to', () => {
    const hour = fc.integer({ min: 0, max: 23 })
    const window = fc
      .record({ from: hour, to: fc.integer({ min: 0, max: 24 }), rate: fc.constantFrom<Rate>(10, 50, 'off') })
      .filter(({ from, to }) => from !== to)
    fc.assert(
      fc.property(
        fc.array(window, { maxLength: 3 }),
        fc.integer({ min: 1, max: 3_000_000 }),
        (windows, bytes) => {
          const bandwidth = table(...windows.map(({ from, to, rate }) => hours(from, to, rate)), all(20))
          let left = bytes
          let counted = 0
          for (; left > 0 && counted < 60 * 24; counted++) {
            const { rate } = rateAt(bandwidth, instant(NOON + counted * HOUR * 1000))
            left -= rate === 'off' ? 0 : rate! * HOUR
          }
          fc.pre(left <= 0)
          const { seconds } = lineTime(bytes, bandwidth, NOON)
          expect(Math.ceil(seconds! / HOUR)).toBe(counted)
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('what a transfer may use', () => {
  const own = table(hours(0, 6, null), hours(6, 12, 100), hours(12, 13, 'off'))
  const at = (bandwidth: Bandwidth, hour: number) =>
    rateAt(bandwidth, instant(Date.UTC(2026, 10, 23, hour))).rate
  test.each([
    ['own alone', own, [null, 100, 'off', null]],
    ['within a cap', withinCap(own, 60), [60, 60, 'off', 60]],
    ['within a cap above its own', withinCap(own, 200), [200, 100, 'off', 200]],
    ['without a cap', withinCap(own, null), [null, 100, 'off', null]],
    ['without what is off', withoutOff(own), [null, 100, null, null]],
    ['without what is off, within a cap', withinCap(withoutOff(own), 60), [60, 60, 60, 60]],
  ])('%s', (_, bandwidth, rates) => {
    expect([3, 9, 12, 15].map((hour) => at(bandwidth, hour))).toEqual(rates)
  })
})
