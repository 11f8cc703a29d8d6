import type { WatchMemory } from '../destination/watch-memory.ts'
import type { Clock } from '../model/clock.ts'
import { Failure } from '../model/failure.ts'
import { instant, isoTime } from '../model/instant.ts'
import type { WatchBeat } from '../model/watch-beat.ts'
import type { FollowedSpecs } from '../watch/follow-specs.ts'
import type { Loop } from '../watch/loop.ts'

/** Milliseconds. */
const BEAT = 60_000
const BEAT_LASTS = 5 * 60_000

/** Says once a minute, in the state folder, that this daemon lives, and how each backup stands. The last word is that it is gone. */
export async function keepBeating(
  beat: () => WatchBeat,
  memory: WatchMemory,
  clock: Clock,
  signal: AbortSignal,
  warn: (message: string) => void,
): Promise<void> {
  const write = (word: WatchBeat) =>
    memory.writeBeat(word).catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error
      warn(`${error.message}. ${error.hint}`)
    })
  while (!signal.aborted) {
    await write(beat())
    await clock.wait(BEAT, signal)
  }
  const last = beat()
  await write({ ...last, validUntil: last.at })
}

export function beatOf(
  loop: Loop,
  { holds, broken, orphans, revision }: FollowedSpecs,
  specs: string,
  clock: Clock,
): WatchBeat {
  const now = clock.now()
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
    backups: loop.standing().map(({ backup, phase, nextRun, failures, crash, active }) => ({
      backup,
      phase,
      nextRun: isoTime(nextRun),
      failures,
      crash,
      lastGood: active.instead !== null,
    })),
  }
}
