import type { Console } from '../../src/commands/argv/console.ts'
import { watch } from '../../src/commands/watch.ts'
import type { PassEvent } from '../../src/model/event.ts'
import { Stop } from '../../src/model/failure.ts'
import type { BackupOutcome } from '../../src/model/outcome.ts'
import type { Settings } from '../../src/model/settings.ts'
import type { WatchEvent } from '../../src/model/watch-event.ts'
import { openServiceManager } from '../../src/watch/systemd.ts'
import { type HandClock, handClock } from './hand-clock.js'

type Event = PassEvent | WatchEvent

/** The daemon in the test's own process, by a clock that is moved by hand. */
export interface DaemonHere {
  readonly clock: HandClock
  readonly events: readonly Event[]
  /** What SIGHUP finds. */
  settings: Settings
  hangup(): void
  /** Milliseconds that pass at a time while something is waited for. */
  pace: number
  /** Lets time pass until it is so. */
  until(isSo: () => boolean | Promise<boolean>): Promise<void>
  /** The same, until it has sent such an event since `from`. */
  saw<T extends Event['type']>(
    type: T,
    isIt?: (event: Extract<Event, { type: T }>) => boolean,
    from?: number,
  ): Promise<Extract<Event, { type: T }>>
  /** The next pass over it that ends, from `from` on. */
  finished(backup: string, from?: number): Promise<BackupOutcome>
  /** How many events there were: the `from` of what is to come. */
  mark(): number
  /** Takes the events out: a long run would keep them all. */
  take(): readonly Event[]
  stop(): Promise<number>
}

const QUIET = {
  output: 'text',
  quiet: true,
  write() {},
  writeError() {},
  color: { write: false, writeError: false },
} as unknown as Console

/** Children of this process. */
const programs = (): number => process.getActiveResourcesInfo().filter((one) => one === 'ProcessWrap').length

export function daemonHere(first: Pick<Settings, 'specs' | 'state'> & Partial<Settings>): DaemonHere {
  const clock = handClock(Date.now())
  const others = programs()
  const events: Event[] = []
  const stopping = new AbortController()
  let hangup = (): void => {}
  let settings: Settings = {
    file: null,
    concurrency: 2,
    bandwidth: null,
    configFolders: [],
    roots: null,
    notify: [],
    drills: [],
    heartbeat: null,
    ...first,
  }
  const keep = (event: Event): void => void events.push(event)
  let ended: unknown = null
  const running = watch(
    {
      clock,
      random: () => 0.5,
      settings: async () => ({ settings, faults: [] }),
      onHangup(act) {
        hangup = act
      },
      service: (warn) => openServiceManager({}, process.pid, warn),
    },
    QUIET,
    { now: clock.now, signal: stopping.signal, emit: () => {} },
    { onEvent: keep, onWatch: keep, warn() {}, end() {} },
  )
  running.then(
    (code) => {
      ended = new Error(`the daemon has ended with ${code}`)
    },
    (error: unknown) => {
      ended = error
    },
  )
  const daemon: DaemonHere = {
    clock,
    events,
    pace: 1_000,
    get settings() {
      return settings
    },
    set settings(next) {
      settings = next
    },
    hangup: () => hangup(),
    async until(isSo) {
      while (!(await isSo())) {
        if (ended !== null) throw ended
        await clock.advance(daemon.pace)
        // While git or rsync is at work, time would only go by, and bring more of the same work.
        await new Promise((done) => setTimeout(done, programs() > others ? 25 : 5))
      }
    },
    async saw(type, isIt = () => true, from = 0) {
      type Found = Extract<Event, { type: typeof type }>
      const find = () =>
        events.slice(from).find((event): event is Found => event.type === type && isIt(event as Found))
      await daemon.until(() => find() !== undefined)
      return find()!
    },
    finished: async (backup, from = 0) =>
      (await daemon.saw('backup-finished', (event) => event.backup === backup, from)).outcome,
    mark: () => events.length,
    take: () => events.splice(0),
    async stop() {
      stopping.abort(new Stop('terminate'))
      return running
    },
  }
  return daemon
}
