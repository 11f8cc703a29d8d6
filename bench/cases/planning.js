// @ts-check
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { median, runChild, spread } from '../measure.js'

const LIMIT_SECONDS = 3
const LIMIT_MIB = 1024
/** One file takes longer among more: fewer of them fit in the processor's cache. */
const LIMIT_GROWTH = 2
const POINTS_PER_SERIES = 5000
const PLAN_ONCE = fileURLToPath(new URL('../plan-once.js', import.meta.url))

const PATTERN = `series: { pattern: "{series}-{YYYY}-{MM}-{DD}-{hh}{mm}.tar.gz", timezone: Europe/Oslo }
expect: { every: 24h }
prune: { mode: manual }
`
const RULES = 'hourly: 24, daily: 7, weekly: 4, monthly: 12, yearly: 3'

/** What the spec says beside source and destination. */
const SPECS = {
  'retain left out': '',
  'all wanted': `${PATTERN}retain: { within: 400d, ${RULES} }\n`,
  'nearly all surplus': `${PATTERN}retain: { ${RULES} }\n`,
}

/** @type {import('../bench.js').Case} */
export const planning = {
  name: 'planning',
  how: `One plan over the given number of files, each published, in the ledger, cached and listed with its marker: hourly dumps in series of
${POINTS_PER_SERIES.toLocaleString('en')} points. Each plan runs in its own process. The time is that of the plan alone. The memory is the peak resident set of the
process (VmHWM) while it plans, including both sides that it compares, whose memory was compacted beforehand.`,
  async run({ world, quick, say }) {
    const sizes = quick ? [1000, 10_000, 100_000] : [10_000, 100_000, 1_000_000]
    /** @type {import('../measure.js').Figure[]} */
    const figures = []
    for (const [what, rules] of Object.entries(SPECS)) {
      const base = await world.folder('specs')
      const folder = join(base, 'backups.d')
      await mkdir(folder)
      const places = `source: { path: ${JSON.stringify(join(base, 'from'))} }
destination: { path: ${JSON.stringify(join(base, 'to'))} }
`
      await writeFile(join(folder, 'bench.yaml'), `version: 1\n${places}${rules}`)
      /** @type {number | null} */
      let before = null
      for (const size of sizes) {
        const work = `${size.toLocaleString('en')} files, ${what}`
        say(work)
        /** @type {{ seconds: number, peak: number, inputs: number }[]} */
        const rounds = []
        for (let round = 0; round < 3; round++)
          rounds.push(await planOnce(folder, size, what === 'nearly all surplus'))
        const seconds = rounds.map((one) => one.seconds)
        const perFile = median(seconds) / size
        const growth = before === null ? null : perFile / before
        const peak = Math.max(...rounds.map((one) => one.peak))
        before = perFile
        figures.push(
          {
            work,
            ours: spread(seconds),
            peer: growth === null ? '' : `a file among a tenth of them: ${growth.toFixed(2)} × as long`,
            result: `${(perFile * 1e6).toFixed(1)} µs a file`,
            goal: `≤ ${LIMIT_SECONDS} s, ≤ ${LIMIT_GROWTH} × a file`,
            met: median(seconds) <= LIMIT_SECONDS && (growth === null || growth <= LIMIT_GROWTH),
          },
          {
            work: `${work}, peak memory`,
            ours: `${peak.toFixed(0)} MiB`,
            peer: `both sides before: ${median(rounds.map((one) => one.inputs)).toFixed(0)} MiB`,
            result: `${peak.toFixed(0)} MiB`,
            goal: `≤ ${LIMIT_MIB} MiB`,
            met: peak <= LIMIT_MIB,
          },
        )
      }
    }
    return figures
  },
}

/**
 * @param {string} folder
 * @param {number} size
 * @param {boolean} isSurplus
 */
async function planOnce(folder, size, isSurplus) {
  const argv = [process.execPath, '--expose-gc', '--max-old-space-size=6144', PLAN_ONCE]
  const made = JSON.parse(
    await runChild([...argv, folder, String(size), String(Math.min(size, POINTS_PER_SERIES))]),
  )
  const { surplus, keep } = made.summary
  if (surplus + keep !== size || surplus > 0 !== isSurplus || made.problems > 0)
    throw new Error(`not the plan that was meant: ${JSON.stringify(made)}`)
  return made
}
