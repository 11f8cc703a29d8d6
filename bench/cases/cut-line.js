// @ts-check
import { openLine } from '../line.js'
import { runChild } from '../measure.js'
import { declareBackup, makeFiles } from '../world.js'

const RTT = 80
const RATE = 20e6 / 8
const CUT_EVERY = 20

/** @type {import('../bench.js').Case} */
export const cutLine = {
  name: 'cut-line',
  how: `One file over the line of far-line, all connections reset every ${CUT_EVERY} s, passes one after another until it is published, against one
undisturbed pass. Resent is what went over the line beyond that pass. "Each cut" is the time beyond it, shared among the cuts.`,
  async run({ world, quick, say }) {
    const mib = quick ? 64 : 200
    const served = await world.folder('served')
    await makeFiles(served, 1, mib * 2 ** 20)
    const sshd = await world.startSource(served)
    /** @param {number} [cutEvery] milliseconds */
    const bring = async (cutEvery) => {
      const line = await openLine(sshd, { rtt: RTT, rate: RATE, ...(cutEvery && { cutEvery }) })
      const box = await declareBackup(world, { source: line.source })
      const [program = '', ...rest] = box.argv
      const start = performance.now()
      for (let passes = 1; ; passes++) {
        const out = JSON.parse(await runChild([program, ...rest], { env: world.env, codes: [0, 1] }))
        if (out.backups[0].published.length === 1) {
          line.close()
          const seconds = (performance.now() - start) / 1000
          say(`${seconds.toFixed(1)} s, ${passes} passes, ${line.cuts()} cuts`)
          return { seconds, bytes: line.bytes(), cuts: line.cuts() }
        }
      }
    }
    const uncut = await bring()
    const cut = await bring(CUT_EVERY * 1000)
    const ratio = cut.seconds / uncut.seconds
    const resent = Math.max(0, cut.bytes - uncut.bytes) / uncut.bytes
    const work = `${mib} MiB, cut ${cut.cuts} times`
    return [
      {
        work: `**20 Mbit/s, 80 ms: ${work}**`,
        ours: `${cut.seconds.toFixed(1)} s`,
        peer: `uncut: ${uncut.seconds.toFixed(1)} s`,
        result: `${ratio.toFixed(2)} ×, each cut ${((cut.seconds - uncut.seconds) / Math.max(1, cut.cuts)).toFixed(1)} s`,
        goal: '≤ 1.15 ×',
        met: ratio <= 1.15,
      },
      {
        work: `${work}, resent`,
        ours: `${((cut.bytes - uncut.bytes) / 1024).toFixed(0)} KiB`,
        peer: '',
        result: `${(resent * 100).toFixed(2)} %`,
        goal: '≤ 1 %',
        met: resent <= 0.01,
      },
    ]
  },
}
