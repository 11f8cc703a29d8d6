import fc from 'fast-check'
import { zoneOf } from '../../src/decide/time/zone.ts'
import { instant } from '../../src/model/instant.ts'
import type { RetainRules } from '../../src/model/spec.ts'
import { policy } from './points.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

/** Zones and moments near which their clocks do something odd. */
const ODD = [
  ['Europe/Oslo', '2026-10-25T01:00Z'],
  ['Europe/Oslo', '2026-03-29T01:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
  // Back from 00:01 to 23:01 of the day before: days that come twice.
  ['America/St_Johns', '2006-10-29T02:31Z'],
  ['Pacific/Apia', '2011-12-30T10:00Z'],
  ['Asia/Kathmandu', '1985-12-31T18:30Z'],
  ['UTC', '2021-01-01T00:00Z'],
] as const

const history = fc
  .record({
    odd: fc.constantFrom(...ODD),
    // Minutes apart, hours apart, days apart, months apart.
    step: fc.constantFrom(7 * MINUTE, 90 * MINUTE, DAY / 3, 20 * DAY),
    offsets: fc.array(fc.record({ at: fc.integer({ min: -40, max: 40 }), pinned: fc.boolean() }), {
      minLength: 1,
      maxLength: 40,
    }),
  })
  .map(({ odd: [zone, moment], step, offsets }) => ({
    zone: zoneOf(zone),
    points: offsets.map(({ at, pinned }, i) => ({
      time: instant(Date.parse(moment) + at * step),
      name: `p${i}`,
      pinned: pinned && i % 7 === 0,
    })),
  }))

const count = fc.option(fc.integer({ min: 1, max: 6 }), { freq: 2 })
const span = fc.record({
  days: fc.integer({ min: 0, max: 40 }),
  seconds: fc.integer({ min: 0, max: 90_000 }),
})
const rules: fc.Arbitrary<RetainRules> = fc
  .record({
    last: count,
    hourly: count,
    daily: count,
    weekly: count,
    monthly: count,
    yearly: count,
    within: fc.option(span.map((one) => ({ ...one, text: 'a while' }))),
    pick: fc.constantFrom('newest' as const, 'oldest' as const),
  })
  .map(policy)

/** A history of points in a zone, and rules to hold it against. */
export const given = fc.record({ history, rules })
