// @ts-check
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { afterKill } from './cases/after-kill.js'
import { bandwidth } from './cases/bandwidth.js'
import { cutLine } from './cases/cut-line.js'
import { farLine } from './cases/far-line.js'
import { fastLine } from './cases/fast-line.js'
import { largeFile } from './cases/large-file.js'
import { manyBackups } from './cases/many-backups.js'
import { manyBatches } from './cases/many-batches.js'
import { nothingToDo } from './cases/nothing-to-do.js'
import { planning } from './cases/planning.js'
import { smallFiles } from './cases/small-files.js'
import { startUp } from './cases/start-up.js'
import { markdown, textTable, withSections } from './report.js'
import { openWorld } from './world.js'

/**
 * @typedef {object} Case
 * @property {string} name
 * @property {string} how What is measured and against what, for docs/benchmarks.md.
 * @property {(on: { world: import('./world.js').World, quick: boolean, say: (text: string) => void }) => Promise<import('./measure.js').Figure[]>} run
 */

/** @type {readonly Case[]} */
const CASES = [
  ...[farLine, cutLine, fastLine],
  ...[manyBackups, nothingToDo, planning],
  ...[smallFiles, largeFile, manyBatches, afterKill, bandwidth, startUp],
]
const REPORT = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url))

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const names = CASES.map(({ name }) => name)
const unknown = values.only?.find((name) => !names.includes(name))
if (values.help || unknown !== undefined) {
  process.stdout.write(`npm run bench -- [--quick] [--only NAME]... [--write]

  --quick      smaller trees and fewer rounds; writes no report
  --only NAME  one of ${names.join(', ')}; writes no report
  --write      with --only: rewrites its section of docs/benchmarks.md

Without options, rewrites docs/benchmarks.md.
`)
  if (unknown !== undefined) process.stderr.write(`There is no case named ${unknown}.\n`)
  process.exit(unknown === undefined ? 0 : 64)
}

/** @type {{ name: string, how: string, figures: import('./measure.js').Figure[] }[]} */
const measured = []
// 'exit' handlers remove the scratch folder; sshd ends with this process.
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
  process.once(signal, () => process.exit(130))

for (const one of CASES) {
  if (values.only !== undefined && !values.only.includes(one.name)) continue
  process.stderr.write(`${one.name}\n`)
  const world = await openWorld()
  try {
    const figures = await one.run({
      world,
      quick: values.quick,
      say: (text) => process.stderr.write(`  ${text}\n`),
    })
    measured.push({ name: one.name, how: one.how, figures })
    process.stdout.write(`${textTable(figures)}\n\n`)
  } finally {
    await world.close()
  }
}

if (measured.length > 1) process.stdout.write(`${textTable(measured.flatMap(({ figures }) => figures))}\n`)
if (!values.quick && (values.only === undefined || values.write)) {
  const isWhole = values.only === undefined
  await writeFile(
    REPORT,
    isWhole ? await markdown(measured) : await withSections(await readFile(REPORT, 'utf8'), measured, names),
  )
  process.stdout.write(`\nWritten to ${REPORT}\n`)
}
