import type { Anomaly } from './anomaly.ts'
import type { ClockSanity } from './clock-sanity.ts'
import type { Voucher } from './source-file.ts'

/** What the ledger itself puts on each line, before the event's own fields. */
export interface LedgerStamp {
  /** Counts lines, from 1. */
  readonly seq: number
  /** The `seq` of the first line of the write that brought this line: distinguishes a torn write from an edited line. */
  readonly append: number
  readonly time: string
  /** The box's clock was not believed: the time is what it showed, and no measure. */
  readonly clock?: Exclude<ClockSanity, 'sane'>
  /** The hash of the line before; 64 zeros before the first. */
  readonly prev: string
}

export type LedgerLine = LedgerEvent & LedgerStamp & { readonly hash: string }

/**
 * The ledger's lines. Each also carries `seq`, `append`, `time`, `prev` and `hash`, which the ledger itself puts there, and `clock` where
 * the box's clock was not believed when it was written: `behind` or `leapt`.
 * Digests are hex. `marker.text` holds the marker's bytes, one character a byte (latin1), so that they can be put back
 * byte for byte.
 */
export type LedgerEvent =
  | { readonly event: 'created'; readonly id: string }
  | FileEvent
  | ({ readonly event: 'repair-begin' } & Omit<FileEvent, 'event'> & { readonly quarantine: string })
  | { readonly event: 'repair-done'; readonly path: string; readonly quarantine: string }
  | { readonly event: 'rot'; readonly path: string; readonly quarantine: string }
  | { readonly event: 'recovered'; readonly bytes: number; readonly quarantine: string }
  | { readonly event: 'rebuilt'; readonly oldHead: string | null; readonly quarantine: string | null }
  | {
      readonly event: 'released'
      readonly hold: string
      readonly code: string
      readonly reason: string
      readonly by: string
    }
  /** The clock is believed from here on: what was written by one that was not happened by this line's time at the latest. */
  | { readonly event: 'clock-believed' }
  /** Its bytes were read again and are those that were published. `here`: the file's own time of change, seconds; earlier versions wrote none. */
  | { readonly event: 'verified'; readonly path: string; readonly here?: number }
  /** The source's file is newer than this version of it, by its mtime (whole seconds), and has the same bytes: nothing was pulled. */
  | { readonly event: 'same'; readonly path: string; readonly from: string; readonly mtime: number }
  /** They were read again and are others. It counts as rotten until it is repaired, adopted or found sound. */
  | { readonly event: 'rotten'; readonly path: string }
  /** A verification found it gone, or its marker gone or altered. It counts as that until it is repaired, adopted or found sound. */
  | { readonly event: 'damaged'; readonly path: string; readonly code: DamageCode }
  /** All that the last verification found under the destination and that no line is about. */
  | { readonly event: 'foreign'; readonly paths: readonly string[] }
  /**
   * A point was restored to scratch, and a drill was content with it, or (`why`, one line) was not, or could not be restored. Seconds.
   * `paths`: the first of its `files`. `point`: its time; null: nothing dates it.
   */
  | ({ readonly event: 'proven' } & DrillEvent)
  | ({ readonly event: 'drill-failed'; readonly why: string } & DrillEvent)
  /** What prunes go by from now on: a later change of it is measured against this. Earlier versions wrote no spans (seconds), and no floor. */
  | {
      readonly event: 'prune-terms'
      readonly policy: string
      readonly basis: string
      readonly keepAtLeast?: number
      readonly minAge?: number
      readonly trashFor?: number
    }
  /** Published files that no rule wants any more; `wanted`: some of those again. Only where surplus may be pruned. */
  | { readonly event: 'surplus' | 'wanted'; readonly paths: readonly string[] }
  | PruneBegin
  | PruneEnd<'prune-done'>
  | {
      readonly event: 'undo-begin'
      readonly path: string
      readonly trash: string
      readonly reason: string
      readonly by: string
    }
  | PruneEnd<'undo-done'>
  /** Its grace in the trash is over: it is gone for good. */
  | { readonly event: 'trash-expired'; readonly path: string; readonly trash: string }
  /** Staged bytes that nothing wants any more; they expire after their grace. */
  | { readonly event: 'staging-abandoned'; readonly path: string; readonly why: string }
  /** They are wanted again after all. */
  | { readonly event: 'staging-wanted'; readonly path: string }
  | { readonly event: 'staging-expired'; readonly path: string }

export type DamageCode = 'missing-here' | 'marker-missing' | 'marker-altered'

/** A file is under its final name with its marker, and both are durable. */
export interface FileEvent {
  /** `published`: pulled and gated. `adopted`: found here and gated. `repaired`: put back, same digest as before. */
  readonly event: 'published' | 'adopted' | 'repaired'
  readonly path: string
  /** The source's name for it, where that is another: it is a version, kept under a dated name. */
  readonly from?: string | undefined
  /** Bytes. */
  readonly size: number
  readonly md5: string
  readonly sha256: string
  readonly marker: { readonly name: string; readonly text: string }
  /** What the source listed then, whole seconds; null where it listed nothing. */
  readonly mtime: number | null
  readonly markerMtime: number | null
  /** Who vouched for the digest, where it was not a marker of the source's own. */
  readonly vouched?: Voucher | undefined
  /** What was odd about it at its gate; left out: nothing, or nobody asked. */
  readonly anomalies?: readonly Anomaly[] | undefined
  readonly revision: string | null
  readonly planId: string | null
}

export interface DrillEvent {
  readonly drill: string
  readonly series: string
  readonly point: string | null
  readonly files: number
  readonly paths: readonly string[]
  readonly bytes: number
  readonly restoreSeconds: number
  readonly drillSeconds: number
}

/** A published file is about to go to trash/EVENT with its markers. */
export interface PruneBegin {
  readonly event: 'prune-begin'
  readonly path: string
  readonly trash: string
  readonly by: 'policy' | 'person'
  /** Why; of a person, in that person's words. */
  readonly reason: string
  readonly series: string
  /** The point's time, UTC. */
  readonly point: string
  /** Of what the plan went by, hex: the retention policy; and source, pattern, zone and checksum. Null: a person said so. */
  readonly policy: string | null
  readonly basis: string | null
  /** Seconds for which it was to stay in the trash; earlier versions did not write it. */
  readonly trashFor?: number
  readonly revision: string | null
  readonly planId: string | null
}

interface PruneEnd<Event extends string> {
  readonly event: Event
  readonly path: string
  readonly trash: string
  /** It came to nothing, and all is as it was before it began: other data is there, or ours is gone. */
  readonly failed?: true
}
