import type { SpecsDecided } from '../decide/specs/changes.ts'
import { backoff } from '../decide/time/backoff.ts'
import { promise } from '../decide/time/next-run.ts'
import type { Clock } from '../model/clock.ts'
import { Stop } from '../model/failure.ts'
import { type Instant, instant } from '../model/instant.ts'
import type { BackupOutcome } from '../model/outcome.ts'
import type { Promised } from '../model/status.ts'
import type { BeatOfBackup } from '../model/watch-beat.ts'
import type { Cause, WatchEvent } from '../model/watch-event.ts'
import type { ActiveSpec } from '../model/watched-specs.ts'
import { type Backup, type ClockReading, dueIn, newBackup, scheduledIn } from './due.ts'
import { queue } from './queue.ts'

export interface LoopPorts {
  readonly clock: Clock
  /** From 0 up to 1. */
  readonly random: () => number
  /** Backups at once. */
  readonly concurrency: () => number
  /** Reads the specs again. Null: they could not be read, which it has reported; the current ones stay. Throws only for a bug. */
  readonly look: () => Promise<SpecsDecided | null>
  /** The same pass that `reconcile` runs: reads everything anew. Throws only for a bug. */
  readonly pass: (
    one: ActiveSpec,
    how: {
      readonly signal: AbortSignal
      readonly promise: (outcome: Ending) => Promised
    },
  ) => Promise<BackupOutcome>
  /** When a backup is due first, by what an earlier process promised. */
  readonly firstDue: (one: ActiveSpec) => Promise<Instant>
  readonly emit: (event: WatchEvent) => void
  /** The commit of the specs that are obeyed. */
  readonly revision: () => string | null
  /** A newer commit that is not taken; null: none is known. */
  readonly notTaken: () => string | null
}

/** The part of an outcome that decides when the next pass is. */
type Ending = Pick<BackupOutcome, 'result' | 'retry' | 'off'>

/**
 * When a backup that its timetable stopped may continue, or quiet's next look is due; null: neither. A file that never stops changing is
 * looked at less and less often.
 */
function resumeOf(
  { active: { spec }, looks }: Backup,
  { result, off }: Ending,
  now: Instant,
): Instant | null {
  if (result !== 'incomplete') return null
  if (off !== null) return off.until === null ? null : instant(Date.parse(off.until))
  const { finished } = spec
  if (finished.kind !== 'quiet') return null
  return instant(now + Math.max(finished.seconds, backoff(looks + 1, 0.5)) * 1000)
}

export type Loop = ReturnType<typeof watchLoop>

export interface Standing extends Pick<BeatOfBackup, 'backup' | 'phase' | 'failures' | 'crash'> {
  readonly nextRun: Instant
  readonly active: ActiveSpec
}

/** Milliseconds within which a jump of the wall clock, or a sleep of the machine, is noticed. */
const LONGEST_REST = 30_000
/** Milliseconds by which both clocks may drift apart unreported. */
const DRIFT = 5_000

/**
 * Level-based: a trigger only queues a name, and the run reads everything anew. Waits are monotonic; what depends on the wall clock is
 * evaluated each time, so that a clock that jumps neither starves a backup nor starts all of them.
 */
export function watchLoop(ports: LoopPorts) {
  const { clock, emit } = ports
  const backups = new Map<string, Backup>()
  const runs = new Map<string, { readonly controller: AbortController; readonly ended: Promise<void> }>()
  const waitingRuns = queue<Cause>({
    concurrency: ports.concurrency,
    needs(name) {
      const one = backups.get(name)?.active
      if (one === undefined) return []
      const { source } = one.spec
      return [`place ${one.place}`, ...(source.kind === 'ssh' ? [`host ${source.host}`] : [])]
    },
  })
  let waking = new AbortController()
  let wantsLook = true
  let looking: Promise<void> | null = null
  let decided: SpecsDecided | null = null
  let isHeld = false
  let bug: { readonly error: unknown } | null = null
  let drift = clock.now() - clock.monotonic()

  const wake = (): void => waking.abort()
  const here = (): ClockReading => ({ wall: clock.now(), passed: clock.monotonic() })
  const trigger = (name: string, cause: Cause): void => {
    waitingRuns.add(name, cause)
    wake()
  }

  function stop(name: string, why: string): void {
    const run = runs.get(name)
    if (run === undefined || run.controller.signal.aborted) return
    emit({ type: 'stopped-run', backup: name, why })
    run.controller.abort(new Stop('superseded'))
  }

  /** Adopts the newest specs. Runs only those whose canonical form changed. */
  function obey({ active, changed, added, removed, renamed, holds }: SpecsDecided): void {
    const words = new Map(active.map((one) => [one.spec.name as string, one]))
    for (const { from, to } of renamed) {
      const known = backups.get(from.spec.name)
      backups.delete(from.spec.name)
      waitingRuns.forget(from.spec.name)
      stop(from.spec.name, 'it was renamed')
      if (known !== undefined) backups.set(to.spec.name, known)
    }
    for (const { spec } of removed) {
      backups.delete(spec.name)
      waitingRuns.forget(spec.name)
      stop(spec.name, 'its spec was removed')
    }
    for (const [name, word] of words) {
      const known = backups.get(name)
      if (known === undefined) backups.set(name, newBackup(word, here()))
      else known.active = word
    }
    for (const { to } of [...changed, ...renamed]) {
      const known = backups.get(to.spec.name)
      if (known !== undefined) Object.assign(known, { failures: 0, retryAt: null, resumeAt: null, looks: 0 })
      stop(to.spec.name, 'its spec has changed')
      trigger(to.spec.name, 'spec-changed')
    }
    for (const { spec } of added) trigger(spec.name, 'spec-added')
    // A hold over all backups has ended: run them at once.
    if (isHeld && holds.length === 0) for (const name of backups.keys()) trigger(name, 'released')
    isHeld = holds.length > 0
  }

  function standing(): readonly Standing[] {
    const [waiting, running] = [new Set(waitingRuns.waiting()), new Set(waitingRuns.running())]
    return [...backups].map(([backup, one]) => ({
      backup,
      phase: running.has(backup) ? 'running' : waiting.has(backup) ? 'queued' : 'idle',
      nextRun: instant(clock.now() + Math.max(0, dueIn(one, here()).rest)),
      failures: one.failures,
      crash: one.crash,
      active: one.active,
    }))
  }

  /** Queues what is due. Returns the milliseconds until the next one is; queued and running ones do not count, as their end wakes us. */
  function triggerDue(): number {
    const busy = new Set([...waitingRuns.waiting(), ...waitingRuns.running()])
    let least = LONGEST_REST
    for (const [name, backup] of backups) {
      if (busy.has(name)) continue
      const { rest, cause } = dueIn(backup, here())
      if (rest <= 0) waitingRuns.add(name, cause)
      else least = Math.min(least, rest)
    }
    return least
  }

  function start(name: string, causes: readonly Cause[]): void {
    const backup = backups.get(name)
    if (backup === undefined) {
      waitingRuns.done(name)
      return
    }
    Object.assign(backup, { began: here(), retryAt: null, resumeAt: null })
    emit({ type: 'triggered', backup: name, causes, revision: ports.revision(), notTaken: ports.notTaken() })
    const controller = new AbortController()
    const { active } = backup
    const ended = ports
      .pass(active, {
        signal: controller.signal,
        promise: (outcome) => promised(backup, outcome, controller.signal),
      })
      .then((outcome) => finish(name, backup, outcome, controller.signal))
      .catch((error: unknown) => crash(name, backup, error))
      .finally(() => {
        runs.delete(name)
        waitingRuns.done(name)
        wake()
      })
    runs.set(name, { controller, ended })
  }

  function promised(backup: Backup, outcome: Ending, signal: AbortSignal): Promised {
    const { wall } = here()
    const { result, retry } = outcome
    const { spec } = backup.active
    if (retry) return promise(spec.schedule, instant(wall + backoff(backup.failures + 1, 1) * 1000))
    // Stopped: it continues as soon as possible, after a restart or with its new spec.
    if (signal.aborted && (result === 'cancelled' || result === 'incomplete'))
      return promise(spec.schedule, wall)
    const next = instant(wall + Math.max(0, scheduledIn(backup, here())))
    const resume = resumeOf(backup, outcome, wall)
    return promise(spec.schedule, resume !== null && resume < next ? resume : next)
  }

  function finish(name: string, backup: Backup, outcome: BackupOutcome, signal: AbortSignal): void {
    backup.crash = null
    // It was stopped: that says nothing about the source.
    if (signal.aborted) return
    if (outcome.retry) {
      fail(name, backup)
      return
    }
    backup.failures = 0
    backup.resumeAt = resumeOf(backup, outcome, clock.now())
    backup.looks = backup.resumeAt !== null && outcome.off === null ? backup.looks + 1 : 0
    if (outcome.result === 'in-sync' || outcome.result === 'applied') retrySameHost(name, backup)
  }

  function fail(name: string, backup: Backup): void {
    backup.failures++
    const seconds = backoff(backup.failures, ports.random())
    backup.retryAt = clock.monotonic() + seconds * 1000
    emit({ type: 'backing-off', backup: name, failures: backup.failures, seconds })
  }

  function crash(name: string, backup: Backup, error: unknown): void {
    const { message, stack = message } = error instanceof Error ? error : new Error(String(error))
    backup.crash = message
    emit({ type: 'crashed', backup: name, message, stack })
    fail(name, backup)
  }

  /** One backup succeeded: retry the others from the same host now. */
  function retrySameHost(name: string, { active: { spec } }: Backup): void {
    const { source } = spec
    if (source.kind !== 'ssh') return
    for (const [other, { active, retryAt }] of backups) {
      const far = active.spec.source
      if (other !== name && retryAt !== null && far.kind === 'ssh' && far.host === source.host)
        trigger(other, 'source-seen')
    }
  }

  /** In the background: a folder on a hanging server must not stop backups. */
  function lookIfWanted(): void {
    if (!wantsLook || looking !== null) return
    wantsLook = false
    looking = ports
      .look()
      .then(
        (found) => {
          if (found !== null) decided = found
        },
        (error: unknown) => {
          bug = { error }
        },
      )
      .then(() => {
        looking = null
        wake()
      })
  }

  function reportClockJumps(): void {
    const now = clock.now() - clock.monotonic()
    const leap = now - drift
    drift = now
    if (Math.abs(leap) > DRIFT) emit({ type: 'clock-leapt', seconds: Math.round(leap / 1000) })
  }

  return {
    /** Runs until the signal is aborted and every pass has ended; `before`: the specs in force at the start. */
    async run(before: readonly ActiveSpec[], signal: AbortSignal): Promise<void> {
      const stopAll = (): void => {
        emit({ type: 'stopping', running: [...runs.keys()] })
        for (const { controller } of runs.values()) controller.abort(signal.reason)
        wake()
      }
      signal.addEventListener('abort', stopAll, { once: true })
      const { wall, passed } = here()
      // All known before the first wait: a trigger that comes meanwhile (SIGHUP as it starts) is for all of them.
      const known = before.map((one) => newBackup(one, { wall, passed }))
      for (const backup of known) backups.set(backup.active.spec.name, backup)
      for (const backup of known) {
        const due = await ports.firstDue(backup.active)
        backup.first = { wall: due, passed: passed + Math.max(0, due - wall) }
      }
      try {
        // Do not start old specs that the first look would stop at once; but do not wait for a look that hangs.
        lookIfWanted()
        if (!signal.aborted) await clock.wait(LONGEST_REST, waking.signal)
        while (!signal.aborted) {
          waking = new AbortController()
          reportClockJumps()
          lookIfWanted()
          if (decided !== null) obey(decided)
          decided = null
          const rest = triggerDue()
          for (let next = waitingRuns.take(); next !== null; next = waitingRuns.take())
            start(next.name, next.causes)
          if (bug !== null) throw bug.error
          await clock.wait(rest, waking.signal)
        }
      } finally {
        signal.removeEventListener('abort', stopAll)
        for (const { controller } of runs.values()) controller.abort(signal.reason ?? new Stop('terminate'))
        await Promise.all([looking, ...[...runs.values()].map(({ ended }) => ended)])
      }
    },
    /** The specs may have changed. */
    look(): void {
      wantsLook = true
      wake()
    },
    /** Runs one backup, or all, as soon as possible. */
    trigger(name: string | null, cause: Cause): void {
      for (const one of name === null ? backups.keys() : [name]) if (backups.has(one)) trigger(one, cause)
    },
    /** Ends a backup's run, if there is one, and keeps the bytes received. */
    stop,
    /** The state of each backup. */
    standing,
  }
}
