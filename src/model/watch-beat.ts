import type { Instant } from './instant.ts'
import type { Hold } from './trouble.ts'
import type { Orphan, SpecFault } from './watched-specs.ts'

/** How long a word of it counts. Milliseconds. */
export const BEAT_LASTS = 5 * 60_000

/**
 * `watch.json` in the state folder: what a live `watch` says of itself once a minute, so that a backup that waits or takes long does not
 * look forgotten. After `validUntil` nobody is known to be there.
 */
export interface WatchBeat {
  readonly format: 'reconcile.watch/1'
  readonly pid: number
  readonly at: string
  readonly validUntil: string
  /** Where the specs come from, and the commit; null: a plain folder. */
  readonly specs: string
  readonly revision: string | null
  readonly holds: readonly Hold[]
  /** Specs whose newest word does not count. */
  readonly broken: readonly SpecFault[]
  readonly orphans: readonly Orphan[]
  readonly backups: readonly BeatOfBackup[]
}

export interface BeatOfBackup extends WatchWord {
  readonly backup: string
}

/** How a daemon is about one backup. */
export interface WatchWord {
  readonly phase: 'idle' | 'queued' | 'running'
  readonly nextRun: string
  /** In a row, that a retry may help. */
  readonly failures: number
  /** Its last pass ended with a bug: its message. */
  readonly crash: string | null
  /** It obeys its last good spec. */
  readonly lastGood: boolean
}

/** What is dated further ahead than this was written by another clock. Milliseconds. */
const SKEW = 5 * 60_000

/** Whether the daemon that said this obeys these specs, and is known to be there now. A word from the future says nothing of now. */
export function isLive(beat: WatchBeat, specs: string, asOf: Instant): boolean {
  const at = Date.parse(beat.at)
  return (
    beat.specs === specs && asOf >= at - SKEW && asOf < Math.min(Date.parse(beat.validUntil), at + BEAT_LASTS)
  )
}
