import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { forecast } from '../../../src/decide/explain/forecast.ts'
import { retain } from '../../../src/decide/retention/retain.ts'
import type { Point } from '../../../src/decide/retention/series-points.ts'
import { zoneOf } from '../../../src/decide/time/zone.ts'
import { type Instant, instant } from '../../../src/model/instant.ts'
import type { Expectation, Spec } from '../../../src/model/spec.ts'
import { given } from '../../helpers/histories.ts'
import { spec } from '../../helpers/picture.ts'
import { pointOf, rulesOf } from '../../helpers/points.ts'

const OSLO = 'Europe/Oslo'

const whole = (dated: Pick<Point, 'time' | 'name' | 'pinned'>): Point => ({
  ...dated,
  series: 'db',
  facts: [],
  standing: 'whole',
  dated: 'name',
  isAhead: false,
  isBegun: false,
  madeAt: dated.time,
  reasons: [],
})
const every = (hours: number, until: Instant | null = null): Expectation => ({
  series: null,
  rhythm: { kind: 'every', seconds: hours * 3600 },
  grace: 0,
  until,
})
const declared = (rules: string, expectations: readonly Expectation[] = [], zone = OSLO): Spec =>
  spec({ retain: rulesOf(rules), expect: expectations, series: { patterns: [], timezone: zone } })

/** What leaves next: `2026-11-21 (daily 3) at 2026-11-24 12:00, 1 more, every 24h, as usual`. */
function next(
  rules: string,
  points: string,
  expectations: readonly Expectation[] = [],
  asOf = '2026-11-23T12:30',
) {
  const drawn = points.split(' ').map((text) => whole(pointOf(text, OSLO)))
  const told = forecast('db', drawn, declared(rules, expectations), pointOf(asOf, OSLO).time)
  if (told.state === 'unknown') return told.why
  if (told.state === 'none') return `none by ${told.until.local}, ${told.after} more, ${told.every}`
  const leaving = told.points.map(({ name, reasons }) => `${name} (${reasons.join(', ')})`)
  return `${leaving.join(' ')} at ${told.at.local}, ${told.after} more, ${told.every}`
}

describe('what leaves next', () => {
  const days = '2026-11-20 2026-11-21 2026-11-22 2026-11-23'
  test.each<[rules: string, points: string, expect: readonly Expectation[], told: string]>([
    ['daily=4', days, [], '2026-11-20 (daily 4) at 2026-11-24 12:00, 1 more, every 24h, as usual'],
    // The next point of the same week takes the place of the newest.
    ['weekly=2', days, [], '2026-11-23 (last 1, weekly 1) at 2026-11-24 12:00, 1 more, every 24h, as usual'],
    // Three points tell what is usual; of fewer, what is expected counts.
    [
      'daily=2',
      '2026-11-22 2026-11-23',
      [every(12)],
      '2026-11-22 (daily 2) at 2026-11-24 00:00, 1 more, every 12h, as expected',
    ],
    [
      'daily=2',
      '2026-11-22 2026-11-23',
      [],
      'how often points come is unknown: there are too few, and expect says nothing',
    ],
    ['daily=4', days, [every(24, instant(Date.UTC(2026, 10, 20)))], 'no new point is expected any more'],
    [
      'last=9',
      days,
      [every(24, instant(Date.UTC(2026, 10, 25)))],
      'none by 2026-11-25 12:00, 2 more, every 24h, as usual',
    ],
    [
      'daily=4',
      days,
      [{ ...every(1), rhythm: { kind: 'cron', cron: '30 2 * * 1' } }],
      '2026-11-20 (daily 4) at 2026-11-30 02:30, 1 more, at "30 2 * * 1", as expected',
    ],
  ])('under %s of %s', (rules, points, expectations, told) => {
    expect(next(rules, points, expectations)).toBe(told)
  })

  test('a point that is overdue is taken to come now', () => {
    expect(next('daily=4', days, [], '2026-12-24T09:00')).toContain('at 2026-12-24 09:00, 1 more')
  })

  test('days go by the calendar, over a night that the clock makes shorter', () => {
    const spring = '2026-03-26T23:59 2026-03-27T23:59 2026-03-28T23:59'
    expect(next('daily=3', spring, [], '2026-03-28T23:59')).toContain('at 2026-03-29 23:59, 1 more')
  })

  test('without rules nothing does, and without a point nothing can', () => {
    const bare = spec({ retain: null })
    const point = whole(pointOf('2026-11-23', 'UTC'))
    expect(forecast('db', [point], bare, point.time)).toMatchObject({ state: 'unknown' })
    expect(forecast('db', [], declared('last=1'), point.time)).toMatchObject({ state: 'unknown' })
  })

  test('a pinned point never does', () => {
    expect(next('last=1', '2026-11-21! 2026-11-22 2026-11-23')).toContain('2026-11-23 (last 1)')
  })
})

test('whatever the history: what it names is kept until that point comes, and not after', () => {
  fc.assert(
    fc.property(given, fc.integer({ min: 1, max: 5 }), ({ history: { points, zone }, rules }, hours) => {
      const all = points.map(whole)
      const newest = instant(Math.max(...all.map(({ time }) => time)))
      const expected = { ...spec({ retain: rules, expect: [every(hours * 24)] }) }
      const declaredIn = { ...expected, series: { patterns: [], timezone: zone.name } }
      const told = forecast('db', all, declaredIn, newest)
      if (told.state !== 'drops') return
      const gap = (Date.parse(told.at.time) - newest) / told.after
      const coming = Array.from({ length: told.after }, (_, i) =>
        whole({ time: instant(newest + (i + 1) * gap), name: '', pinned: false }),
      )
      const keptWith = (more: readonly Point[]) => {
        const kept = retain([...all, ...more], rules, zoneOf(zone.name))
        return all.filter((point) => kept.has(point)).map(({ name }) => name)
      }
      const before = keptWith(coming.slice(0, -1))
      expect(before).toEqual(keptWith([]))
      const after = new Set(keptWith(coming))
      expect(before.filter((name) => !after.has(name)).toSorted()).toEqual(
        told.points.map(({ name }) => name).toSorted(),
      )
    }),
    { numRuns: 120 },
  )
})
