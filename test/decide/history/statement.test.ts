import { describe, expect, test } from 'vitest'
import { statementOf } from '../../../src/decide/history/statement.ts'
import type { Spec } from '../../../src/model/spec.ts'
import type { BackupStatement, Statement } from '../../../src/model/statement.ts'
import { renderStatement } from '../../../src/view/render-statement.ts'
import { statementPage } from '../../../src/view/statement-page.ts'
import { dated } from '../../helpers/explained.ts'
import { at, ledger } from '../../helpers/ledger-lines.ts'

const DAILY = dated('last=9', {
  expect: [{ series: null, rhythm: { kind: 'every', seconds: 86_400 }, grace: 7200, until: null }],
} as Partial<Spec>)

const END = { destination: '/srv/offsite/pg', free: 1_000_000, halt: null }

function statement(
  text: string,
  {
    asOf = '2027-01-01T00:00:00Z',
    spec = DAILY,
    end = END as Parameters<ReturnType<typeof statementOf>['end']>[0],
  } = {},
) {
  const gathered = statementOf(spec, '2026-11', at(asOf))
  for (const line of ledger(text)) gathered.enter(line)
  return gathered.end(end)
}

/** A dump of each day from the first to the last, which came at 01:00 of the next. */
const days = (first: number, last: number, month = '2026-11') =>
  Array.from({ length: last - first + 1 }, (_, i) => {
    const day = String(first + i).padStart(2, '0')
    const next = new Date(Date.parse(`${month}-${day}T01:00:00Z`) + 86_400_000)
      .toISOString()
      .replace('.000', '')
    return `${next} published db-${month}-${day}.tar 1000`
  }).join('\n')

const WHOLE = `${days(25, 31, '2026-10')}\n${days(1, 30)}`

describe('a month', () => {
  test('what came is counted from its first moment to its last in the zone of the series', () => {
    const one = statement(WHOLE)
    // That of the last day of October came in November, and that of the last of November in December.
    expect(one).toMatchObject({
      from: '2026-11-01T00:00:00Z',
      until: '2026-12-01T00:00:00Z',
      came: { files: 30, bytes: 30_000 },
    })
    expect(one.series).toMatchObject([{ series: 'db', points: 30, expect: 'every 24h', late: [] }])
    const oslo = { ...DAILY, series: { ...DAILY.series, timezone: 'Europe/Oslo' } }
    expect(statement(WHOLE, { spec: oslo })).toMatchObject({
      from: '2026-10-31T23:00:00Z',
      until: '2026-11-30T23:00:00Z',
    })
  })

  test('of one that is not over only what was until now', () => {
    expect(statement(WHOLE, { asOf: '2026-11-11T00:00:00Z' })).toMatchObject({
      until: '2026-11-11T00:00:00Z',
      came: { files: 10 },
      held: { files: 16 },
    })
  })

  test('the head is of its last line, whatever came since', () => {
    expect(statement(WHOLE).head).toEqual({ seq: 36, hash: '36'.padStart(64, 'a') })
    expect(statement('2026-12-05T00:00:00Z created x').head).toBeNull()
  })

  test('what was late, and whether it was made late or came late', () => {
    const text = [
      days(25, 31, '2026-10'),
      days(1, 9),
      '2026-11-11T09:00:00Z published db-2026-11-10.tar 1000 2026-11-11T08:50:00Z',
      days(11, 19),
      '2026-11-21T09:00:00Z published db-2026-11-20.tar 1000 2026-11-20T22:00:00Z',
      days(21, 25),
    ].join('\n')
    const [series] = statement(text).series
    expect(series!.late.map(({ ended, cause }) => [ended, cause])).toEqual([
      ['2026-11-11T09:00:00Z', 'made-late'],
      ['2026-11-21T09:00:00Z', 'came-late'],
      [null, 'never-came'],
    ])
    expect(statement(text, { spec: dated('last=9') }).series[0]!.late).toEqual([])
  })

  test('in words: many times of one cause are one line; nothing that came is not the same as never late', () => {
    const late = Array.from(
      { length: 9 },
      (_, i) => `2026-11-${10 + i}T09:00:00Z published db-2026-11-0${i}.tar 1000`,
    )
    const textOf = (one: BackupStatement) =>
      renderStatement({ ...document(), backups: [one] }, { color: false, width: 80 }).replace(/\s+/g, ' ')
    expect(textOf(statement([days(30, 31, '2026-10'), ...late.slice(1)].join('\n')))).toMatch(
      /! late db: \d times, [\d.]+ d in all, made late at the source; the longest: due /,
    )
    expect(textOf(statement('2026-10-05T00:00:00Z created x'))).toContain(
      '! late not known: nothing has come yet',
    )
    expect(textOf(statement(WHOLE, { spec: dated('last=9') }))).toContain('late nothing is expected')
  })

  test('what was verified, found rotten, removed by which rule, released', () => {
    const text = `${WHOLE}
      2026-11-05T02:00:00Z verified db-2026-11-01.tar
      2026-11-05T02:00:00Z verified db-2026-11-02.tar
      2026-11-06T02:00:00Z rotten db-2026-11-03.tar
      2026-11-07T02:00:00Z prune-begin db-2026-10-25.tar outside last=9
      2026-11-07T02:00:01Z prune-done db-2026-10-25.tar
      2026-11-07T02:00:00Z prune-begin db-2026-10-26.tar outside last=9
      2026-11-07T02:00:01Z prune-done db-2026-10-26.tar failed
      2026-11-08T02:00:00Z released prune-cliff as agreed`
    const sorted = text
      .split('\n')
      .map((line) => line.trim())
      .sort()
      .join('\n')
    const one = statement(sorted)
    expect(one.verified).toMatchObject({ files: 2, bytes: 2000 })
    expect(one.rotten).toEqual(['db-2026-11-03.tar'])
    expect(one.removed).toEqual([
      {
        by: 'policy',
        reason: expect.stringContaining('outside last=9'),
        files: 1,
        bytes: 1000,
        paths: ['db-2026-10-25.tar'],
      },
    ])
    expect(one.released).toMatchObject([{ code: 'prune-cliff', by: 'ann' }])
    expect(one.held).toEqual({ files: 35, bytes: 35_000 })
  })

  test('the size each week, how it grows, and when what is free is used up', () => {
    const one = statement(WHOLE, { asOf: '2026-12-01T00:00:00Z' })
    expect(one.trend.map(({ bytes }) => bytes)).toEqual([6000, 13_000, 20_000, 27_000, 34_000, 36_000])
    expect(one.growth).toBe(1000)
    expect(one.fullBy).toBe(
      new Date(at('2026-12-01T00:00:00Z') + 1000 * 86_400_000).toISOString().replace('.000', ''),
    )
    expect(statement(days(1, 2), { asOf: '2026-11-04T00:00:00Z' })).toMatchObject({
      growth: null,
      fullBy: null,
    })
    expect(statement(WHOLE, { end: { ...END, free: null } })).toMatchObject({ fullBy: null })
  })
})

const document = (over: object = {}): Statement => ({
  format: 'reconcile.report/1',
  month: '2026-11',
  made: '2026-12-01T06:00:00Z',
  revision: null,
  backups: [{ ...statement(WHOLE), ...over }],
  diagnostics: [],
  exitCode: 0,
})

test('in text: each fact in at most 80 columns, and the head whole', () => {
  const text = renderStatement(document(), { color: false, width: 80 })
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  expect(text).toContain(`36:${'36'.padStart(64, 'a')}`)
  expect(text).toMatch(/^ {2}late +never$/m)
})

test('as a page: no script, nothing to load, and nothing of a source is markup', () => {
  const bad = '<script>alert(1)</script>\u202e"&.tar'
  const page = statementPage(
    document({
      rotten: [bad],
      backup: bad,
      removed: [{ by: 'person', reason: bad, files: 1, bytes: 1, paths: [bad] }],
    }),
  )
  expect(page).not.toMatch(/<script|<link|<img|https?:|\u202e|@import|url\(/)
  expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;\\u{202e}&quot;&amp;.tar')
  expect(page).toMatch(/^<!doctype html>/)
})
