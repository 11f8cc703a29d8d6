import { expect, test } from 'vitest'
import { isAwaited } from '../../../src/decide/files/emptiness.ts'
import { describeLate, freshness } from '../../../src/decide/status/freshness.ts'
import { seriesViews } from '../../../src/decide/status/series.ts'
import { nothingHeld, type Turn } from '../../../src/model/holding.ts'
import { instant, isoTime } from '../../../src/model/instant.ts'
import type { Expectation } from '../../../src/model/spec.ts'
import { NOON, spec } from '../../helpers/picture.ts'

const at = (text: string) => instant(Date.parse(text.includes('T') ? text : `${text}T00:00:00Z`))
const maybe = (text: string) => (text === '-' ? null : at(text))
const MINUTE = 60
const HOUR = 3600

const rule = (rhythm: Expectation['rhythm'], over: Partial<Expectation> = {}): Expectation => ({
  series: null,
  rhythm,
  grace: 0,
  until: null,
  ...over,
})
const every = (seconds: number, over?: Partial<Expectation>) => rule({ kind: 'every', seconds }, over)
const cron = (text: string, over?: Partial<Expectation>) => rule({ kind: 'cron', cron: text }, over)
const never = (over?: Partial<Expectation>) => rule({ kind: 'never' }, over)

/** `late, due 2026-11-24T00:00:00Z` */
function told(expected: readonly Expectation[], newest: string, asOf: string, since = '-', timezone = 'UTC') {
  const { state, due } = freshness(
    'db',
    maybe(newest),
    { expect: expected, timezone },
    maybe(since),
    at(asOf),
  )
  return due === null ? state : `${state}, due ${isoTime(due)}`
}

const daily = [every(24 * HOUR, { grace: 2 * HOUR })]

test.each([
  ['2026-11-23T02:00:00Z', '2026-11-23T02:00:00Z', 'ok'],
  ['2026-11-23T02:00:00Z', '2026-11-24T01:59:59.999Z', 'ok'],
  ['2026-11-23T02:00:00Z', '2026-11-24T02:00:00Z', 'due'],
  ['2026-11-23T02:00:00Z', '2026-11-24T04:00:00Z', 'due'],
  ['2026-11-23T02:00:00Z', '2026-11-24T04:00:00.001Z', 'late'],
  ['2026-11-23T02:00:00Z', '2027-11-24T04:00:00Z', 'late'],
])('every 24h with 2h grace: newest %s is at %s %s', (newest, asOf, state) => {
  expect(told(daily, newest, asOf)).toBe(`${state}, due 2026-11-24T02:00:00Z`)
})

test.each([
  ['nothing is expected', [], '2026-11-23', '2026-11-24', 'unknown'],
  ['nothing to count from', daily, '-', '2026-11-24', 'unknown'],
  ['a date that never comes', [cron('0 0 30 2 *')], '2026-11-23', '2026-11-24', 'unknown'],
  ['a series that has ended', [never()], '2020-01-01', '2026-11-24', 'ended'],
  ['nothing expected and nothing here', [never()], '-', '2026-11-24', 'ended'],
  ['before until', [every(HOUR, { until: at('2026-11-24') })], '2026-11-20', '2026-11-23T23:59:59Z', 'late'],
  ['at until', [every(HOUR, { until: at('2026-11-24') })], '2026-11-20', '2026-11-24', 'ended'],
  ['after until', [every(HOUR, { until: at('2026-11-24') })], '-', '2026-11-25', 'ended'],
  ['a clock far back', daily, '2026-11-23', '1999-01-01', 'ok'],
  ['a clock far back, by the calendar', [cron('0 2 * * *')], '2026-11-23', '1999-01-01', 'ok'],
])('%s', (_, expected, newest, asOf, state) => {
  expect(told(expected, newest, asOf).replace(/,.*/, '')).toBe(state)
})

test('a series without a point counts from when its destination began', () => {
  expect(told(daily, '-', '2026-11-24', '2026-11-23')).toBe('due, due 2026-11-24T00:00:00Z')
  expect(told(daily, '2026-11-20', '2026-11-24', '2026-11-23')).toBe('late, due 2026-11-21T00:00:00Z')
})

test.each([
  ['db', [every(HOUR, { series: 'd*' }), never()], 'every 1h'],
  ['web', [every(HOUR, { series: 'd*' }), never()], 'never'],
  ['web', [every(HOUR, { series: 'd*' })], null],
  ['web', [never(), every(HOUR)], 'never'],
  ['site/db', [every(HOUR, { series: 'db' })], 'every 1h'],
  ['site/db', [every(HOUR, { series: 'other/*' })], null],
  ['site/db', [every(HOUR, { series: 'site/*' })], 'every 1h'],
  ['undated', [every(HOUR)], 'every 1h'],
  ['undated', [every(HOUR, { series: 'undated' })], 'every 1h'],
  ['db-*.gz', [every(HOUR, { series: '*' })], 'every 1h'],
  ['de/db-*.gz', [every(HOUR, { series: 'db-*' })], 'every 1h'],
  ['db-*.gz', [every(HOUR, { series: 'db' })], null],
])('the first expectation that fits the series counts: %s', (series, expected, words) => {
  const fresh = freshness(
    series,
    at('2026-11-23'),
    { expect: expected, timezone: 'UTC' },
    null,
    at('2026-11-24'),
  )
  expect(fresh.expect).toBe(words)
})

test.each([
  [every(24 * HOUR), 'every 24h'],
  [every(48 * HOUR), 'every 2d'],
  [every(36 * HOUR), 'every 36h'],
  [every(7 * 24 * HOUR), 'every 7d'],
  [every(90 * MINUTE), 'every 90m'],
  [every(45), 'every 45s'],
  [cron('0 2 * * *'), 'at "0 2 * * *"'],
  [never(), 'never'],
])('tells what is expected in words', (expected, words) => {
  const fresh = freshness(
    'db',
    at('2026-11-23'),
    { expect: [expected], timezone: 'UTC' },
    null,
    at('2026-11-24'),
  )
  expect(fresh.expect).toBe(words)
})

test.each([
  // Winter is UTC+1, summer UTC+2.
  ['an ordinary night', '0 2 * * *', '2026-11-23T00:59:59Z', '2026-11-23T01:00:00Z'],
  ['strictly after', '0 2 * * *', '2026-11-23T01:00:00Z', '2026-11-24T01:00:00Z'],
  ['within the second', '0 2 * * *', '2026-11-23T00:59:59.999Z', '2026-11-23T01:00:00Z'],
  ['long ago', '0 2 * * *', '1975-03-28T20:00:00Z', '1975-03-29T01:00:00Z'],
  [
    'a time that the clock skips: when the gap is over',
    '30 2 * * *',
    '2026-03-28T20:00:00Z',
    '2026-03-29T01:00:00Z',
  ],
  ['the day after the gap', '30 2 * * *', '2026-03-29T01:00:00Z', '2026-03-30T00:30:00Z'],
  ['two times a day, one skipped', '30 2,14 * * *', '2026-03-28T20:00:00Z', '2026-03-29T01:00:00Z'],
  ['a time that comes twice: the first', '30 2 * * *', '2026-10-24T20:00:00Z', '2026-10-25T00:30:00Z'],
  ['and not the second', '30 2 * * *', '2026-10-25T00:30:00Z', '2026-10-26T01:30:00Z'],
  ['between the two', '30 2 * * *', '2026-10-25T01:10:00Z', '2026-10-26T01:30:00Z'],
  ['every half hour in the gap', '*/30 * * * *', '2026-03-29T00:30:00Z', '2026-03-29T01:00:00Z'],
  ['every half hour in the fold', '*/30 * * * *', '2026-10-25T00:30:00Z', '2026-10-25T01:00:00Z'],
  ['every half hour in the second pass', '*/30 * * * *', '2026-10-25T01:00:00Z', '2026-10-25T01:30:00Z'],
])('cron in Europe/Oslo, %s: %s after %s is %s', (_, text, newest, due) => {
  expect(told([cron(text)], newest, newest, '-', 'Europe/Oslo')).toBe(`ok, due ${due}`)
})

test('cron fires by the zone of the series', () => {
  const nights = ['UTC', 'Pacific/Auckland', 'America/St_Johns'].map((zone) =>
    told([cron('0 2 * * *')], '2026-11-23', '2026-11-23', '-', zone),
  )
  expect(nights).toEqual([
    'ok, due 2026-11-23T02:00:00Z',
    'ok, due 2026-11-23T13:00:00Z',
    'ok, due 2026-11-23T05:30:00Z',
  ])
})

test('a half-hour clock change', () => {
  // Lord Howe goes from 02:00 to 02:30 on 4 October 2026, from UTC+10:30 to UTC+11.
  const due = told(
    [cron('15 2 * * *')],
    '2026-10-03T10:00:00Z',
    '2026-10-03T10:00:00Z',
    '-',
    'Australia/Lord_Howe',
  )
  expect(due).toBe('ok, due 2026-10-03T15:30:00Z')
})

test('leaves no timer behind', () => {
  const timers = () => process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length
  const before = timers()
  for (let i = 0; i < 50; i++) told([cron('* * * * *')], '2026-11-23', '2026-11-24')
  expect(timers()).toBe(before)
})

test('one line says which series is late, and since when', () => {
  const rules = { expect: daily, timezone: 'UTC' }
  const asOf = at('2026-11-25')
  const late = (series: string, newest: string, since: string) =>
    describeLate(series, freshness(series, maybe(newest), rules, at(since), asOf), maybe(newest))
  expect(late('db', '2026-11-22T02:00:00Z', '2026-11-01')).toBe(
    'db: its newest complete point is of 2026-11-22T02:00:00Z, expected every 24h; one was due 2026-11-23T02:00:00Z and is not here',
  )
  expect(late('undated', '-', '2026-11-22')).toBe(
    'undated: no complete point yet, expected every 24h; one was due 2026-11-23T00:00:00Z and is not here',
  )
})

test('where disks take turns, a series is in time by the newest point on any of them, and is not awaited here', () => {
  const hours = (count: number) => instant(NOON - count * 3600_000)
  const views = (turn: Turn | null) =>
    seriesViews(
      spec({ expect: daily }),
      { series: new Map([['db', []]]) },
      { ...nothingHeld, created: hours(900), awaited: new Map([['db', hours(800)]]), turn },
      NOON,
    )
  const newest = new Map([
    ['db', hours(1)],
    ['web', hours(30)],
  ])
  const told = views({ isBack: true, newest, policy: null }).map((view) => [
    view.status.series,
    view.status.state,
    view.status.newest,
    view.here,
    isAwaited(view, 'coming'),
  ])
  expect(told).toEqual([
    ['db', 'ok', isoTime(hours(1)), null, false],
    ['web', 'late', isoTime(hours(30)), null, false],
  ])
  expect(views(null).map((view) => [view.status.state, isAwaited(view, 'coming')])).toEqual([['late', true]])
})
