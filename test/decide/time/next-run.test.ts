import { describe, expect, test } from 'vitest'
import { nextRun } from '../../../src/decide/time/next-run.ts'
import { type Instant, instant, isoTime } from '../../../src/model/instant.ts'
import type { Schedule } from '../../../src/model/spec.ts'

const at = (text: string): Instant => instant(Date.parse(text))
const hourly: Schedule = { kind: 'every', seconds: 3600 }
const nightly: Schedule = { kind: 'cron', cron: '0 2 * * *', timezone: 'Europe/Oslo' }
const halfHours: Schedule = { kind: 'cron', cron: '*/30 * * * *', timezone: 'Europe/Oslo' }

describe('the next run', () => {
  test.each([
    ['of one that never ran is due', nightly, null, '2026-11-23T12:00:00Z', '2026-11-23T12:00:00Z'],
    [
      'is an hour after the last began',
      hourly,
      '2026-11-23T11:40:00Z',
      '2026-11-23T12:00:00Z',
      '2026-11-23T12:40:00Z',
    ],
    [
      'is due in the hour’s last moment',
      hourly,
      '2026-11-23T11:00:00Z',
      '2026-11-23T12:00:00Z',
      '2026-11-23T12:00:00Z',
    ],
    [
      'after downtime is one, now',
      hourly,
      '2026-11-01T00:00:00Z',
      '2026-11-23T12:00:00Z',
      '2026-11-23T12:00:00Z',
    ],
    [
      'by cron is by the zone’s clock',
      nightly,
      '2026-11-23T01:00:00Z',
      '2026-11-23T12:00:00Z',
      '2026-11-24T01:00:00Z',
    ],
    [
      'by cron is not again at its own time',
      nightly,
      '2026-11-24T01:00:00Z',
      '2026-11-24T01:00:00Z',
      '2026-11-25T01:00:00Z',
    ],
    [
      'by cron after downtime is one, now',
      nightly,
      '2026-11-01T01:00:00Z',
      '2026-11-23T12:00:00Z',
      '2026-11-23T12:00:00Z',
    ],
    [
      'at a time that the clock skips is when the gap is over',
      nightly,
      '2026-03-28T01:00:00Z',
      '2026-03-28T12:00:00Z',
      '2026-03-29T01:00:00Z',
    ],
    [
      'at a time that comes twice is once',
      nightly,
      '2026-10-25T00:00:00Z',
      '2026-10-25T00:30:00Z',
      '2026-10-26T01:00:00Z',
    ],
    [
      'with a wildcard follows the clock through the fold',
      halfHours,
      '2026-10-25T00:30:00Z',
      '2026-10-25T00:31:00Z',
      '2026-10-25T01:00:00Z',
    ],
    [
      'is not put off by a clock set back a little',
      hourly,
      '2026-11-23T12:00:05Z',
      '2026-11-23T12:00:00Z',
      '2026-11-23T13:00:05Z',
    ],
    [
      'does not starve where the last run lies far ahead',
      hourly,
      '2027-01-01T00:00:00Z',
      '2026-11-23T12:00:00Z',
      '2026-11-23T12:00:00Z',
    ],
    [
      'by cron does not starve either',
      nightly,
      '2027-01-01T00:00:00Z',
      '2026-11-23T12:00:00Z',
      '2026-11-23T12:00:00Z',
    ],
    [
      'by cron is the next beat where none lies between',
      nightly,
      '2026-11-23T20:00:00Z',
      '2026-11-23T12:00:00Z',
      '2026-11-24T01:00:00Z',
    ],
  ])('%s', (_, schedule, last, now, is) => {
    expect(isoTime(nextRun(schedule, last === null ? null : at(last), at(now)))).toBe(is)
  })

  test.each([
    ['every hour', hourly],
    ['every night', nightly],
  ])('%s, asked minute by minute while the clock jumps, neither starves nor storms', (_, schedule) => {
    // Two days back after one day, then three days on: the clock shows every time between twice or not at all.
    const jumps = new Map([
      [1440, -2880],
      [2880, 4320],
    ])
    let now = Date.parse('2026-11-20T12:00:00Z')
    let last: Instant | null = null
    let since = 0
    let runs = 0
    for (let minute = 0; minute < 4320; minute++) {
      now += (1 + (jumps.get(minute) ?? 0)) * 60_000
      since++
      if (nextRun(schedule, last, instant(now)) <= now) {
        last = instant(now)
        since = 0
        runs++
      }
      expect(since).toBeLessThanOrEqual(schedule.kind === 'every' ? 120 : 2880)
    }
    const beats = schedule.kind === 'every' ? 72 : 3
    expect(runs).toBeGreaterThanOrEqual(beats - 2)
    expect(runs).toBeLessThanOrEqual(beats + 3)
  })
})
