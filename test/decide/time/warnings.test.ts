import { describe, expect, test } from 'vitest'
import { assemblePlan } from '../../../src/decide/plan/assemble.ts'
import { planBackup } from '../../../src/decide/plan/backup.ts'
import { codeOfPlan } from '../../../src/decide/status/exit-code.ts'
import { plainRate } from '../../../src/decide/time/timetable.ts'
import { timeWarnings } from '../../../src/decide/time/warnings.ts'
import type { Instant } from '../../../src/model/instant.ts'
import type { Bandwidth, Expectation, Rate, Schedule, Spec } from '../../../src/model/spec.ts'
import { context, NOON, picture, spec } from '../../helpers/picture.ts'
import { policy } from '../../helpers/points.ts'

const HOUR = 3600
const every = (hours: number): Schedule => ({ kind: 'every', seconds: hours * HOUR })
const cron = (text: string): Schedule => ({ kind: 'cron', cron: text, timezone: 'UTC' })
const expected = (hours: number, grace = 0): Expectation => ({
  series: null,
  rhythm: { kind: 'every', seconds: hours * HOUR },
  grace: grace * HOUR,
  until: null,
})
const off = (from: number, to: number, days: readonly number[] | null = null): Bandwidth => ({
  timezone: 'UTC',
  entries: [{ days, window: { from: from * 60, to: to * 60 }, rate: 'off' as Rate }],
})
const weekend: Bandwidth = { timezone: 'UTC', entries: [{ days: [6, 7], window: null, rate: 'off' }] }

describe('by the spec alone', () => {
  test.each<[string, Bandwidth, Schedule, readonly Expectation[], readonly string[]]>([
    ['all is well', plainRate(null), every(1), [expected(24)], []],
    ['off for good', plainRate('off'), every(48), [expected(24)], ['always-off']],
    ['off by day, and so in time each night', off(8, 20), every(1), [expected(24)], []],
    ['off all weekend', weekend, every(1), [expected(24, 2)], ['narrow-timetable']],
    ['off all weekend, and not missed', weekend, every(1), [expected(24, 24)], []],
    ['off, and nothing is expected', weekend, every(48), [], []],
    [
      'a schedule slower than what is expected',
      plainRate(null),
      every(48),
      [expected(24, 2)],
      ['slow-schedule'],
    ],
    ['as slow', plainRate(null), every(24), [expected(24)], []],
    ['cron on weekdays', plainRate(null), cron('0 2 * * mon-fri'), [expected(24, 2)], ['slow-schedule']],
    ['cron each day', plainRate(null), cron('0 2 * * *'), [expected(24, 2)], []],
    ['the most impatient counts', plainRate(null), every(12), [expected(24), expected(6)], ['slow-schedule']],
    [
      'expected on weekdays alone',
      plainRate(null),
      cron('0 2 * * mon-fri'),
      [{ ...expected(0), rhythm: { kind: 'cron', cron: '0 1 * * mon-fri' } }],
      [],
    ],
    ['never expected', plainRate(null), every(48), [{ ...expected(0), rhythm: { kind: 'never' } }], []],
  ])('%s', (_, bandwidth, schedule, expect_, codes) => {
    const of = spec({ schedule, expect: expect_, transfer: { ...spec().transfer, bandwidth } })
    expect(timeWarnings(of).map(({ code }) => code)).toEqual(codes)
  })
})

describe('by what the source makes', () => {
  const MIB = 1024 ** 2
  const daily: Partial<Spec> = { series: { patterns: ['db-{YYYY}-{MM}-{DD}'], timezone: 'UTC' } }
  const days = (count: number) =>
    Array.from(
      { length: count },
      (_, i) => `remote db-2026-11-${String(22 - i).padStart(2, '0')} ${MIB} ${'ABCDEF'[i % 6]}`,
    )
  const warned = (
    drawn: readonly string[],
    bandwidth: Bandwidth,
    over: Partial<Spec> = {},
    asOf: Instant = NOON,
  ) => {
    const plan = planBackup(
      spec({ ...daily, ...over }),
      picture(drawn.join('\n')),
      context({ bandwidth, asOf }),
    )
    const document = assemblePlan([plan], [], asOf, null)
    return { codes: plan.warnings.map(({ code }) => code), exit: codeOfPlan(document, false) }
  }
  /** A mebibyte a day. */
  const RATE = MIB / 86_400

  test('a line that is slower than it never catches up, which is no failure', () => {
    expect(warned(days(5), plainRate(RATE * 0.9))).toEqual({ codes: ['slow-line'], exit: 0 })
  })
  test('one that is as quick does', () => {
    expect(warned(days(5), plainRate(RATE * 1.1)).codes).toEqual([])
  })
  test('one that is off for half of the time has to be twice as quick', () => {
    const half = (rate: number): Bandwidth => ({
      timezone: 'UTC',
      entries: [...off(0, 12).entries, { days: null, window: null, rate }],
    })
    expect(warned(days(5), half(RATE * 1.9)).codes).toEqual(['slow-line'])
    expect(warned(days(5), half(RATE * 2.1)).codes).toEqual([])
  })
  test('one with a time without a limit always may', () => {
    expect(warned(days(5), { timezone: 'UTC', entries: off(0, 23).entries }).codes).toEqual([])
  })
  test('two points tell nothing', () => {
    expect(warned(days(2), plainRate(RATE / 100)).codes).toEqual([])
  })
  test('what nobody wants does not count', () => {
    const retain = policy({ last: 2 })
    expect(warned(days(6), plainRate(RATE / 100), { retain }).codes).toEqual([])
  })
  test('what is here counts as well as what is to come', () => {
    const held = days(5).map((line) => line.replace('remote', 'held'))
    expect(warned([...held, ...days(5)], plainRate(RATE * 0.9)).codes).toEqual(['slow-line'])
  })
})
