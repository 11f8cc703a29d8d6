import { describe, expect, test } from 'vitest'
import { policyText, retain } from '../../../src/decide/retention/retain.ts'
import { zoneOf } from '../../../src/decide/time/zone.ts'
import { instant } from '../../../src/model/instant.ts'
import { pointOf, rulesOf, told } from '../../helpers/points.ts'

const OSLO = 'Europe/Oslo'
const DAY = 24 * 3600 * 1000

/** A zone, rules, and a table of points with the reasons for each. */
type Case = readonly [title: string, zone: string, rules: string, table: string]

const cases = (title: string, rows: readonly Case[]) =>
  describe(title, () => {
    test.each(rows)('%s', (_, zone, rules, table) => {
      const { expected, actual } = told(zone, rules, table)
      expect(actual).toEqual(expected)
    })
  })

cases('rules', [
  ['no points, no reasons', 'UTC', 'last=3', ''],
  [
    'last counts points',
    'UTC',
    'last=2',
    `2026-11-23T12:00  last 1
     2026-11-23T11:00  last 2
     2026-11-22T11:00  gone`,
  ],
  [
    'without a word on last, one is kept',
    'UTC',
    'yearly=1',
    `2026-11-23T12:00  last 1, yearly 1
     2026-11-23T11:00  gone
     2025-11-23T11:00  gone`,
  ],
  [
    'rules are independent, and one point may serve them all',
    'UTC',
    'last=1 hourly=2 daily=2 weekly=2 monthly=2 yearly=2',
    `2026-11-23T12:30  last 1, hourly 1, daily 1, weekly 1, monthly 1, yearly 1
     2026-11-23T12:00  gone
     2026-11-23T11:00  hourly 2
     2026-11-22T23:00  daily 2, weekly 2
     2026-11-21T23:00  gone
     2026-10-31T23:00  monthly 2
     2025-12-31T23:00  yearly 2
     2025-12-30T23:00  gone`,
  ],
  [
    'a producer dead for 60 days: empty periods do not count',
    'UTC',
    'daily=3 weekly=2',
    `2026-11-23  last 1, daily 1, weekly 1
     2026-09-24  daily 2, weekly 2
     2026-09-23  daily 3
     2026-09-22  gone`,
  ],
  [
    'a rule that is not filled keeps the oldest, so that history grows to its full length',
    'UTC',
    'monthly=3',
    `2026-11-23  last 1, monthly 1
     2026-11-22  gone
     2026-10-31  monthly 2
     2026-10-15  gone
     2026-10-01  oldest`,
  ],
  [
    'a rule that is just filled does not',
    'UTC',
    'monthly=2',
    `2026-11-23  last 1, monthly 1
     2026-10-31  monthly 2
     2026-10-01  gone`,
  ],
  [
    'within is strict, and counts from the newest point',
    'UTC',
    'within=7d',
    `2026-11-23T12:00     within 7d, last 1
     2026-11-16T12:00:01  within 7d
     2026-11-16T12:00     gone
     2026-11-01T12:00     gone`,
  ],
  [
    'equal times: the greater name is the newer',
    'UTC',
    'last=2',
    `2026-11-23T12:00=a  gone
     2026-11-23T12:00=c  last 1
     2026-11-23T12:00=b  last 2`,
  ],
  [
    'pins are kept, and counted by nothing',
    'UTC',
    'daily=2',
    `2026-11-23!       pin
     2026-11-22        last 1, daily 1
     2026-11-21        daily 2
     2026-11-20        gone
     2020-01-01=old!   pin`,
  ],
  ['nothing but pins', 'UTC', 'last=1', '2026-11-23!  pin'],
  [
    'a pin does not say from when within counts',
    'UTC',
    'within=1d',
    `2026-11-23T12:00!  pin
     2026-11-20T12:00   within 1d, last 1
     2026-11-20T11:00   within 1d`,
  ],
])

cases('what comes late', [
  [
    'before a back-dated point arrives',
    'UTC',
    'daily=3',
    `2026-11-23        last 1, daily 1
     2026-11-22        daily 2
     2026-11-21        daily 3`,
  ],
  [
    'it takes its place in its day',
    'UTC',
    'daily=3',
    `2026-11-23        last 1, daily 1
     2026-11-22T18:00  daily 2
     2026-11-22        gone
     2026-11-21        daily 3`,
  ],
  [
    'one older than the rules reach is not wanted',
    'UTC',
    'daily=3',
    `2026-11-23        last 1, daily 1
     2026-11-22        daily 2
     2026-11-21        daily 3
     2026-10-01        gone`,
  ],
])

cases('the calendar', [
  [
    'a year with an ISO week 53',
    'UTC',
    'weekly=3',
    `2027-01-04  last 1, weekly 1
     2027-01-03  weekly 2
     2026-12-31  gone
     2026-12-28  gone
     2026-12-27  weekly 3`,
  ],
  [
    '2024-12-30 lies in the first week of 2025',
    'UTC',
    'weekly=2 yearly=2',
    `2025-01-01  last 1, weekly 1, yearly 1
     2024-12-31  yearly 2
     2024-12-30  gone
     2024-12-29  weekly 2`,
  ],
  [
    '29 February is a day of its own',
    'UTC',
    'daily=3 monthly=2',
    `2028-03-01  last 1, daily 1, monthly 1
     2028-02-29  daily 2, monthly 2
     2028-02-28  daily 3
     2028-02-27  gone`,
  ],
  [
    'days before 1970',
    'UTC',
    'daily=2 weekly=2',
    `1970-01-01T00:00  last 1, daily 1, weekly 1
     1969-12-31T23:59  daily 2
     1969-12-29T00:00  gone
     1969-12-28T23:59  weekly 2`,
  ],
])

const MIDNIGHT = ['2026-11-23T11:00Z', '2026-11-23T10:59Z', '2026-11-22T23:00Z'] as const

cases('zones', [
  [
    'a second makes a day: 23:59:59 and 00:00',
    OSLO,
    'daily=2',
    `2026-11-24T00:00:00  last 1, daily 1
     2026-11-23T23:59:59  daily 2
     2026-11-23T00:00:00  gone`,
  ],
  [
    'three instants by the days of UTC',
    'UTC',
    'daily=2',
    `${MIDNIGHT[0]}  last 1, daily 1
     ${MIDNIGHT[1]}  gone
     ${MIDNIGHT[2]}  daily 2`,
  ],
  [
    'the same three by the days of Auckland',
    'Pacific/Auckland',
    'daily=2',
    `${MIDNIGHT[0]}  last 1, daily 1
     ${MIDNIGHT[1]}  daily 2
     ${MIDNIGHT[2]}  gone`,
  ],
  [
    'the hour that the clock skips is no hour',
    OSLO,
    'hourly=3',
    `2026-03-29T03:30  last 1, hourly 1
     2026-03-29T01:30  hourly 2
     2026-03-29T01:10  gone
     2026-03-29T00:30  hourly 3`,
  ],
  [
    'the hour that comes twice is one hour',
    OSLO,
    'hourly=3',
    `2026-10-25T03:00        last 1, hourly 1
     2026-10-25T02:30+01:00  hourly 2
     2026-10-25T02:30+02:00  gone
     2026-10-25T01:30        hourly 3`,
  ],
  [
    'a half hour that comes twice',
    'Australia/Lord_Howe',
    'hourly=2 daily=2',
    `2026-04-05T01:45+10:30  last 1, hourly 1, daily 1
     2026-04-05T01:45+11:00  gone
     2026-04-05T01:05+11:00  gone
     2026-04-05T00:45+11:00  hourly 2
     2026-04-04T23:00+11:00  daily 2`,
  ],
  [
    'a half hour that is skipped',
    'Australia/Lord_Howe',
    'hourly=3',
    `2026-10-04T02:30  last 1, hourly 1
     2026-10-04T01:59  hourly 2
     2026-10-04T00:30  hourly 3`,
  ],
  [
    'within counts days by the calendar, also a day of 23 hours',
    OSLO,
    'within=1d',
    `2026-03-29T12:00     within 1d, last 1
     2026-03-28T12:00:01  within 1d
     2026-03-28T12:00     gone`,
  ],
  [
    'but hours by the clock',
    OSLO,
    'within=24h',
    `2026-03-29T12:00     within 24h, last 1
     2026-03-28T11:00:01  within 24h
     2026-03-28T11:00     gone`,
  ],
  [
    'a day that an island skipped',
    'Pacific/Apia',
    'daily=2',
    `2011-12-31T00:00  last 1, daily 1
     2011-12-29T23:59  daily 2
     2011-12-29T00:00  gone`,
  ],
])

cases('pick: oldest', [
  [
    'the first of each period stands for it',
    'UTC',
    'daily=2 pick=oldest',
    `2026-11-23T12:00  gone
     2026-11-23T11:00  daily 1
     2026-11-22T11:00  gone
     2026-11-22T10:00  daily 2
     2026-11-21T10:00  gone`,
  ],
  [
    'each rule has its own',
    'UTC',
    'daily=2 weekly=2 monthly=1 pick=oldest',
    `2026-11-24T12:00  gone
     2026-11-24T01:00  daily 1
     2026-11-23T12:00  gone
     2026-11-23T01:00  daily 2, weekly 1
     2026-11-22T12:00  gone
     2026-11-16T01:00  weekly 2
     2026-11-01T01:00  monthly 1
     2026-10-01T01:00  gone`,
  ],
  [
    'the oldest of all stands for its period anyway',
    'UTC',
    'monthly=5 pick=oldest',
    `2026-11-23  gone
     2026-11-01  monthly 1
     2026-10-31  gone
     2026-10-02  monthly 2`,
  ],
  [
    'last is not implied, but obeyed',
    'UTC',
    'last=2 daily=1 pick=oldest',
    `2026-11-23T12:00  last 1
     2026-11-23T11:00  last 2
     2026-11-23T10:00  daily 1`,
  ],
  [
    'equal times: the lesser name is the older',
    'UTC',
    'daily=1 pick=oldest',
    `2026-11-23T12:00=a  daily 1
     2026-11-23T12:00=b  gone`,
  ],
  [
    'alone it is no rule, and then the last is kept',
    'UTC',
    'pick=oldest',
    `2026-11-23T12:00  last 1
     2026-11-23T11:00  gone`,
  ],
])

test('keep lowered from 30 to 3 keeps the newest three, and lifted again what is left', () => {
  const month = Array.from({ length: 30 }, (_, day) => ({
    time: instant(Date.UTC(2026, 10, 1) + day * DAY),
    name: `db-${day}`,
    pinned: false,
  }))
  const names = (points: typeof month, rules: string) =>
    points.filter((point) => retain(points, rulesOf(rules), zoneOf('UTC')).has(point)).map(({ name }) => name)
  expect(names(month, 'daily=30')).toHaveLength(30)
  const three = names(month, 'daily=3')
  expect(three).toEqual(['db-27', 'db-28', 'db-29'])
  const left = month.filter(({ name }) => three.includes(name))
  expect(names(left, 'daily=30')).toEqual(three)
})

test.each([
  ['last=3 daily=7', 'last=3 daily=7'],
  ['daily=7', 'last=1 daily=7'],
  ['daily=7 pick=oldest', 'daily=7'],
  ['weekly=4 hourly=2 within=14d', 'last=1 hourly=2 weekly=4 within=14d'],
  ['pick=oldest', 'last=1'],
])('tells %s as %s', (rules, text) => {
  expect(policyText(rulesOf(rules))).toBe(text)
})

test('the answer holds the very points that were asked about', () => {
  const point = { ...pointOf('2026-11-23', 'UTC'), files: ['a', 'b'] }
  const [kept] = retain([point], rulesOf('last=1'), zoneOf('UTC')).keys()
  expect(kept).toBe(point)
})
