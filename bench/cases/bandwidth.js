// @ts-check
import { openLine } from '../line.js'
import { declareBackup, makeFiles } from '../world.js'

const KIB = 1024

/** @type {import('../bench.js').Case} */
export const bandwidth = {
  name: 'bandwidth',
  how: `The rate on the line with \`bandwidth\` set, measured by a proxy over the middle four fifths of the bytes.`,
  async run({ world, quick }) {
    /** @type {import('../measure.js').Figure[]} */
    const figures = []
    for (const [rate, label] of /** @type {const} */ ([
      [25 * KIB, '25KiB/s'],
      [4096 * KIB, '4MiB/s'],
    ])) {
      const served = await world.folder('served')
      await makeFiles(served, 1, rate * (quick ? 8 : 20))
      const proxy = await openLine(await world.startSource(served))
      const box = await declareBackup(world, { source: proxy.source, bandwidth: label })
      await box.pass(1)
      const total = proxy.bytes()
      const middle = proxy.samples().filter(({ bytes }) => bytes > total * 0.1 && bytes < total * 0.9)
      const [first, last] = [middle[0], middle.at(-1)]
      proxy.close()
      if (first === undefined || last === undefined) throw new Error('too few samples')
      const measured = ((last.bytes - first.bytes) / (last.at - first.at)) * 1000
      const off = (measured / rate - 1) * 100
      figures.push({
        work: `rate held under \`bandwidth: ${label}\``,
        ours: `${(measured / KIB).toFixed(measured < 1024 * KIB ? 1 : 0)} KiB/s`,
        peer: '',
        result: `${off > 0 ? '+' : ''}${off.toFixed(1)} %`,
        goal: 'within 5 %',
        met: Math.abs(off) <= 5,
      })
    }
    return figures
  },
}
