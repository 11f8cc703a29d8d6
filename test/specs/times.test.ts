import { describe, expect, test } from 'vitest'
import { rateAt } from '../../src/decide/time/timetable.ts'
import { instant } from '../../src/model/instant.ts'
import type { Spec } from '../../src/model/spec.ts'
import { load, spec, told } from './spec-folder.ts'

/** The keys are written from line 4 on. */
async function read(keys: string): Promise<Spec> {
  const loaded = await load({ 'db.yaml': spec({ more: keys }) })
  expect(told(loaded)).toEqual([])
  return loaded.specs[0]!
}

async function faultsOf(keys: string): Promise<readonly string[]> {
  const { faults, specs, folder } = await load({ 'db.yaml': spec({ more: keys }) })
  expect(specs).toEqual([])
  return told({ folder, faults }).map((line) => line.replace('db.yaml:', ''))
}

describe('the schedule', () => {
  test.each([
    ['left out is hourly', '', { kind: 'every', seconds: 3600 }],
    ['every', 'schedule: { every: 15m }', { kind: 'every', seconds: 900 }],
    [
      'cron is in UTC',
      'schedule: { cron: "0 2 * * *" }',
      { kind: 'cron', cron: '0 2 * * *', timezone: 'UTC' },
    ],
    [
      'cron is in the zone of the series',
      'schedule: { cron: " 0 2 * * * " }\nseries: { timezone: Europe/Oslo }',
      { kind: 'cron', cron: '0 2 * * *', timezone: 'Europe/Oslo' },
    ],
    [
      'or in its own',
      'schedule: { cron: "0 2 * * *", timezone: Asia/Kolkata }\nseries: { timezone: Europe/Oslo }',
      { kind: 'cron', cron: '0 2 * * *', timezone: 'Asia/Kolkata' },
    ],
  ])('%s', async (_, keys, is) => {
    expect((await read(keys)).schedule).toEqual(is)
  })

  test('is replaced whole', async () => {
    const files = {
      '_defaults.yaml': 'schedule: { cron: "0 2 * * *", timezone: Europe/Oslo }\n',
      'db.yaml': spec({ more: 'schedule: { every: 2h }' }),
    }
    expect((await load(files)).specs[0]!.schedule).toEqual({ kind: 'every', seconds: 7200 })
  })
})

describe('suspended', () => {
  test.each([
    ['not, where nothing is said', '', null],
    ['not, where that is said', 'suspend: false', null],
    ['it is', 'suspend: true', { reason: null, until: null, line: 4 }],
    ['with a reason', '\nsuspend: { reason: disk swap }', { reason: 'disk swap', until: null, line: 5 }],
    [
      'until a day’s end in the zone of the series',
      'series: { timezone: Europe/Oslo }\nsuspend: { until: 2026-12-01 }',
      { reason: null, until: Date.parse('2026-12-01T23:00:00Z'), line: 5 },
    ],
  ])('%s', async (_, keys, is) => {
    const { suspend, file } = await read(keys)
    expect(suspend).toEqual(is === null ? null : { ...is, file })
  })

  test('by the defaults points there, and a spec takes it back', async () => {
    const loaded = await load({
      '_defaults.yaml': '# all\nsuspend: { reason: moving, until: 2026-12-01T00:00:00Z }\n',
      'a.yaml': spec(),
      'b.yaml': spec({ more: 'suspend: false' }),
      'c.yaml': spec({ more: 'suspend: { reason: mine }' }),
    })
    expect(told(loaded)).toEqual([])
    const [a, b, c] = loaded.specs.map(({ suspend }) => suspend)
    expect(a).toMatchObject({ reason: 'moving', file: `${loaded.folder}/_defaults.yaml`, line: 2 })
    expect(b).toBe(null)
    // Replaced whole: the defaults' time is not that of this reason.
    expect(c).toMatchObject({ reason: 'mine', until: null, file: `${loaded.folder}/c.yaml`, line: 4 })
  })
})

describe('the bandwidth', () => {
  test('a timetable is read in order, with its zone', async () => {
    const { transfer } = await read(
      [
        'transfer:',
        '  timezone: Europe/Oslo',
        '  bandwidth:',
        '    - { days: [mon, sun], from: 08:00, to: 18:00, rate: 25KiB/s }',
        '    - { from: "22:00", to: "06:00", rate: unlimited }',
        '    - { from: 23:30, rate: 1Mbit/s }',
        '    - { days: [sat], to: 24:00, rate: 8kB/s }',
        '    - { rate: off }',
      ].join('\n'),
    )
    expect(transfer.bandwidth).toEqual({
      timezone: 'Europe/Oslo',
      entries: [
        { days: [1, 7], window: { from: 480, to: 1080 }, rate: 25_600 },
        { days: null, window: { from: 1320, to: 360 }, rate: null },
        { days: null, window: { from: 1410, to: 1440 }, rate: 125_000 },
        { days: [6], window: { from: 0, to: 1440 }, rate: 8000 },
        { days: null, window: null, rate: 'off' },
      ],
    })
    expect(rateAt(transfer.bandwidth, instant(Date.parse('2026-11-23T12:00:00Z'))).rate).toBe(25_600)
  })

  test('its zone is that of the series where it has none of its own', async () => {
    const { transfer } = await read(
      'series: { timezone: Europe/Oslo }\ntransfer: { bandwidth: [{ rate: 25KiB/s }] }',
    )
    expect(transfer.bandwidth.timezone).toBe('Europe/Oslo')
  })

  test('a list replaces the defaults’ whole', async () => {
    const { specs } = await load({
      '_defaults.yaml': 'transfer: { timezone: UTC, bandwidth: [{ rate: off }] }\n',
      'db.yaml': spec({ more: 'transfer: { bandwidth: 25KiB/s }' }),
    })
    expect(specs[0]!.transfer.bandwidth.entries).toEqual([{ days: null, window: null, rate: 25_600 }])
  })
})

const table = (entry: string) => `transfer: { timezone: UTC, bandwidth: [${entry}] }`

describe('each fault points at its place and says what to do', () => {
  test.each<[string, string, string]>([
    ['an empty schedule', 'schedule: {}', '4:11 wrong-value schedule is empty'],
    [
      'two schedules',
      'schedule: { every: 1h, cron: "0 2 * * *" }',
      '4:11 wrong-value schedule has both "every" and "cron"',
    ],
    ['a bare schedule', 'schedule: 1h', '4:11 wrong-type schedule is "1h", not keys with values'],
    ['a bare interval', 'schedule: { every: 60 }', '4:20 bad-unit schedule.every: 60 has no unit'],
    ['no interval at all', 'schedule: { every: 0s }', '4:20 out-of-range schedule.every: "0s" is below 1s'],
    [
      'a crontab with seconds',
      'schedule: { cron: "0 0 2 * * *" }',
      '4:19 bad-cron schedule.cron: "0 0 2 * * *" has six fields',
    ],
    [
      'a zone without cron',
      'schedule: { every: 1h, timezone: UTC }',
      '4:24 missing-key "timezone" without "cron" in schedule (only cron is by the clock of a zone',
    ],
    [
      'a wrong zone',
      'schedule: { cron: "0 2 * * *", timezone: Europe/Olso }',
      '4:42 bad-timezone schedule.timezone: "Europe/Olso" is no time zone: did you mean Europe/Oslo?',
    ],
    [
      'a word for yes',
      'suspend: yes',
      '4:10 wrong-type suspend is "yes", not true, false, or keys with values',
    ],
    ['another word for it', 'paused: true', '4:1 unknown-key unknown key "paused" (did you mean "suspend"?)'],
    ['an empty suspension', 'suspend: {}', '4:10 wrong-value suspend is empty'],
    [
      'a time without offset',
      'suspend: { until: 2026-12-01T00:00:00 }',
      '4:19 bad-time suspend.until: "2026-12-01T00:00:00" has no offset',
    ],
    [
      'off for good',
      'transfer: { bandwidth: off }',
      '4:24 bad-unit transfer.bandwidth: "off" is for the entries of a timetable: to stop a backup, suspend it',
    ],
    [
      'a window that is no list',
      'transfer: { timezone: UTC, bandwidth: { rate: off } }',
      '4:39 wrong-type transfer.bandwidth is keys with values, not text or a list (write a rate, or a timetable as a list',
    ],
    ['no window', table(''), '4:39 wrong-value transfer.bandwidth is an empty list'],
    [
      'a timetable without a zone',
      'transfer: { bandwidth: [{ rate: off }] }',
      '4:24 missing-key transfer.bandwidth is a timetable without a time zone (name the zone',
    ],
    [
      'a wrong zone of a timetable',
      'transfer: { timezone: oslo, bandwidth: 25KiB/s }',
      '4:23 bad-timezone transfer.timezone: "oslo" is no time zone: did you mean Europe/Oslo?',
    ],
    [
      'a window without a rate',
      table('{ from: "08:00" }'),
      '4:40 missing-key "rate" is missing in transfer.bandwidth[0]',
    ],
    [
      'a day in full',
      table('{ days: [Monday], rate: off }'),
      '4:49 wrong-value transfer.bandwidth[0].days[0] is "Monday", not "mon" or',
    ],
    ['what was meant by it', table('{ days: [Monday], rate: off }'), '(did you mean "mon"?)'],
    [
      'a day alone',
      table('{ days: mon, rate: off }'),
      '4:48 wrong-type transfer.bandwidth[0].days is "mon", not a list (write a list: ["mon"])',
    ],
    [
      'a day twice',
      table('{ days: [mon, mon], rate: off }'),
      '4:48 wrong-value transfer.bandwidth[0].days names "mon" twice',
    ],
    [
      'an hour alone',
      table('{ from: 8, rate: off }'),
      '4:48 wrong-type transfer.bandwidth[0].from is 8, not text',
    ],
    [
      'an hour of one digit',
      table('{ from: 8:00, rate: off }'),
      '4:48 wrong-value transfer.bandwidth[0].from: "8:00" is no time of day at which a window opens: write it with two digits',
    ],
    [
      'a window that opens at 24:00',
      table('{ from: 24:00, rate: off }'),
      '4:48 wrong-value transfer.bandwidth[0].from: "24:00" is no time',
    ],
    [
      'an hour too many',
      table('{ to: 24:30, rate: off }'),
      '4:46 wrong-value transfer.bandwidth[0].to: "24:30" is no time',
    ],
    [
      'a window that closes when it opens',
      table('{ from: 08:00, to: 08:00, rate: off }'),
      '4:59 never-open transfer.bandwidth[0] closes at 08:00, when it opens (for the whole day leave out',
    ],
    [
      'a window that closes when the day begins',
      table('{ to: 00:00, rate: off }'),
      '4:46 never-open transfer.bandwidth[0] closes at 00:00',
    ],
    [
      'a bare rate',
      table('{ rate: 25 }'),
      '4:48 bad-unit transfer.bandwidth[0].rate: 25 has no unit: write 25KiB/s',
    ],
    [
      'a rate that rsync would take for unlimited',
      table('{ rate: 1000B/s }'),
      '4:48 out-of-range transfer.bandwidth[0].rate: "1000B/s" is below 1KiB/s',
    ],
    [
      'a key that is not there',
      table('{ start: 08:00, rate: off }'),
      '4:42 unknown-key unknown key "start" in transfer.bandwidth[0] (did you mean "from"?)',
    ],
  ])('%s', async (_, keys, fault) => {
    expect(await faultsOf(keys)).toEqual([expect.stringContaining(fault)])
  })

  test('all at once', async () => {
    const keys = [
      'schedule: { every: 60 }',
      'suspend: maybe',
      'transfer:',
      '  bandwidth:',
      '    - { days: [funday], from: 25:00, rate: 25 }',
      '    - { from: 08:00, to: 08:00, rate: 1B/s }',
    ].join('\n')
    expect((await faultsOf(keys)).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      '4:20 bad-unit',
      '5:10 wrong-type',
      '8:5 missing-key',
      '8:16 wrong-value',
      '8:31 wrong-value',
      '8:44 bad-unit',
      '9:26 never-open',
      '9:39 out-of-range',
    ])
  })
})

test('what will not go well is a warning at its place, and no fault', async () => {
  const keys = [
    'expect: { every: 24h }',
    'schedule: { every: 2d }',
    'transfer: { timezone: UTC, bandwidth: [{ days: [sat, sun], rate: off }] }',
  ]
  const loaded = await load({ 'db.yaml': spec({ more: keys.join('\n') }) })
  expect(loaded.specs).toHaveLength(1)
  expect(loaded.faults.map(({ severity }) => severity)).toEqual(['warning', 'warning'])
  expect(told(loaded)).toEqual([
    expect.stringContaining('db.yaml:5:11 slow-schedule reconcile watch runs this up to 2 d apart'),
    expect.stringContaining('db.yaml:6:39 narrow-timetable transfer.bandwidth is off for 2 d at a stretch'),
  ])
})
