import { stat } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { inTrouble, restingNotice, withoutNotice } from '../decide/notices/due.ts'
import { statusPush } from '../decide/notices/messages.ts'
import { type Instant, instant, isoTime } from '../model/instant.ts'
import type { NoticeBook, NoticeHook, NoticeMemory } from '../model/notice.ts'
import { callNow, deliver, nameOf, whyNot } from './deliver.ts'
import { withoutRepeats } from './without-repeats.ts'

export interface HookOptions {
  readonly memory: NoticeMemory
  readonly now: () => Instant
  /** Once aborted, nothing more is sent; undelivered notices stay pending. */
  readonly signal: AbortSignal
  /** Takes a sentence for people, without secrets. */
  readonly warn: (text: string) => void
  /** Milliseconds for which a hook that is down is left alone, after each failure in a row; the last one repeats. */
  readonly waits: readonly number[]
  /** Waits as long as that takes; a single run has no time for the longer waits, and leaves them to later ones. */
  readonly forever: boolean
}

/** Seconds to wait while another process sends what is pending. */
const LOCK_WAIT = 15

/** Milliseconds that a refused notice rests: after the first refusal, and after each further one. */
const HOUR = 3_600_000
const DAY = 24 * HOUR
/** Milliseconds that a single run waits at most for another attempt. */
const LONGEST_WAIT = 10_000

/**
 * Sends pending notices in the background, to all hooks at once and in order for each; one process per box at a time, so that nothing is
 * sent twice. A process that ends between the answer and recording it sends that notice again, under the same id.
 */
export function openHooks(hooks: () => readonly NoticeHook[], options: HookOptions) {
  const { memory, now, signal, warn, waits, forever } = options
  let sending: Promise<void> | null = null
  let living: Promise<void> = Promise.resolve()
  let isAsked = false
  let waking = new AbortController()
  const repeats = withoutRepeats(warn)
  /** Hooks that are down, each with failures in a row and until when it is left alone, whatever news there is. Monotonic. */
  const down = new Map<
    string,
    { readonly failures: number; readonly until: number; readonly version: string }
  >()

  /** Returns the least milliseconds until another attempt makes sense; null: none does. */
  async function sendTo(hook: NoticeHook, book: NoticeBook): Promise<number | null> {
    const open = inTrouble(book, hook.id)
    const version = await versionOf(hook)
    const pending = book.pending.filter(({ hook: id }) => id === hook.id)
    const pause = down.get(hook.id)
    const alone = pause?.version === version ? pause.until - performance.now() : 0
    if (pending.length > 0 && alone > 0) return alone
    let soonest: number | null = null
    for (const one of pending) {
      const rest = one.rest?.version === version ? one.rest : null
      const left = rest === null ? 0 : Date.parse(rest.until) - now()
      // What is further away than any rest was written under another clock.
      const isResting = left > 0 && left <= DAY
      const sent = isResting ? null : await deliver(hook, one.notice, open, signal)
      if (sent?.state === 'delivered') {
        repeats.well(hook.id)
        down.delete(hook.id)
        await memory.change((before) => withoutNotice(before, one))
        continue
      }
      let refusals = rest?.refusals ?? 0
      const isRefused = sent?.state === 'failed' && !sent.again
      if (isRefused) refusals++
      if (sent !== null && !(isRefused && refusals > 1)) {
        const more = isRefused ? REFUSED : sent.state === 'failed' ? ' It is kept for later.' : ''
        repeats.trouble(hook.id, `${whyNot(sent, `a notice to ${nameOf(hook)}`)}${more}`)
      }
      if (sent?.state === 'unusable') return soonest
      const asked = Math.min(sent?.after ?? left, DAY)
      const wait = isRefused ? Math.max(asked, refusals === 1 ? HOUR : DAY) : asked
      if (sent !== null && wait > 0) {
        const until = isoTime(instant(now() + wait))
        await memory.change((before) => restingNotice(before, one, { until, refusals, version }))
      }
      // One that is refused for its content does not hold up the others.
      if (refusals === 0) {
        if (sent === null) return wait
        const failures = (pause?.failures ?? 0) + 1
        const least = Math.max(wait, waits[Math.min(failures, waits.length) - 1]!)
        down.set(hook.id, { failures, until: performance.now() + least, version })
        return least
      }
      soonest = Math.min(soonest ?? wait, wait)
    }
    return soonest
  }

  async function sendLife(text: string): Promise<void> {
    const { told, pending } = await memory.read()
    const calm = hooks().filter(
      ({ id }) => inTrouble({ told }, id).length === 0 && !pending.some(({ hook }) => hook === id),
    )
    await Promise.all(
      calm.map(async (hook) => {
        if (hook.kind !== 'uptime-kuma') return
        const sent = await callNow(hook, statusPush(true, text), signal)
        if (sent?.state === 'delivered') repeats.well(hook.id)
        else if (sent !== null) repeats.trouble(hook.id, whyNot(sent, `a sign of life to ${nameOf(hook)}`))
      }),
    )
  }

  /** Returns what `sendTo` does, over all hooks. */
  async function round(): Promise<number | null> {
    const soonest: number[] = []
    await memory.alone(LOCK_WAIT, signal, async () => {
      const book = await memory.read()
      const ended = await Promise.allSettled(hooks().map((hook) => sendTo(hook, book)))
      for (const one of ended) {
        if (one.status === 'rejected') throw one.reason
        if (one.value !== null) soonest.push(one.value)
      }
    })
    return soonest.length === 0 ? null : Math.min(...soonest)
  }

  async function send(): Promise<void> {
    while (!signal.aborted) {
      isAsked = false
      waking = new AbortController()
      let left: number | null
      try {
        left = await round()
      } catch (error) {
        if (!signal.aborted) warn(`cannot send notices: ${(error as Error).message}`)
        return
      }
      if (left !== null && (forever || left <= LONGEST_WAIT)) {
        // A new notice for one hook does not wait for the retry of another that is down.
        const either = AbortSignal.any([signal, waking.signal])
        await sleep(left, undefined, { signal: either }).catch(() => {})
      } else if (!isAsked) return
    }
  }

  return {
    /** Starts sending what is pending. Does not wait for it. */
    kick(): void {
      isAsked = true
      if (signal.aborted) return
      waking.abort()
      sending ??= send().finally(() => {
        sending = null
      })
    },
    /** A pass went well: Uptime Kuma is to hear so, where nothing is open that it was told. Does not wait for it. */
    well(text: string): void {
      if (signal.aborted || !hooks().some(({ kind }) => kind === 'uptime-kuma')) return
      living = living
        .then(() => sendLife(text))
        .catch((error: unknown) => {
          if (!signal.aborted) warn(`cannot send a sign of life: ${(error as Error).message}`)
        })
    },
    /** Waits until nothing is being sent. */
    async settled(): Promise<void> {
      while (sending !== null) await sending
      await living
    },
  }
}

const REFUSED =
  ' It is tried again in an hour, then once a day. See what it takes with `reconcile notify test`.'

/** Changes with what could make a refused notice acceptable: the URL's file, or how it is sent. */
async function versionOf(hook: NoticeHook): Promise<string> {
  if (hook.kind === 'sendmail') return `${hook.from}`
  const file = await stat(hook.urlFile).catch(() => null)
  return `${hook.kind} ${file?.ino} ${file?.ctimeMs}`
}
