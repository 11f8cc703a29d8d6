import { describe, expect, test } from 'vitest'
import { decideBackup, planBackup } from '../../../src/decide/plan/backup.ts'
import { backupStatus } from '../../../src/decide/status/backup.ts'
import { lateSeries } from '../../../src/decide/status/series.ts'
import { instant } from '../../../src/model/instant.ts'
import type { Observation } from '../../../src/model/observation.ts'
import type { Spec } from '../../../src/model/spec.ts'
import { context, NOON, picture, spec, statusFacts } from '../../helpers/picture.ts'
import { rulesOf } from '../../helpers/points.ts'

const DAY = 86_400_000

const declared = (...patterns: readonly string[]): Spec =>
  spec({
    series: { patterns, timezone: 'UTC' },
    retain: rulesOf('daily=7'),
    expect: [{ series: null, rhythm: { kind: 'every', seconds: 86_400 }, grace: 0, until: null }],
  })

/** Listed as of noon. */
function drawn(text: string, completeness: Observation['source']['completeness'] = 'complete'): Observation {
  const { source, destination } = picture(text, completeness)
  const files = [...source.files].map(
    ([path, file]) => [path, { ...file, listed: { ...file.listed!, mtime: NOON / 1000 } }] as const,
  )
  return {
    source: { ...source, files: new Map(files) },
    destination: { ...destination, created: instant(NOON - 30 * DAY) },
  }
}

const misfit = (patterns: readonly string[], seen: Observation) =>
  planBackup(declared(...patterns), seen, context()).problems.find(
    ({ code }) => code === 'pattern-fits-nothing',
  )

describe('a pattern that fits nothing while files are selected is a problem at once', () => {
  test.each([
    [
      '{series}_{YYYY}{MM}{DD}.gz',
      'db-2026-11-20.gz',
      'it has "-{YYYY}-{MM}-" where the pattern has "_{YYYY}{MM}"',
    ],
    ['{series}-{YYYY}-{MM}-{DD}.tar.gz', 'db-2026-11-20.gz', 'it has nothing where the pattern has ".tar"'],
    ['{series}-{YYYY}-{MM}-{DD}.gz', 'db-20-11-2026.gz', 'it has "{DD}-{MM}-{YYYY}"'],
    ['{series}-{YYYY}-{MM}-{DD}.gz', 'README', 'README has no date that can be read'],
    ['{series}-{YYYY}-{MM}-{DD}.gz', 'db-2026-02-30.gz', 'has no date that can be read'],
  ])('%s beside %s', (pattern, name, differs) => {
    const found = misfit([pattern], drawn(`remote notes.txt 1 A\nremote ${name} 1 A`))
    expect(found?.message).toContain(differs)
    expect(found?.path).toBeUndefined()
  })

  test('it says what to write, and of many names it names the nearest', () => {
    const others = Array.from({ length: 60 }, (_, i) => `remote log.${i} 1 A`).join('\n')
    const found = misfit(['{series}_{YYYY}{MM}{DD}.gz'], drawn(`${others}\nremote db-2026-11-20.gz 1 A`))
    expect(found?.message).toContain('any of 61 selected files; db-2026-11-20.gz is closest')
    expect(found?.hint).toContain('"{series}-{YYYY}-{MM}-{DD}.gz"')
  })

  test('not where one of several patterns fits, where nothing is selected, and where not all was seen', () => {
    const patterns = ['{series}_{YYYY}{MM}{DD}.gz', '{series}-{YYYY}-{MM}-{DD}.gz']
    expect(misfit(patterns, drawn('remote db-2026-11-20.gz 1 A\nremote README 1 A'))).toBeUndefined()
    expect(misfit(patterns, drawn(''))).toBeUndefined()
    const older = 'held db-2026-11-20.gz 1 A\nremote README 1 A'
    expect(misfit(patterns, drawn(older, 'incomplete'))).toBeUndefined()
    // A note that lies there for good is no dump under another name.
    expect(misfit(patterns, drawn(older))).toBeUndefined()
    const renamed = 'held db-2026-11-20.gz 1 A\nremote db.20261126.gz 1 A'
    expect(misfit(patterns, drawn(renamed))?.message).toContain('the one selected file that the source shows')
  })

  test('status says so too, by the spec as it is now, and nothing is called fresh', () => {
    const seen = drawn('held db-2026-11-20.gz 1 A')
    const told = backupStatus(
      statusFacts({
        spec: declared('{series}_{YYYY}{MM}{DD}.gz'),
        holding: { ...seen.destination, created: NOON },
      }),
      NOON,
    )
    expect(told.state).toBe('failed')
    expect(told.beside).toEqual({ files: 1, names: ['db-2026-11-20.gz'] })
    expect(told.conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`)).toEqual(
      expect.arrayContaining(['Ready false pattern-fits-nothing', 'Fresh unknown no-point-yet']),
    )
  })
})

describe('a source that has changed its naming', () => {
  const renamed = `held db-2026-11-19.gz 1 A
    remote db-2026-11-19.gz 1 A
    ${[20, 21, 22].map((day) => `remote db_202611${day}.gz 1 B`).join('\n')}`
  const { plan, views } = decideBackup(declared('{series}-{YYYY}-{MM}-{DD}.gz'), drawn(renamed), context())

  test('is not called silent', () => {
    expect(plan.series).toMatchObject([{ series: 'db', state: 'late', cause: 'beside-pattern' }])
    expect(lateSeries(views)[0]?.message).toMatch(/the source has newer files, and their names fit no/)
  })
  test('its new files are counted and named, with the pattern to add', () => {
    expect(plan.beside).toEqual({ files: 3, names: ['db_20261120.gz', 'db_20261121.gz', 'db_20261122.gz'] })
    expect(plan.summary.pull).toBe(3)
    expect(plan.warnings).toMatchObject([
      { code: 'beside-pattern', hint: expect.stringContaining('"{series}_{YYYY}{MM}{DD}.gz"') },
    ])
  })
  test('a file beside the pattern that is no newer dump is only counted', () => {
    const { plan: calm } = decideBackup(
      declared('{series}-{YYYY}-{MM}-{DD}.gz'),
      drawn('remote db-2026-11-22.gz 1 A\nremote README 1 A'),
      context(),
    )
    expect(calm.beside).toEqual({ files: 1, names: ['README'] })
    expect([calm.warnings, calm.problems]).toEqual([[], []])
  })
})
