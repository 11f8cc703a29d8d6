import { setTimeout as sleep } from 'node:timers/promises'
import type { Backups } from './day-backups.ts'
import type { Chances } from './day-chances.ts'
import type { DayDaemon } from './day-daemon.ts'
import type { Journal } from './day-journal.ts'
import { killAll, membersOf } from './fault-processes.ts'

const MINUTE = 60_000

/** When the daemon is met by SIGKILL, in real time. */
const MOMENTS = ['any', 'starting', 'pulling', 'publishing', 'leaving-rsync'] as const

export interface Kills {
  /** Ends the daemon in the middle of something, and starts it again, at once or later. */
  kill(): Promise<void>
  /** What was left behind and stands still goes on, or dies. */
  wake(): void
  /** Nothing that was left behind lives on. */
  end(): void
  counts(): KillCounts
  /** What was half there under a final name when the daemon had died. */
  readonly halves: readonly string[]
}

export interface KillCounts {
  readonly kills: number
  /** So many of them with runs under way. */
  readonly amidRuns: number
  /** With an rsync at work in a destination. */
  readonly amidRsync: number
  /** So many of these rsyncs were still there after it, for some time. */
  readonly leftBehind: number
}

export function dayKills(
  daemon: DayDaemon,
  journal: Journal,
  backups: Backups,
  /** Milliseconds within which the daemon has seen a new spec. */
  lookTime: number,
  chance: Chances,
): Kills {
  const halves: string[] = []
  const counts = { kills: 0, amidRuns: 0, amidRsync: 0, leftBehind: 0 }
  const nextMoment = chance.turns(MOMENTS)

  /** Some runs begin; comes back in the middle of one, when it should. */
  async function meet(moment: (typeof MOMENTS)[number]): Promise<void> {
    const some = Array.from({ length: 3 }, () => chance.of(backups.all))
    for (const one of some) await backups.offerLarge(one)
    await backups.change(...new Set(some))
    const after = chance.below(200)
    const passing = daemon.pass(lookTime)
    const event =
      moment === 'any' || moment === 'starting'
        ? sleep(5 * after)
        : journal.next(moment === 'publishing' ? 'published' : 'batch-started')
    await Promise.race([event, passing])
    if (moment === 'leaving-rsync') await freezeRsync(passing)
    else await sleep(moment === 'publishing' ? after / 10 : moment === 'pulling' ? after : 0)
  }

  /** Stands still from now on, as one that waits for a dead disk: its parent's death alone does not end all of it. */
  async function freezeRsync(passing: Promise<void>): Promise<void> {
    let hasPassed = false
    void passing.then(() => {
      hasPassed = true
    })
    for (; !hasPassed && daemon.pid() !== null; await sleep(2)) {
      const receivers = [...journal.rsyncs(daemon.pid()!).keys()].flatMap((group) =>
        membersOf(group).filter(({ pid, program }) => pid !== group && program === 'rsync'),
      )
      for (const { pid } of receivers) signal(pid, 'SIGSTOP')
      if (receivers.length > 0) return
    }
  }

  async function strike(): Promise<void> {
    const pid = daemon.pid()
    const running = new Map(journal.underWay())
    const rsyncs = pid === null ? new Map<number, string>() : journal.rsyncs(pid)
    await daemon.kill()
    counts.kills++
    if (running.size > 0) counts.amidRuns++
    if (rsyncs.size > 0) counts.amidRsync++
    journal.died(rsyncs)
    const left = journal.left()
    counts.leftBehind += [...rsyncs.keys()].filter((group) => left.has(group)).length
    const taken = new Set(left.values())
    for (const one of backups.all) if (taken.has(one.destination)) one.wellFrom = Number.POSITIVE_INFINITY
    for (const to of running.values()) halves.push(...(await backups.halves(to)))
  }

  return {
    halves,
    counts: () => counts,
    async kill() {
      const moment = nextMoment()
      await meet(moment)
      await strike()
      if (moment === 'starting') {
        const starting = daemon.start()
        await sleep(chance.below(700))
        await strike()
        await starting
      }
      if (chance.below(3) === 0) {
        await daemon.pass(chance.below(90) * MINUTE)
        await backups.change(chance.of(backups.all))
        await backups.offer(chance.of(backups.all))
      }
      await daemon.start()
    },
    wake() {
      for (const group of journal.left().keys())
        for (const { pid } of membersOf(group)) signal(pid, 'SIGCONT')
      for (const one of backups.all)
        if (one.wellFrom === Number.POSITIVE_INFINITY) one.wellFrom = daemon.lived() + 19 * MINUTE
    },
    end() {
      for (const group of journal.left().keys()) killAll(membersOf(group).map(({ pid }) => pid))
    },
  }
}

function signal(pid: number, name: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
