import { describe, expect, test } from 'vitest'
import { nameWarnings, patternFor } from '../../../src/decide/files/as-and-pattern.ts'
import { datedNames } from '../../../src/decide/files/dated-name.ts'
import { dateFiles } from '../../../src/decide/retention/series-pattern.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'

const names = (as: string, patterns: readonly string[], include: readonly string[] = ['**']) => ({
  select: { as, include, exclude: [] },
  series: { patterns, timezone: 'UTC' },
  source: { listing: null },
})
const found = (...given: Parameters<typeof names>) => nameWarnings(names(...given)).map(({ code }) => code)

const DAY = '{stem}-{YYYY}-{MM}-{DD}{ext}'
const MINUTE = '{stem}_{YYYY}{MM}{DD}at{hh}h{mm}{ext}'

describe('select.as and series.pattern', () => {
  test.each([
    ['what fits', DAY, ['{series}-{YYYY}-{MM}-{DD}.tar'], ['**'], []],
    ['what may fit', DAY, ['db-{YYYY}-{MM}-{DD}.tar'], ['**'], []],
    ['the second of two fits', DAY, ['x{YYYY}', '{series}-{YYYY}-{MM}-{DD}{part}'], ['**'], []],
    [
      'a date that as writes otherwise',
      DAY,
      ['{series}_{YYYY}{MM}{DD}.tar.gz'],
      ['**'],
      ['pattern-never-fits'],
    ],
    [
      'a time that as does not write',
      DAY,
      ['{series}-{YYYY}-{MM}-{DD}T{hh}{mm}.tar.gz'],
      ['**'],
      ['pattern-never-fits'],
    ],
    ['a name without an extension', DAY, ['{series}-{YYYY}-{MM}-{DD}'], ['**'], []],
    ['an extension of several', DAY, ['{series}-{YYYY}-{MM}-{DD}.v2.tar.gz'], ['*.gz'], []],
    ['a pattern with folders', DAY, ['{part}/{series}-{YYYY}-{MM}-{DD}.tar'], ['a/*.tar'], []],
    // Whatever the stem is, `-` comes before the date, and an extension has none.
    ['other text between', DAY, ['{series}_{YYYY}-{MM}-{DD}.tar'], ['*.tar'], ['pattern-never-fits']],
    [
      'other text between, of one name',
      DAY,
      ['{series}_{YYYY}-{MM}-{DD}.tar'],
      ['db.tar'],
      ['pattern-never-fits'],
    ],
    ['another ending', DAY, ['{series}-{YYYY}-{MM}-{DD}.tar'], ['*.sql.gz'], ['pattern-never-fits']],
    ['another name', DAY, ['db-{YYYY}-{MM}-{DD}.sql.gz'], ['dump.sql.gz'], ['pattern-never-fits']],
    ['one of two names', DAY, ['db-{YYYY}-{MM}-{DD}.sql.gz'], ['dump.sql.gz', 'db.sql.gz'], []],
    ['digits where there is text', '{YYYY}{MM}{DD}{ext}', ['v{YYYY}{MM}{DD}'], ['*'], ['pattern-never-fits']],
    ['a time that it drops', MINUTE, ['{series}_{YYYY}{MM}{DD}{part}'], ['*.gz'], ['pattern-drops-time']],
    ['a time that it reads', MINUTE, ['{series}_{YYYY}{MM}{DD}at{hh}h{mm}.gz'], ['*.gz'], []],
    ['no date: the modification time counts', MINUTE, ['{series}.gz'], ['*.gz'], []],
  ])('%s', (_, as, patterns, include, codes) => {
    expect(found(as, patterns, include)).toEqual(codes)
  })

  test('the pattern to write reads what is written', () => {
    expect(patternFor({ as: MINUTE, include: ['*.sql.gz'] })).toBe(
      '{series}_{YYYY}{MM}{DD}at{hh}h{mm}.sql.gz',
    )
    expect(patternFor({ as: DAY, include: ['**'] })).toBe('{series}-{YYYY}-{MM}-{DD}{part}')
    const shown = (...names: string[]) => patternFor({ as: DAY, include: ['**'] }, names)
    expect(shown('a-2026-11-29.tar.gz', 'd/b-2026-11-29.tar.gz')).toBe('{series}-{YYYY}-{MM}-{DD}.tar.gz')
    expect(shown('a-2026-11-29.tar.gz', 'b-2026-11-29.sql')).toBe('{series}-{YYYY}-{MM}-{DD}{part}')
    expect(shown('a-2026-11-29')).toBe('{series}-{YYYY}-{MM}-{DD}{part}')
    expect(patternFor({ as: '{YYYY}-{MM}-{DD}-{name}', include: ['a', 'b.c'] })).toBe(
      '{YYYY}-{MM}-{DD}-{series}',
    )
    for (const as of [DAY, MINUTE, '{YYYY}-{MM}-{DD}-{name}', 'x{ext}{YYYY}{MM}{DD}{stem}x'])
      for (const include of [['*.tar.gz'], ['db.tar.gz'], ['**']]) {
        const made = datedNames(names(as, [], include))!.nameOf('db.tar.gz' as RelPath, 1_763_600_000)
        const pattern = patternFor({ as, include })!
        expect(dateFiles({ patterns: [pattern], timezone: 'UTC' })(made), `${made} ${pattern}`).not.toBeNull()
      }
  })

  test('never said of a pattern that fits a name that is made', () => {
    const bits = ['{stem}', '{ext}', '{YYYY}{MM}{DD}', '-', '.', 'a', '1', '{hh}', '{mm}']
    const other = [
      '{series}',
      '{part}',
      '{YYYY}{MM}{DD}',
      '-',
      '.',
      'a',
      '1',
      '{epoch}',
      '{hh}',
      '{mm}',
      '20',
    ]
    let seed = 7
    const pick = <T>(of: readonly T[]): T => {
      seed = (seed * 48_271) % 2_147_483_647
      return of[seed % of.length]!
    }
    const some = (of: readonly string[]) => Array.from({ length: 1 + (seed % 5) }, () => pick(of)).join('')
    let fits = 0
    for (let i = 0; i < 40_000; i++) {
      const [as, pattern] = [`${some(bits)}{YYYY}{MM}{DD}`, some(other)]
      const include = pick([['**'], ['*.a'], ['a.a.a', 'b'], ['1-1.a']])
      const from =
        include[0] === '**' || include[0] === '*.a' ? pick(['a.a', '1.a', 'a-20.a.a']) : pick(include)
      const spec = names(as, [pattern], include)
      try {
        const made = datedNames(spec)!.nameOf(from as RelPath, 1_763_600_000)
        if (dateFiles(spec.series)(made) === null) continue
      } catch {
        continue
      }
      fits++
      expect(found(as, [pattern], include), `${as} ${pattern} ${from}`).not.toContain('pattern-never-fits')
    }
    expect(fits).toBeGreaterThan(300)
  })
})
