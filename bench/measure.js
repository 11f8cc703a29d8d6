// @ts-check
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { execa } from 'execa'

/**
 * One contender of a race. Only `run` is timed; what it throws ends the bench, for a peer that did not do the work is no peer.
 * @typedef {object} Contender
 * @property {() => Promise<void>} [before]
 * @property {() => Promise<unknown>} run
 * @property {() => Promise<void>} [after]
 */

/**
 * Runs the contenders in turns, the first one changing each round, and gives the seconds each took in each round. What one has
 * left dirty is written out before the next starts.
 * @template {string} Name
 * @param {number} rounds
 * @param {Record<Name, Contender>} contenders
 * @returns {Promise<Record<Name, number[]>>}
 */
export async function race(rounds, contenders) {
  const names = /** @type {Name[]} */ (Object.keys(contenders))
  const seconds = /** @type {Record<Name, number[]>} */ ({})
  for (const name of names) seconds[name] = []
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = /** @type {Name} */ (names[(round + turn) % names.length])
      const { before, run, after } = contenders[name]
      await before?.()
      await execa('sync')
      const start = performance.now()
      await run()
      seconds[name].push((performance.now() - start) / 1000)
      await after?.()
    }
  }
  return seconds
}

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  const upper = sorted[half] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2
}

/**
 * A child with nothing on stdin. Throws what it said where it ends in any other way than `codes` allow.
 * @param {readonly string[]} argv
 * @param {{ env?: Record<string, string>, cwd?: string, codes?: readonly number[], onPid?: (pid: number) => void }} [options]
 * @returns {Promise<string>} its stdout
 */
export async function runChild(argv, options = {}) {
  const [program = '', ...args] = argv
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.env && { env: options.env }),
    ...(options.cwd && { cwd: options.cwd }),
  })
  if (child.pid !== undefined) options.onPid?.(child.pid)
  /** @type {Buffer[]} */
  const out = []
  /** @type {Buffer[]} */
  const err = []
  child.stdout.on('data', (chunk) => out.push(chunk))
  child.stderr.on('data', (chunk) => err.push(chunk))
  const [code, signal] = await once(child, 'close')
  const text = Buffer.concat(out).toString('latin1')
  if (!(options.codes ?? [0]).includes(code ?? -1)) {
    const said = `${Buffer.concat(err).toString('latin1').slice(-2000)}${text.slice(-1000)}`
    throw new Error(`${argv.join(' ')}\nended with ${code ?? signal}:\n${said}`)
  }
  return text
}

/**
 * One line of the table.
 * @typedef {object} Figure
 * @property {string} work
 * @property {string} ours
 * @property {string} peer
 * @property {string} result
 * @property {string} goal
 * @property {boolean | null} met null: no peer to measure against
 */

/**
 * @param {{ work: string, against: string, ours: readonly number[], peer: readonly number[], atMost: number }} race
 * @returns {Figure}
 */
export function slowness({ work, against, ours, peer, atMost }) {
  const ratio = median(ours) / median(peer)
  return {
    work,
    ours: spread(ours),
    peer: `${against}: ${spread(peer)}`,
    result: `${ratio.toFixed(2)} ×`,
    goal: `≤ ${atMost} ×`,
    met: ratio <= atMost,
  }
}

/**
 * @param {{ work: string, against: string, ours: readonly number[], peer: readonly number[], atLeast: number }} race
 * @returns {Figure}
 */
export function speedUp({ work, against, ours, peer, atLeast }) {
  const ratio = median(peer) / median(ours)
  return {
    work,
    ours: spread(ours),
    peer: `${against}: ${spread(peer)}`,
    result: `${ratio.toFixed(ratio < 20 ? 1 : 0)} × faster`,
    goal: `≥ ${atLeast} × faster`,
    met: ratio >= atLeast,
  }
}

/**
 * The median, and in brackets the fastest and the slowest.
 * @param {readonly number[]} seconds
 */
export function spread(seconds) {
  /** @param {number} value */
  const digits = (value) =>
    value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0)
  const range = `${digits(Math.min(...seconds))}–${digits(Math.max(...seconds))}`
  return `${digits(median(seconds))} s (${range})`
}
