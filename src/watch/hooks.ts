import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { withoutNotice } from '../decide/notices/due.ts'
import type { NoticeHook, NoticeMemory, PendingNotice } from '../model/notice.ts'
import { post } from './post.ts'
import { readUrlFile } from './url-file.ts'
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
  /** Waits until nothing is being sent. */
  settled(): Promise<void>
}

/** Seconds to wait while another process sends what is pending. */
const LOCK_WAIT = 15

/**
 * Sends pending notices in the background, to all hooks at once and in order for each; one process per box at a time, so that nothing is
 * sent twice. A process that ends between the answer and recording it sends that notice again, under the same id.
 */
export function openHooks(hooks: () => readonly NoticeHook[], options: HookOptions): Hooks {
  const { memory, signal, warn, waits, forever } = options
  let sending: Promise<void> | null = null
  let isAsked = false
  let waking = new AbortController()
  const repeats = withoutRepeats(warn)

  /** Returns whether another attempt makes sense. */
  async function sendTo(hook: string, pending: readonly PendingNotice[]): Promise<boolean> {
    if (pending.length === 0) return false
    const read = await readUrlFile(hook)
    if (!read.ok) {
      repeats.trouble(hook, `${read.fault.message}. ${read.fault.hint}`)
      return false
    }
    const name = basename(hook)
    for (const one of pending) {
      const body = { type: 'application/json', text: JSON.stringify(one.notice) }
      const posted = await post(read.secret, body, signal)
      if (posted.state === 'delivered') {
        repeats.well(hook)
        await memory.change((before) => withoutNotice(before, one))
        continue
      }
      repeats.trouble(
        hook,
        `cannot send a notice to the URL in ${name}: ${posted.why}. It is kept for later.`,
      )
      // One that is rejected for its content does not hold up the others.
      if (posted.again) return true
    }
    return false
  }

  async function round(): Promise<boolean> {
    let isToRepeat = false
    await memory.alone(LOCK_WAIT, signal, async () => {
      const { pending } = await memory.read()
      const tried = hooks().map(({ urlFile }) =>
        sendTo(
          urlFile,
          pending.filter(({ hook }) => hook === urlFile),
        ),
      )
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
    async settled() {
      while (sending !== null) await sending
    },
  }
}
