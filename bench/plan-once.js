// @ts-check
// A process of its own for each plan: node --expose-gc plan-once.js SPECS FILES POINTS-PER-SERIES. Prints what it took as JSON, in seconds and MiB.
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'

/** @param {string} module */
const load = (module) => import(new URL(`../dist/${module}.js`, import.meta.url).href)
/** @type {typeof import('../src/specs/load-specs.ts')} */
const { loadSpecs } = await load('specs/load-specs')
/** @type {typeof import('../src/destination/ledger/book.ts')} */
const { emptyBook, enter } = await load('destination/ledger/book')
/** @type {typeof import('../src/destination/look/seen-line.ts')} */
const { readSeen, seenLine } = await load('destination/look/seen-line')
/** @type {typeof import('../src/decide/plan/backup.ts')} */
const { planBackup } = await load('decide/plan/backup')
/** @type {typeof import('../src/decide/look/unobserved.ts')} */
const { unobserved } = await load('decide/look/unobserved')

/**
 * @typedef {import('../src/model/rel-path.ts').RelPath} RelPath
 * @typedef {import('../src/model/digest.ts').Digest} Digest
 * @typedef {import('../src/model/instant.ts').Instant} Instant
 */

const [folder = '', files = '0', perSeries = '1'] = process.argv.slice(2)
const asOf = /** @type {Instant} */ (Date.UTC(2026, 10, 23, 12))
const HOUR = 3600 * 1000

/**
 * Every file published, listed with its marker, and remembered: made of the lines of a ledger and a cache, for what a text shares with
 * others counts.
 * @param {number} count @param {number} length
 */
function observationOf(count, length) {
  /** @type {Map<RelPath, import('../src/model/source-file.ts').SourceFile>} */
  const listed = new Map()
  /** @type {Map<RelPath, import('../src/model/holding.ts').HeldFile>} */
  const held = new Map()
  /** @type {Map<RelPath, import('../src/model/holding.ts').Seen>} */
  const seen = new Map()
  const book = emptyBook()
  const published = { digest: null }
  for (let n = 0; n < count; n++) {
    const at = asOf - (length - (n % length)) * HOUR
    const [day = '', time = ''] = new Date(at).toISOString().split('T')
    const name = `db-${String(Math.floor(n / length)).padStart(4, '0')}-${day}-${time.slice(0, 2)}${time.slice(3, 5)}.tar.gz`
    const md5 = n.toString(16).padStart(32, '0')
    const mtime = Math.floor(at / 1000) + (n % 1800)
    const [size, markerSize] = [1_000_000 + n, 67]
    const entry = JSON.stringify({
      seq: n + 1,
      append: n - (n % 2000),
      time: new Date(at + HOUR).toISOString(),
      prev: md5.repeat(2),
      event: 'published',
      path: name,
      size,
      md5,
      sha256: md5.repeat(2),
      mtime,
      markerMtime: mtime,
      marker: { name: `${name}.md5`, text: 'x'.repeat(markerSize) },
      planId: '0123456789abcdef',
      revision: null,
      hash: md5.repeat(2),
    })
    enter(book, JSON.parse(entry), { offset: n * entry.length, length: entry.length })
    const { path } = book.records.get(/** @type {RelPath} */ (name)) ?? { path: null }
    if (path === null) throw new Error(`not entered: ${name}`)
    const remembered = seenLine(path, {
      listed: { size, mtime },
      marker: {
        ...{ state: 'claimed', suffix: '.md5', digest: /** @type {Digest} */ (md5) },
        ...{ size: markerSize, mtime, text: null },
      },
      ...{ readAt: asOf, stagedFor: null, gate: null, waitingSince: null },
    })
    const line = readSeen(Buffer.from(remembered.trimEnd()), book.records)
    if (line === null || line.seen === null) throw new Error(`not remembered: ${name}`)
    seen.set(line.path, line.seen)
    held.set(path, { size, marker: published })
    // What is listed as it is remembered is told by what is remembered.
    listed.set(path, line.seen)
  }
  const nothing = unobserved()
  return {
    source: { completeness: /** @type {const} */ ('complete'), files: listed, problems: [] },
    destination: {
      ...nothing.destination,
      files: held,
      records: book.records,
      seen,
      created: book.created,
      lastTime: asOf,
    },
  }
}

/**
 * Making up what is compared leaves pages behind that are half empty, and no part of it. They are packed together and given back, which
 * V8 does a little later.
 */
async function pack() {
  setFlagsFromString('--compact-on-every-full-gc')
  globalThis.gc?.()
  setFlagsFromString('--no-compact-on-every-full-gc')
  for (let round = 0; round < 3; round++) {
    await setTimeout(300)
    globalThis.gc?.()
  }
}

/** @param {string} name KiB */
const ofProcess = (name) =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'latin1'))?.[1])

const { specs, faults } = await loadSpecs(folder, { roots: null, home: folder })
const [spec] = specs
if (spec === undefined) throw new Error(JSON.stringify(faults))
const observation = observationOf(Number(files), Number(perSeries))
await pack()
const inputs = ofProcess('VmRSS')
// The peak counts from here: what it took to make up the inputs is no part of the plan.
writeFileSync('/proc/self/clear_refs', '5')
const start = performance.now()
const used = process.cpuUsage()
const plan = planBackup(spec, observation, {
  ...{
    asOf,
    from: 'source',
    bandwidth: { timezone: 'UTC', entries: [] },
    all: false,
    holds: [],
    halt: null,
  },
  ...{ when: /** @type {const} */ ('planned'), passBegan: asOf, asked: false, released: new Set() },
  policy: { holds: [], lastGood: null },
})
const seconds = (performance.now() - start) / 1000
const cpu = process.cpuUsage(used)
const { summary, problems } = plan
process.stdout.write(
  JSON.stringify({
    seconds,
    // Of all threads, the collector's too: on a busy machine it tells more than the time.
    cpu: (cpu.user + cpu.system) / 1e6,
    inputs: inputs / 1024,
    peak: ofProcess('VmHWM') / 1024,
    summary,
    problems: problems.length,
  }),
)
