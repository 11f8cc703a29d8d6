import { type ChildProcess, fork } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Settings } from '../../src/model/settings.ts'
import { openFiles } from '../../src/system/process-group.ts'
import { until } from './fault-processes.ts'
import type { Event, Says, Told } from './simulated-daemon.js'

const PROGRAM = resolve(import.meta.dirname, 'simulated-daemon.js')

const MINUTE = 60_000

type Unnumbered = Told extends infer One ? (One extends Told ? Omit<One, 'id'> : never) : never

/** The built daemon in a process of its own, by a clock that is moved by hand, which goes on while the daemon is dead. */
export interface DayDaemon {
  /** Null: it is dead. */
  pid(): number | null
  /** What the wall shows. */
  wall(): number
  /** Milliseconds that have passed while it lived. */
  lived(): number
  start(): Promise<void>
  /** Lets time pass, minute by minute. `isWaitedFor`: what reads and runs comes along. */
  pass(milliseconds: number, isWaitedFor?: boolean): Promise<void>
  leap(milliseconds: number): Promise<void>
  /** SIGHUP. */
  hangup(): Promise<void>
  /** SIGTERM, and a start in the same process. */
  restart(): Promise<void>
  stop(): Promise<void>
  /** SIGKILL; comes back when it is gone, and its locks with it; what it left in destinations may live on. */
  kill(): Promise<void>
  /** Bytes after a full collection. */
  heap(): Promise<number>
}

const everyone = (): readonly number[] =>
  readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? Number(name) : []))

export function dayDaemon(settings: Settings, heed: (event: Event) => void): DayDaemon {
  let wall = Date.now()
  let lived = 0
  let child: ChildProcess | null = null
  let said = ''
  let ended: Promise<void> = Promise.resolve()
  let isMeant = false
  let fault: Error | null = null
  let numbers = 0
  const open = new Map<number, (heap: number) => void>()

  /** Answered by its end too. */
  function tell(word: Unnumbered): Promise<number> {
    if (fault !== null) throw fault
    return new Promise((done) => {
      if (child === null || !child.connected) return done(0)
      const id = ++numbers
      open.set(id, done)
      child.send({ ...word, id })
    })
  }

  async function begin(): Promise<void> {
    const born = fork(PROGRAM, { execArgv: ['--expose-gc'], stdio: ['ignore', 'inherit', 'pipe', 'ipc'] })
    child = born
    isMeant = false
    said = ''
    born.stderr!.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    // What is sent to one that was killed just now.
    born.on('error', () => {})
    const ready = new Promise<void>((done) => {
      born.on('message', (word: Says) => {
        if (word.type === 'ready') done()
        else if (word.type === 'event') heed(word.event)
        else {
          open.get(word.id)?.(word.heap)
          open.delete(word.id)
        }
      })
    })
    ended = new Promise((done) => {
      born.on('close', (code, signal) => {
        child = null
        for (const answer of open.values()) answer(0)
        open.clear()
        if (!isMeant) fault = new Error(`the daemon has ended with ${code ?? signal}: ${said}`)
        done()
      })
    })
    await Promise.race([ready, ended])
    await tell({ type: 'start', wall, settings })
  }

  async function end(how: () => unknown): Promise<void> {
    isMeant = true
    await how()
    await ended
  }

  const daemon: DayDaemon = {
    pid: () => child?.pid ?? null,
    wall: () => wall,
    lived: () => lived,
    start: begin,
    async pass(milliseconds, isWaitedFor = true) {
      for (let passed = 0; passed < milliseconds; passed += MINUTE) {
        const step = Math.min(MINUTE, milliseconds - passed)
        wall += step
        if (child !== null) lived += step
        await tell({ type: 'advance', milliseconds: step, isWaitedFor })
      }
    },
    async leap(milliseconds) {
      wall += milliseconds
      await tell({ type: 'leap', milliseconds })
    },
    hangup: async () => void (await tell({ type: 'hangup' })),
    async restart() {
      await tell({ type: 'stop' })
      await tell({ type: 'start', wall, settings })
    },
    stop: () =>
      end(async () => {
        await tell({ type: 'stop' })
        child?.kill()
      }),
    async kill() {
      await end(() => child?.kill('SIGKILL'))
      // A flock(1) that it was waiting for dies just after it, and would keep the next one from starting.
      await until(() => openFiles(everyone(), join(settings.state, 'locks')).length === 0)
    },
    heap: () => tell({ type: 'heap' }),
  }
  return daemon
}
