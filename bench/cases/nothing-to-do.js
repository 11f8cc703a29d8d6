// @ts-check
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { race, runChild, slowness } from '../measure.js'
import { declareBackup, FAST_CIPHER, makeFiles, remote, SAFE, sshArgv } from '../world.js'

const LIMIT_MIB = 200

/** @type {import('../bench.js').Case} */
export const nothingToDo = {
  name: 'nothing-to-do',
  how: `A pass over 100,000 published files with their markers that finds nothing to do. Peer: rsync's own listing of that tree
over the same line. Memory is the peak resident set of the \`reconcile\` process (VmHWM).`,
  async run({ world, quick, say }) {
    const count = quick ? 5000 : 100_000
    const work = `nothing to do, ${count.toLocaleString('en')} files`
    const served = await world.folder('served')
    say(`making ${count.toLocaleString('en')} files`)
    await makeFiles(served, count, 64)
    const source = await world.startSource(served)
    const box = await declareBackup(world, { source })
    say('publishing them')
    await box.pass(count)
    const empty = await world.folder('empty')
    const listing = [
      ...['rsync', '-rtn', '--no-h', ...SAFE, '--exclude=lost+found/', '--out-format=%i|%l|%M|%n'],
      ...['-e', sshArgv(source, FAST_CIPHER).join(' '), remote(source), `${empty}/`],
    ]
    const seconds = await race(5, {
      ours: { run: () => box.pass(0) },
      listing: { run: () => runChild(listing, { env: world.env }) },
    })
    const report = join(world.scratch, 'peak-memory')
    const preload = fileURLToPath(new URL('../peak-memory.js', import.meta.url))
    await box.pass(0, { node: ['--import', preload], env: { BENCH_PEAK_MEMORY: report } })
    const peak = Math.max(...(await readFile(report, 'utf8')).trim().split('\n').map(Number)) / 1024
    return [
      slowness({
        work: `**loopback: ${work}**`,
        against: "rsync's listing",
        ours: seconds.ours,
        peer: seconds.listing,
        atMost: 1.5,
      }),
      {
        work: `${work}, peak memory`,
        ours: `${peak.toFixed(0)} MiB`,
        peer: '',
        result: `${peak.toFixed(0)} MiB`,
        goal: `< ${LIMIT_MIB} MiB`,
        met: peak < LIMIT_MIB,
      },
    ]
  },
}
