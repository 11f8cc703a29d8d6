import { basename } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BackupOutcome } from '../model/outcome.ts'
import { post } from './post.ts'
import { readUrlFile } from './url-file.ts'

export interface HeartbeatOptions {
  /** Read for each call. Null: no heartbeat. */
  readonly urlFile: () => string | null
  readonly signal: AbortSignal
  readonly warn: (text: string) => void
}

type Call = '/start' | '' | '/fail'

/** Milliseconds before each further attempt. A late heartbeat is worthless: no call is kept for the next run. */
const WAITS = [1000, 3000]

/** Milliseconds that the end of a short pass waits for its `/start` call. */
const PATIENCE = 3000

/** Milliseconds. */
const MINUTE = 60_000

/** Characters. */
const LONGEST_BODY = 10_000

/** Makes one call, with retries. Never throws. */
async function call(
  which: Call,
  text: string,
  waits: readonly number[],
  { urlFile, signal, warn }: HeartbeatOptions,
): Promise<void> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    const file = urlFile()
    if (file === null) return
    const read = await readUrlFile(file)
    if (!read.ok) return warn(`${read.fault.message}. ${read.fault.hint}`)
    const { url, authorization } = read.secret
    const there = new URL(url)
    if (which !== '') there.pathname = `${there.pathname.replace(/\/+$/, '')}${which}`
    const body = { type: 'text/plain; charset=utf-8', text: text.slice(0, LONGEST_BODY) }
    const posted = await post({ url: there, authorization }, body, signal).catch(() => null)
    if (posted === null || posted.state === 'delivered') return
    const wait = waits[attempt]
    if (!posted.again || wait === undefined) {
      const name = basename(file)
      return warn(`cannot send the heartbeat to the URL in ${name}: ${posted.why}.`)
    }
    await sleep(wait, undefined, { signal }).catch(() => {})
  }
}

/** For one pass over all backups: `/start` as it begins, in the background, then the bare URL or `/fail`. */
export function passHeartbeat(options: HeartbeatOptions) {
  const startCut = new AbortController()
  let started: Promise<void> = Promise.resolve()
  return {
    began(): void {
      const signal = AbortSignal.any([startCut.signal, options.signal])
      // A failed `/start` matters little: the end will be reported.
      started = call('/start', '', [], { ...options, signal, warn: () => {} })
    },
    /** Null: how it ended is unknown. */
    async ended(exitCode: number | null, lines: readonly string[]): Promise<void> {
      // `/start` must not arrive after the end: it would look like another start.
      const { signal } = options
      await Promise.race([started, sleep(PATIENCE, undefined, { signal, ref: false }).catch(() => {})])
      startCut.abort()
      await started
      if (exitCode === null) return
      const text = [`exit ${exitCode}`, ...lines].join('\n')
      await call(exitCode === 0 ? '' : '/fail', text, WAITS, options)
    },
  }
}

/**
 * For `watch`: the bare URL after each good pass while no backup is failing, at most once a minute; `/fail` when one starts to fail.
 * A backup that has not run yet counts as `remember` says; one with a fault or hold over its spec fails, whatever its passes return.
 */
export function watchHeartbeat(options: HeartbeatOptions) {
  const unwell = new Map<string, string>()
  const over = new Map<string, string>()
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
    queue(() => call('/fail', [...lines].join('\n'), WAITS, options))
  }

  return {
    remember(backup: string, line: string | null): void {
      if (line === null) unwell.delete(backup)
      else unwell.set(backup, line)
    },
    forget(backup: string): void {
      unwell.delete(backup)
      over.delete(backup)
    },
    /** The fault or hold over its spec; null: none. */
    stands(backup: string, line: string | null): void {
      const isNew = line !== null && !over.has(backup)
      if (line === null) over.delete(backup)
      else over.set(backup, line)
      if (isNew) fail()
    },
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
      queue(() => call('', '', WAITS, options))
    },
    async settled(): Promise<void> {
      await calling
    },
  }
}
