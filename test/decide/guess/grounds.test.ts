import { describe, expect, test } from 'vitest'
import { guessSpec } from '../../../src/decide/guess/guess.ts'
import { retain } from '../../../src/decide/retention/retain.ts'
import { zoneOf } from '../../../src/decide/time/zone.ts'
import { instant } from '../../../src/model/instant.ts'
import { rulesOf } from '../../helpers/points.ts'
import { ago, daysBack, listing, NOW, type Part, ymd } from './listing.ts'

function finding(key: string, parts: readonly Part[], zone = 'Europe/Oslo') {
  const found = guessSpec(listing(parts), { now: NOW, zone }).findings.find((one) => one.key === key)
  return found === undefined ? null : { value: found.value, sure: found.question === undefined }
}

const later = (date: Date, minutes: number): Date => new Date(date.getTime() + minutes * 60_000)
const sure = (value: unknown) => ({ value, sure: true })
const unsure = (value: unknown) => ({ value, sure: false })
const iso = (date: Date, from = 11, to = 16): string =>
  `${ymd(date)}T${date.toISOString().slice(from, to).replace(':', '-')}`

describe('finished', () => {
  const dumps = (count: number, sidecar: (i: number) => readonly string[]): Part[] =>
    daysBack(count).flatMap((day, i) => {
      const name = `db-${ymd(day)}.gz`
      return [[name, day], ...sidecar(i).map((end): Part => [`${name}${end}`, day, 60])] as Part[]
    })

  test.each([
    ['all have a sidecar', dumps(9, () => ['.md5']), sure('marker')],
    ['of what is being made none is expected', dumps(9, (i) => (i === 0 ? [] : ['.md5sum'])), sure('marker')],
    ['some have none', dumps(9, (i) => (i % 4 === 3 ? [] : ['.md5'])), unsure('marker')],
    ['most have none', dumps(9, (i) => (i % 4 === 3 ? ['.md5'] : [])), unsure({ quiet: '30m' })],
    ['of a kind that is not checked here', dumps(9, () => ['.sha1']), unsure({ quiet: '30m' })],
    ['signatures are no checksums', dumps(9, () => ['.asc']), unsure({ quiet: '30m' })],
    ['large files take long', [['vm.img', ago(9), 300 * 2 ** 30]], unsure({ quiet: '2h' })],
  ] as const)('%s', (_, parts, wanted) => {
    expect(finding('finished', parts)).toEqual(wanted)
  })

  test('with both kinds the stronger counts', () => {
    expect(
      finding(
        'checksum',
        dumps(9, () => ['.md5', '.sha256']),
      ),
    ).toEqual(sure('sha256'))
  })
})

describe('the time zone', () => {
  /** Names with the time at which the job began, by a clock that is so many hours ahead of UTC; the file is written minutes later. */
  const timed = (ahead: number): Part[] =>
    daysBack(20, 1, 9).map((day, i) => [`db-${iso(later(day, ahead * 60))}.gz`, later(day, 3 + (i % 8))])

  test.each([
    ['times of this zone', timed(1), sure('Europe/Oslo')],
    ['times of UTC', timed(0), sure('UTC')],
    ['times of neither', timed(-5), unsure('Etc/GMT+5')],
    ['times of neither, east', timed(9), unsure('Etc/GMT-9')],
    ['days alone', daysBack(20, 1, 9).map((day): Part => [`db-${ymd(day)}.gz`, day]), unsure('Europe/Oslo')],
    [
      'days alone, just after midnight here',
      daysBack(20, 1, 23)
        .map((day): Part => [`db-${ymd(later(day, 120))}.gz`, later(day, 10)])
        .slice(1),
      sure('Europe/Oslo'),
    ],
    [
      'copied: all were written at once',
      timed(1).map(([name]): Part => [name, ago(50)]),
      unsure('Europe/Oslo'),
    ],
    ['names that say it', daysBack(9).map((day): Part => [`db-${ymd(day)}T02:00Z.gz`, day]), sure('UTC')],
  ] as const)('%s', (_, parts, wanted) => {
    expect(finding('series.timezone', parts)).toEqual(wanted)
  })

  test('one that the platform does not know is not proposed', () => {
    expect(finding('series.timezone', timed(3), 'Local')).not.toMatchObject({ value: 'Local' })
  })
})

describe('how often', () => {
  const at = (days: readonly Date[], name = 'db'): Part[] =>
    days.map((day) => [`${name}-${ymd(day)}.gz`, day])
  const isWorkday = (day: Date): boolean => day.getUTCDay() % 6 !== 0

  test.each([
    [
      'a day is missing',
      at(daysBack(40).filter((_, i) => i % 16 !== 3)),
      sure({ every: '24h', grace: '6h' }),
    ],
    [
      'days are missing often',
      at(daysBack(40).filter((_, i) => i % 5 !== 3)),
      sure({ every: '24h', grace: '24h' }),
    ],
    ['every other day', at(daysBack(20, 2)), sure({ every: '2d', grace: '12h' })],
    ['fortnightly', at(daysBack(9, 14)), sure({ every: '14d', grace: '3d' })],
    [
      'four times a day',
      daysBack(40, 0.25).map((day): Part => [`db-${iso(day)}.gz`, day]),
      sure({ every: '6h', grace: '2h' }),
    ],
    [
      'on workdays',
      daysBack(60)
        .filter(isWorkday)
        .map((day): Part => [`db-${iso(day)}.gz`, later(day, 3)]),
      sure({ cron: '0 2 * * 1-5', grace: '6h' }),
    ],
    ['two are too few', at(daysBack(2)), unsure(undefined)],
    ['it has ended', at(daysBack(90).slice(40)), unsure(undefined)],
    [
      'one of two has ended',
      [...at(daysBack(30)), ...at(daysBack(90).slice(40), 'old')],
      unsure([
        { series: 'old', every: 'never' },
        { every: '24h', grace: '6h' },
      ]),
    ],
    [
      'a new one among others',
      [...at(daysBack(30)), ...at(daysBack(1), 'new')],
      unsure({ every: '24h', grace: '6h' }),
    ],
  ] as const)('%s', (_, parts, wanted) => {
    expect(finding('expect', parts)).toEqual(wanted)
  })

  test.each([
    [
      'a source that thins out itself',
      [...daysBack(7), ...daysBack(8, 7).slice(1), ...daysBack(9, 30).slice(2)],
    ],
    ['workdays', daysBack(100).filter(isWorkday)],
    ['gaps', daysBack(60).filter((_, i) => i % 7 < 2)],
    ['two a day', daysBack(60, 0.5)],
    ['half a year', daysBack(180)],
  ])('retain keeps all that is there: %s', (_, days) => {
    const { value } = finding(
      'retain',
      days.map((day): Part => [`db-${iso(day)}.gz`, day]),
    )!
    const kept = retain(
      days.map((day) => ({ time: instant(day.getTime()), name: '', pinned: false })),
      { ...rulesOf(''), ...(value as object) },
      zoneOf('UTC'),
    )
    expect(kept.size).toBe(days.length)
  })
})

describe('names', () => {
  test('dates that could be read two ways: as the files were made', () => {
    const days = [3, 4, 5, 6].map((day) => new Date(Date.UTC(2026, 10, day, 2)))
    const parts = (of: (date: string[]) => string): Part[] =>
      days.map((day) => [`db_${of(ymd(day).split('-'))}.bak`, later(day, 9)])
    expect(
      finding(
        'series.pattern',
        parts(([y, m, d]) => `${d}-${m}-${y}`),
      ),
    ).toEqual(sure('{series}_{DD}-{MM}-{YYYY}.bak'))
    expect(
      finding(
        'series.pattern',
        parts(([y, m, d]) => `${m}-${d}-${y}`),
      ),
    ).toEqual(sure('{series}_{MM}-{DD}-{YYYY}.bak'))
    const copied = parts(([y, m, d]) => `${d}-${m}-${y}`).map(([name]): Part => [name, ago(1)])
    expect(finding('series.pattern', copied)).toEqual(unsure(undefined))
  })

  test('months in words have no pattern', () => {
    const parts = daysBack(9).map((day): Part => [`db-${day.getUTCDate()}-Nov-2026.gz`, day])
    expect(finding('series.pattern', parts)).toEqual(unsure(undefined))
    expect(finding('expect', parts)).toEqual(sure({ every: '24h', grace: '6h' }))
  })

  test('ids after the date are any part', () => {
    const parts = daysBack(9).map((day, i): Part => [`Automatic_${ymd(day)}_04.45_1234567${i}.tar`, day])
    expect(finding('series.pattern', parts)).toEqual(sure('{series}_{YYYY}-{MM}-{DD}_{hh}.{mm}_{part}.tar'))
  })

  test('what is of one file alone before the date is any part', () => {
    const parts = daysBack(9).map(
      (day): Part => [`${day.getTime() / 1000}_${ymd(day, '_')}_16.5.1-ee_gitlab_backup.tar`, day],
    )
    expect(finding('series.pattern', parts)).toEqual(sure('{part}_{YYYY}_{MM}_{DD}_{series}.tar'))
    expect(finding('expect', parts)).toEqual(sure({ every: '24h', grace: '6h' }))
  })

  test('kinds after the date are no ids', () => {
    const parts = daysBack(9).flatMap((day): Part[] =>
      ['full', 'incr', 'logs', 'meta'].map((kind) => [`${ymd(day)}-${kind}.tar`, day]),
    )
    expect(finding('series.pattern', parts)).toEqual(sure('{YYYY}-{MM}-{DD}-{series}.tar'))
  })

  test.each([
    'x.part',
    'tmp-x.gz',
    'x.tmp',
    'x.lock',
    '~$x.doc',
    '@eaDir/x.gz',
    'LIST',
    'db.log',
    'db-2026-11-28.json',
    'notes.txt',
    '.hidden',
    'x~',
  ])('%s next to dumps is no backup', (name) => {
    const parts = daysBack(9).map((day): Part => [`db-${ymd(day)}.gz`, day])
    const guess = guessSpec(listing([...parts, [name, ago(3), 900]]), { now: NOW, zone: 'UTC' })
    expect(guess.files).toMatchObject({ backups: { count: 9 }, others: { count: 1, names: [name] } })
  })

  test('a copy of the newest is none of its own, an overwritten one is', () => {
    const parts = daysBack(9).map((day): Part => [`db-${ymd(day)}.gz`, day])
    const backups = (size: number) =>
      guessSpec(listing([...parts, ['db-latest.gz', ago(8), size]]), { now: NOW, zone: 'UTC' }).files.backups
        .count
    expect([backups(parts[0]![2] ?? 700_000_000), backups(5)]).toEqual([9, 10])
  })

  test.each([
    'db-2026-11-28-incr.gz',
    'job2026-11-28T020000.vib',
    '00000001000000A000000010',
    'duplicity-inc.20261127T020000Z.to.20261128T020000Z.vol1.difftar.gpg',
  ])('what needs earlier backups is not thinned out unasked: %s', (name) => {
    const parts = daysBack(9).map((day): Part => [`db-${ymd(day)}-full.gz`, day])
    expect(finding('retain', [...parts, [name, ago(20)]])).toEqual(unsure(undefined))
  })

  test.each([
    ['files.gz', 900],
    ['notes.tar.gz', 900],
    ['passwords.csv', 900],
    ['config.xml', 900],
    ['audit.log', 900_000_000],
  ])('%s of %i bytes next to dumps is a backup', (name, size) => {
    const parts = daysBack(9).map((day): Part => [`db-${ymd(day)}.gz`, day])
    const { files } = guessSpec(listing([...parts, [name, ago(3), size]]), { now: NOW, zone: 'UTC' })
    expect(files).toMatchObject({ backups: { count: 10 }, others: { count: 0 } })
  })

  test('logs alone are what is to be kept', () => {
    const parts = daysBack(9).map((day): Part => [`access-${ymd(day)}.log`, day])
    expect(finding('series.pattern', parts)).toEqual(sure('{series}-{YYYY}-{MM}-{DD}.log'))
  })
})
