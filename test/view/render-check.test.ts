import { describe, expect, test } from 'vitest'
import { faultyStatus } from '../../src/decide/status/backup.ts'
import { checkReport } from '../../src/decide/status/check-report.ts'
import { instant } from '../../src/model/instant.ts'
import type { BackupState, BackupStatus, SeriesStatus } from '../../src/model/status.ts'
import type { Diagnostic } from '../../src/model/trouble.ts'
import { renderCheck, renderCheckFailure } from '../../src/view/render-check.ts'
import { NASTY } from './nasty.ts'

const NOW = instant(Date.UTC(2026, 10, 24, 12))
const hoursAgo = (hours: number) => new Date(NOW - hours * 3600_000).toISOString()

const series = (over: Partial<SeriesStatus> = {}): SeriesStatus => ({
  series: 'db',
  newest: hoursAgo(1),
  expect: 'every 24h',
  state: 'ok',
  points: 3,
  ...over,
})
const backup = (state: BackupState, over: Partial<BackupStatus> = {}): BackupStatus => ({
  backup: 'pg',
  state,
  destination: '/d',
  series: [series()],
  conditions: [
    {
      type: 'Ready',
      status: state === 'ok' ? 'true' : 'false',
      reason: 'why',
      message: `why it is ${state}`,
      since: hoursAgo(1),
    },
    { type: 'Fresh', status: 'true', reason: 'fresh', message: '', since: hoursAgo(1) },
  ],
  lastPass: hoursAgo(1),
  lastSuccess: hoursAgo(1),
  counts: null,
  observed: null,
  nextRun: null,
  watch: null,
  validUntil: null,
  bytes: 10,
  files: 14,
  free: 20,
  running: null,
  staged: null,
  disk: null,
  exitCode: 0,
  ...over,
})
const check = (
  backups: readonly BackupStatus[],
  maxAge: number | null = null,
  diagnostics: readonly Diagnostic[] = [],
) =>
  renderCheck(
    checkReport(
      { format: 'reconcile.status/1', orphans: [], stale: [], revision: null, diagnostics, backups },
      maxAge,
      NOW,
    ),
  )
const first = (text: string) => text.split('\n')[0]

describe('status --check', () => {
  test('is one line where all is well', () => {
    expect(check([backup('ok'), backup('ok', { backup: 'wiki' })])).toEqual({
      code: 0,
      text: "RECONCILE OK - 2 backups fresh | 'pg_age'=3600s 'pg_bytes'=10B 'pg_free'=20B 'wiki_age'=3600s 'wiki_bytes'=10B 'wiki_free'=20B\n",
    })
  })

  test('says fresh only of what is expected to be', () => {
    expect(first(check([backup('ok', { conditions: [] })]).text)).toMatch(
      /OK - 1 backups? ok, freshness unknown for 1/,
    )
  })

  test.each<[BackupState, number, string]>([
    ['ok', 0, 'OK'],
    ['pending', 0, 'OK'],
    ['late', 2, 'CRITICAL'],
    ['conflict', 2, 'CRITICAL'],
    ['failed', 2, 'CRITICAL'],
    ['held', 1, 'WARNING'],
    ['suspended', 1, 'WARNING'],
    ['unknown', 3, 'UNKNOWN'],
  ])('%s: %i %s', (state, code, word) => {
    const told = check([backup(state)])
    expect(told.code).toBe(code)
    expect(first(told.text)).toContain(`RECONCILE ${word} - `)
    const detail = `pg: ${state}; why it is ${state}`
    if (code === 0) expect(told.text).not.toContain(detail)
    else expect(told.text).toContain(detail)
  })

  test('further troubles say what they are, not only whose', () => {
    const troubles = [
      { code: 'marker-empty', count: 1, names: ['a.gz.md5'] },
      { code: 'marker-other-kind', count: 2, names: ['b.gz.md5', 'c.gz.md5'] },
    ]
    expect(check([backup('failed', { troubles })]).text).toContain(
      'pg: failed; why it is failed; marker-empty: a.gz.md5; marker-other-kind: b.gz.md5, c.gz.md5\n',
    )
  })

  test('the worst of all counts, and what is not known is passed over for no warning', () => {
    expect(check([backup('held'), backup('ok'), backup('late')]).code).toBe(2)
    expect(check([backup('held'), backup('unknown')]).code).toBe(3)
    expect(check([backup('late'), backup('unknown')]).code).toBe(2)
  })

  test('work that is left for over a day without a good pass is a warning', () => {
    expect(check([backup('pending', { lastSuccess: hoursAgo(24) })]).code).toBe(0)
    expect(check([backup('pending', { lastSuccess: hoursAgo(25) })]).code).toBe(1)
    expect(check([backup('pending', { lastSuccess: null, conditions: [] })]).code).toBe(1)
    const ready = { type: 'Ready', status: 'true', reason: 'pending', message: 'it waits' } as const
    const sinceFirst = (hours: number) =>
      check([backup('pending', { lastSuccess: null, conditions: [{ ...ready, since: hoursAgo(hours) }] })])
    expect(sinceFirst(1).code).toBe(0)
    expect(sinceFirst(25).code).toBe(1)
  })

  test('faults are critical, no backups at all are unknown', () => {
    const fault = {
      file: '/b/x.yaml',
      line: 2,
      column: 1,
      severity: 'error',
      code: 'x',
      message: 'bad',
    } as const
    const told = check([backup('ok'), faultyStatus('x', [fault], NOW, null)], null, [fault])
    expect(told.code).toBe(2)
    expect(told.text).toContain('/b/x.yaml:2:1: bad')
    expect(check([backup('ok')], null, [fault]).code).toBe(2)
    expect(check([backup('ok')], null, [{ ...fault, severity: 'warning' }]).code).toBe(0)
    expect(check([])).toEqual({ code: 3, text: 'RECONCILE UNKNOWN - no backup is declared\n' })
  })

  test('names the worst, and counts the rest: the first line is short, and says nothing twice', () => {
    const many = Array.from({ length: 9 }, (_, i) => backup(i === 8 ? 'late' : 'held', { backup: `b${i}` }))
    const line = first(check(many).text)
    expect(line).toMatch(
      /^RECONCILE CRITICAL - 9 of 9 not well: b8 \(late\); b0, b1 and 6 more \(held: why\) \| /,
    )
    const fault = { severity: 'error', code: 'x', message: 'bad', line: 2, column: 1 } as const
    const own = { ...fault, file: '/b/x.yaml' }
    const alone = check([faultyStatus('x', [own], NOW, null)], null, [own])
    expect(alone.text.replace(/ \|.*/, '')).toBe(
      'RECONCILE CRITICAL - 1 of 1 not well: x (failed: its spec is faulty)\nx: failed; /b/x.yaml:2:1: bad\n',
    )
    const under = { ...fault, file: '/b/_defaults.yaml' }
    const several = ['x', 'y', 'web10', 'web2'].map((name) => faultyStatus(name, [under], NOW, null))
    expect(check(several, null, [under]).text.replace(/ \|.*/, '')).toBe(
      [
        'RECONCILE CRITICAL - 4 of 4 not well: web2, web10, x, y',
        '/b/_defaults.yaml:2:1: bad',
        'web2, web10, x, y: failed; its spec is faulty, as above',
        '',
      ].join('\n'),
    )
  })

  test('of several that one cause stops each is named, also beside one that is not well for itself', () => {
    const held = (name: string) => backup('held', { backup: name, shared: 'state-lost' })
    const of = (...backups: readonly BackupStatus[]) => check(backups).text.replace(/ \|.*/, '')
    expect(of(held('a'), held('b'), backup('failed', { backup: 'c' }))).toBe(
      [
        'RECONCILE CRITICAL - 3 of 3 not well: c (failed: why); 2 others',
        'c: failed; why it is failed',
        'a, b: held; the state folder is lost, as above',
        '',
      ].join('\n'),
    )
  })

  test('two of one name, in two folders, have data of their own', () => {
    const { text } = check([backup('ok'), backup('ok', { destination: '/e' })])
    expect(text).toMatch(/'pg at \/d_age'=3600s .*'pg at \/e_age'=3600s/)
  })
})

describe('status --check --max-age', () => {
  const old = (over: Partial<BackupStatus>) => check([backup('ok', over)], 7200)
  test('is critical where the newest point is older, whatever is expected', () => {
    expect(check([backup('ok')], 3600).code).toBe(0)
    expect(check([backup('ok')], 3599).code).toBe(2)
    expect(first(check([backup('ok')], 3599).text)).toContain("'pg_age'=3600s;;3599")
  })
  test('says so in words', () => {
    expect(check([backup('ok')], 3599).text).toContain(
      'pg: too old; the newest complete point is 3600s old, over 3599s\n',
    )
    expect(old({ series: [] }).text).toContain('pg: no point; it holds no complete point\n')
  })
  test.each<[string, Partial<BackupStatus>, number]>([
    [
      'each series of which something is expected counts',
      { series: [series(), series({ newest: hoursAgo(3) })] },
      2,
    ],
    [
      'one that has ended does not',
      { series: [series(), series({ state: 'ended', newest: hoursAgo(99) })] },
      0,
    ],
    [
      'nor one of which nothing is expected, beside others',
      { series: [series(), series({ expect: null, newest: null })] },
      0,
    ],
    [
      'where nothing is expected the newest of all counts',
      {
        series: [series({ expect: null, newest: hoursAgo(9) }), series({ expect: null })],
      },
      0,
    ],
    ['no point at all is too old', { series: [series({ newest: null })] }, 2],
    ['no series is too old', { series: [] }, 2],
    ['a disk that could not be looked at is unknown', { series: [], bytes: null }, 3],
  ])('%s', (_, over, code) => {
    expect(old(over).code).toBe(code)
  })
})

test('what a source says ends no line, begins no performance data, and quotes nothing', () => {
  const evil = "x'|=\n\u001b[2J"
  const told = check([
    backup('late', {
      backup: evil,
      conditions: [{ type: 'Ready', status: 'false', reason: 'r', message: evil, since: hoursAgo(1) }],
    }),
  ])
  const lines = told.text.trimEnd().split('\n')
  expect(lines).toHaveLength(2)
  for (const line of lines) expect(line).not.toMatch(NASTY)
  expect(lines[0]!.split('|')).toHaveLength(2)
  expect(lines[1]).not.toContain('|')
  // Quotes are doubled inside a label, which holds no `=`.
  const data = lines[0]!.split(' | ')[1]!
  expect(data).toMatch(/^('(?:[^'=]|'')+'=\S+ ?)+$/)
  expect(renderCheckFailure(evil)).toEqual({
    code: 3,
    text: "RECONCILE UNKNOWN - x'/= \\x1b[2J\n",
  })
})
