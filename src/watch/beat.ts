import type { Clock } from '../model/clock.ts'
import { instant, isoTime } from '../model/instant.ts'
import { failureFrom } from '../model/system-error.ts'
import { BEAT_LASTS, type WatchBeat } from '../model/watch-beat.ts'
import type { WatchEvent } from '../model/watch-event.ts'
import type { FollowedSpecs } from './follow-specs.ts'
import type { Loop } from './loop.ts'

/** Milliseconds. */
const BEAT = 60_000
/** Between two of them, whatever happens. */
const LEAST = 2_000

/** What people ask about at once, and the word of a minute ago would have wrong. */
const NEWS: ReadonlySet<WatchEvent['type']> = new Set([
  'backing-off',
  'crashed',
  'spec-broken',
  'spec-mended',
  'spec-removed',
  'specs-held',
  'specs-hold-over',
])

/** Says once a minute, and after news, in the state folder, that this daemon lives, and how each backup stands. */
export function heartbeats(memory: { writeBeat(beat: WatchBeat): Promise<void> }, clock: Clock) {
  let waking = new AbortController()
  return {
    heed({ type }: WatchEvent): void {
      if (NEWS.has(type)) waking.abort()
    },
    /** Until the signal is aborted. The last word is that it is gone. */
    async keep(beat: () => WatchBeat, signal: AbortSignal, warn: (message: string) => void): Promise<void> {
      const write = (word: WatchBeat) =>
        memory.writeBeat(word).catch((error: unknown) => {
          const { message, hint } = failureFrom(error)
          warn(`${message}. ${hint}`)
        })
      signal.addEventListener('abort', () => waking.abort(), { once: true })
      while (!signal.aborted) {
        waking = new AbortController()
        await write(beat())
        await clock.wait(LEAST, signal)
        if (!signal.aborted) await clock.wait(BEAT - LEAST, waking.signal)
      }
      const last = beat()
      await write({ ...last, validUntil: last.at })
    },
  }
}

export function beatOf(
  loop: Loop,
  { active, holds, broken, orphans, revision }: FollowedSpecs,
  specs: string,
  clock: Clock,
): WatchBeat {
  const now = clock.now()
  // The loop takes up what a look has found a moment later.
  const lastGood = new Set<string>(active.flatMap(({ spec, instead }) => (instead === null ? [] : spec.name)))
  return {
    format: 'reconcile.watch/1',
    pid: process.pid,
    at: isoTime(now),
    validUntil: isoTime(instant(now + BEAT_LASTS)),
    specs,
    revision,
    holds,
    broken,
    orphans,
    backups: loop.standing().map(({ backup, phase, nextRun, failures, crash }) => ({
      backup,
      phase,
      nextRun: isoTime(nextRun),
      failures,
      crash,
      lastGood: lastGood.has(backup),
    })),
  }
}
