import { existsSync } from 'node:fs'
import { access } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { headText, type LedgerHead } from '../model/holding.ts'
import type { BackupOutcome } from '../model/outcome.ts'
import type { Heartbeat } from '../model/settings.ts'
import { systemErrorOf } from '../model/system-error.ts'
import { callNow, nameOf, type Place, whyNot } from './deliver.ts'
import type { Delivery } from './post.ts'

interface Target extends Place {
  /** A file that does not exist is no trouble. */
  readonly isOptional?: boolean
  /** What ties the end of a run to its beginning, so that the service can measure how long it took. */
  readonly rid?: string
}

/**
 * The files whose URLs passes over these backups call. Not every backup needs one of its own; if none has one, the path is probably wrong,
 * and the first is among them.
 */
export function heartbeatFiles(
  { urlFile, eachFile }: Heartbeat,
  names: readonly string[],
): readonly string[] {
  const each = eachFile === null ? [] : names.map((name) => eachFile.replaceAll('{name}', name))
  const present = each.filter((file) => existsSync(file))
  return [...(urlFile === null ? [] : [urlFile]), ...(present.length > 0 ? present : each.slice(0, 1))]
}

/** One call that is recorded there and changes no state: a test must not hide that passes have stopped. Throws only the signal's reason. */
export async function testHeartbeat(place: Place, line: string, signal: AbortSignal): Promise<Delivery> {
  const sent = await callNow(place, { ...TEXT, query: {}, body: line, under: 'log' }, signal, true)
  signal.throwIfAborted()
  return sent!
}

const TEXT = { headers: { 'content-type': 'text/plain; charset=utf-8' } }

interface Options {
  readonly signal: AbortSignal
  readonly warn: (text: string) => void
}

/** `log` is recorded, and neither a success nor a failure. */
type Call = 'start' | '' | 'fail' | 'log'

/** Milliseconds that the end of a short pass waits for its `start` call. */
const PATIENCE = 3000

/** Milliseconds. */
const MINUTE = 60_000

/** Why a call is cut off that was not answered in time for the end of the pass. */
export const TOO_LATE = 'too late'

/** Characters. */
const LONGEST_BODY = 10_000

/** Of these, the ledgers' heads: whoever keeps them finds a ledger that is cut short later, also where this box is gone. */
const HEADS = 8000

/** The head of its ledger as a line of a body; none if the pass did not get that far. */
export const headLines = ({
  backup,
  head,
}: {
  readonly backup: string
  readonly head?: LedgerHead | undefined
}): readonly string[] => (head === undefined ? [] : [`ledger ${backup} ${headText(head)}`])

/** What is said, cut where that is too long; the heads come last, and each is whole or left out. */
export function bodyOf(lines: Iterable<string>, heads: readonly string[]): string {
  let length = 0
  const kept = heads.filter((line) => {
    length += line.length + 1
    return length <= HEADS
  })
  const left = heads.length - kept.length
  const end = [
    ...kept,
    ...(left === 0 ? [] : [`and ${left} more ledgers: eachFile gives each backup a heartbeat of its own`]),
  ]
  const room = LONGEST_BODY - end.reduce((sum, line) => sum + line.length + 1, 0)
  const said = [...lines].join('\n').slice(0, room)
  return [...(said === '' ? [] : [said]), ...end].join('\n')
}

/** Makes one call, with retries unless it is a `start`: that one matters little, as the end will be reported. Never throws. */
async function call(which: Call, body: string, target: Target | null, { signal, warn }: Options) {
  if (target === null || (target.isOptional === true && (await isMissing(target.urlFile)))) return
  const asked = {
    ...TEXT,
    query: target.rid === undefined ? {} : { rid: target.rid },
    body,
    under: which,
  }
  const isStart = which === 'start'
  const sent = await callNow(target, asked, signal, isStart)
  const what = `the heartbeat to ${nameOf(target)}`
  if (isStart || sent?.state === 'delivered') return
  if (sent !== null) warn(whyNot(sent, what))
  // A stop is nobody's fault.
  else if (signal.reason === TOO_LATE) warn(`cannot send ${what}: no answer before the pass ended.`)
}

const isMissing = (file: string): Promise<boolean> =>
  access(file).then(
    () => false,
    (error: unknown) => systemErrorOf(error)?.name === 'ENOENT',
  )

/**
 * For passes, by name: `start` as one begins, in the background, then the bare URL, `fail` or `log`; one after another for each name.
 * `place`: read for each pass. Null: it has no heartbeat.
 */
export function passHeartbeats(place: (name: string) => Target | null, options: Options) {
  const open = (name: string) => ({
    target: place(name),
    cut: new AbortController(),
    started: Promise.resolve(),
  })
  const running = new Map<string, ReturnType<typeof open>>()
  const calling = new Map<string, Promise<void>>()

  function queue(name: string, act: () => Promise<void>): void {
    calling.set(name, (calling.get(name) ?? Promise.resolve()).then(act))
  }

  /** Null: how it ended is unknown. */
  function ended(name: string, which: Exclude<Call, 'start'> | null, body: string): void {
    const run = running.get(name) ?? open(name)
    running.delete(name)
    queue(name, async () => {
      // `start` must not arrive after the end: it would look like another start.
      const wait = sleep(PATIENCE, undefined, { signal: options.signal, ref: false })
      await Promise.race([run.started, wait.catch(() => {})])
      run.cut.abort()
      await run.started
      if (which !== null) await call(which, body, run.target, options)
    })
  }

  return {
    began(name: string): void {
      const run = open(name)
      running.set(name, run)
      const signal = AbortSignal.any([run.cut.signal, options.signal])
      queue(name, async () => {
        run.started = call('start', '', run.target, { ...options, signal })
      })
    },
    ended,
    /** Whether a pass follows or not. */
    fail: (name: string, line: string): void =>
      queue(name, () => call('fail', bodyOf([line], []), place(name), options)),
    /** Of one backup. Success is said only of a pass that ran to its end with exit code 0 (I14). `fault`: over its spec; null: none. */
    finished(
      { backup, result, exitCode, head }: BackupOutcome,
      lines: readonly string[],
      fault: string | null,
    ): void {
      const isWhole = result === 'in-sync' || result === 'applied'
      const which = exitCode !== 0 || fault !== null ? 'fail' : isWhole ? '' : 'log'
      const body = bodyOf(fault === null ? lines : [...lines, fault], headLines({ backup, head }))
      ended(backup, result === 'cancelled' ? null : which, body)
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
export function watchHeartbeat(
  place: () => Target | null,
  over: ReadonlyMap<string, string>,
  options: Options & { readonly onGood: () => void },
) {
  const unwell = new Map<string, string>()
  const heads = new Map<string, readonly string[]>()
  const headsNow = () => [...heads.values()].flat()
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
    queue(() => call('fail', bodyOf(lines, headsNow()), place(), options))
  }

  return {
    remember(backup: string, line: string | null): void {
      heads.delete(backup)
      if (line === null) unwell.delete(backup)
      else unwell.set(backup, line)
    },
    fail,
    finished({ backup, result, exitCode, head }: BackupOutcome, line: string): void {
      if (head !== undefined) heads.set(backup, headLines({ backup, head }))
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
      queue(() => call('', bodyOf([], headsNow()), place(), options))
    },
    async settled(): Promise<void> {
      await calling
    },
  }
}
