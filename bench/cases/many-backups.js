// @ts-check
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { median, race, runChild, spread } from '../measure.js'
import { CLI, makeFiles } from '../world.js'

const SECONDS = 2
const WATCHED = 120

/** @type {import('../bench.js').Case} */
export const manyBackups = {
  name: 'many-backups',
  how: `A box with 1,000 backups of three files each, taken from local folders. "The metrics" is \`status --output prometheus\`. The daemon is
watched for ${WATCHED} s once each backup was looked at, with none due: its processor time by /proc, and its resident memory at the end.`,
  async run({ world, quick, say }) {
    const count = quick ? 200 : 1000
    const box = await world.folder('box')
    const served = await world.folder('served')
    const disk = await world.folder('disk')
    say(`declaring ${count} backups`)
    await mkdir(join(box, 'backups.d'))
    const name = (/** @type {number} */ n) => `host-${String(n).padStart(4, '0')}`
    for (let n = 0; n < count; n++) {
      await mkdir(join(served, name(n)))
      await makeFiles(join(served, name(n)), 3, 1024)
      await writeFile(
        join(box, 'backups.d', `${name(n)}.yaml`),
        `version: 1
source: { path: ${JSON.stringify(join(served, name(n)))} }
destination: { path: ${JSON.stringify(join(disk, name(n)))}, minFree: 64MiB }
schedule: { cron: "23 5 * * *", timezone: UTC }
`,
      )
    }
    await writeFile(join(box, 'config.yaml'), 'specs: backups.d\nstate: state\nconcurrency: 4\n')
    const argv = (/** @type {string[]} */ ...more) => [
      ...[process.execPath, CLI, ...more],
      ...['--config', join(box, 'config.yaml')],
    ]
    say('one pass over all')
    const { pass } = await race(1, { pass: { run: () => runChild(argv('--json'), { env: world.env }) } })
    const run = (/** @type {string[]} */ ...more) => ({
      run: () => runChild(argv(...more), { env: world.env }),
    })
    const seconds = await race(quick ? 1 : 3, {
      validate: run('validate'),
      status: run('status'),
      metrics: run('status', '--output', 'prometheus'),
      again: { run: () => runChild(argv('--json'), { env: world.env }) },
    })
    const work = `${count.toLocaleString('en')} backups`
    /** @param {string} what @param {readonly number[]} taken @param {number | null} atMost */
    const figure = (what, taken, atMost) => ({
      work: `**${work}: ${what}**`,
      ours: spread(taken),
      peer: '',
      result: `${((median(taken) / count) * 1000).toFixed(1)} ms a backup`,
      goal: atMost === null ? 'none' : `≤ ${atMost} s`,
      met: atMost === null ? null : median(taken) <= atMost,
    })
    say('watching')
    const { share, mib } = await watched(argv('watch'), world.env, quick ? 20 : WATCHED)
    return [
      figure('first pass', pass, null),
      figure('pass with nothing to do', seconds.again, null),
      figure('validate', seconds.validate, SECONDS),
      figure('status', seconds.status, SECONDS),
      figure('the metrics', seconds.metrics, SECONDS),
      {
        work: `**${work}: watch, idle**`,
        ours: `${(share * 100).toFixed(2)} % of a core`,
        peer: '',
        result: `${mib.toFixed(0)} MiB`,
        goal: '≤ 1 %, ≤ 150 MiB',
        met: share <= 0.01 && mib <= 150,
      },
    ]
  },
}

/**
 * Starts the daemon, waits until it has settled, and looks at it for a while.
 * @param {readonly string[]} argv
 * @param {Record<string, string>} env
 * @param {number} seconds
 * @returns {Promise<{ share: number, mib: number }>} of one core, and resident at the end
 */
async function watched([program = '', ...args], env, seconds) {
  const daemon = spawn(program, args, { env, stdio: 'ignore' })
  const end = () => daemon.kill('SIGTERM')
  process.once('exit', end)
  const gone = once(daemon, 'close')
  // utime and stime, in hundredths of a second.
  const used = () => {
    const fields = readFileSync(`/proc/${daemon.pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) / 100
  }
  let before = 0
  do {
    before = used()
    await sleep(5000)
  } while (used() - before > 0.5)
  const start = performance.now()
  before = used()
  await sleep(seconds * 1000)
  const share = (used() - before) / ((performance.now() - start) / 1000)
  const resident = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${daemon.pid}/status`, 'latin1'))?.[1]
  end()
  await gone
  process.off('exit', end)
  return { share, mib: Number(resident) / 1024 }
}
