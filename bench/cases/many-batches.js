// @ts-check
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { race, runChild, slowness } from '../measure.js'
import { declareBackup, FAST_CIPHER, makeFiles, rsyncArgv } from '../world.js'

/** @type {import('../bench.js').Case} */
export const manyBatches = {
  name: 'many-batches',
  how: '20 files of 256 MiB with their `.md5`: one batch is verified while the next is transferred. Peer: `rsync -rt` with the same cipher.',
  async run({ world, quick, say }) {
    const [count, mib] = quick ? [5, 64] : [20, 256]
    const work = `${count} × ${mib} MiB`
    const served = await world.folder('served')
    say(`making ${work}`)
    await makeFiles(served, count, mib * 1024 * 1024)
    const source = await world.startSource(served)
    const box = await declareBackup(world, { source })
    const into = join(world.scratch, 'peer')
    const seconds = await race(3, {
      ours: { before: () => box.forget(), run: () => box.pass(count), after: () => box.forget() },
      rsync: {
        run: () => runChild(rsyncArgv(source, into, FAST_CIPHER), { env: world.env }),
        after: () => rm(into, { recursive: true, force: true }),
      },
    })
    await rm(served, { recursive: true, force: true })
    return [
      slowness({
        work: `**loopback: ${work}**`,
        against: 'rsync, same cipher',
        ours: seconds.ours,
        peer: seconds.rsync,
        atMost: 1.3,
      }),
    ]
  },
}
