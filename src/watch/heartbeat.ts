import { randomUUID } from 'node:crypto'
import { access } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BackupOutcome } from '../model/outcome.ts'
import { systemErrorOf } from '../model/system-error.ts'
import { callNow, nameOf, type Place, whyNot } from './deliver.ts'

interface Target extends Place {
  /** A file that does not exist is no trouble. */
  readonly isOptional?: boolean
  /** What ties the end of a run to its beginning, so that the service can measure how long it took. */
  readonly rid?: string
}

interface Options {
  readonly signal: AbortSignal
  readonly warn: (text: string) => void
  /** The fault or hold over the spec of each backup that has one, whatever its passes return. */
  readonly over: ReadonlyMap<string, string>
}

export interface HeartbeatOptions extends Options {
  /** Read for each call. Null: no heartbeat. */
  readonly place: () => Target | null
}

/** `log` is recorded, and neither a success nor a failure. */
type Call = 'start' | '' | 'fail' | 'log'

/** Milliseconds that the end of a short pass waits for its `start` call. */
const PATIENCE = 3000

/** Milliseconds. */
const MINUTE = 60_000

/** Characters. */
const LONGEST_BODY = 10_000

/** Makes one call, with retries unless it is a `start`: that one matters little, as the end will be reported. Never throws. */
async function call(which: Call, lines: Iterable<string>, { place, signal, warn }: HeartbeatOptions) {
  const target = place()
  if (target === null || (target.isOptional === true && (await isMissing(target.urlFile)))) return
  const asked = {
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    query: target.rid === undefined ? {} : { rid: target.rid },
    body: [...lines].join('\n').slice(0, LONGEST_BODY),
    under: which,
  }
  const isStart = which === 'start'
  const sent = await callNow(target, asked, signal, isStart)
  if (sent !== null && sent.state !== 'delivered' && !isStart)
    warn(whyNot(sent, `the heartbeat to ${nameOf(target)}`))
}

const isMissing = (file: string): Promise<boolean> =>
  access(file).then(
    () => false,
    (error: unknown) => systemErrorOf(error)?.name === 'ENOENT',
  )

/** For one pass: `start` as it begins, in the background, then the bare URL, `fail` or `log`. */
export function passHeartbeat(options: HeartbeatOptions) {
  const startCut = new AbortController()
  let started: Promise<void> = Promise.resolve()
  return {
    began(): void {
      const signal = AbortSignal.any([startCut.signal, options.signal])
      started = call('start', [], { ...options, signal })
    },
    /** Null: how it ended is unknown. */
    async ended(which: Exclude<Call, 'start'> | null, lines: readonly string[]): Promise<void> {
      // `start` must not arrive after the end: it would look like another start.
      const { signal } = options
      await Promise.race([started, sleep(PATIENCE, undefined, { signal, ref: false }).catch(() => {})])
      startCut.abort()
      await started
      if (which !== null) await call(which, lines, options)
    },
  }
}

export interface EachOptions extends Options {
  /** Of each backup, by name; read for each pass. Null: it has none. */
  readonly place: (backup: string) => Place | null
}

/**
 * For each backup that has a URL of its own: `start` when its pass has the destination to itself, so that one that finds it in use does not
 * restart the measured run; then how it ended. Success is said only of a pass that ran to its end with exit code 0 (I14).
 */
export function eachHeartbeat({ place, ...options }: EachOptions) {
  const running = new Map<string, ReturnType<typeof passHeartbeat>>()
  const calling = new Map<string, Promise<void>>()

  function open(backup: string) {
    const where = place(backup)
    const one = where === null ? null : { ...where, isOptional: true, rid: randomUUID() }
    return passHeartbeat({ ...options, place: () => one })
  }

  /** One after another for each backup. */
  function queue(backup: string, act: () => Promise<void>): void {
    calling.set(backup, (calling.get(backup) ?? Promise.resolve()).then(act))
  }

  return {
    began(backup: string): void {
      const beat = open(backup)
      running.set(backup, beat)
      queue(backup, async () => beat.began())
    },
    /** Whether a pass follows or not. */
    fail(backup: string, line: string): void {
      queue(backup, () => open(backup).ended('fail', [line]))
    },
    finished({ backup, result, exitCode }: BackupOutcome, lines: readonly string[]): void {
      const beat = running.get(backup) ?? open(backup)
      running.delete(backup)
      const fault = options.over.get(backup)
      const isWhole = result === 'in-sync' || result === 'applied'
      const which = exitCode !== 0 || fault !== undefined ? 'fail' : isWhole ? '' : 'log'
      const all = fault === undefined ? lines : [...lines, fault]
      queue(backup, () => beat.ended(result === 'cancelled' ? null : which, all))
    },
    async settled(): Promise<void> {
      await Promise.all(calling.values())
    },
  }
}

/**
 * For `watch`: the bare URL after each good pass while no backup is failing, at most once a minute; `fail` when one starts to fail.
 * A backup that has not run yet counts as `remember` says; one with a fault or hold over its spec fails, whatever its passes return.
 */
export function watchHeartbeat(options: HeartbeatOptions & { readonly onGood: () => void }) {
  const unwell = new Map<string, string>()
  const { over } = options
  let calling: Promise<void> | null = null
  let next: (() => Promise<void>) | null = null
  let lastGood = Number.NEGATIVE_INFINITY
  let isFailing = false

  /** One call at a time; of those waiting only the newest is made, as it says everything. */
  function queue(one: () => Promise<void>): void {
    next = one
    calling ??= (async () => {
      while (next !== null) {
        const now = next
        next = null
        await now()
      }
      calling = null
    })()
  }

  function fail(): void {
    isFailing = true
    const lines = new Set([...over.values(), ...unwell.values()])
    queue(() => call('fail', lines, options))
  }

  return {
    remember(backup: string, line: string | null): void {
      if (line === null) unwell.delete(backup)
      else unwell.set(backup, line)
    },
    fail,
    finished({ backup, result, exitCode }: BackupOutcome, line: string): void {
      if (result === 'busy' || result === 'cancelled' || result === 'suspended') return
      const wasWell = !unwell.has(backup)
      if (exitCode !== 0) {
        unwell.set(backup, line)
        if (wasWell && !over.has(backup)) fail()
        return
      }
      unwell.delete(backup)
      const now = performance.now()
      if (unwell.size + over.size > 0 || (wasWell && !isFailing && now - lastGood < MINUTE)) return
      isFailing = false
      lastGood = now
      options.onGood()
      queue(() => call('', [], options))
    },
    async settled(): Promise<void> {
      await calling
    },
  }
}
