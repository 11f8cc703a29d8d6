import { describe, expect, test } from 'vitest'
import { inFull } from '../helpers/extent.ts'
import { every, pruned, WEEK } from '../helpers/producer.ts'
import { DAY, HOUR } from '../helpers/simulated-backup.ts'
import { byPolicy, type Life, OUTAGES, twoYears } from '../helpers/two-years.ts'

interface Case {
  readonly retain: string
  readonly expect: readonly [number, number]
  readonly life: Omit<Life, 'spec' | 'outages'>
  /** So many beyond the policy: what waits for a week, and what an expectation more patient than the producer keeps. */
  readonly more: number
}

const hourly = { period: HOUR, keeps: 4, every: () => 12 * HOUR, perPass: 14 }
const daily = { period: DAY, keeps: 40, every: () => 6 * HOUR, perPass: 1 }
const weekly = { period: WEEK, keeps: 90, every: () => DAY, perPass: 1 }

/** Its policy is that of another case, and its patience that of a third. */
const MORE: Readonly<Record<string, Case>> = {
  'daily, expected every 36 h': {
    retain: 'daily=7 weekly=4 monthly=12',
    expect: [36 * HOUR, 12 * HOUR],
    life: daily,
    more: 8 + 4,
  },
}

const CASES: Readonly<Record<string, Case>> = {
  ...inFull(MORE, {}),
  'hourly, 48 of them, expected every 3 h': {
    retain: 'last=48',
    expect: [3 * HOUR, 12 * HOUR],
    life: hourly,
    more: 7 * 24 + 2 * 48 + 6,
  },
  'daily, expected every day': {
    retain: 'daily=7 weekly=4 monthly=12',
    expect: [DAY, 12 * HOUR],
    life: daily,
    more: 8,
  },
  'daily, 20 of them, expected every 36 h': {
    retain: 'last=20',
    expect: [36 * HOUR, 12 * HOUR],
    life: daily,
    more: 8 + 10,
  },
  'daily, with a pass every 2 days': {
    retain: 'daily=7 weekly=4',
    expect: [36 * HOUR, 36 * HOUR],
    life: { ...daily, every: () => 2 * DAY, perPass: 3 },
    more: 8 + 4,
  },
  'weekly, expected every week': {
    retain: 'weekly=8 monthly=12',
    expect: [WEEK, 3 * DAY],
    life: weekly,
    more: 2,
  },
  'weekly, 8 of them, expected every 9 days': {
    retain: 'last=8',
    expect: [9 * DAY, 3 * DAY],
    life: weekly,
    more: 2 + 2,
  },
}

describe('I9: two years with outages of line, producer and box, and catch-ups of many passes, newest first', () => {
  test.each(Object.entries(CASES))(
    '%s: nothing holds or is said outside them, and the set returns to policy',
    (_, { retain, expect: [period, grace], life, more }) => {
      const spec = pruned(retain, every(period, grace))
      const { calm, heldCalm, pushedCalm, longest, removed, made, held, sizeOn } = twoYears({
        spec,
        outages: OUTAGES,
        ...life,
      })
      expect(heldCalm / calm).toBeLessThan(0.01)
      expect(pushedCalm).toBe(0)
      expect(removed).toBeGreaterThan(80)
      expect(longest).toBeGreaterThan(3)
      const wanted = byPolicy(spec, made)
      expect(held.filter((name) => wanted.includes(name))).toEqual(wanted)
      for (const day of [419, 549, 730])
        expect(sizeOn(day), `day ${day}`).toBeLessThanOrEqual(wanted.length + more)
    },
  )
})
