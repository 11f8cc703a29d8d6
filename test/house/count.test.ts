import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'reconcile-count-'))
afterAll(() => rmSync(folder, { recursive: true }))
const script = resolve(import.meta.dirname, '../../.ci/count.js')

const file = (status: string, ...cases: string[]) => ({
  name: 'a.test.ts',
  status,
  assertionResults: cases.map((one) => ({ fullName: 'a case', status: one })),
})

const reports = [
  ['all passed', [file('passed', 'passed', 'passed')], '0', '2 0'],
  ['a skipped test is neither', [file('passed', 'passed', 'pending')], '0', '1 0'],
  ['failed tests count one by one', [file('failed', 'passed', 'failed', 'failed')], '1', '1 2'],
  ['a file that does not load counts as one', [file('passed', 'passed'), file('failed')], '1', '1 1'],
  ['an exit code without a failed test counts as one', [file('passed', 'passed')], '1', '1 1'],
  ['a run without tests has failed', [], '0', '0 1'],
  ['only skipped tests have failed', [file('passed', 'pending')], '0', '0 1'],
  ['no report at all has failed', null, '137', '0 1'],
] as const

test.each(reports)('CI counts: %s', (title, testResults, code, counts) => {
  const report = join(folder, `${title}.json`)
  if (testResults !== null) writeFileSync(report, JSON.stringify({ testResults }))
  const { stdout } = spawnSync(process.execPath, [script, report, code], { encoding: 'utf8' })
  expect(stdout).toBe(`${counts}\n`)
})
