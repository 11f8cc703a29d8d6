import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fingerprint } from '../../../src/decide/documents/fingerprint.ts'
import { decideBackup, planBackup } from '../../../src/decide/plan/backup.ts'
import { dateFiles } from '../../../src/decide/retention/series-pattern.ts'
import { suggestPattern } from '../../../src/decide/retention/suggest-pattern.ts'
import { instant, isoTime } from '../../../src/model/instant.ts'
import type { Observation } from '../../../src/model/observation.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'
import type { Expectation, Spec } from '../../../src/model/spec.ts'
import { context, NOON, picture, spec } from '../../helpers/picture.ts'
import { rulesOf } from '../../helpers/points.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

function guessed(name: string, timezone = 'UTC'): string {
  const { series, time } = dateFiles({ patterns: [], timezone })(name)!
  return `${series} ${time === null ? 'mtime' : isoTime(time).replace(/T23:59:59\.999Z$/, '')}`
}

describe('names that differ only in the date they carry are one series', () => {
  test.each([
    ['db-2026-11-20.gz', 'db-*.gz 2026-11-20'],
    ['db_20261120.gz', 'db_*.gz 2026-11-20'],
    ['db.2026.11.20.gz', 'db.*.gz 2026-11-20'],
    ['2026_11_20', '* 2026-11-20'],
    ['db-20-11-2026.gz', 'db-*.gz 2026-11-20'],
    ['db-11.20.2026.gz', 'db-*.gz 2026-11-20'],
    ['db-20112026.gz', 'db-*.gz 2026-11-20'],
    ['db-11202026.gz', 'db-*.gz 2026-11-20'],
    ['db-06-06-2026.gz', 'db-*.gz 2026-06-06'],
    ['db-20-Nov-2026.gz', 'db-*.gz 2026-11-20'],
    ['db-nov-5-2026.gz', 'db-*.gz 2026-11-05'],
    ['db-2026November05.gz', 'db-*.gz 2026-11-05'],
    ['db-1Sept2026.gz', 'db-*.gz 2026-09-01'],
    ['db-2024-02-29.gz', 'db-*.gz 2024-02-29'],
    ['1990-01-01', '* 1990-01-01'],
    ['2099-12-31', '* 2099-12-31'],
    // With a time.
    ['db-2026-11-20T02:30.gz', 'db-*.gz 2026-11-20T02:30:00Z'],
    ['db-2026-11-20_02-30-15.gz', 'db-*.gz 2026-11-20T02:30:15Z'],
    ['db-20261120-0230.gz', 'db-*.gz 2026-11-20T02:30:00Z'],
    ['db-20261120023015.gz', 'db-*.gz 2026-11-20T02:30:15Z'],
    ['db-2026-11-20.02.30.gz', 'db-*.gz 2026-11-20T02:30:00Z'],
    ['db-2026-11-20:02:30:15.gz', 'db-*.gz 2026-11-20T02:30:15Z'],
    ['db-2026-11-200230.gz', 'db-*.gz 2026-11-20T02:30:00Z'],
    ['db-2026-07-01-2030.gz', 'db-*.gz 2026-07-01T20:30:00Z'],
    ['db-2026-11-20T02:30:15.123456.gz', 'db-*.gz 2026-11-20T02:30:15Z'],
    ['db-20261120T023015Z.gz', 'db-*.gz 2026-11-20T02:30:15Z'],
    ['db-2026-11-20T02:30:15.123+01:00.gz', 'db-*.gz 2026-11-20T01:30:15Z'],
    ['db-2026-11-20T02:30-0500.gz', 'db-*.gz 2026-11-20T07:30:00Z'],
    // In folders.
    ['2026-11-20/db.gz', '*/db.gz 2026-11-20'],
    ['2026/11/20/db.gz', '*/db.gz 2026-11-20'],
    ['2026/11/db-2026-11-20.gz', '*/db-*.gz 2026-11-20'],
    ['host1/2026-11/20/db-20261120-0230.gz', 'host1/*/db-*.gz 2026-11-20T02:30:00Z'],
  ])('%s: %s', (name, wanted) => {
    expect(guessed(name)).toBe(wanted)
  })

  test('its date is read in the zone, and one that could be read two ways is no time', () => {
    expect(guessed('db-2026-11-20.gz', 'Europe/Oslo')).toBe('db-*.gz 2026-11-20T22:59:59.999Z')
    expect(guessed('db-2026-11-20T02:30.gz', 'Europe/Oslo')).toBe('db-*.gz 2026-11-20T01:30:00Z')
    expect(guessed('db-2026-11-20T02:30Z.gz', 'Europe/Oslo')).toBe('db-*.gz 2026-11-20T02:30:00Z')
    expect(guessed('db-05-06-2026.gz')).toBe('db-*.gz mtime')
  })
})

describe('all other numbers keep names apart', () => {
  test.each([
    'web1',
    'ubuntu-20.04.11.iso',
    'db-1795000000.gz',
    'db-1795000000123.gz',
    'db-26-11-20.gz',
    'db-2026-11.gz',
    'db-2026-1-5.gz',
    'db-2026-11_20.gz',
    // No calendar has them.
    'db-2026-02-30.gz',
    'db-2025-02-29.gz',
    'db-2026-13-01.gz',
    'db-31-04-2026.gz',
    'db-1989-12-31.gz',
    'db-2100-01-01.gz',
    // A digit adjoins.
    'db-120261120.gz',
    'db-202611201.gz',
    'db-20261120236060.gz',
    // In doubt.
    'db-10-12-2026-11-20.gz',
    'db-2026-11-20_2026-11-21.gz',
    'db-*-2026-11-20.gz',
    'summar-20-2026.gz',
  ])('%s', (name) => {
    expect(guessed(name)).toBe('undated mtime')
  })
  test.each([
    ['db-2026-11-20-1.gz', 'db-*-1.gz 2026-11-20'],
    ['web1-2026-11-20.gz', 'web1-*.gz 2026-11-20'],
    ['db-2026-11-20-2575.gz', 'db-*-2575.gz 2026-11-20'],
    // Volumes.
    ['db-2026-11-20.0001', 'db-*.0001 2026-11-20'],
    ['db-20261120-023015.001', 'db-*.001 2026-11-20T02:30:15Z'],
    ['db-20261120-023015.7z', 'db-*.7z 2026-11-20T02:30:15Z'],
    // A number as likely as a zone.
    ['db_20261120-0230-0500.gz', 'db_*-0500.gz 2026-11-20T02:30:00Z'],
  ])('beside the date: %s', (name, wanted) => {
    expect(guessed(name)).toBe(wanted)
  })
})

test('the pattern to write for a guessed series reads the same names to the same times', () => {
  const parts = ['db-', 'web1/a_', '', '2026.', 'x/'].map((text) => fc.constant(text))
  const dates = ['2026-11-20', '20261120', '20-11-2026', '11.20.2026', '2026-11-20T02:30', '20261120-023015']
  const ends = ['.tar.gz', '-part7.gz', '', '_host-2.sql']
  fc.assert(
    fc.property(
      fc.oneof(...parts),
      fc.constantFrom(...dates, '2026-11-20/db-20261120', '2026/11/20/db'),
      fc.constantFrom(...ends),
      (before, date, after) => {
        const name = `${before}${date}${after}`
        const pattern = suggestPattern(name)
        const guess = dateFiles({ patterns: [], timezone: 'Europe/Oslo' })(name)!
        if (guess.time === null) return
        expect(pattern).not.toBeNull()
        expect(dateFiles({ patterns: [pattern!], timezone: 'Europe/Oslo' })(name)?.time).toBe(guess.time)
      },
    ),
  )
  expect(suggestPattern('database-2026-11-20.gz')).toBe('{series}-{YYYY}-{MM}-{DD}.gz')
  expect(suggestPattern('2026-11-20-wiki.tar.gz')).toBe('{YYYY}-{MM}-{DD}-{series}.tar.gz')
  expect(suggestPattern('2026-11-20/db.gz')).toBe('{YYYY}-{MM}-{DD}/{series}.gz')
  for (const none of ['README', 'db-05-06-2026.gz', 'db-20Nov2026.gz', 'db{x}-2026-11-20.gz'])
    expect(suggestPattern(none)).toBeNull()
})

/** Files at the source, or held, with their times in milliseconds. */
function dumps(kind: 'remote' | 'held', files: Readonly<Record<string, number>>): Observation {
  const seen = picture(
    Object.keys(files)
      .map((name) => `${kind} ${name} 10 A`)
      .join('\n'),
  )
  const times = new Map(Object.entries(files))
  const at = (path: RelPath) => Math.floor(times.get(path)! / 1000)
  return {
    source: {
      ...seen.source,
      files: new Map(
        [...seen.source.files].map(([path, file]) => [
          path,
          { ...file, listed: { size: 10, mtime: at(path) } },
        ]),
      ),
    },
    destination: {
      ...seen.destination,
      created: instant(NOON - 30 * DAY),
      records: new Map(
        [...seen.destination.records].map(([path, record]) => [path, { ...record, mtime: at(path) }]),
      ),
    },
  }
}

const nightly: Expectation = {
  ...{ series: null, rhythm: { kind: 'every', seconds: 86_400 } },
  ...{ grace: 7200, until: null },
}
const pulls = (declared: Spec, seen: Observation) =>
  planBackup(declared, seen, context()).steps.flatMap(({ action, path }) => (action === 'pull' ? [path] : []))

/** Five days each of three databases, ten minutes apart. */
const threeADay = Object.fromEntries(
  [19, 20, 21, 22, 23].flatMap((day) =>
    ['database', 'wiki', 'mail'].map((name, i) => [
      `${name}-2026-11-${day}.gz`,
      Date.UTC(2026, 10, day, 2, i * 10),
    ]),
  ),
)

describe('retention without a pattern', () => {
  test('each series has its own: none takes the days of another', () => {
    const declared = spec({ retain: rulesOf('daily=7 weekly=4') })
    const plan = planBackup(declared, dumps('remote', threeADay), context())
    expect(plan.steps.map(({ action }) => action)).toEqual(Array.from({ length: 15 }, () => 'pull'))
    expect(plan.series).toMatchObject(
      ['database-*.gz', 'mail-*.gz', 'wiki-*.gz'].map((series) => ({
        series,
        pattern: '{series}-{YYYY}-{MM}-{DD}.gz',
      })),
    )
    expect(plan.steps[0]).toMatchObject({ series: 'database-*.gz', time: '2026-11-19T23:59:59.999Z' })
  })

  test('the date in the name counts, also where a copy lost the times', () => {
    const copied = Object.fromEntries(
      Array.from({ length: 10 }, (_, i) => [`db-2026-11-${10 + i}.gz`, NOON + i * 1000]),
    )
    expect(pulls(spec({ retain: rulesOf('daily=7') }), dumps('remote', copied))).toEqual(
      Array.from({ length: 7 }, (_, i) => `db-2026-11-${13 + i}.gz`),
    )
  })

  test('a name without a date is kept by itself, whatever the rules', () => {
    const files = { 'web1.gz': NOON, 'web2.gz': NOON, 'LICENSE.txt': NOON - 900 * DAY }
    for (const rules of ['last=1', 'daily=2 pick=oldest', 'within=1d'])
      expect(pulls(spec({ retain: rulesOf(rules) }), dumps('remote', files))).toHaveLength(3)
  })

  test('I9: auto removes nothing of a guessed series, and manual does; the grouping is part of its basis', () => {
    const old = Object.fromEntries(
      Array.from({ length: 9 }, (_, i) => [`db-2026-10-1${i}.gz`, Date.UTC(2026, 9, 10 + i)]),
    )
    const both = dumps('held', { ...threeADay, ...old })
    const seen = {
      ...both,
      source: {
        ...both.source,
        files: dumps('remote', { ...threeADay, ...old }).source.files,
      },
    }
    const rules = { retain: rulesOf('last=1'), expect: [{ ...nightly, grace: 90 * 86_400 }] }
    const decide = (mode: Spec['prune']['mode']) =>
      decideBackup(
        spec({ ...rules, prune: { mode, keepAtLeast: 1, minAge: 0, trashFor: 0 } }),
        seen,
        context({ asked: true }),
      )
    const auto = decide('auto')
    expect(auto.plan.summary).toMatchObject({ prune: 0, surplus: 20 })
    expect(auto.plan.steps.find(({ action }) => action === 'surplus')?.because).toContain(
      'kept: prune auto removes nothing from a guessed series',
    )
    const manual = decide('manual')
    expect([...manual.prune!.remove.keys(), ...manual.prune!.keptBack.keys()].length).toBeGreaterThan(0)
    const named = decideBackup(
      spec({ ...rules, series: { patterns: ['{series}'], timezone: 'UTC' } }),
      seen,
      context(),
    )
    const plain = fingerprint({
      ...{ path: '/src', listing: null, series: { patterns: [], timezone: 'UTC' }, checksum: 'md5' },
    })
    expect(manual.prune!.basis).not.toBe(plain)
    expect(manual.prune!.basis).not.toBe(named.prune!.basis)
  })
})

describe('what is expected without a pattern', () => {
  const stand = (files: Readonly<Record<string, number>>) =>
    planBackup(spec({ expect: [nightly] }), dumps('held', files), context()).series.map(
      ({ series, state, newest }) => `${series} ${state} ${newest}`,
    )
  test('a guessed series is in time by its mtime, not by the end of the day that it names', () => {
    expect(stand({ 'db-2026-11-22.gz': NOON - 11 * HOUR - DAY })).toEqual([
      'db-*.gz late 2026-11-22T01:00:00Z',
    ])
    expect(stand({ 'db-2026-11-22.gz': NOON - 11 * HOUR })).toEqual(['db-*.gz ok 2026-11-23T01:00:00Z'])
  })
  test('a clock that is ahead keeps none fresh', () => {
    expect(stand({ 'db-2026-11-20.gz': NOON + 900 * DAY })).toEqual(['db-*.gz late 2026-11-20T23:59:59.999Z'])
  })
  test('all names without a date are one series, with the newest mtime', () => {
    expect(stand({ 'web1.gz': NOON - 3 * DAY, 'web2.gz': NOON - HOUR, 'db-2026-11-23.gz': NOON })).toEqual([
      `db-*.gz ok ${isoTime(NOON)}`,
      `undated ok ${isoTime(instant(NOON - HOUR))}`,
    ])
    expect(stand({})).toEqual(['undated late null'])
  })
})
