import { setTimeout as sleep } from 'node:timers/promises'
import { inTrouble, withoutNotice } from '../decide/notices/due.ts'
import { signOfLife } from '../decide/notices/messages.ts'
import type { NoticeBook, NoticeHook, NoticeMemory } from '../model/notice.ts'
import { type Delivery, deliver, nameOf, request } from './deliver.ts'
import { withoutRepeats } from './without-repeats.ts'

export interface HookOptions {
  readonly memory: NoticeMemory
  /** Once aborted, nothing more is sent; undelivered notices stay pending. */
  readonly signal: AbortSignal
  /** Takes a sentence for people, without secrets. */
  readonly warn: (text: string) => void
  /** Milliseconds before each further attempt; with `forever` the last one repeats. */
  readonly waits: readonly number[]
  readonly forever: boolean
}

export interface Hooks {
  /** Starts sending what is pending. Does not wait for it. */
  kick(): void
  /** A pass went well: Uptime Kuma is to hear so, where nothing is open that it was told. Does not wait for it. */
  well(text: string): void
  /** Waits until nothing is being sent. */
  settled(): Promise<void>
}

/** Milliseconds before each further attempt of a sign of life, which is worth nothing later. */
const LIFE_WAITS = [1000, 3000]

/** Seconds to wait while another process sends what is pending. */
const LOCK_WAIT = 15

/**
 * Sends pending notices in the background, to all hooks at once and in order for each; one process per box at a time, so that nothing is
 * sent twice. A process that ends between the answer and recording it sends that notice again, under the same id.
 */
export function openHooks(hooks: () => readonly NoticeHook[], options: HookOptions): Hooks {
  const { memory, signal, warn, waits, forever } = options
  let sending: Promise<void> | null = null
  let living: Promise<void> = Promise.resolve()
  let isAsked = false
  let waking = new AbortController()
  const repeats = withoutRepeats(warn)

  /** Returns whether another attempt makes sense. */
  async function sendTo(hook: NoticeHook, book: NoticeBook): Promise<boolean> {
    const open = inTrouble(book, hook.id)
    for (const one of book.pending.filter(({ hook: id }) => id === hook.id)) {
      const sent = await deliver(hook, one.notice, open, signal)
      if (isOut(hook, sent, `a notice to ${nameOf(hook)}`, ' It is kept for later.')) {
        await memory.change((before) => withoutNotice(before, one))
        continue
      }
      // One that is rejected for its content does not hold up the others.
      if (sent.state === 'unusable') return false
      if (sent.state === 'failed' && sent.again) return true
    }
    return false
  }

  /** Whether it was delivered; else warns. */
  function isOut({ id }: NoticeHook, sent: Delivery, what: string, more: string): boolean {
    if (sent.state === 'delivered') repeats.well(id)
    else if (sent.state === 'unusable') repeats.trouble(id, `${sent.fault.message}. ${sent.fault.hint}`)
    else repeats.trouble(id, `cannot send ${what}: ${sent.why}.${more}`)
    return sent.state === 'delivered'
  }

  async function sendLife(text: string): Promise<void> {
    const { told, pending } = await memory.read()
    const calm = hooks().filter(
      ({ id }) => inTrouble({ told }, id).length === 0 && !pending.some(({ hook }) => hook === id),
    )
    await Promise.all(
      calm.map(async (hook) => {
        if (hook.kind !== 'uptime-kuma') return
        for (const wait of [...LIFE_WAITS, null]) {
          const sent = await request(hook, signOfLife(text), signal)
          const again = sent.state === 'failed' && sent.again && wait !== null
          if (!again) return void isOut(hook, sent, `a sign of life to ${nameOf(hook)}`, '')
          await sleep(wait, undefined, { signal })
        }
      }),
    )
  }

  async function round(): Promise<boolean> {
    let isToRepeat = false
    await memory.alone(LOCK_WAIT, signal, async () => {
      const book = await memory.read()
      const tried = hooks().map((hook) => sendTo(hook, book))
      const ended = await Promise.allSettled(tried)
      for (const one of ended) {
        if (one.status === 'rejected') throw one.reason
        isToRepeat ||= one.value
      }
    })
    return isToRepeat
  }

  async function send(): Promise<void> {
    for (let attempt = 0; !signal.aborted; ) {
      isAsked = false
      waking = new AbortController()
      let isToRepeat: boolean
      try {
        isToRepeat = await round()
      } catch (error) {
        if (!signal.aborted) warn(`cannot send notices: ${(error as Error).message}`)
        return
      }
      const wait = waits[Math.min(attempt, forever ? waits.length - 1 : attempt)]
      if (isToRepeat && wait !== undefined) {
        // A new notice for one hook does not wait for the retry of another that is down.
        await sleep(wait, undefined, { signal: AbortSignal.any([signal, waking.signal]) }).catch(() => {})
        if (!waking.signal.aborted) attempt++
      } else if (isAsked) attempt = 0
      else return
    }
  }

  return {
    kick() {
      isAsked = true
      if (signal.aborted) return
      waking.abort()
      sending ??= send().finally(() => {
        sending = null
      })
    },
    well(text) {
      if (signal.aborted || !hooks().some(({ kind }) => kind === 'uptime-kuma')) return
      living = living
        .then(() => sendLife(text))
        .catch((error: unknown) => {
          if (!signal.aborted) warn(`cannot send a sign of life: ${(error as Error).message}`)
        })
    },
    async settled() {
      while (sending !== null) await sending
      await living
    },
  }
}
