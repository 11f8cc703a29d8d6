import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dateFiles, patternFault, patternPrecision } from '../../../src/decide/retention/series-pattern.ts'
import { isoTime } from '../../../src/model/instant.ts'

/** `series @ time # part`, or what stands for them. */
function read(patterns: string | readonly string[], path: string, timezone = 'UTC'): string {
  const found = dateFiles({ patterns: [patterns].flat(), timezone })(path)
  if (found === null) return 'no match'
  const { series, time, part } = found
  return `${series} @ ${time === null ? 'mtime' : isoTime(time)}${part === null ? '' : ` # ${part}`}`
}

describe('a name is read by its pattern', () => {
  test.each([
    ['db-{YYYY}-{MM}-{DD}.gz', 'db-2026-11-23.gz', 'db @ 2026-11-23T23:59:59.999Z'],
    ['{series}-{YYYY}-{MM}-{DD}.tar.gz', 'a-b-2026-11-23.tar.gz', 'a-b @ 2026-11-23T23:59:59.999Z'],
    ['{series}{YYYY}{MM}{DD}', 'x20260101', 'x @ 2026-01-01T23:59:59.999Z'],
    ['{DD}.{MM}.{YYYY}.{series}', '24.12.2026.wiki', 'wiki @ 2026-12-24T23:59:59.999Z'],
    ['db-{YYYY}-{MM}', 'db-2026-12', 'db @ 2026-12-31T23:59:59.999Z'],
    ['db-{YYYY}', 'db-2026', 'db @ 2026-12-31T23:59:59.999Z'],
    ['db-{YYYY}{MM}{DD}T{hh}', 'db-20261123T07', 'db @ 2026-11-23T07:00:00Z'],
    ['db-{YYYY}{MM}{DD}T{hh}{mm}', 'db-20261123T0715', 'db @ 2026-11-23T07:15:00Z'],
    ['db-{YYYY}{MM}{DD}T{hh}{mm}{ss}Z', 'db-20261123T071542Z', 'db @ 2026-11-23T07:15:42Z'],
    ['db-{epoch}.gz', 'db-1795420800.gz', 'db @ 2026-11-23T08:00:00Z'],
    ['db-{epoch}.gz', 'db-0.gz', 'db @ 1970-01-01T00:00:00Z'],
    ['db-{epoch}.gz', 'db-123456789012.gz', 'no match'],
    ['db-{epoch}.gz', 'db-.gz', 'no match'],
    ['db-{epoch}.gz', 'db-1e3.gz', 'no match'],
    ['{series}.dump', 'wiki.dump', 'wiki @ mtime'],
    ['{series}-{YYYY}.{part}.gz', 'db-2026.schema.gz', 'db @ 2026-12-31T23:59:59.999Z # schema'],
    ['{series}-{part}-{YYYY}', 'a-b-c-2026', 'a-b @ 2026-12-31T23:59:59.999Z # c'],
    ['{part}-{series}-{YYYY}', 'a-b-c-2026', 'c @ 2026-12-31T23:59:59.999Z # a-b'],
    ['{series}{YYYY}{part}', 'a2026b2027c', 'a2026b @ 2027-12-31T23:59:59.999Z # c'],
    ['{series}-{part}.{epoch}', 'a-b-c.d.77', 'a-b @ 1970-01-01T00:01:17Z # c.d'],
    ['db-{YYYY}.gz', 'db-2026.gz.tmp', 'no match'],
    ['db-{YYYY}.gz', 'xdb-2026.gz', 'no match'],
    ['db-{YYYY}.gz', 'db-26.gz', 'no match'],
    ['db-{YYYY}.gz', 'db-２０２６.gz', 'no match'],
    ['d.-{YYYY}', 'db-2026', 'no match'],
    ['{series}-{YYYY}', '-2026', 'no match'],
    ['{YYYY}-{series}-{YYYY}', '2026-a-2026', 'a @ 2026-12-31T23:59:59.999Z'],
    ['{YYYY}-{series}-{YYYY}', '2026-a-2025', 'no match'],
    ['{series}-{YYYY}-{series}', 'a-b-2026-a-b', 'a-b @ 2026-12-31T23:59:59.999Z'],
    ['{series}-{YYYY}-{series}', 'a-b-2026-a-c', 'no match'],
    ['{series}-{series}-{YYYY}', 'a-b-a-b-2026', 'a-b @ 2026-12-31T23:59:59.999Z'],
  ])('%s on %s: %s', (pattern, name, wanted) => {
    expect(read(pattern, name)).toBe(wanted)
  })

  test.each([
    '2026-02-30',
    '2026-02-29',
    '2026-13-01',
    '2026-00-01',
    '2026-01-00',
    '2026-04-31',
    '1969-12-31',
  ])('a date that no calendar has does not fit: %s', (date) => {
    expect(read('db-{YYYY}-{MM}-{DD}', `db-${date}`)).toBe('no match')
    expect(read(['db-{YYYY}-{MM}-{DD}', 'db-{part}'], `db-${date}`)).toBe(`db @ mtime # ${date}`)
  })
  test.each(['240000', '236000', '235960'])('nor a time that no clock shows: %s', (time) => {
    expect(read('{YYYY}-{MM}-{DD}-{hh}{mm}{ss}', `2026-01-01-${time}`)).toBe('no match')
  })
  test('a leap day is one, and the year 9999 has an end', () => {
    expect(read('db-{YYYY}-{MM}-{DD}', 'db-2024-02-29')).toBe('db @ 2024-02-29T23:59:59.999Z')
    expect(read('db-{YYYY}', 'db-9999')).toBe('db @ 9999-12-31T23:59:59.999Z')
  })
  test('the first of a list that fits counts', () => {
    const patterns = ['{series}-{YYYY}{MM}{DD}.gz', '{series}-{YYYY}{MM}{DD}.{part}', '{part}']
    expect(read(patterns, 'db-20260101.gz')).toBe('db @ 2026-01-01T23:59:59.999Z')
    expect(read(patterns, 'db-20260101.log')).toBe('db @ 2026-01-01T23:59:59.999Z # log')
    expect(read(patterns, 'README')).toBe('* @ mtime # README')
  })
  test('without patterns names without a date are told of as one series', () => {
    expect(read([], 'a/db-2026.gz')).toBe('undated @ mtime')
  })
})

describe('folders', () => {
  test.each([
    ['{series}-{YYYY}', 'de/db-2026', 'de/db @ 2026-12-31T23:59:59.999Z'],
    ['{series}-{YYYY}', 'a/b/db-2026', 'a/b/db @ 2026-12-31T23:59:59.999Z'],
    ['db-{YYYY}', 'de/db-2026', 'de/db @ 2026-12-31T23:59:59.999Z'],
    ['{YYYY}/{MM}/db-{YYYY}{MM}{DD}.gz', '2026/11/db-20261123.gz', 'db @ 2026-11-23T23:59:59.999Z'],
    ['{YYYY}/{MM}/db-{YYYY}{MM}{DD}.gz', '2026/10/db-20261123.gz', 'no match'],
    ['{series}/{YYYY}.gz', 'de/2026.gz', 'de @ 2026-12-31T23:59:59.999Z'],
    ['{series}/{YYYY}.gz', 'de/at/2026.gz', 'no match'],
    ['{part}/{series}-{YYYY}.gz', 'de/db-2026.gz', 'db @ 2026-12-31T23:59:59.999Z # de'],
    ['sql/{series}-{YYYY}', 'sql/db-2026', 'db @ 2026-12-31T23:59:59.999Z'],
    ['sql/{series}-{YYYY}', 'db-2026', 'no match'],
  ])('%s on %s: %s', (pattern, path, wanted) => {
    expect(read(pattern, path)).toBe(wanted)
  })
})

test.each([
  ['db-{YYYY}', 'db-2026', 'db'],
  ['db_-._{YYYY}', 'db_-._2026', 'db'],
  ['sql/db-{YYYY}', 'sql/db-2026', 'db'],
  ['sql/{YYYY}.gz', 'sql/2026.gz', 'sql'],
  ['{YYYY}/db.gz', '2026/db.gz', 'db.gz'],
  ['{YYYY}-{MM}-wiki.tar.gz', '2026-01-wiki.tar.gz', 'wiki.tar.gz'],
  ['{YYYY}_db_{MM}.gz', '2026_db_01.gz', 'db-gz'],
  ['{YYYY}-{MM}', '2026-01', '*'],
])('without {series}, %s names the series of %s "%s"', (pattern, path, wanted) => {
  expect(dateFiles({ patterns: [pattern], timezone: 'UTC' })(path)?.series).toBe(wanted)
})

describe('times are those of the zone', () => {
  test.each([
    ['a day of 24 hours', 'Europe/Oslo', '{YYYY}-{MM}-{DD}', '2026-11-23', '2026-11-23T22:59:59.999Z'],
    ['a day of 23 hours', 'Europe/Oslo', '{YYYY}-{MM}-{DD}', '2026-03-29', '2026-03-29T21:59:59.999Z'],
    ['a day of 25 hours', 'Europe/Oslo', '{YYYY}-{MM}-{DD}', '2026-10-25', '2026-10-25T22:59:59.999Z'],
    [
      'a day whose last hour comes twice',
      'America/Asuncion',
      '{YYYY}-{MM}-{DD}',
      '2024-03-23',
      '2024-03-24T03:59:59.999Z',
    ],
    [
      'a midnight that is skipped',
      'America/Asuncion',
      '{YYYY}-{MM}-{DD}',
      '2023-09-30',
      '2023-10-01T03:59:59.999Z',
    ],
    ['a month', 'Europe/Oslo', '{YYYY}-{MM}', '2026-10', '2026-10-31T22:59:59.999Z'],
    ['a year', 'Asia/Kathmandu', '{YYYY}', '2026', '2026-12-31T18:14:59.999Z'],
    ['an hour', 'Europe/Oslo', '{YYYY}-{MM}-{DD}.{hh}', '2026-07-01.12', '2026-07-01T10:00:00Z'],
    [
      'an hour that is skipped',
      'Europe/Oslo',
      '{YYYY}-{MM}-{DD}.{hh}',
      '2026-03-29.02',
      '2026-03-29T01:00:00Z',
    ],
    ['the hour after it', 'Europe/Oslo', '{YYYY}-{MM}-{DD}.{hh}', '2026-03-29.04', '2026-03-29T02:00:00Z'],
    [
      'an hour that comes twice',
      'Europe/Oslo',
      '{YYYY}-{MM}-{DD}.{hh}',
      '2026-10-25.02',
      '2026-10-25T00:00:00Z',
    ],
    [
      'the day after a late change',
      'America/Asuncion',
      '{YYYY}-{MM}-{DD}.{hh}',
      '2024-03-24.12',
      '2024-03-24T16:00:00Z',
    ],
    ['no zone changes an epoch', 'Europe/Oslo', '{epoch}', '0', '1970-01-01T00:00:00Z'],
  ])('%s', (_, zone, pattern, name, wanted) => {
    expect(read(pattern, name, zone)).toBe(`* @ ${wanted}`)
  })
})

describe('a fault is told with its place', () => {
  test.each([
    ['db-{yyyy}.gz', '{yyyy}', 'did you mean {YYYY}?'],
    ['db-{month}', '{month}', 'did you mean {MM}?'],
    ['db-{YYYY}{%m}', '{%m}', 'did you mean {MM}?'],
    ['{Series}-{YYYY}', '{Series}', 'did you mean {series}?'],
    ['{date}.gz', '{date}', 'did you mean {YYYY}-{MM}-{DD}?'],
    ['{wibble}', '{wibble}', 'there are {series} {part} {YYYY}'],
    ['{}', '{}', 'there is no token {}'],
    ['db-{YYYY', '{', 'is on its own'],
    ['db-YYYY}', '}', 'is on its own'],
    ['{{YYYY}}', '{', 'is on its own'],
    ['db-{YYYY}-{DD}', '{DD}', '{DD} without {MM}'],
    ['db-{YYYY}-{mm}-{DD}', '{mm}', 'did you mean {MM}, the month?'],
    ['db-{MM}', '{MM}', '{MM} without {YYYY}'],
    ['{YYYY}{MM}{DD}{ss}', '{ss}', '{ss} without {mm}'],
    ['{YYYY}-{epoch}', '{YYYY}', 'together with {epoch}'],
    ['{series}{part}', '{part}', 'put text between them'],
    ['{series}{series}', '{series}', 'put text between them'],
    ['db-%Y%m%d.gz', 'db-%Y%m%d.gz', 'has no token'],
    ['', '', 'is empty'],
    ['/db-{YYYY}', '/', 'relative'],
    ['db//{YYYY}', '//', 'no path contains'],
    ['../{YYYY}', '..', 'no path contains'],
    ['{YYYY}/', '/', 'not for folders'],
    ['db\u200b-{YYYY}', '\u200b', 'invisible'],
  ])('%s: at "%s", %s', (pattern, at, words) => {
    const fault = patternFault(pattern)
    expect(fault?.message).toContain(words)
    expect(pattern.slice(fault?.at).startsWith(at)).toBe(true)
    expect(fault?.length).toBe(at.length)
  })
  test('at the second of two equal tokens, where that is the wrong one', () => {
    expect(patternFault('{series}{series}')?.at).toBe(8)
  })
  test.each(['{series}', '{part}.gz', '{YYYY}{series}{YYYY}', 'a/..b/{YYYY}'])('%s has none', (pattern) => {
    expect(patternFault(pattern)).toBeNull()
  })
})

test.each([
  ['{series}', 'none'],
  ['{YYYY}', 'year'],
  ['{MM}{YYYY}', 'month'],
  ['{YYYY}{MM}{DD}', 'day'],
  ['{YYYY}{MM}{DD}{hh}', 'hour'],
  ['{YYYY}{MM}{DD}{hh}{mm}', 'minute'],
  ['{YYYY}{MM}{DD}{hh}{mm}{ss}', 'second'],
  ['{epoch}', 'second'],
] as const)('%s dates to the %s', (pattern, precision) => {
  expect(patternPrecision(pattern)).toBe(precision)
})

/** The same language as a regular expression, which is short and may be slow. */
function slowly(pattern: string, name: string): string | null {
  const seen = new Set<string>()
  const source = pattern.replace(/\{(\w+)\}|[.]/g, (text, token?: string) => {
    if (token === undefined) return `\\${text}`
    if (seen.has(token)) return `\\k<${token}>`
    seen.add(token)
    const inner = { YYYY: '(?:19[789]|[2-9]\\d\\d)\\d', epoch: '\\d{1,11}' }[token] ?? '[^/]+'
    return `(?<${token}>${inner})`
  })
  const groups = new RegExp(`^${source}$`).exec(name)?.groups
  return groups === undefined ? null : `${groups['series'] ?? ''}#${groups['part'] ?? ''}`
}

test('any name is read as a regular expression would read it', () => {
  const piece = fc.constantFrom('{series}', '{part}', '{YYYY}', '{epoch}', '-', '.', 'a', '/', 'a-')
  const name = fc
    .array(fc.constantFrom('a', '-', '.', '/', '2026', '1', 'a-a'), { maxLength: 12 })
    .map((parts) => parts.join(''))
  let matched = 0
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 7 }), name, (pieces, text) => {
      // With a "/" in it both are about the whole path.
      const pattern = `x/${pieces.join('')}`
      fc.pre(patternFault(pattern) === null)
      const found = dateFiles({ patterns: [pattern], timezone: 'UTC' })(`x/${text}`)
      const wanted = slowly(pattern, `x/${text}`)
      if (wanted !== null) matched++
      expect(found === null).toBe(wanted === null)
      if (found === null || wanted === null) return
      const series = pattern.includes('{series}') ? found.series : ''
      expect(`${series}#${found.part ?? ''}`).toBe(wanted)
    }),
    { numRuns: 5000 },
  )
  expect(matched).toBeGreaterThan(50)
})

test('a hostile name is refused soon, where sixty of them would hold a regular expression for minutes', () => {
  const patterns = ['{series}-{part}-{series}-{epoch}.x', '{series}-{part}-{epoch}-{part}-{series}']
  const read = dateFiles({ patterns, timezone: 'UTC' })
  for (let i = 0; i < 60; i++) expect(read(`${'-'.repeat(3000 + i)}.x`)).toBeNull()
  for (let i = 0; i < 60; i++) expect(read('1-'.repeat(1500 + i))).toBeNull()
})
