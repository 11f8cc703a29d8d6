import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Declared, dayBackups } from './day-backups.ts'
import { chances } from './day-chances.ts'
import { type DayDaemon, dayDaemon } from './day-daemon.ts'
import { dayJournal } from './day-journal.ts'
import { dayKills, type KillCounts } from './day-kills.ts'
import { type SpecsOfDay, specsInFolder, specsInGit } from './day-specs.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

export interface DayReport {
  readonly passes: number
  readonly changes: number
  readonly leaps: number
  readonly outages: number
  readonly restarts: number
  /** What befell the specs as a whole. */
  readonly specs: Readonly<Record<string, number>>
  readonly kills: KillCounts
  /** Passes that found their destination taken. */
  readonly busy: number
  /** Runs of one destination that overlapped. */
  readonly overlaps: readonly string[]
  /** Longest time between two runs of a backup while the daemon lived, as a multiple of its schedule. */
  readonly longestGap: number
  /** At the end of an hour: backups last run by another spec than the one in force. */
  readonly unheeded: readonly string[]
  /** Backups whose destination is not what their source has at the end. */
  readonly astray: readonly string[]
  /** Folders left behind that are not as they were left. */
  readonly disturbed: readonly string[]
  /** Half files under a final name. */
  readonly halves: readonly string[]
  readonly crashes: readonly string[]
  /** Bytes of the daemon's heap after a full collection, each simulated hour. */
  readonly heap: readonly number[]
}

/**
 * The real daemon over real folders, git and rsync, by a clock that is moved by hand: some hours in which people edit, commit and check
 * out or push specs, machines fail and come back, clocks leap, and the daemon is restarted, or killed. Then all is put right, and it is
 * told what is where.
 */
export async function simulateDay(options: {
  readonly backups: number
  readonly hours: number
  readonly seed: number
  /** Things that happen in an hour. */
  readonly pace: number
  /** Hours between two runs, at least. */
  readonly every: number
  readonly specs: 'folder' | 'git'
  /** Each so-manieth thing is a SIGKILL; null: the daemon lives through the day. */
  readonly kills: number | null
}): Promise<DayReport> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'simulated-day-')))
  const chance = chances(options.seed)
  const counts = { leaps: 0, restarts: 0 }
  const unheeded: string[] = []
  const heap: number[] = []
  const journal = dayJournal(() => daemon.lived())
  const backups = await dayBackups(
    root,
    options,
    chance,
    () => daemon.lived(),
    () => specs,
  )
  const { all } = backups
  const specs: SpecsOfDay =
    options.specs === 'folder'
      ? await specsInFolder(
          root,
          () => backups.change(...Array.from({ length: 5 }, () => chance.of(all))),
          (milliseconds) => daemon.pass(milliseconds),
        )
      : await specsInGit({ chance, interval: 900, hold: findHold })
  const rest = {
    file: null,
    configFolders: [],
    concurrency: 3,
    bandwidth: null,
    roots: null,
    notify: [],
    heartbeat: null,
    drills: [],
  }
  const daemon: DayDaemon = dayDaemon({ ...rest, ...specs.settings }, journal.heed)
  const killing = dayKills(daemon, journal, backups, specs.lookTime, chance)

  async function findHold(): Promise<string> {
    for (let tries = 0; tries < 3; tries++) {
      await daemon.hangup()
      await daemon.pass(specs.lookTime)
      const hold = journal.holdOf('history-rewritten')
      if (hold !== null) return hold
    }
    throw new Error('a rewritten history is not held')
  }
  /** Nothing is wrong with the specs, and they have been seen. */
  async function quiet(some: readonly Declared[] = all): Promise<void> {
    for (const one of specs.isWhole ? all : some) await backups.mendSpec(one)
    await specs.mend()
    await daemon.pass(specs.lookTime)
  }

  const deeds: readonly ((one: Declared) => Promise<void>)[] = [
    backups.offer,
    backups.offer,
    backups.offer,
    (one) => backups.change(one),
    backups.touch,
    async (one) => {
      if (specs.isWhole) await quiet()
      await backups.breakSpec(one)
    },
    backups.goDown,
    backups.recover,
    async (one) => {
      // Nobody can tell whose a faulty file is once it has another name.
      await backups.recover(one)
      await quiet([one])
      await backups.rename(one)
    },
    async (one) => {
      killing.wake()
      await backups.recover(one)
      await quiet([one])
      const before = one.destination
      await backups.move(one)
      // Until the daemon has seen it, a run may still go there.
      await daemon.pass(specs.lookTime)
      await backups.leave(before)
    },
    async () => {
      counts.leaps++
      await daemon.leap(Math.round((chance.next() - 0.5) * 12 * HOUR))
    },
    async () => {
      counts.restarts++
      await daemon.restart()
    },
    ...specs.deeds.map((deed) => () => deed(() => quiet())),
  ]
  const nextDeed = chance.turns(deeds)
  let things = 0

  async function live(): Promise<void> {
    for (let i = 0; i < options.pace; i++) {
      if (options.kills !== null && ++things % options.kills === 0) await killing.kill()
      else await nextDeed()(chance.of(all))
      await daemon.pass(HOUR / options.pace / 2, chance.below(4) > 0)
      // Some change of mind comes while runs are still under way.
      if (chance.below(3) === 0) await chance.of(deeds.slice(0, 5))(chance.of(all))
      if (i === options.pace - 1) killing.wake()
      await daemon.pass(HOUR / options.pace / 2)
    }
  }

  try {
    for (const one of all) await backups.offer(one)
    await backups.change(...all)
    await daemon.start()
    await daemon.pass(5 * MINUTE)
    for (let hour = 0; hour < options.hours; hour++) {
      await live()
      for (const word of await backups.unheeded()) unheeded.push(`hour ${hour}: ${word}`)
      heap.push(await daemon.heap())
    }
    for (const one of all) await backups.recover(one)
    await quiet()
    // All that failed is tried again, and a last change is heeded by itself.
    await daemon.pass(20 * MINUTE)
    for (const word of await backups.unheeded()) unheeded.push(`at the end: ${word}`)
    // What was offered since a backup's last run is brought without waiting for its schedule.
    await daemon.hangup()
    await daemon.pass(2 * MINUTE)
    await daemon.stop()
    return {
      passes: journal.passes(),
      ...backups.counts(),
      ...counts,
      specs: specs.counts(),
      kills: killing.counts(),
      busy: journal.busy(),
      overlaps: journal.overlaps,
      longestGap: journal.longestGap(all),
      unheeded,
      astray: await backups.astray(),
      disturbed: await backups.disturbed(),
      halves: killing.halves,
      crashes: journal.crashes,
      heap,
    }
  } finally {
    await daemon.kill()
    killing.end()
    await specs.end()
    await rm(root, { recursive: true, force: true })
  }
}
