// @ts-check
// A process of its own for each plan: node --expose-gc plan-once.js SPECS FILES POINTS-PER-SERIES. Prints what it took as JSON, in seconds and MiB.
import { readFileSync, writeFileSync } from 'node:fs'

/** @param {string} module */
const load = (module) => import(new URL(`../dist/${module}.js`, import.meta.url).href)
/** @type {typeof import('../src/specs/load-specs.ts')} */
const { loadSpecs } = await load('specs/load-specs')
/** @type {typeof import('../src/destination/ledger-book.ts')} */
const { emptyBook, enter } = await load('destination/ledger-book')
/** @type {typeof import('../src/decide/plan-backup.ts')} */
const { planBackup } = await load('decide/plan-backup')
/** @type {typeof import('../src/reconcile/unobserved.ts')} */
const { unobserved } = await load('reconcile/unobserved')
/** @type {typeof import('../src/reconcile/prune-terms.ts')} */
const { plannedTerms } = await load('reconcile/prune-terms')

/**
 * @typedef {import('../src/model/rel-path.ts').RelPath} RelPath
 * @typedef {import('../src/model/digest.ts').Digest} Digest
 * @typedef {import('../src/model/instant.ts').Instant} Instant
 */

const [folder = '', files = '0', perSeries = '1'] = process.argv.slice(2)
const asOf = /** @type {Instant} */ (Date.UTC(2026, 10, 23, 12))
const HOUR = 3600 * 1000

/** A text of its own, in one piece, as it comes from a listing, a folder or a line. @param {string} text */
const fresh = (text) => Buffer.from(text, 'latin1').toString('latin1')

/** Every file published, listed with its marker, and remembered. @param {number} count @param {number} length */
function observationOf(count, length) {
  /** @type {Map<RelPath, import('../src/model/observation.ts').SourceFile>} */
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
    const line = JSON.stringify({
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
    enter(book, JSON.parse(line), { offset: n * line.length, length: line.length })
    const marker = /** @type {RelPath} */ (fresh(`${name}.md5`))
    const digest = /** @type {Digest} */ (fresh(md5))
    seen.set(/** @type {RelPath} */ (fresh(name)), {
      size,
      mtime,
      marker: { path: marker, size: markerSize, mtime },
      digest,
      readAt: asOf,
      stagedFor: null,
      gate: null,
      waitingSince: null,
    })
    held.set(/** @type {RelPath} */ (fresh(name)), { size, marker: published })
    listed.set(/** @type {RelPath} */ (fresh(name)), {
      listed: { size, mtime },
      marker: { state: 'claimed', path: marker, digest, size: markerSize, mtime, text: null },
    })
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

/** @param {string} name KiB */
const ofProcess = (name) =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'latin1'))?.[1])

const { specs, faults } = await loadSpecs(folder, { roots: null, home: folder })
const [spec] = specs
if (spec === undefined) throw new Error(JSON.stringify(faults))
const observation = observationOf(Number(files), Number(perSeries))
globalThis.gc?.()
const inputs = ofProcess('VmRSS')
// The peak counts from here: what it took to make up the inputs is no part of the plan.
writeFileSync('/proc/self/clear_refs', '5')
const start = performance.now()
const plan = planBackup(spec, observation, {
  ...{ asOf, from: 'source', rate: null, all: false, holds: [], halt: null },
  prune: plannedTerms(asOf, { asked: false, released: new Set() }),
})
const seconds = (performance.now() - start) / 1000
const { summary, problems } = plan
process.stdout.write(
  JSON.stringify({
    seconds,
    inputs: inputs / 1024,
    peak: ofProcess('VmHWM') / 1024,
    summary,
    problems: problems.length,
  }),
)
