import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Random } from './random.ts'
import { begins, data, ending, entry, framed, greeting, indexer, int } from './rsync-words.js'

/** What a session is for, as its command shows. */
export type Kind = 'list' | 'fetch' | 'pull'

/** How one session is not what it should be. All that is left out is as it should be. */
export interface Lie {
  readonly what: string
  /** All that the sender says, in place of a real one. */
  readonly script?: Buffer
  /** One frame of a real sender's, and what goes in its place. */
  readonly frame?: (tag: number, payload: Buffer, index: number) => Buffer
  /** Bytes as they go over the line, and where they begin. */
  readonly raw?: (bytes: Buffer, at: number) => Buffer
  /** Once so many bytes have gone. */
  readonly after?: {
    readonly bytes: number
    readonly then: 'close' | 'reset' | 'stall' | 'flood'
    readonly flood: Buffer
  }
}

/** A source that `ssh` leads to without being ssh: rsync's words go through this process, which may change them. */
export interface LyingLine {
  /** A folder for the front of the search path: its `ssh` comes here. */
  readonly path: string
  /** Who logs in as this user is served this folder, with these lies. */
  serve(user: string, folder: string, lies: Readonly<Partial<Record<Kind, Lie>>>): void
  /** Sessions so far. */
  sessions(): number
  end(): Promise<void>
}

/** Ends with its session, and its two halves show in the list of processes what they were called with, as ssh itself does. */
const SSH = (port: number): string => `#!/bin/bash
case "$1" in -V|-Q) PATH='${process.env['PATH']}' exec ssh "$@" ;; esac
exec 3<>/dev/tcp/127.0.0.1/${port} 4<&0
printf '%s\\n' "$*" >&3
(exec -a "up $*" cat <&4 >&3) &
(exec -a "down $*" cat <&3)
kill $!
`

export async function makeLyingLine(): Promise<LyingLine> {
  const path = await mkdtemp(join(tmpdir(), 'lying-'))
  const served = new Map<string, readonly [folder: string, lies: Readonly<Partial<Record<Kind, Lie>>>]>()
  const sockets = new Set<Socket>()
  let sessions = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    let head = Buffer.alloc(0)
    const hear = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk])
      const newline = head.indexOf(10)
      if (newline === -1) return
      socket.off('data', hear)
      socket.pause()
      socket.unshift(head.subarray(newline + 1))
      const words = head.toString('utf8', 0, newline).split(' ')
      const [folder, lies] = served.get(words[words.indexOf('-l') + 1]!)!
      sessions++
      const command = words.slice(words.lastIndexOf('rsync') + 1)
      converse(socket, folder, command, lies[kindOf(command)] ?? { what: 'none' })
    }
    socket.on('data', hear)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  await writeFile(join(path, 'ssh'), SSH((server.address() as { port: number }).port))
  await chmod(join(path, 'ssh'), 0o755)
  return {
    path,
    serve: (user, folder, lies) => void served.set(user, [folder, lies]),
    sessions: () => sessions,
    async end() {
      for (const socket of sockets) socket.destroy()
      await new Promise((done) => server.close(done))
      await rm(path, { recursive: true, force: true })
    },
  }
}

const kindOf = (command: readonly string[]): Kind =>
  command.some((word) => /^--(append|inplace)/.test(word))
    ? 'pull'
    : command.some((word) => word.startsWith('--files-from'))
      ? 'fetch'
      : 'list'

function converse(socket: Socket, folder: string, command: readonly string[], lie: Lie): void {
  const send = sender(socket, lie)
  if (lie.script !== undefined) {
    socket.resume()
    send(lie.script)
    // It goes on hearing for a moment, as a real one would: a client in the middle of a word may be surprised by the end, too.
    if (lie.after === undefined) setTimeout(() => socket.end(), 300)
    return
  }
  const child = spawn('rsync', command, { cwd: folder, stdio: ['pipe', 'pipe', 'ignore'] })
  socket.pipe(child.stdin)
  child.stdin.on('error', () => {})
  const split = lie.frame === undefined ? null : splitter(lie.frame)
  child.stdout.on('data', (chunk: Buffer) => send(split === null ? chunk : split(chunk)))
  child.once('close', () => {
    if (!send.isOver()) socket.end()
  })
  socket.once('close', () => child.kill('SIGKILL'))
}

/** Sends as the lie has it. */
function sender(socket: Socket, { raw, after }: Lie) {
  let at = 0
  let isOver = false
  const flood = (bytes: Buffer): void => {
    while (!socket.destroyed && socket.write(bytes));
    if (!socket.destroyed) socket.once('drain', () => flood(bytes))
  }
  const send = (bytes: Buffer): void => {
    if (isOver || socket.destroyed) return
    const room = after === undefined ? bytes.length : Math.max(0, after.bytes - at)
    const part = bytes.subarray(0, room)
    socket.write(raw === undefined ? part : raw(Buffer.from(part), at))
    at += part.length
    if (after === undefined || at < after.bytes) return
    isOver = true
    if (after.then === 'close') socket.end()
    else if (after.then === 'reset') socket.resetAndDestroy()
    else if (after.then === 'flood') flood(after.flood)
  }
  return Object.assign(send, { isOver: () => isOver })
}

/** Takes a sender's words apart: what comes before the first frame stays as it is. */
function splitter(frame: NonNullable<Lie['frame']>): (chunk: Buffer) => Buffer {
  let rest = Buffer.alloc(0)
  let hasBegun = false
  let index = 0
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    const out: Buffer[] = []
    if (!hasBegun) {
      const start = greetingEnd(rest)
      if (start === null) return Buffer.alloc(0)
      hasBegun = true
      out.push(rest.subarray(0, start))
      rest = rest.subarray(start)
    }
    while (rest.length >= 4) {
      const length = rest.readUIntLE(0, 3)
      if (rest.length < 4 + length) break
      out.push(frame(rest[3]! - 7, rest.subarray(4, 4 + length), index++))
      rest = rest.subarray(4 + length)
    }
    return Buffer.concat(out)
  }
}

/** Version, flags, checksums where the flags say that they are agreed on, seed. */
function greetingEnd(bytes: Buffer): number | null {
  if (bytes.length < 6) return null
  const long = bytes[4]! >= 0x80
  const agrees = (long ? bytes[5]! : bytes[4]!) & 0x80
  let at = long ? 6 : 5
  if (agrees) {
    if (bytes.length <= at) return null
    at += 1 + bytes[at]!
  }
  return bytes.length < at + 4 ? null : at + 4
}

const NASTY = [
  '../evil.tar',
  '../../evil.tar',
  'sub/../../evil.tar',
  '/evil.tar',
  '.reconcile/id',
  '.reconcile/ledger.jsonl',
  '.RECONCILE/x.tar',
  'a\nb.tar',
  'a\\#012b.tar',
  '\u202erat.tar',
  './x.tar',
  'a//b.tar',
  '',
  '.',
  '..',
  '-e.tar',
  ' .tar',
  'DB-2026-11-01.tar',
  'db-2026-11-01.tar/x.tar',
  `${'x'.repeat(251)}.tar`,
  `${'y/'.repeat(100)}z.tar`,
  'evil.tar.md5',
  'LIST',
] as const

const MODES = [
  0o120777, 0o40755, 0o10644, 0o60644, 0o20644, 0o140755, 0o104755, 0o100000, 0, 0o177777,
] as const
const SIZES = [0, 1, -1, 7, 2_000, 30_000, 30_001, 2 ** 31, 2 ** 32, 2 ** 40, 2 ** 53, -(2 ** 40)] as const
/** Tags besides data: messages of all kinds, files to do again, errors, ends. */
const TAGS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 22, 33, 42, 86, 100, 101, 102, 77, 200] as const

/** A lie in one session about these files. `outside`: a path that nobody may write to. */
export function lieOf(
  random: Random,
  kind: Kind,
  offered: ReadonlyMap<string, Buffer>,
  outside: string,
): Lie {
  const names = [...offered.keys()]
  const nasty = (): string => (random.chance(0.1) ? outside : random.pick(NASTY))
  const where = (): number => random.pick([random.int(200), random.int(2_000), random.int(40_000)])
  const ways: readonly (() => Lie)[] = [
    () => {
      const flips = new Map(Array.from({ length: 1 + random.int(8) }, () => [where(), 1 << random.int(8)]))
      return {
        what: `flips at ${[...flips.keys()]}`,
        raw: (bytes, at) => {
          for (const [place, bit] of flips)
            if (place >= at && place < at + bytes.length) bytes[place - at]! ^= bit
          return bytes
        },
      }
    },
    () => {
      const place = where()
      const junk = random.bytes(random.int(64))
      const drop = random.int(64)
      return {
        what: `${drop} bytes at ${place} become ${junk.length}`,
        raw: (bytes, at) =>
          place < at || place >= at + bytes.length
            ? bytes
            : Buffer.concat([bytes.subarray(0, place - at), junk, bytes.subarray(place - at + drop)]),
      }
    },
    () => {
      const then = random.pick(['close', 'reset', 'stall', 'flood'] as const)
      const flood = random.pick([
        Buffer.alloc(60_000),
        random.bytes(5_000),
        framed(Buffer.alloc(30_000, 'x')),
        framed(Buffer.from(`${'m'.repeat(70)}\n`.repeat(200)), random.pick([1, 2, 3, 4, 8])),
        framed(Buffer.alloc(0), 42),
        framed(Buffer.alloc(1_000, random.int(256))),
      ])
      const bytes = where()
      return { what: `${then} after ${bytes}`, after: { bytes, then, flood } }
    },
    () => {
      const from = random.pick(names)
      const to = nasty().slice(0, from.length).padEnd(from.length, 'x')
      return {
        what: `${from} is called ${JSON.stringify(to)}`,
        frame: inPayload(Buffer.from(from), Buffer.from(to)),
      }
    },
    () => {
      const mode = random.pick(MODES)
      return { what: `files have the mode ${mode.toString(8)}`, frame: inPayload(int(0o100644), int(mode)) }
    },
    () => {
      const tag = random.pick(TAGS)
      const at = random.int(12)
      const text = random.pick([
        Buffer.alloc(0),
        int(random.int(2 ** 31)),
        random.bytes(random.int(40)),
        Buffer.from(`=5 ${nasty()}\n`),
        Buffer.from(`rsync: [sender] link_stat "${nasty()}" failed: No such file or directory (2)\n`),
        Buffer.from('\u001b]0;evil\u0007\n'),
        Buffer.from('Literal data: 1 bytes\n'),
      ])
      return {
        what: `a message of tag ${tag} before frame ${at}: ${text.toString('latin1').slice(0, 30)}`,
        frame: (own, payload, index) =>
          Buffer.concat([...(index === at ? [framed(text, tag)] : []), framed(payload, own)]),
      }
    },
    () => {
      const at = random.int(12)
      const how = random.pick(['dropped', 'doubled', 'cut', 'huge', 'reversed', 'of another tag'] as const)
      return {
        what: `frame ${at} is ${how}`,
        frame: (tag, payload, index) => {
          const whole = framed(payload, tag)
          if (index !== at) return whole
          if (how === 'dropped') return Buffer.alloc(0)
          if (how === 'doubled') return Buffer.concat([whole, whole])
          if (how === 'cut') return whole.subarray(0, whole.length >> 1)
          if (how === 'huge') return Buffer.concat([Buffer.from([255, 255, 255, 7 + tag]), payload])
          if (how === 'reversed') return framed(Buffer.from(payload).reverse(), tag)
          return framed(payload, random.pick(TAGS))
        },
      }
    },
    () => scripted(random, kind, offered, nasty),
    () => scripted(random, kind, offered, nasty),
  ]
  const lie = random.pick(ways)()
  return { ...lie, what: `${kind}: ${lie.what}` }
}

const inPayload =
  (from: Buffer, to: Buffer): NonNullable<Lie['frame']> =>
  (tag, payload) => {
    const bytes = Buffer.from(payload)
    for (let at = bytes.indexOf(from); at !== -1; at = bytes.indexOf(from, at + to.length)) to.copy(bytes, at)
    return framed(bytes, tag)
  }

/** A sender that speaks the protocol well and means ill: any names, modes and sizes, and any file's data again and again. */
function scripted(
  random: Random,
  kind: Kind,
  offered: ReadonlyMap<string, Buffer>,
  nasty: () => string,
): Lie {
  const files = [...offered].map(([name, bytes]): [string, Buffer, number, number] => {
    const isMarker = kind === 'fetch' && !name.endsWith('.md5')
    const text = isMarker ? Buffer.from(`${createHash('md5').update(bytes).digest('hex')}  ${name}\n`) : bytes
    return [isMarker ? `${name}.md5` : name, text, text.length, 0o100644]
  })
  for (let i = random.int(4); i > 0; i--) {
    const at = random.int(files.length)
    const [name, text, size, mode] = files[at]!
    const one = random.pick([
      [nasty(), text, size, mode],
      [name, random.bytes(text.length), size, mode],
      [name, text, random.pick(SIZES), mode],
      [name, text, size, random.pick(MODES)],
    ] as [string, Buffer, number, number][])
    if (random.chance(0.5)) files[at] = one
    else files.push(one)
  }
  const indexOf = indexer()
  const sends: Buffer[] = []
  const order = files.map((_, index) => index)
  // What it was asked for comes first; then more of it, and what nobody asked for.
  for (let i = kind === 'list' ? 0 : random.int(5); i > 0; i--)
    order.push(random.pick([random.int(files.length), random.int(files.length), 1_000_000, -2, -1]))
  if (kind !== 'list')
    for (const index of order) {
      const text = files[index]?.[1] ?? random.bytes(50)
      const sum = createHash('md5').update(text).digest()
      const times = random.chance(0.1) ? 1 + random.int(200) : 1
      sends.push(
        Buffer.concat([
          indexOf(index),
          begins(),
          ...Array.from({ length: times }, () => Buffer.concat([int(text.length), text])),
          // A block that is there already; none is.
          ...(random.chance(0.05) ? [int(-1 - random.int(5))] : []),
          int(0),
          random.chance(0.2) ? random.bytes(16) : sum,
        ]),
      )
    }
  return {
    what: `a sender of ${files.map(([name, , size, mode]) => `${JSON.stringify(name.slice(0, 40))} (${size}, ${mode.toString(8)})`).join(', ')}; it sends ${order}`,
    script: Buffer.concat([
      greeting(),
      ...files.map(([name, , size, mode]) => data(entry(name, size, mode))),
      data(Buffer.from([0])),
      ...sends.map(data),
      ending(),
    ]),
  }
}
