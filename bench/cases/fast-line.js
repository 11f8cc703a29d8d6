// @ts-check
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openLine } from '../line.js'
import { race, runChild, slowness } from '../measure.js'
import { declareBackup, FAST_CIPHER, makeFiles, rsyncArgv } from '../world.js'

const RATE = 118e6

/** @type {import('../bench.js').Case} */
export const fastLine = {
  name: 'fast-line',
  how: 'A line of 1 Gbit/s (118 MB/s of payload), made by a proxy in front of sshd. Peer: `rsync -rt` with the same cipher.',
  async run({ world, quick, say }) {
    /** @type {import('../measure.js').Figure[]} */
    const figures = []
    for (const [count, mib, atMost] of /** @type {[number, number, number][]} */ (
      quick
        ? [[1, 512, 1.1]]
        : [
            [1, 4096, 1.1],
            [20, 256, 1.03],
          ]
    )) {
      const work = `${count} × ${mib} MiB`
      const served = await world.folder('served')
      say(`making ${work}`)
      await makeFiles(served, count, mib * 2 ** 20)
      const line = await openLine(await world.startSource(served), { rate: RATE })
      const box = await declareBackup(world, { source: line.source })
      const into = join(world.scratch, 'peer')
      const seconds = await race(quick ? 1 : 3, {
        ours: { before: () => box.forget(), run: () => box.pass(count), after: () => box.forget() },
        raw: {
          run: () => runChild(rsyncArgv(line.source, into, FAST_CIPHER), { env: world.env }),
          after: () => rm(into, { recursive: true, force: true }),
        },
      })
      line.close()
      await rm(served, { recursive: true, force: true })
      figures.push(
        slowness({
          work: `**1 Gbit/s: ${work}**`,
          against: 'rsync, same cipher',
          ours: seconds.ours,
          peer: seconds.raw,
          atMost,
        }),
      )
    }
    return figures
  },
}
