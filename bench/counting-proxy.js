// @ts-check
import { once } from 'node:events'
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { createConnection, createServer } from 'node:net'

/**
 * Stands between ssh and sshd and counts what goes down the line, so that nobody's own word has to be taken for it.
 * @param {import('./world.js').ThrowawaySource} source
 */
export async function countingProxy(source) {
  let bytes = 0
  /** @type {{ at: number, bytes: number }[]} */
  let samples = []
  const server = createServer((near) => {
    const far = createConnection(source.port, source.host)
    far.on('data', (chunk) => {
      bytes += chunk.length
      samples.push({ at: performance.now(), bytes })
    })
    for (const [one, other] of /** @type {const} */ ([
      [near, far],
      [far, near],
    ])) {
      one.pipe(other)
      one.on('error', () => other.destroy())
      one.on('close', () => other.destroy())
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server without a port')
  const knownHosts = `${source.knownHosts}-proxy`
  const pinned = await readFile(source.knownHosts, 'utf8')
  await writeFile(knownHosts, '')
  await appendFile(knownHosts, pinned.replace(`:${source.port} `, `:${address.port} `))
  return {
    /** The same source, seen through here. */
    source: { ...source, port: address.port, knownHosts },
    reset() {
      bytes = 0
      samples = []
    },
    /** Down the line since the last reset. */
    bytes: () => bytes,
    samples: () => samples,
    close: () => server.close(),
  }
}
