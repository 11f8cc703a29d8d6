import type { Clock } from '../model/clock.ts'
import { instant, isoTime } from '../model/instant.ts'
import { BEAT_LASTS, type WatchBeat } from '../model/watch-beat.ts'
import type { WatchEvent } from '../model/watch-event.ts'
import type { FollowedSpecs } from './follow-specs.ts'
import type { Loop } from './loop.ts'
import { withoutRepeats } from './without-repeats.ts'

/** Milliseconds. */
const BEAT = 60_000
/** Least time between two heartbeats. */
const LEAST = 2_000

/** Events that make the last heartbeat wrong, so that a new one is written at once. */
const NEWS: ReadonlySet<WatchEvent['type']> = new Set([
  'backing-off',
  'crashed',
  'spec-broken',
  'spec-mended',
  'spec-removed',
  'specs-held',
  'specs-hold-over',
])

/** Writes a heartbeat to the state folder once a minute and after news: the daemon is alive, and the state of each backup. */
export function heartbeats(memory: { writeBeat(beat: WatchBeat): Promise<void> }, clock: Clock) {
  let waking = new AbortController()
  return {
    heed({ type }: WatchEvent): void {
      if (NEWS.has(type)) waking.abort()
    },
    /** Runs until the signal is aborted. The last heartbeat is no longer valid. */
    async keep(beat: () => WatchBeat, signal: AbortSignal, warn: (message: string) => void): Promise<void> {
      const { attempt } = withoutRepeats(warn)
      const write = (word: WatchBeat) => attempt('beat', () => memory.writeBeat(word))
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
  // The loop adopts newly read specs a moment later.
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
    backups: loop.standing().map(({ active: _, ...one }) => ({
      ...one,
      nextRun: isoTime(one.nextRun),
      lastGood: lastGood.has(one.backup),
    })),
  }
}
