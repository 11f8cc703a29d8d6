import { readFile, writeFile } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import type { World } from './world.ts'

/** What happens to one connection once so many bytes have come from the source. */
export interface Mishap {
  readonly after: number
  /** `hold`: nothing more comes until it is cut. `flip`: one bit of the next byte is another; of what goes up where `up`. */
  readonly how: 'hold' | 'end' | 'reset' | 'flip'
  readonly up?: boolean
}

/** The way between ssh and a world's sshd, through this process. */
export interface Line {
  /** For a spec's `source`, in place of the sshd's own. */
  readonly place: { readonly port: number; readonly knownHosts: string }
  /** From now on, of each connection; null: nothing happens. Those that are held are let go of as they are. */
  next(mishap: Mishap | null): void
  /** Mishaps so far. */
  happened(): number
  /** Bytes that came from the source, and connections, so far. */
  carried(): { readonly bytes: number; readonly connections: number }
  cut(): void
  end(): Promise<void>
}

export async function makeLine(world: World): Promise<Line> {
  const sshd = world.sshd!
  const sockets = new Set<Socket>()
  let plan: Mishap | null = null
  let happened = 0
  let bytes = 0
  let connections = 0
  const server = createServer((near) => {
    const far = connect(sshd.port, sshd.host)
    connections++
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.setNoDelay(true)
      one
        .on('error', () => {})
        .on('close', () => {
          sockets.delete(one)
          other.destroySoon()
        })
      let at = 0
      let isDone = false
      one.on('data', (chunk: Buffer) => {
        const mine = isDone || plan === null || (plan.up === true) !== (one === near) ? null : plan
        const room = mine === null ? chunk.length : Math.min(chunk.length, mine.after - at)
        at += chunk.length
        if (mine === null || room === chunk.length) return pass(one, other, chunk)
        isDone = true
        happened++
        if (mine.how === 'flip') {
          chunk[room]! ^= 1 << (at & 7)
          return pass(one, other, chunk)
        }
        pass(one, other, chunk.subarray(0, room))
        if (mine.how === 'hold') one.pause()
        else if (mine.how === 'end') other.end(() => one.destroy())
        else {
          other.resetAndDestroy()
          one.destroy()
        }
      })
    }
    const pass = (one: Socket, other: Socket, chunk: Buffer): void => {
      if (one === far) bytes += chunk.length
      if (other.write(chunk)) return
      one.pause()
      other.once('drain', () => one.resume())
    }
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as { port: number }
  const knownHosts = join(world.folder, 'known_line')
  const pinned = await readFile(sshd.knownHosts, 'utf8')
  await writeFile(knownHosts, pinned.replace(`:${sshd.port} `, `:${port} `))
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    place: { port, knownHosts },
    next(mishap) {
      plan = mishap
    },
    happened: () => happened,
    carried: () => ({ bytes, connections }),
    cut,
    async end() {
      cut()
      await new Promise((done) => server.close(done))
    },
  }
}
