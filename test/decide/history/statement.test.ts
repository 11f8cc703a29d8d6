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

const END = { destination: '/srv/offsite/pg', free: 1_000_000, head: { seq: 999, hash: '' }, halt: null }

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
    // Lines after damage are no part of a chain.
    expect(statement(WHOLE, { end: { ...END, head: { seq: 35, hash: '' } } }).head).toBeNull()
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
    expect(one.damaged).toMatchObject([{ path: 'db-2026-11-03.tar', code: 'rot', ended: null }])
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

const DRILL = { drill: 'pg', files: 1, bytes: 1000, restoreSeconds: 12, drillSeconds: 180 }

describe('how far the copies can be trusted', () => {
  const drill = (point: string, more: object = {}) =>
    JSON.stringify({ ...DRILL, series: 'db', point: `${point}T23:59:59Z`, paths: ['x'], ...more })
  const PROVED = {
    ...DAILY,
    verifyEvery: 30 * 86_400,
    prove: { every: 90 * 86_400, drill: 'pg' },
    acknowledge: [{ path: 'db-2026-11-06.tar', digest: 'a', reason: 'exported anew' }],
  }
  const lines = (...more: readonly string[]) =>
    statement([...WHOLE.split('\n'), ...more].sort().join('\n'), { spec: PROVED })
  const said = (one: BackupStatement) =>
    renderStatement({ ...document(), backups: [one] }, { color: false, width: 80 }).replace(/\s+/g, ' ')

  test('damage: when it was found and mended, also what an earlier month found; a loss that is accepted', () => {
    const one = lines(
      '2026-10-30T02:00:00Z rotten db-2026-10-25.tar',
      '2026-10-30T02:00:00Z damaged db-2026-10-26.tar {"code":"marker-missing"}',
      '2026-10-30T03:00:00Z adopted db-2026-10-26.tar {"mtime":null,"size":1000}',
      '2026-11-04T02:00:00Z damaged db-2026-11-01.tar {"code":"missing-here"}',
      '2026-11-04T03:00:00Z repaired db-2026-11-01.tar 1000',
      '2026-11-05T02:00:00Z damaged db-2026-11-02.tar {"code":"marker-altered"}',
      '2026-11-09T02:00:00Z damaged db-2026-11-06.tar {"code":"missing-here"}',
      '2026-11-10T02:00:00Z foreign {"paths":["stray"]}',
    )
    expect(one.damaged).toEqual([
      { path: 'db-2026-10-25.tar', code: 'rot', found: '2026-10-30T02:00:00Z', ended: null, accepted: null },
      {
        path: 'db-2026-11-01.tar',
        code: 'missing-here',
        found: '2026-11-04T02:00:00Z',
        ended: '2026-11-04T03:00:00Z',
        accepted: null,
      },
      expect.objectContaining({ path: 'db-2026-11-02.tar', code: 'marker-altered', ended: null }),
      expect.objectContaining({ path: 'db-2026-11-06.tar', ended: null, accepted: 'exported anew' }),
    ])
    expect(one.foreign).toEqual(['stray'])
    // What is gone is not held.
    expect(one.held.files).toBe(35)
    expect(said(one)).toMatch(
      /! damaged db-2026-10-25\.tar: other bytes than were published, found 2026-10-30 .*, not mended db-2026-11-01\.tar: gone, found .*, mended .* db-2026-11-06\.tar: gone, found [^,]*; accepted: exported anew ! foreign 1 file that the ledger does not know: stray/,
    )
    const sound = lines(
      '2026-11-10T02:00:00Z foreign {"paths":["stray"]}',
      '2026-11-11T02:00:00Z foreign {"paths":[]}',
    )
    expect(said(sound)).not.toMatch(/damaged|foreign|unusual/)
  })

  test('verified: how many were not read for longer than verify.every', () => {
    const late = { ...PROVED, verifyEvery: 10 * 86_400 }
    const read = statement(
      `${days(25, 31, '2026-10')}\n${days(1, 29)}\n2026-11-30T12:00:00Z verified db-2026-11-01.tar`,
      { spec: late },
    )
    expect(read.verified).toMatchObject({ files: 1, bytes: 1000, overdue: 24, every: 864_000 })
    expect(said(read)).toContain('24 files held were not read for over 10d; the longest since 2026-10-26')
    expect(lines().verified.overdue).toBe(5)
  })

  test('drills: the last good one of each series, what failed in the month, and what was never proven', () => {
    expect(said(lines())).toContain('! proven no drill is on record')
    expect(said(statement(WHOLE))).toMatch(/(?<!!) proven no drill is on record/)
    const one = lines(
      `2026-10-28T02:00:00Z drill-failed ${drill('2026-10-27', { why: 'old' })}`,
      `2026-10-29T02:00:00Z proven ${drill('2026-10-28')}`,
      `2026-11-12T02:00:00Z drill-failed ${drill('2026-11-11', { why: 'exit code 1' })}`,
      '2026-11-13T02:00:00Z published web-2026-11-12.tar 1000',
    )
    expect(one.proven).toMatchObject([
      { series: 'db', point: '2026-10-28T23:59:59Z', time: '2026-10-29T02:00:00Z' },
    ])
    expect(one.drillsFailed).toMatchObject([{ series: 'db', why: 'exit code 1' }])
    expect(said(one)).toMatch(
      /! proven db: the point of 2026-10-28 .* restored in 12 s, and the drill pg passed in 3 min, 2026-10-29 .* db: the point of 2026-11-11 .*: the drill pg failed, .*: exit code 1 never proven: web/,
    )
  })

  test('anomalies of what came, and what the spec accepts', () => {
    const odd = '{"anomalies":[{"kind":"size","size":10,"median":1000,"points":5}]}'
    const one = lines(
      `2026-10-30T04:00:00Z published web-2026-10-29.tar 10 ${odd}`,
      `2026-11-05T04:00:00Z published db-2026-11-06.tar 10 ${odd}`,
      `2026-11-08T04:00:00Z published web-2026-11-07.tar 10 ${odd}`,
    )
    expect(one.anomalies.map(({ path, accepted }) => [path, accepted])).toEqual([
      ['db-2026-11-06.tar', 'exported anew'],
      ['web-2026-11-07.tar', null],
    ])
    expect(said(one)).toMatch(
      /! unusual 2026-11-05 .* db-2026-11-06\.tar: unusually small: .*; accepted: exported anew/,
    )
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
      damaged: [{ path: bad, code: 'rot', found: bad, ended: null, accepted: bad }],
      foreign: [bad],
      anomalies: [{ time: bad, path: bad, kind: 'kind', message: bad, accepted: null }],
      drillsFailed: [{ ...DRILL, time: bad, series: bad, drill: bad, point: bad, why: bad }],
      backup: bad,
      removed: [{ by: 'person', reason: bad, files: 1, bytes: 1, paths: [bad] }],
    }),
  )
  expect(page).not.toMatch(/<script|<link|<img|https?:|\u202e|@import|url\(/)
  expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;\\u{202e}&quot;&amp;.tar')
  expect(page).toMatch(/^<!doctype html>/)
})
