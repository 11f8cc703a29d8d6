import { mkdir, mkdtemp, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { execa } from 'execa'
import { stringify } from 'yaml'
import type { Console } from '../../src/commands/console.ts'
import { watch } from '../../src/commands/watch.ts'
import type { Watchers } from '../../src/commands/watchers.ts'
import { Stop } from '../../src/model/failure.ts'
import type { DestinationStatus } from '../../src/model/status.ts'
import type { WatchEvent } from '../../src/model/watch-event.ts'
import { loadSpecs } from '../../src/specs/load-specs.ts'
import { openServiceManager } from '../../src/watch/systemd.ts'
import { type HandClock, handClock } from './hand-clock.ts'
import { digestOf, publishedIn } from './world.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** What a backup is declared as now, and what its source has. */
interface Declared {
  name: string
  readonly source: string
  destination: string
  readonly hours: number
  /** Changes the spec's canonical form. */
  tag: number
  readonly files: Map<string, string>
  isDown: boolean
  isBroken: boolean
}

export interface DayReport {
  readonly passes: number
  readonly changes: number
  readonly leaps: number
  readonly outages: number
  readonly restarts: number
  /** Runs of one destination that overlapped. */
  readonly overlaps: readonly string[]
  /** Longest time between two runs of a backup, as a multiple of its schedule. */
  readonly longestGap: number
  /** Backups whose destination is not what their source has, or that were last run by another spec than the newest. */
  readonly astray: readonly string[]
  /** Folders left behind that are not as they were left. */
  readonly disturbed: readonly string[]
  readonly crashes: readonly string[]
  /** Bytes of heap after a full collection, each simulated hour. */
  readonly heap: readonly number[]
}

/** The same numbers for the same seed. */
function chances(seed: number) {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  return {
    next,
    below: (n: number) => Math.floor(next() * n),
    of: <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!,
  }
}

function collect(): number {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
  return process.memoryUsage().heapUsed
}

/**
 * The real daemon over real folders, git and rsync, by a clock that is moved by hand: some hours in which people edit, commit and check
 * out specs, machines fail and come back, clocks leap, and the daemon is restarted. Then all is put right, and it is told what is where.
 */
export async function simulateDay(options: {
  readonly backups: number
  readonly hours: number
  readonly seed: number
  /** Things that happen in an hour. */
  readonly pace: number
  /** Hours between two runs, at least. */
  readonly every: number
}): Promise<DayReport> {
  const root = await mkdtemp(join(tmpdir(), 'simulated-day-'))
  const repo = join(root, 'repo')
  const specs = join(repo, 'backups.d')
  const chance = chances(options.seed)
  const clock = handClock(Date.now())
  const daemon = newDaemon(clock, { specs, state: join(root, 'state') }, chance.next)
  const all: Declared[] = []
  const left = new Map<string, string>()
  let made = 0
  const counts = { changes: 0, leaps: 0, outages: 0, restarts: 0 }
  const heap: number[] = []
  const git = (...words: string[]) =>
    execa('git', ['-c', 'user.name=x', '-c', 'user.email=x@y', '-c', 'core.fsync=none', ...words], {
      cwd: repo,
    })

  const file = (one: Declared) => join(specs, `${one.name}.yaml`)
  async function declare(one: Declared): Promise<void> {
    const document = {
      version: 1,
      source: { path: one.source },
      destination: { path: one.destination, minFree: '1MiB' },
      select: { exclude: [`never-${one.tag}`] },
      schedule: { every: `${Math.round(one.hours * 60)}m` },
    }
    await writeFile(file(one), `${stringify(document)}${one.isBroken ? 'broken: [' : ''}`)
  }
  async function offer(one: Declared): Promise<void> {
    const name = `dump-${made++}.tar`
    const bytes = `${name} ${'x'.repeat(chance.below(2_000))}`
    const at = one.isDown ? `${one.source}.down` : one.source
    await writeFile(join(at, name), bytes)
    await writeFile(join(at, `${name}.md5`), `${digestOf('md5', bytes)}  ${name}\n`)
    one.files.set(name, bytes)
  }
  const change = async (one: Declared): Promise<void> => {
    one.tag++
    counts.changes++
    await declare(one)
  }
  const recover = async (one: Declared): Promise<void> => {
    if (one.isDown) await rename(`${one.source}.down`, one.source)
    one.isDown = false
    if (!one.isBroken) return
    one.isBroken = false
    await declare(one)
  }

  const deeds: readonly ((one: Declared) => Promise<void>)[] = [
    offer,
    offer,
    offer,
    change,
    async (one) => {
      const text = await readFile(file(one), 'utf8')
      await writeFile(file(one), `# looked at again\n${text}`)
      await utimes(file(one), new Date(), new Date())
    },
    async (one) => {
      one.isBroken = true
      await declare(one)
    },
    async (one) => {
      if (one.isDown) return
      counts.outages++
      one.isDown = true
      await rename(one.source, `${one.source}.down`)
    },
    recover,
    async (one) => {
      // Nobody can tell whose a faulty file is once it has another name.
      await recover(one)
      await daemon.pass(2 * MINUTE)
      await rm(file(one))
      one.name = `n${made++}-${one.name.replace(/^n\d+-/, '')}`
      one.tag++
      counts.changes++
      await declare(one)
    },
    async (one) => {
      await recover(one)
      await daemon.pass(2 * MINUTE)
      const before = one.destination
      one.destination = join(root, 'off', `moved-${made++}`)
      await change(one)
      // Until the daemon has seen it, a run may still go there.
      await daemon.pass(3 * MINUTE)
      left.set(before, await pictureOf(before))
    },
    async () => {
      counts.leaps++
      clock.leap((chance.next() - 0.5) * 12 * HOUR)
    },
    async () => {
      await git('add', '-A')
      await git('commit', '-q', '--allow-empty', '-m', 'before')
      for (let i = 0; i < 5; i++) await change(chance.of(all))
      await git('add', '-A')
      await git('commit', '-qm', 'after')
      await git('checkout', '-q', 'HEAD~1')
      await daemon.pass(2 * MINUTE)
      await git('checkout', '-q', 'main')
    },
    async () => {
      counts.restarts++
      await daemon.restart()
    },
  ]

  try {
    await mkdir(specs, { recursive: true })
    await git('init', '-q', '-b', 'main')
    for (let i = 0; i < options.backups; i++) {
      const name = `b${String(i).padStart(3, '0')}`
      const source = join(root, 'sources', name)
      await mkdir(source, { recursive: true })
      const one: Declared = {
        name,
        source,
        destination: join(root, 'off', name),
        hours: options.every * (1 + chance.below(3)),
        tag: 0,
        files: new Map(),
        isDown: false,
        isBroken: false,
      }
      all.push(one)
      await declare(one)
      await offer(one)
    }
    daemon.start()
    await daemon.pass(5 * MINUTE)
    for (let hour = 0; hour < options.hours; hour++) {
      for (let i = 0; i < options.pace; i++) {
        await chance.of(deeds)(chance.of(all))
        await daemon.pass(HOUR / options.pace / 2, chance.below(4) > 0)
        // Some change of mind comes while runs are still under way.
        if (chance.below(3) === 0) await chance.of(deeds.slice(0, 5))(chance.of(all))
        await daemon.pass(HOUR / options.pace / 2)
      }
      heap.push(collect())
    }
    for (const one of all) await recover(one)
    await daemon.pass(5 * MINUTE)
    for (let i = 0; i < 3 * options.every * 4 + 8; i++) await daemon.pass(15 * MINUTE)
    await daemon.stop()
    return {
      passes: daemon.passes(),
      ...counts,
      overlaps: daemon.overlaps,
      longestGap: daemon.longestGap(all),
      astray: await astrayOf(all, specs),
      disturbed: await disturbedOf(left),
      crashes: daemon.crashes,
      heap,
    }
  } finally {
    await daemon.stop()
    await rm(root, { recursive: true, force: true })
  }
}

function newDaemon(
  clock: HandClock,
  place: { readonly specs: string; readonly state: string },
  random: () => number,
) {
  const under = new Map<string, string>()
  const began = new Map<string, number[]>()
  const overlaps: string[] = []
  const crashes: string[] = []
  let passes = 0
  let open = 0
  let stopping = new AbortController()
  let running: Promise<number> | null = null
  const watchers: Watchers = {
    onEvent(event) {
      if (event.type === 'backup-started') {
        const other = under.get(event.to)
        if (other !== undefined) overlaps.push(`${event.backup} over ${other} in ${event.to}`)
        under.set(event.to, event.backup)
      } else if (event.type === 'backup-finished') {
        open--
        for (const [to, name] of under) if (name === event.backup) under.delete(to)
      }
    },
    onWatch(event: WatchEvent) {
      if (event.type === 'triggered') {
        passes++
        open++
        const name = event.backup.replace(/^n\d+-/, '')
        began.set(name, [...(began.get(name) ?? []), clock.monotonic()])
      } else if (event.type === 'crashed') {
        open--
        crashes.push(event.stack)
      }
    },
    warn() {},
    end() {},
  }
  const quiet = {
    output: 'text',
    write() {},
    tell() {},
    color: { write: false, tell: false },
  } as unknown as Console
  const settings = {
    file: null,
    specs: { kind: 'folder', path: place.specs },
    state: place.state,
    concurrency: 3,
    bandwidth: null,
    roots: null,
    notify: [],
    heartbeat: null,
  } as const
  const settle = async (): Promise<void> => {
    do await new Promise((done) => setTimeout(done, 3))
    while (open > 0)
  }
  const daemon = {
    overlaps,
    crashes,
    passes: () => passes,
    longestGap: (all: readonly Pick<Declared, 'name' | 'hours'>[]) =>
      Math.max(
        ...all.map(({ name, hours }) => {
          const times = [...(began.get(name.replace(/^n\d+-/, '')) ?? []), clock.monotonic()]
          return Math.max(...times.map((time, i) => time - (times[i - 1] ?? 0))) / (hours * HOUR)
        }),
      ),
    settle,
    start() {
      stopping = new AbortController()
      const terms = {
        clock,
        random,
        settings: async () => ({ settings, faults: [] }),
        onHangup: () => {},
        service: (warn: (text: string) => void) => openServiceManager({}, process.pid, warn),
      }
      running = watch(terms, quiet, { now: clock.now, signal: stopping.signal, emit: () => {} }, watchers)
      running.catch(() => {})
    },
    async stop() {
      stopping.abort(new Stop('terminate'))
      await running
      running = null
    },
    async restart() {
      await daemon.stop()
      daemon.start()
      await settle()
    },
    /** Lets time pass, in steps in which what reads and runs comes along. */
    async pass(milliseconds: number, isWaitedFor = true) {
      for (let passed = 0; passed < milliseconds; passed += MINUTE) {
        await clock.advance(Math.min(MINUTE, milliseconds - passed))
        if (isWaitedFor) await settle()
      }
    },
  }
  return daemon
}

/** Every file with its bytes, and when it was written, but for what is written by a mere look. */
async function pictureOf(folder: string): Promise<string> {
  const names = await readdir(folder).catch(() => [])
  const files = names.length === 0 ? new Map() : await publishedIn(folder)
  const ledger = await readFile(join(folder, '.reconcile/ledger.jsonl'), 'utf8').catch(() => '')
  return JSON.stringify([[...files], ledger])
}

async function disturbedOf(left: ReadonlyMap<string, string>): Promise<string[]> {
  const found: string[] = []
  for (const [folder, picture] of left) if ((await pictureOf(folder)) !== picture) found.push(folder)
  return found
}

async function astrayOf(all: readonly Declared[], specs: string): Promise<string[]> {
  const { specs: read } = await loadSpecs(specs, { roots: null, home: '/' })
  const digests = new Map(read.map((spec) => [spec.name as string, spec.digest]))
  const found: string[] = []
  for (const { name, destination, files } of all) {
    const held = await publishedIn(destination).catch(() => new Map<string, string>())
    const missing = [...files].filter(([path, bytes]) => held.get(path) !== bytes || !held.has(`${path}.md5`))
    if (missing.length > 0) found.push(`${name}: ${missing.length} of ${files.size} files are not there`)
    const status = JSON.parse(
      await readFile(join(destination, '.reconcile/status.json'), 'utf8').catch(() => '{}'),
    ) as Partial<DestinationStatus>
    if (status.observed?.digest !== digests.get(name)) found.push(`${name}: last run by another spec`)
  }
  return found
}
