// @ts-check
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { openLine } from '../line.js'
import { declareBackup, makeFiles } from '../world.js'

const BUFFER = 256 * 1024

/** @type {import('../bench.js').Case} */
export const afterKill = {
  name: 'after-kill',
  how: `SIGKILL to \`reconcile\` at a random point in one file's transfer, then a second pass. Resent is what the second pass
transferred beyond the bytes that were not in staging just before the kill. Both are measured from outside, by file size and by a
proxy on the line (less protocol overhead, known from an undisturbed pass). One buffer is 256 KiB.`,
  async run({ world, quick, say }) {
    const mib = quick ? 64 : 256
    const size = mib * 1024 * 1024
    const served = await world.folder('served')
    await makeFiles(served, 1, size)
    const proxy = await openLine(await world.startSource(served))
    const box = await declareBackup(world, { source: proxy.source })
    const staged = join(box.destination, '.reconcile', 'staging', 'file-000000.bin')

    // A pass without a file costs the line as much as a second pass does beyond the file's own bytes.
    await box.pass(1)
    const whole = proxy.bytes()
    proxy.reset()
    await box.pass(0)
    const idle = proxy.bytes()
    const share = (whole - idle) / size
    await box.forget()

    /** @type {number[]} */
    const resent = []
    /** @type {number[]} */
    const points = []
    for (let round = 0; round < (quick ? 3 : 7); round++) {
      const point = size * (0.1 + 0.8 * Math.random())
      const before = await killAt(box.argv, world.env, staged, point)
      await untilUnlocked(join(box.destination, '.reconcile', 'lock'))
      proxy.reset()
      await box.pass(1)
      resent.push(Math.max(0, (proxy.bytes() - idle) / share - (size - before)))
      points.push(before / size)
      say(
        `killed at ${Math.round((before / size) * 100)} %: ${Math.round((resent.at(-1) ?? 0) / 1024)} KiB resent`,
      )
      await box.forget()
    }
    proxy.close()
    const most = Math.max(...resent)
    return [
      {
        work: `resent after SIGKILL, ${mib} MiB, at ${points.map((p) => `${Math.round(p * 100)}`).join(', ')} %`,
        ours: `at most ${Math.round(most / 1024)} KiB`,
        peer: '',
        result: `${((most / size) * 100).toFixed(2)} %`,
        goal: '≤ 1 % and one buffer',
        met: most <= size / 100 + BUFFER,
      },
    ]
  },
}

/**
 * @param {readonly string[]} argv
 * @param {Record<string, string>} env
 * @param {string} staged
 * @param {number} point
 * @returns {Promise<number>} bytes staged just before the kill
 */
async function killAt(argv, env, staged, point) {
  const [program = '', ...args] = argv
  const child = spawn(program, args, { env, stdio: 'ignore' })
  const gone = once(child, 'close')
  for (;;) {
    const size = statSync(staged, { throwIfNoEntry: false })?.size ?? 0
    if (child.exitCode !== null) throw new Error('the transfer ended before it could be killed')
    if (size >= point) {
      child.kill('SIGKILL')
      await gone
      return size
    }
    await sleep(1)
  }
}

/** @param {string} lock */
async function untilUnlocked(lock) {
  while ((await execa('flock', ['-n', lock, 'true'], { reject: false })).exitCode !== 0) await sleep(20)
}
