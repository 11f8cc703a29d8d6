import {
  type Checked,
  type CheckedFields,
  count,
  flag,
  integer,
  list,
  moment,
  nullable,
  object,
  oneOf,
  text,
} from './check-json.ts'
import type { Instant } from './instant.ts'
import { checkedHold } from './trouble.ts'
import { orphan, specFault } from './watched-specs.ts'

/** How long a word of it counts. Milliseconds. */
export const BEAT_LASTS = 5 * 60_000

/** How a daemon is about one backup. */
const WORD = {
  phase: oneOf('idle', 'queued', 'running'),
  nextRun: moment,
  /** In a row, that a retry may help. */
  failures: count,
  /** Its last pass ended with a bug: its message. */
  crash: nullable(text),
  /** It obeys its last good spec. */
  lastGood: flag,
}
export type WatchWord = CheckedFields<typeof WORD>

const beatOfBackup = object({ ...WORD, backup: text })
export type BeatOfBackup = Checked<typeof beatOfBackup>

/**
 * `watch.json` in the state folder: what a live `watch` says of itself once a minute, so that a backup that waits or takes long does not
 * look forgotten. After `validUntil` nobody is known to be there.
 */
export const watchBeat = object({
  format: oneOf('reconcile.watch/1'),
  pid: integer,
  at: text,
  validUntil: text,
  /** Where the specs come from, and the commit; null: a plain folder. */
  specs: text,
  revision: nullable(text),
  holds: list(checkedHold),
  /** Specs whose newest word does not count. */
  broken: list(specFault),
  orphans: list(orphan),
  backups: list(beatOfBackup),
})
export type WatchBeat = Checked<typeof watchBeat>

/** What is dated further ahead than this was written by another clock. Milliseconds. */
const SKEW = 5 * 60_000

/** Whether the daemon that said this obeys these specs, and is known to be there now. A word from the future says nothing of now. */
export function isLive(beat: WatchBeat, specs: string, asOf: Instant): boolean {
  const at = Date.parse(beat.at)
  return (
    beat.specs === specs && asOf >= at - SKEW && asOf < Math.min(Date.parse(beat.validUntil), at + BEAT_LASTS)
  )
}
