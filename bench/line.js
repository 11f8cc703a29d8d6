// @ts-check
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createConnection, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** What may wait on the way beyond what the line itself holds: a router's buffer. */
const BUFFER = 256 * 1024

/**
 * A line between ssh and sshd, with a delay and a rate, which counts what goes over it, so that nobody's own word has to be taken for it.
 * All connections share the rate, each way has its own.
 * @param {import('./world.js').ThrowawaySource} source
 * @param {{ rtt?: number, rate?: number, cutEvery?: number }} [as]
 *   `rtt`: there and back, in milliseconds. `rate`: bytes a second. `cutEvery`: milliseconds after which all connections are reset, again
 *   and again.
 */
export async function openLine(source, { rtt = 0, rate = Number.POSITIVE_INFINITY, cutEvery } = {}) {
  let bytes = 0
  let connections = 0
  let cuts = 0
  /** @type {{ at: number, bytes: number }[]} */
  let samples = []
  const up = { free: 0 }
  const down = { free: 0 }
  /** @type {Set<import('node:net').Socket>} */
  const open = new Set()

  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, async (near) => {
    connections++
    const far = createConnection({ port: source.port, host: source.host, noDelay: true, allowHalfOpen: true })
    for (const [one, other] of /** @type {const} */ ([
      [near, far],
      [far, near],
    ])) {
      open.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        open.delete(one)
        other.destroy()
      })
    }
    near.setNoDelay(true)
    far.on('data', (chunk) => {
      bytes += chunk.length
      samples.push({ at: performance.now(), bytes })
    })
    carry(far, near, { way: down, delay: rtt / 2, rate })
    // TCP's own handshake.
    if (rtt > 0) await sleep(rtt)
    carry(near, far, { way: up, delay: rtt / 2, rate })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server without a port')
  const knownHosts = `${source.knownHosts}-${address.port}`
  const pinned = await readFile(source.knownHosts, 'utf8')
  await writeFile(knownHosts, pinned.replace(`:${source.port} `, `:${address.port} `))
  const cutter =
    cutEvery === undefined
      ? undefined
      : setInterval(() => {
          if (open.size > 0) cuts++
          for (const socket of open) socket.resetAndDestroy()
        }, cutEvery)
  return {
    /** The same source, seen through here. */
    source: { ...source, port: address.port, knownHosts },
    reset() {
      bytes = 0
      connections = 0
      cuts = 0
      samples = []
    },
    /** Down the line since the last reset. */
    bytes: () => bytes,
    samples: () => samples,
    connections: () => connections,
    cuts: () => cuts,
    close() {
      clearInterval(cutter)
      server.close()
    },
  }
}

/**
 * One way of one connection: each chunk leaves when the way is free and arrives a delay later, in order.
 * @param {import('node:net').Socket} from
 * @param {import('node:net').Socket} to
 * @param {{ way: { free: number }, delay: number, rate: number }} line
 */
function carry(from, to, { way, delay, rate }) {
  const holds = BUFFER + (Number.isFinite(rate) ? (rate * delay) / 1000 : 2 ** 24)
  /** @type {{ due: number, chunk: Buffer | null }[]} */
  const waiting = []
  let held = 0
  let isDelivering = false

  const deliver = async () => {
    if (isDelivering) return
    isDelivering = true
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const early = next.due - performance.now()
      if (early > 0.5) await sleep(early)
      if (to.destroyed) break
      if (next.chunk === null) to.end()
      else {
        held -= next.chunk.length
        if (!to.write(next.chunk)) await Promise.race([once(to, 'drain'), once(to, 'close')]).catch(() => {})
        if (held < holds) from.resume()
      }
    }
    isDelivering = false
  }
  from.on('data', (chunk) => {
    way.free = Math.max(way.free, performance.now()) + (chunk.length / rate) * 1000
    waiting.push({ due: way.free + delay, chunk })
    held += chunk.length
    if (held >= holds) from.pause()
    void deliver()
  })
  from.on('end', () => {
    waiting.push({ due: Math.max(way.free, performance.now()) + delay, chunk: null })
    void deliver()
  })
  from.resume()
}
