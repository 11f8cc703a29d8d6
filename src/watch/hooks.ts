import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { withoutNotice } from '../decide/notices/due.ts'
import type { NoticeHook, NoticeMemory, PendingNotice } from '../model/notice.ts'
import { post } from './post.ts'
import { readUrlFile } from './url-file.ts'
import { withoutRepeats } from './without-repeats.ts'

export interface HookOptions {
  readonly memory: NoticeMemory
  /** Once aborted, nothing is sent any more; what is not delivered stays pending. */
  readonly signal: AbortSignal
  /** A sentence for people, without any secret. */
  readonly warn: (text: string) => void
  /** Milliseconds before each further attempt; the last one is used again and again where `forever`. */
  readonly waits: readonly number[]
  readonly forever: boolean
}

export interface Hooks {
  /** Something may be pending. Does not wait for it. */
  kick(): void
  /** Until nothing is on its way any more. */
  settled(): Promise<void>
}

/** Seconds for which another process is left to send what is pending. */
const LOCK_WAIT = 15

/**
 * Sends what is pending, in the background, to one hook after the other's beginning, each in order; one process on the box at a time, so
 * that nothing is sent twice. Whoever is ended between the answer and writing it down sends that one again, under the same id.
 */
export function openHooks(hooks: () => readonly NoticeHook[], options: HookOptions): Hooks {
  const { memory, signal, warn, waits, forever } = options
  let sending: Promise<void> | null = null
  let isAsked = false
  let waking = new AbortController()
  const repeats = withoutRepeats(warn)

  /** Whether another attempt makes sense. */
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
      // One that is refused for what it says keeps no other back.
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
        // News for one hook does not wait until another one, which is down, is to be tried again.
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
