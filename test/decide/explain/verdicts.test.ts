import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { verdicts } from '../../../src/decide/explain/verdicts.ts'
import { retain } from '../../../src/decide/retention/retain.ts'
import { zoneOf } from '../../../src/decide/time/zone.ts'
import type { Verdict } from '../../../src/model/explanation.ts'
import { given } from '../../helpers/histories.ts'
import { pointOf, policy, rulesOf } from '../../helpers/points.ts'

const reasonsOf = (said: readonly Verdict[]): readonly string[] =>
  said.flatMap((verdict) => (verdict.verdict === 'kept' ? [verdict.reason] : []))

test('whatever the history and the rules: the rules that say kept are the reasons that retain gives', () => {
  fc.assert(
    fc.property(given, ({ history: { points, zone }, rules }) => {
      const kept = retain(points, rules, zone)
      for (const point of points) {
        expect(reasonsOf(verdicts(points, point, rules, zone)).toSorted()).toEqual(
          (kept.get(point) ?? []).toSorted(),
        )
      }
    }),
    { numRuns: 400 },
  )
})

test('each rule is told of, once, whether it is set or not', () => {
  const point = pointOf('2026-11-23', 'UTC')
  expect(verdicts([point], point, policy(), zoneOf('UTC')).map(({ rule }) => rule)).toEqual([
    ...['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'],
    ...['within', 'pin', 'oldest'],
  ])
})

/** Of some points, the asked one last, what one rule says of it: `beyond 3 of 2, 2026-11-20`. */
function said(
  rule: string,
  rules: string,
  points: string,
  pin: readonly string[] = [],
  zone = 'Europe/Oslo',
) {
  const drawn = points.split(' ').map((text) => pointOf(text, zone))
  const all = verdicts(drawn, drawn.at(-1)!, { ...rulesOf(rules), pin }, zoneOf(zone))
  const { rule: _, ...verdict } = all.find((one) => one.rule === rule)!
  return verdict
}

describe('one rule over one point', () => {
  test.each<[rule: string, rules: string, points: string, verdict: object]>([
    ['last', '', '2026-11-23', { verdict: 'kept', keeps: 1, nth: 1, reason: 'last 1' }],
    ['last', 'last=2', '2026-11-23 2026-11-22 2026-11-21', { verdict: 'beyond', keeps: 2, nth: 3 }],
    ['last', 'daily=1 pick=oldest', '2026-11-23', { verdict: 'not-set' }],
    ['daily', 'last=2', '2026-11-23', { verdict: 'not-set' }],
    [
      'daily',
      'daily=2',
      '2026-11-23 2026-11-20',
      { verdict: 'kept', keeps: 2, nth: 2, period: '2026-11-20', reason: 'daily 2' },
    ],
    [
      'daily',
      'daily=1',
      '2026-11-23T10:00 2026-11-23T12:00=noon 2026-11-23T11:00',
      {
        verdict: 'stood-for',
        keeps: 1,
        nth: 1,
        period: '2026-11-23',
        by: { name: 'noon', time: '2026-11-23T11:00:00Z' },
      },
    ],
    [
      'daily',
      'daily=1 pick=oldest',
      '2026-11-23T10:00=ten 2026-11-23T12:00 2026-11-23T11:00',
      {
        verdict: 'stood-for',
        keeps: 1,
        nth: 1,
        period: '2026-11-23',
        by: { name: 'ten', time: '2026-11-23T09:00:00Z' },
      },
    ],
    [
      'hourly',
      'hourly=1',
      '2026-11-23T10:00 2026-11-23T08:30',
      { verdict: 'beyond', keeps: 1, nth: 2, period: '2026-11-23 08:00' },
    ],
    // The days around New Year belong to the week they lie in.
    [
      'weekly',
      'weekly=2',
      '2026-12-20 2024-12-30',
      { verdict: 'kept', keeps: 2, nth: 2, period: '2025-W01', reason: 'weekly 2' },
    ],
    [
      'weekly',
      'weekly=1',
      '2027-01-03',
      { verdict: 'kept', keeps: 1, nth: 1, period: '2026-W53', reason: 'weekly 1' },
    ],
    [
      'monthly',
      'monthly=1',
      '2026-11-23 2026-10-31',
      { verdict: 'beyond', keeps: 1, nth: 2, period: '2026-10' },
    ],
    ['yearly', 'yearly=1', '2026-11-23 2025-10-31', { verdict: 'beyond', keeps: 1, nth: 2, period: '2025' }],
    [
      'within',
      'within=2d',
      '2026-11-23 2026-11-22',
      { verdict: 'kept', since: '2026-11-21T11:00:00Z', reason: 'within 2d' },
    ],
    // The edge itself is out.
    ['within', 'within=2d', '2026-11-23 2026-11-21', { verdict: 'too-old', since: '2026-11-21T11:00:00Z' }],
    ['pin', 'last=1', '2026-11-23', { verdict: 'not-set' }],
    ['pin', 'last=1', '2026-11-23!', { verdict: 'kept', reason: 'pin' }],
    ['last', 'last=1', '2026-11-22 2026-11-23!', { verdict: 'not-counted' }],
    ['oldest', 'last=1', '2026-11-22 2026-11-23!', { verdict: 'not-counted' }],
    [
      'oldest',
      'monthly=12',
      '2026-11-23 2026-11-02',
      { verdict: 'kept', reason: 'oldest', rules: ['monthly'] },
    ],
    [
      'oldest',
      'monthly=12',
      '2026-11-02=old 2026-11-23',
      { verdict: 'not-oldest', oldest: { name: 'old', time: '2026-11-02T11:00:00Z' } },
    ],
    ['oldest', 'last=1', '2026-11-23 2026-11-22', { verdict: 'not-needed', hasRoom: false }],
    ['oldest', 'daily=3', '2026-11-23 2026-11-22', { verdict: 'not-needed', hasRoom: true }],
  ])('%s under %s, of %s', (rule, rules, points, verdict) => {
    expect(said(rule, rules, points)).toEqual(verdict)
  })

  test('where there are pins and none fits', () => {
    expect(said('pin', 'last=1', '2026-11-23', ['x*'])).toEqual({ verdict: 'not-pinned' })
  })

  test('days are cut in the zone of the series', () => {
    const late = '2026-11-23T23:30Z'
    expect(said('daily', 'daily=1', late)).toMatchObject({ period: '2026-11-24' })
    expect(said('daily', 'daily=1', late, [], 'UTC')).toMatchObject({ period: '2026-11-23' })
  })
})
