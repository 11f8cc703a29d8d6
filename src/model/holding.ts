import { checkedAnomaly } from './anomaly.ts'
import {
  type CheckedFields,
  count,
  digest,
  integer,
  list,
  nullable,
  object,
  oneOf,
  optional,
  relPath,
  text,
  wholeMillis,
} from './check-json.ts'
import type { Digest, DigestPair } from './digest.ts'
import type { Instant } from './instant.ts'
import type { DrillEvent, LedgerLine } from './ledger-event.ts'
import type { ListedFile } from './listing.ts'
import type { RelPath } from './rel-path.ts'
import type { MarkerClaim, NoMarker, SourceFile } from './source-file.ts'
import type { PruneRules } from './spec.ts'
import type { Halt, Problem } from './trouble.ts'

/** What a destination holds, as found by one look that changed nothing. */
export interface Holding {
  readonly identity: Identity
  /** Data files under their final names (never markers, nor anything private), selected or not. */
  readonly files: ReadonlyMap<RelPath, HeldFile>
  /** The ledger's last word on each path it ever published. */
  readonly records: ReadonlyMap<RelPath, LedgerRecord>
  /** Files in staging. */
  readonly staged: ReadonlyMap<RelPath, StagedFile>
  /** Of these, what nothing wanted any more when it was last looked at, and since when. */
  readonly abandoned: ReadonlyMap<RelPath, Instant>
  /** What was removed by a prune and not undone since; its record stays among `records`. */
  readonly pruned: ReadonlyMap<RelPath, PrunedFile>
  /** What the ledger says was begun and not finished, and by which plan: the next pass finishes it before all else. */
  readonly begun: ReadonlyMap<RelPath, string | null>
  /** What the last prune by policy went by, or the next is to go by; null: neither is known. */
  readonly lastPrune: { readonly policy: string; readonly basis: string } | null
  /** Published files that are on record as not wanted any more, and since when. */
  readonly surplus: ReadonlyMap<RelPath, Instant>
  /** The last good and the last bad drill of each point, in the order in which they were run. */
  readonly drills: readonly DrillReceipt[]
  /** What prunes have gone by, in the order in which it was first seen; empty: no pass has recorded any of it yet. */
  readonly terms: readonly SeenTerms[]
  readonly seen: ReadonlyMap<RelPath, Seen>
  /** The ledger's last line; null where there is no ledger yet. Two looks with the same head saw the same history. */
  readonly head: LedgerHead | null
  /** When the ledger began; null: there is none. */
  readonly created: Instant | null
  /** How many selected files the source listed when its listing was last found sound; null: not known. */
  readonly listedBefore: number | null
  /** Series that the source shows and of which nothing was held when it was last looked at, each since when that is so. */
  readonly awaited: ReadonlyMap<string, Instant>
  /** The latest time that we ourselves have written down here; null: none. A clock behind it, or far past it, is not to be trusted. */
  readonly lastTime: Instant | null
  /** Bytes free to us on the destination's file system; null where the folder and all above it could not be asked. */
  readonly free: number | null
  /** Bytes in data, staging, quarantine and trash. */
  readonly used: number
  /** What was set aside, and is never removed by us. */
  readonly quarantine: { readonly files: number; readonly bytes: number }
  /** What the last verification found that the ledger does not know. */
  readonly foreign: readonly string[]
  /** A damaged or missing ledger, another user's folder, a mount that is not there. */
  readonly halt: Halt | null
  /** Symlinks and other strange things in the way. */
  readonly problems: readonly Problem[]
  /** Of a disk that takes turns with others; null: it does not. */
  readonly turn: Turn | null
}

/** What `state` knows of a backup beyond the one of its disks that is here. */
export interface Turn {
  /** When the backup was last looked at, another disk was here, or none: on the first pass over one that is back nothing is removed. */
  readonly isBack: boolean
  /** Of each series the newest point on the other disks, as the last pass over each of them left it. */
  readonly newest: ReadonlyMap<string, Instant>
  /** The policy that a pass last went by, and the most points that a disk held on which one did; null: not known. */
  readonly policy: { readonly policy: string; readonly points: number } | null
  /** The ids of the other disks; left out: not known. */
  readonly away?: readonly string[]
}

/** What is known where nothing was looked at, or may be. */
export const nothingHeld: Omit<Holding, 'identity' | 'free' | 'halt'> = {
  files: new Map(),
  records: new Map(),
  staged: new Map(),
  abandoned: new Map(),
  pruned: new Map(),
  begun: new Map(),
  lastPrune: null,
  surplus: new Map(),
  drills: [],
  terms: [],
  created: null,
  listedBefore: null,
  awaited: new Map(),
  lastTime: null,
  seen: new Map(),
  head: null,
  used: 0,
  quarantine: { files: 0, bytes: 0 },
  foreign: [],
  problems: [],
  turn: null,
}

/** What a drill on a point came to, as the ledger has it. */
export interface DrillReceipt extends Omit<DrillEvent, 'point'> {
  readonly at: Instant
  /** The point's time; null: nothing dates it. */
  readonly point: Instant | null
  /** Why it failed; null: the point is proven. */
  readonly why: string | null
}

/** `prune.keepAtLeast`, `minAge` and `trashFor` (seconds), as a pass first saw them. */
export interface SeenTerms extends Pick<PruneRules, 'keepAtLeast' | 'minAge' | 'trashFor'> {
  readonly at: Instant
}

export interface Identity {
  /** What `.reconcile/id` says; null where there is none. */
  readonly found: string | null
  /** The id that `state` knows for this path; null where it knows none. */
  readonly expected: string | null
  /** Where `state` last saw the id that was found; null where it never did. */
  readonly lastSeenAt: string | null
  /** There is a `.reconcile` folder. */
  readonly hasPrivateFolder: boolean
  /** Another backup that is declared, whose destination this is by the status of its last pass. */
  readonly owner?: string
  /** Only where `found` is not what was expected, or there is such an owner. */
  readonly strange?: StrangeDisk
}

/** What a person must know to judge a destination that is not the expected one. */
export interface StrangeDisk {
  /** Where it is now. */
  readonly disk: DiskFacts
  /** When a pass over what was found last ended, by its own word; null: nothing was found, or it does not say. ISO text. */
  readonly lastPass: string | null
  /** What is there where nothing was found; left out: a destination was. */
  readonly left?: 'nothing' | 'file' | 'empty-folder' | 'without-private-folder' | 'no-id'
  /** Of the expected one, as `state` remembers it; null: it does not. */
  readonly before: DiskBefore | null
  /** The disks that take turns; left out: none do. */
  readonly known?: readonly DiskBefore[]
  /** It has the id of a known disk, and is on another file system or in another folder of it. */
  readonly isCopy?: true
}

/** A file system, as people tell one from another. */
export interface DiskNames {
  readonly source: string
  readonly type: string
  readonly label: string | null
  /** Bytes; null: unknown. */
  readonly size: number | null
}

export interface DiskFacts extends DiskNames {
  /** Its UUID, else the source of its mount; never a device number, which another disk has tomorrow. */
  readonly filesystem: string
  /** Which folder of that file system the destination is, as the root of the mount has it. */
  readonly within: string
  readonly mountPoint: string
}

export interface DiskBefore {
  /** Null: an older version did not write it down. */
  readonly disk: DiskNames | null
  /** The day on which it was last here, such as 2026-11-23; null: likewise. */
  readonly day: string | null
}

export interface LedgerHead {
  readonly seq: number
  readonly hash: string
}

/** A line as it is read for people. */
export interface ReadLine {
  readonly line: LedgerLine
  /** It does not follow the line before it: something between them was changed or removed. */
  readonly isBreak?: true
}

/** What reading a whole ledger came to. */
export interface LedgerEnd {
  /** Its last good line, before any damage; null: there is none. */
  readonly head: LedgerHead | null
  /** Bytes of a last write that is not whole: one is under way, or a crash cut it. */
  readonly torn: number
  /** That write ends, so that no mere cut left it like this. */
  readonly isGarbled?: true
  /** It is damaged or missing, or its disk may not be used. */
  readonly halt: Halt | null
}

/** `4711:9f86…`: how people and other machines keep a head. */
export const headText = ({ seq, hash }: LedgerHead): string => `${seq}:${hash}`

/** The same, read again; null: it is none. */
export function parseHead(text: string): LedgerHead | null {
  const [, seq, hash] = /^([1-9]\d{0,14}):([0-9a-f]{64})$/.exec(text.trim()) ?? []
  return hash === undefined ? null : { seq: Number(seq), hash }
}

/** `foundOther`: set only where this pass has hashed the bytes and they were not what they should be. */
export type HeldFile = CheckedFields<typeof HELD_FILE> & { readonly foundOther?: DigestPair }
export const HELD_FILE = {
  size: count,
  /** Its time of change is another than when its bytes were last known: they are read again before they count as sound. */
  isTouched: optional(oneOf(true)),
  /** The marker next to it, of any kind; null: unmarked. */
  marker: nullable(
    object({
      /** Left out where it is the marker that was published with the data: most are, and they all share one value. */
      path: optional(text),
      /**
       * Set only where the ledger knows the pair, and this is not the marker that was published, nor one that says the same while no
       * verification found the published one altered.
       */
      isWrong: optional(oneOf(true)),
      /** What it claims; null where it was not read (the ledger knows the pair) or cannot be parsed. */
      digest: nullable(digest),
    }),
  ),
}
export type HeldMarker = NonNullable<HeldFile['marker']>

/** `path`: its key. Maps of what else is known of a path take this text for theirs, so that a million paths are in memory once. */
export type LedgerRecord = CheckedFields<typeof LEDGER_RECORD> & { readonly path: RelPath }
export const LEDGER_RECORD = {
  size: count,
  md5: digest,
  sha256: digest,
  mtime: nullable(integer),
  markerMtime: nullable(integer),
  /** Bytes of the marker that was published with it. */
  markerSize: count,
  /** Their CRC-32, signed; earlier versions' snapshots do not have it. */
  markerSum: optional(integer),
  /** When it was first published, adopted or repaired here. */
  since: wholeMillis,
  /** When its bytes were last read whole and found to be these: since then, or by a verification. */
  readAt: wholeMillis,
  /** Set where they were read since, and were others. */
  isRotten: optional(oneOf(true)),
  /** Set where a verification found it gone, or its marker gone or altered. */
  damage: optional(oneOf('missing-here', 'marker-missing', 'marker-altered')),
  /** The file's own time of change (seconds) where that is not `mtime`; null: it was taken over, and is not on record. */
  here: optional(nullable(integer)),
  /** Its last removal by policy, where it came again since: that day's limit counts it all the same. */
  removedBefore: optional(object({ at: wholeMillis, series: text, point: wholeMillis })),
  /** Of the plan that last published, adopted or repaired it. */
  planId: nullable(text),
  /** When and by which plan it first came here, where that is not as `since` and `planId` say: it was removed or repaired since. */
  first: optional(object({ at: wholeMillis, planId: nullable(text) })),
  /** Of the specs that plan was made from; left out where none is known. */
  revision: optional(text),
  /** The source's name for it, where that is another. */
  from: optional(relPath),
  /** What was odd about it at its gate; left out: nothing. */
  anomalies: optional(list(checkedAnomaly)),
  /** The latest mtime, whole seconds, under which the source was seen to have these bytes since; left out: as it was published. */
  same: optional(integer),
}

/** When and by which plan a file first came here: whatever became of it since (I9). */
export const firstPublished = ({ since, planId, first }: LedgerRecord): NonNullable<LedgerRecord['first']> =>
  first ?? { at: since, planId }

/** One removal by a prune, as the ledger records it. */
export type PrunedFile = CheckedFields<typeof PRUNED_FILE>
export const PRUNED_FILE = {
  /** When it was done: trash and daily limits count from here. */
  at: wholeMillis,
  /** The event under which it is in the trash; null: the trash's grace is over, or it was emptied. */
  trash: nullable(text),
  /** Seconds for which it was to stay there; left out where that is not on record. */
  trashFor: optional(count),
  /** `person`: by name and with a reason; it is never pulled again. */
  by: oneOf('policy', 'person'),
  reason: text,
  series: text,
  /** The time of the point that it was a file of. */
  point: wholeMillis,
  planId: nullable(text),
}

export interface StagedFile {
  readonly size: number
}

/**
 * What the source last showed of one path. A cache: it may be deleted at any time. A look that finds the file as it was hands on this
 * very value as the source's side: among a million files nearly all are.
 */
export interface Seen extends SourceFile {
  readonly listed: ListedFile
  /** What the marker claimed, when last read; `none` also where there was one that was not, or could not be, read. */
  readonly marker: SeenClaim | NoMarker
  /** When the marker was last read. */
  readonly readAt: Instant | null
  /** The digest for which the bytes in staging were fetched; null where none were, or it is not known. */
  readonly stagedFor: Digest | null
  readonly gate: GateFailure | null
  /** Since when it has been listed without a marker; null: it has one. */
  readonly waitingSince: Instant | null
  /** Of what is in conflict: the last mtimes under which it was seen to have other bytes, one a day at most, the newest last. */
  readonly changes?: readonly number[]
}

export type SeenClaim = MarkerClaim & { readonly text: null }

/** A file whose gate failed twice: not pulled again until the source's facts change, or a day has passed. */
export interface GateFailure extends ListedFile {
  readonly at: Instant
  readonly digest: Digest
}
