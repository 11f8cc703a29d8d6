import { describe, expect, test } from 'vitest'
import { inFull } from '../helpers/extent.ts'
import { every, pruned } from '../helpers/producer.ts'
import { HOUR } from '../helpers/simulated-backup.ts'
import { byPolicy, OUTAGES, twoYears } from '../helpers/two-years.ts'

/** Of what is surplus each hour one comes, and stays for a week; the last day's wait for the day's fifth. */
const WEEK_OF_HOURS = 7 * 24

describe('I9: two years of an hourly producer under hourly 24, daily 7, weekly 4, with outages of line, producer and box', () => {
  const patient = ['every 3 h, which is more patient than it', 3 * HOUR] as const
  test.each([['every hour', HOUR] as const, ...inFull([patient], [])])(
    'expected %s: nothing holds or is said outside them, and the set returns to policy',
    (_, expected) => {
      const spec = pruned('hourly=24 daily=7 weekly=4', every(expected, 12 * HOUR))
      const life = { period: HOUR, keeps: 4, every: () => 12 * HOUR, outages: OUTAGES, perPass: 14 }
      const { calm, heldCalm, pushedCalm, removed, made, held, sizeOn } = twoYears({ spec, ...life })
      expect(heldCalm / calm).toBeLessThan(0.01)
      expect(pushedCalm).toBe(0)
      expect(removed).toBeGreaterThan(15_000)
      const wanted = byPolicy(spec, made)
      expect(wanted).toHaveLength(31)
      expect(held.filter((name) => wanted.includes(name))).toEqual(wanted)
      // Before the first outage, before each long one, and at the end.
      for (const day of [99, 299, 419, 549, 730]) {
        expect(sizeOn(day), `day ${day}`).toBeGreaterThan(31 + WEEK_OF_HOURS)
        expect(sizeOn(day), `day ${day}`).toBeLessThanOrEqual(280)
      }
    },
  )
})
