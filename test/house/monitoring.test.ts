import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { instant } from '../../src/model/instant.ts'
import { type BackupStatus, CONDITION_TYPES } from '../../src/model/status.ts'
import { renderMetrics } from '../../src/view/render-metrics.ts'
import { hasPromtool, promtool } from '../helpers/promtool.ts'
import { readDocument, projectRoot as root } from './documented.ts'

const ALERTS = 'docs/monitoring/alerts.yaml'
const report = {
  format: 'reconcile.status/1',
  orphans: [],
  stale: [],
  revision: null,
  diagnostics: [],
  backups: [
    {
      backup: 'pg',
      conditions: [],
      ...{
        lastPass: null,
        lastSuccess: null,
        nextRun: null,
        validUntil: null,
        bytes: null,
        free: null,
        counts: null,
      },
      series: [
        {
          ...{ series: 'db', newest: null, expect: null, state: 'ok', points: 1 },
          proof: { proven: '2026-11-24T00:00:00Z', restoreSeconds: 1, failed: null },
        },
      ],
    } as unknown as BackupStatus,
  ],
} as const
const text = await renderMetrics(report, { version: '1', now: instant(0) })
const exposed = [...text.matchAll(/^# TYPE reconcile_(\w+) gauge$/gm)].map(([, name]) => name!)

const expressions = (value: unknown): readonly string[] =>
  value === null || typeof value !== 'object'
    ? []
    : Object.entries(value).flatMap(([key, of]) =>
        (key === 'expr' || key === 'query') && typeof of === 'string' ? [of] : expressions(of),
      )
const metricsIn = (expression: string) =>
  [...expression.matchAll(/\breconcile_(\w+)/g)].map(([, name]) => name!)

describe.each<[string, unknown]>([
  [ALERTS, parse(readDocument(ALERTS))],
  ['docs/monitoring/dashboard.json', JSON.parse(readDocument('docs/monitoring/dashboard.json'))],
])('%s', (_, document) => {
  const used = expressions(document).flatMap(metricsIn)
  test('asks for metrics that status tells, and no others', () => {
    expect(used.length).toBeGreaterThan(10)
    expect(used.filter((name) => !exposed.includes(name))).toEqual([])
  })
  test('asks whether all is verified and can be restored', () => {
    for (const asked of [/damaged_files/, /unverified_files/, /type="Proven"|series_proven/])
      expect(expressions(document).join('\n')).toMatch(asked)
  })
  test('asks for conditions that there are', () => {
    const types = expressions(document)
      .flatMap((one) => [...one.matchAll(/\btype=~?"([^"$]+)"/g)])
      .flatMap(([, names]) => names!.split('|'))
    expect(types.length).toBeGreaterThan(0)
    expect(types.filter((type) => !CONDITION_TYPES.some((one) => one === type))).toEqual([])
  })
})

test('docs/monitoring.md tells of every metric and every condition', () => {
  const page = readDocument('docs/monitoring.md')
  const table = page.split('| metric, after')[1]!
  const missing = [...exposed.filter((name) => !table.includes(`\`${name}\``))]
  expect([...missing, ...CONDITION_TYPES.filter((type) => !page.includes(`| \`${type}\` |`))]).toEqual([])
})

test('every tested alert is one that there is, and metrics that are old raise the first', () => {
  const { groups } = parse(readDocument(ALERTS)) as { groups: { rules: { alert: string }[] }[] }
  const alerts = groups.flatMap(({ rules }) => rules.map(({ alert }) => alert))
  const tested = [...readDocument('docs/monitoring/alerts.test.yaml').matchAll(/alertname: (\w+)/g)].map(
    ([, name]) => name!,
  )
  expect(tested.filter((name) => !alerts.includes(name))).toEqual([])
  expect(alerts[0]).toBe('ReconcileMetricsStale')
})

describe.runIf(hasPromtool)('Prometheus’ own tool', () => {
  const folder = mkdtempSync(join(tmpdir(), 'reconcile-promtool-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  test('has nothing to object to the rules, and they pass their tests', () => {
    expect(promtool(['check', 'rules', join(root, ALERTS)], '', folder)).toBe('')
    expect(promtool(['test', 'rules', join(root, 'docs/monitoring/alerts.test.yaml')], '', folder)).toBe('')
  })
})
