// @ts-check
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openLine } from '../line.js'
import { race, runChild, slowness, speedUp } from '../measure.js'
import { declareBackup, FAST_CIPHER, makeFiles, rcloneArgv, rsyncArgv, scriptArgv } from '../world.js'

const RTT = 80
const MBIT = 20
const RATE = (MBIT * 1e6) / 8
const SAMPLE = 4
/** @type {[files: number, kib: number][]} */
const FULL = [
  [60, 512],
  [2000, 16],
]
/** @type {typeof FULL} */
const QUICK = [[20, 512]]

/** @type {import('../bench.js').Case} */
export const farLine = {
  name: 'far-line',
  how: `A line with ${RTT} ms there and back and ${MBIT} Mbit/s, made by a proxy in front of sshd. Peers: one \`rsync -rt\` of data and markers
with the same cipher; \`rclone copy --immutable\` over sftp, which checks what arrived; and the hourly script (\`rsync --checksum --partial\`,
first the file, then its \`.md5\`) over ${SAMPLE} of the files, scaled to all. "Connections" are TCP connections of one pass.`,
  async run({ world, quick, say }) {
    /** @type {import('../measure.js').Figure[]} */
    const figures = []
    for (const [count, kib] of quick ? QUICK : FULL) {
      const work = `${count.toLocaleString('en')} × ${kib} KiB`
      const served = await world.folder('served')
      say(`making ${work}`)
      await makeFiles(served, count, kib * 1024)
      const line = await openLine(await world.startSource(served), { rtt: RTT, rate: RATE })
      const shell = await openLine(await world.startSource(served, { command: null }), {
        rtt: RTT,
        rate: RATE,
      })
      const box = await declareBackup(world, { source: line.source })
      const into = join(world.scratch, 'peer')
      const empty = () => rm(into, { recursive: true, force: true })
      const rsync = () => runChild(rsyncArgv(line.source, into, FAST_CIPHER), { env: world.env })

      const { ours, raw } = await race(quick ? 1 : 3, {
        ours: { before: () => box.forget(), run: () => box.pass(count) },
        raw: { before: empty, run: rsync },
      })
      figures.push(
        slowness({
          work: `**${MBIT} Mbit/s, ${RTT} ms: first backup, ${work}**`,
          against: 'raw rsync',
          ours,
          peer: raw,
          atMost: 1.08,
        }),
      )

      const idle = await race(quick ? 3 : 5, { ours: { run: () => box.pass(0) }, raw: { run: rsync } })
      line.reset()
      await box.pass(0)
      figures.push(
        slowness({
          work: `**${MBIT} Mbit/s, ${RTT} ms: nothing to do, ${work}**`,
          against: 'raw rsync',
          ours: idle.ours,
          peer: idle.raw,
          atMost: 1.3,
        }),
        {
          work: `nothing to do, ${work}, connections`,
          ours: String(line.connections()),
          peer: '',
          result: String(line.connections()),
          goal: '1',
          met: line.connections() === 1,
        },
      )

      if (!quick) {
        const slow = await race(1, {
          rclone: {
            before: empty,
            run: () => runChild(rcloneArgv(shell.source, served, into), { env: world.env }),
          },
          script: {
            before: async () => {
              await empty()
              await mkdir(into)
            },
            async run() {
              for (const argv of scriptArgv(line.source, into, SAMPLE))
                await runChild(argv, { env: world.env })
            },
            after: empty,
          },
        }).catch((error) => {
          say(`no figure of rclone and the script: ${error instanceof Error ? error.message : error}`)
          return null
        })
        if (slow !== null) {
          const script = slow.script.map((value) => (value * count) / SAMPLE)
          figures.push(
            speedUp({ work, against: 'rclone --immutable', ours, peer: slow.rclone, atLeast: 4 }),
            speedUp({
              work,
              against: `hourly script, ${SAMPLE} files scaled`,
              ours,
              peer: script,
              atLeast: 12,
            }),
          )
        }
      }
      line.close()
      shell.close()
      await box.forget()
      await rm(served, { recursive: true, force: true })
    }
    return figures
  },
}
