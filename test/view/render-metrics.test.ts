import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { faultyStatus } from '../../src/decide/status/backup.ts'
import { instant } from '../../src/model/instant.ts'
import type { BackupStatus, SeriesStatus, StatusReport } from '../../src/model/status.ts'
import { renderMetrics } from '../../src/view/render-metrics.ts'
import { hasPromtool, promtool, readMetrics } from '../helpers/promtool.ts'
import { NASTY, nastyText } from './nasty.ts'

const NOW = instant(Date.UTC(2026, 10, 24, 12))
const TIME = '2026-11-24T11:00:00Z'

const series = (over: Partial<SeriesStatus> = {}): SeriesStatus => ({
  series: 'db',
  newest: TIME,
  expect: 'every 24h',
  state: 'ok',
  points: 3,
  ...over,
})
const backup = (over: Partial<BackupStatus> = {}): BackupStatus => ({
  backup: 'pg',
  state: 'ok',
  destination: '/d',
  series: [series()],
  conditions: [{ type: 'Ready', status: 'true', reason: 'in-sync', message: '', since: TIME }],
  lastPass: TIME,
  lastSuccess: TIME,
  counts: { waiting: 1, conflict: 2, lost: 3, problems: 4, pending: 5 },
  observed: null,
  nextRun: TIME,
  validUntil: TIME,
  watch: null,
  bytes: 10,
  files: 14,
  free: 20,
  running: null,
  staged: null,
  disk: null,
  exitCode: 0,
  ...over,
})
const metrics = (backups: readonly BackupStatus[], over: Partial<StatusReport> = {}) =>
  renderMetrics(
    {
      format: 'reconcile.status/1',
      orphans: [],
      stale: [],
      revision: null,
      diagnostics: [],
      backups,
      ...over,
    },
    { version: '1.2.3', now: NOW },
  )
const values = async (...given: Parameters<typeof metrics>) =>
  Object.fromEntries(
    readMetrics(await metrics(...given)).map(({ name, labels, value }) => [
      [name.replace('reconcile_', ''), ...Object.values(labels)].join(' '),
      value,
    ]),
  )

describe('status --output prometheus', () => {
  test('tells each fact once, in base units', async () => {
    const at = Date.parse(TIME) / 1000
    const told = await values([backup()])
    expect(told).toMatchObject({
      'build_info 1.2.3': 1,
      status_timestamp_seconds: NOW / 1000,
      backups: 1,
      spec_faults: 0,
      'backup_state pg ok': 1,
      'backup_state pg late': 0,
      'condition pg Ready true': 1,
      'condition pg Ready false': 0,
      'condition pg Fresh unknown': 1,
      'last_pass_timestamp_seconds pg': at,
      'last_success_timestamp_seconds pg': at,
      'next_run_timestamp_seconds pg': at,
      'valid_until_timestamp_seconds pg': at,
      'newest_point_timestamp_seconds pg db': at,
      'points pg db': 3,
      'series_late pg db': 0,
      'published_bytes pg': 10,
      'free_bytes pg': 20,
      'pending_files pg': 5,
      'waiting_files pg': 1,
      'conflict_files pg': 2,
      'lost_files pg': 3,
      'problems pg': 4,
    })
    expect(Object.keys(told).filter((key) => key.startsWith('series_late_cause'))).toEqual([])
  })

  test('leaves out what is not known, and never says 0 of it', async () => {
    const told = await values([faultyStatus('x', [], NOW, null)], {
      diagnostics: [{ file: 'x', line: 1, column: 1, severity: 'error', code: 'x', message: 'x' }],
    })
    expect(told).toMatchObject({ backups: 1, spec_faults: 1, 'backup_state x failed': 1 })
    const known = Object.keys(told).filter((key) => !/^(backup_state|condition|build_info|cause) /.test(key))
    expect(known.toSorted()).toEqual(['backups', 'spec_faults', 'status_timestamp_seconds'])
  })

  test('tells since when the specs may be old, and why', async () => {
    const stale = [{ code: 'git-unreachable', message: 'x', since: TIME }]
    expect(await values([backup()], { stale })).toMatchObject({
      'specs_stale_since_timestamp_seconds git-unreachable': Date.parse(TIME) / 1000,
    })
  })

  test('says why a backup is not well, and where', async () => {
    const told = await values([
      backup({
        state: 'failed',
        conditions: [{ type: 'Ready', status: 'false', reason: 'rot', message: 'a: x', since: TIME }],
        troubles: [
          { code: 'rot', count: 2, names: ['a\n\u001b', 'b'] },
          { code: 'nothing-found', count: 0, names: [] },
        ],
      }),
      faultyStatus('x', [{ file: '/b/x.yaml', line: 2, column: 1, code: 'yaml', message: 'm' }], NOW, null),
      backup({ backup: 'fine', troubles: [{ code: 'wait-overdue', count: 1, names: ['a'] }] }),
    ])
    expect(Object.entries(told).filter(([key]) => key.startsWith('cause '))).toEqual([
      ['cause pg rot a\\n\\x1b', 2],
      ['cause pg nothing-found ', 1],
      ['cause x yaml /b/x.yaml:2:1', 1],
    ])
  })

  test('tells what is late, and why', async () => {
    const late = series({ state: 'late', cause: 'no-marker', newest: null })
    expect(await values([backup({ series: [late, series({ series: 'x', expect: null })] })])).toMatchObject({
      'series_late pg db': 1,
      'series_late_cause pg db no-marker': 1,
    })
  })

  test('shows no more series than a server should bear, late ones first', async () => {
    const many = Array.from({ length: 2000 }, (_, i) => series({ series: `s${i}`, expect: null }))
    const told = await values([backup({ series: [...many, series({ series: 'z', state: 'late' })] })])
    expect(told['series pg']).toBe(2001)
    expect(told['series_late pg z']).toBe(1)
    expect(Object.keys(told).filter((key) => key.startsWith('points '))).toHaveLength(500)
  })

  test('keeps two folders of one name apart', async () => {
    const told = await values([backup(), backup({ destination: '/e', state: 'late' })])
    expect(told).toMatchObject({ 'backup_state pg at /d ok': 1, 'backup_state pg at /e late': 1 })
  })

  test('whatever a source calls its files, each line is a line, and nothing in it moves a cursor', async () => {
    await fc.assert(
      fc.asyncProperty(nastyText, nastyText, async (name, other) => {
        const text = await metrics([backup({ backup: name, series: [series({ series: other })] })])
        expect(text.replaceAll('\n', '')).not.toMatch(NASTY)
        expect(readMetrics(text).length).toBeGreaterThan(40)
      }),
      { numRuns: 50 },
    )
  })

  test.runIf(hasPromtool)('Prometheus’ own tool has nothing to object', async () => {
    const evil = 'a"b\\c\n\u001b[2J\ud800'
    const late = series({ series: evil, state: 'late', cause: 'refused' })
    const text = await metrics([backup({ series: [series(), late] }), faultyStatus(evil, [], NOW, null)])
    expect(promtool(['check', 'metrics'], text)).toBe('')
  })
})
