import type { Brand } from './brand.ts'
import type { DigestKind } from './digest.ts'
import type { Instant } from './instant.ts'
import type { RelPath } from './rel-path.ts'

/** `^[a-z0-9][a-z0-9._-]*$`, and no command's word. */
export type BackupName = Brand<string, 'BackupName'>

/**
 * One backup as declared: defaults merged, units read, paths made absolute. Made once in specs/ and trusted from there on.
 * Sizes are bytes, durations seconds, rates bytes a second.
 */
export interface Spec {
  readonly name: BackupName
  readonly file: string
  readonly line: number
  /** sha256 of the effective spec in canonical form, hex. */
  readonly digest: string
  readonly source: SshPlace | LocalPlace
  readonly finished: Finished
  /** Which digest counts, of markers and sums. What a source's rsync is asked for is its md5. */
  readonly checksum: DigestKind
  readonly select: Selection
  readonly series: SeriesRules
  /** Null: everything is wanted. */
  readonly retain: RetainRules | null
  /** The first that fits a series counts; empty: nothing is expected. */
  readonly expect: readonly Expectation[]
  readonly destination: DestinationPlace
  readonly transfer: TransferRules
  readonly prune: PruneRules
  /** Seconds after which a published file is to be read again before it is relied on, and a marker fetched again. */
  readonly verifyEvery: number
  /** Null: nobody asks for proof. */
  readonly prove: ProveRules | null
  readonly acknowledge: readonly Acknowledgement[]
  /** Left out: nothing is asked of what comes but that it is what its marker says. */
  readonly anomaly?: AnomalyRules
  /** When `watch` runs it. A pass that a person or cron runs does not ask. */
  readonly schedule: Schedule
  /** Null: it runs. */
  readonly suspend: Suspension | null
}

/** How often a backup is run by `watch`. */
export type Schedule =
  | { readonly kind: 'every'; readonly seconds: number }
  | { readonly kind: 'cron'; readonly cron: string; readonly timezone: string }

/** Why and until when a backup does not run. */
export interface Suspension {
  readonly reason: string | null
  /** Null: until it is resumed. */
  readonly until: Instant | null
  /** Where it is written. */
  readonly file: string
  readonly line: number
}

export interface SshPlace extends Hop {
  readonly kind: 'ssh'
  /** Relative to the folder rrsync serves, '.' for that folder itself; or absolute, where no rrsync stands between. */
  readonly path: string
  /** Absolute paths on this machine. */
  readonly identity: string
  readonly knownHosts: string
  readonly jump: readonly Hop[]
  readonly listing: RelPath | null
  readonly protocol: number | null
  readonly algorithms: 'default' | 'legacy'
}

export interface Hop {
  readonly user: string
  readonly host: string
  readonly port: number
}

export interface LocalPlace {
  readonly kind: 'local'
  /** Absolute. */
  readonly path: string
  readonly listing: RelPath | null
}

/** What shows that a file at the source is finished, and where the digest comes from that it must then have. */
export type Finished =
  /** A marker of its own next to it. */
  | { readonly kind: 'marker' }
  /** A file in its folder, or above it, that names it with its digest. `name`: a glob on such a file's base name. */
  | { readonly kind: 'sums'; readonly name: string }
  /** Two looks at least so many seconds apart between which it has not changed; the source's own rsync is asked for its md5. */
  | { readonly kind: 'quiet'; readonly seconds: number }

export interface Selection {
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  /** Each version is kept here under this name, made of tokens; left out: under its own. */
  readonly as?: string
}

/** How files are told apart by date. */
export interface SeriesRules {
  /** Tokens and literal text; the first that matches a file counts. Empty: they are guessed by the dates in names. */
  readonly patterns: readonly string[]
  /** IANA. Days, weeks and hours are cut here. */
  readonly timezone: string
}

/** Which points are wanted. A rule that is not given is null. */
export interface RetainRules
  extends Readonly<Record<'last' | 'hourly' | 'daily' | 'weekly' | 'monthly' | 'yearly', number | null>> {
  /** Days by the calendar of the series' zone, then seconds; `text` as it was written. */
  readonly within: { readonly days: number; readonly seconds: number; readonly text: string } | null
  /** Which point of a period stands for it. */
  readonly pick: 'newest' | 'oldest'
  /** Globs, as in a selection: a point of which one file matches is always kept, and counts for nothing. */
  readonly pin: readonly string[]
}

/** How often a series should get a new point. */
export interface Expectation {
  /** Glob on the series' name; null: every series. */
  readonly series: string | null
  readonly rhythm:
    | { readonly kind: 'every'; readonly seconds: number }
    /** In the series' zone. */
    | { readonly kind: 'cron'; readonly cron: string }
    | { readonly kind: 'never' }
  /** Seconds. */
  readonly grace: number
  /** From here on nothing is expected any more. */
  readonly until: Instant | null
  /** Seconds that the oldest point must go back, once the series itself does; left out: no matter how far. */
  readonly reach?: number
}

/** What may be removed, and how carefully. Times are seconds. */
export interface PruneRules {
  readonly mode: 'never' | 'manual' | 'auto'
  /** Points a series. */
  readonly keepAtLeast: number
  readonly minAge: number
  readonly trashFor: number
}

/** How often the newest point of each series is restored for a drill, and which one of the box's: specs name no commands. */
export interface ProveRules {
  /** Seconds. */
  readonly every: number
  readonly drill: string
}

export interface DestinationPlace extends NearPlace {
  readonly minFree: number
  readonly maxSize: number | null
}

export interface NearPlace {
  /** Absolute. */
  readonly path: string
  readonly mount: string | null
  /** Nothing is written unless what it is on is seen to be encrypted; left out: it may be on anything. */
  readonly encrypted?: 'required'
  /** Several disks take turns at `mount`. */
  readonly rotate: boolean
}

export interface TransferRules {
  readonly bandwidth: Bandwidth
  /** Seconds without progress. */
  readonly timeout: number
  readonly maxFileSize: number | null
  readonly order: 'newest' | 'oldest'
}

/** How fast a backup may transfer, and when. A plain rate is one entry. */
export interface Bandwidth {
  /** IANA: days and times of day are by its clock. */
  readonly timezone: string
  /** The first that is open counts; where none is, there is no limit. */
  readonly entries: readonly BandwidthEntry[]
}

/** Bytes a second; null: unlimited; `off`: nothing is transferred. */
export type Rate = number | null | 'off'

export interface BandwidthEntry {
  /** 1 is Monday, 7 Sunday; null: every day. A window over midnight belongs to the day on which it begins. */
  readonly days: readonly number[] | null
  /** Minutes after midnight by the wall clock, `to` up to 1440 and not open any more; where it is not above `from`, it is of the next day. Null: all day. */
  readonly window: { readonly from: number; readonly to: number } | null
  readonly rate: Rate
}

/** What is odd about a file that comes. */
export interface AnomalyRules {
  /** Of the median of its series: a size below the first part of it, or above the second, is. */
  readonly size: readonly [number, number]
  /** Bytes that are not of the kind that its name says are. */
  readonly kind: boolean
}

/**
 * Silences the conflict over `path` while the source's digest is this one; of the file that was published with that digest what is odd about
 * it, or else its loss. `lost`: its loss, though it was odd.
 */
export interface Acknowledgement {
  readonly path: string
  readonly digest: string
  readonly reason: string
  readonly lost?: boolean
}

/** The policy that is obeyed is the last good one: a newer one is there, and is broken or held. */
export interface LastGood {
  /** Which is obeyed, and which is not: a commit, or a spec's digest. */
  readonly obeyed: string
  readonly newer: string
  /** In words that go on after "and ": `the specs are those of commit 1a2b3c4d: the newer 5e6f7a8b has faults`. */
  readonly message: string
}
