// node .ci/count.js REPORT EXITCODE: prints "PASSED FAILED" of a vitest JSON report, and names what was skipped on stderr.
// What could not run (a file that does not load, a crash, an empty run) counts as failed: an exit code above 0 never gives
// "0 failed".
import { readFileSync } from 'node:fs'

/**
 * @typedef {{ fullName: string, status: string }} Case
 * @typedef {{ name: string, status: string, assertionResults: Case[] }} File
 */

const [report = '', exitCode = '1'] = process.argv.slice(2)

/** @returns {File[] | null} */
function filesOf() {
  try {
    return JSON.parse(readFileSync(report, 'utf8')).testResults
  } catch {
    return null
  }
}

const files = filesOf()
const cases = (files ?? []).flatMap((file) => file.assertionResults)
const passed = cases.filter((one) => one.status === 'passed').length
const failedCases = cases.filter((one) => one.status === 'failed').length
const failedFiles = (files ?? []).filter(
  (file) => file.status === 'failed' && !file.assertionResults.some((one) => one.status === 'failed'),
)
for (const file of failedFiles) console.error(`did not run: ${file.name}`)
for (const one of cases) {
  if (one.status !== 'passed' && one.status !== 'failed') console.error(`${one.status}: ${one.fullName}`)
}

const counted = failedCases + failedFiles.length
const silent = files === null || passed === 0 || exitCode !== '0'
console.log(`${passed} ${counted === 0 && silent ? 1 : counted}`)
