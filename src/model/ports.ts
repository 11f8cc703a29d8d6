import type { AnomalyJudge } from './anomaly.ts'
import type { Rotation } from './box.ts'
import type { Digest, DigestKind, DigestPair } from './digest.ts'
import type { Failure } from './failure.ts'
import type { Holding, Identity, LedgerEnd, LedgerHead, ReadLine, Seen } from './holding.ts'
import type { FileEvent, LedgerEvent, PruneBegin } from './ledger-event.ts'
import type { Concern, Fetched, ListedFile, Listing } from './listing.ts'
import type { LockHolder } from './outcome.ts'
import type { RelPath } from './rel-path.ts'
import type { Run } from './run.ts'
import type { DestinationStatus, Progress } from './status.ts'
import type { Conflict, Halt, Problem } from './trouble.ts'
import type { Pace, Reread } from './verified.ts'

/** The far side of one backup. Whatever it hands over has been checked: names are safe, sizes are numbers. */
export interface Source {
  /** For people: `foo@db1:222:.` or an absolute folder. */
  readonly label: string
  /** Transfers from the same host are made one at a time; null: this machine. */
  readonly host: string | null

  /** All sessions of this work share one login, where the source lets them. Nothing of it is left afterwards. */
  connected<T>(work: () => Promise<T>): Promise<T>

  /** Connection 1: what the folder holds. Throws a Failure where that is unknown. Trouble with what is of no `concern` (left out: all is) is none. */
  list(run: Run, concern?: Concern): Promise<Listing>

  /**
   * Connection 2: reads the list file (and its own marker, where it has one and `listed` shows it) and the markers named, in one
   * session however many they are. A marker over 4 KiB or that cannot be parsed is a problem of its own. Throws a Failure where
   * the session itself failed, or the list is missing or does not match its marker. Asking for nothing connects to nothing.
   */
  fetch(wanted: FetchRequest, run: Run): Promise<Fetched>

  /**
   * How these files are now, as the source's own rsync shows them: it transfers nothing, and what is gone is left out. With `digests` it
   * reads each of them whole for its md5, and is given time by their sizes: twice as much after each of `stops`. Throws a Failure as
   * `list` does.
   */
  look(
    files: readonly Pick<PullFile, 'path' | 'size'>[],
    options: { readonly digests: boolean; readonly stops?: number },
    run: Run,
  ): Promise<ReadonlyMap<RelPath, Shown>>

  /**
   * Brings one batch into the staging folder `into`, under the same relative paths, in one session. Comes back only when
   * every process it started is gone. Never throws for what a source or a line can do: that is in the report.
   */
  pull(batch: PullBatch, run: Run): Promise<PullReport>
}

export interface FetchRequest {
  /** Read the place's list file, if it has one. */
  readonly list: boolean
  readonly markers: readonly RelPath[]
  /** A marker counts whatever name is in it: its file may have been renamed with it. */
  readonly anyName?: boolean
  /** Files that name others with their digests. */
  readonly sums?: readonly RelPath[]
  /** Of their digests, which kind counts; left out: md5. */
  readonly checksum?: DigestKind
  /** What connection 1 showed. */
  readonly listed: Listing
  /** As for {@link Source.list}. */
  readonly concern?: Concern
}

export interface Shown extends ListedFile {
  /** md5; null: not asked for, or it says none. */
  readonly digest: Digest | null
}

export interface PullBatch {
  /** `append`: keeps staged bytes as they are. `mend`: compares them block by block, for bytes known to be wrong. */
  readonly mode: 'append' | 'mend'
  readonly files: readonly PullFile[]
  /** Absolute. */
  readonly into: string
  /** A descriptor every child inherits, so that the destination's lock lives as long as any of them. */
  readonly inherit: number
  /** Bytes a second; null: unlimited. */
  readonly rate: number | null
  /** Seconds without progress before it is stopped. */
  readonly timeout: number
  /** At most once a second: bytes of this batch in staging now, and the file being written. */
  readonly report: (progress: {
    readonly bytes: number
    readonly files: number
    readonly path: string | null
  }) => void
}

export interface PullFile {
  readonly path: RelPath
  /** As listed; not a byte more is accepted. */
  readonly size: number
  readonly stagedBytes: number
}

export interface PullReport {
  /** `done`: rsync is content. `partial`: some files did not come (23, 24). `broken`: see failure. `stopped`: by run.signal. */
  readonly ended: 'done' | 'partial' | 'broken' | 'stopped'
  readonly failure: Failure | null
  /** What is known of single files: unreadable, vanished, refused. */
  readonly problems: readonly Problem[]
  /** Bytes received over the line. */
  readonly received: number
}

/** The near side of one backup. */
export interface Destination {
  /** Absolute. */
  readonly path: string

  /**
   * Who this disk is, before anything is written to it: the identity, and a halt where it may not be written at all (its mount
   * is not there, the private folder is another user's). Cheap: reads no ledger and lists nothing.
   */
  identify(run: Run): Promise<{ readonly identity: Identity; readonly halt: Halt | null }>

  /** The last pass's status; null where there is none that can be read. */
  readStatus(): Promise<DestinationStatus | null>

  /** The disks that take turns here; null: none do. */
  rotation(): Promise<Rotation | null>

  /** What a pass has left in progress.json; null where there is none that can be read. Whether one is running says the lock alone. */
  readProgress(): Promise<Progress | null>

  /** Looks without the lock and changes nothing. */
  inspect(run: Run): Promise<Holding>

  /** Reads a published file whole past the page cache, without the lock. Changes nothing. Throws the signal's reason. */
  reread(path: RelPath, pace: Pace, run: Run): Promise<Reread>

  /** The ledger's lines from the first on, in pieces, then what reading it came to. Takes no lock and changes nothing. */
  history(run: Run): AsyncGenerator<readonly ReadLine[], LedgerEnd>

  /** Names that the file system does not take, or may not: by its type alone, for nothing is written. Null: it takes all of them. */
  refusedNames(paths: readonly RelPath[]): Promise<RefusedNames | null>

  /** Why a pass could write nothing here, as the file system says without being written to; null: nothing speaks against it. */
  writeFault(): Promise<Halt | null>

  /**
   * Makes `.reconcile` where there is none, and takes the lock, waiting at most `waitSeconds`. `refused` says why this folder
   * may not be written at all: another user's, its mount not there.
   */
  lock(waitSeconds: number, run: Run): Promise<LockResult>
}

export interface RefusedNames {
  readonly paths: ReadonlySet<RelPath>
  /** For people: `exfat, /dev/sdb1`. */
  readonly filesystem: string
  /** False: a pass has to try. */
  readonly isSure: boolean
}

export type LockResult =
  | { readonly state: 'locked'; readonly destination: LockedDestination }
  | { readonly state: 'busy'; readonly holders: readonly LockHolder[] }
  | { readonly state: 'refused'; readonly halt: Halt }

/** A destination whose lock we hold: the only one that may write (I11). */
export interface LockedDestination {
  /** Inherited by every child that writes here. */
  readonly lockDescriptor: number
  /** Absolute path of the staging folder. */
  readonly staging: string

  /**
   * Protocol step 1: makes or reads the identity and lets the box learn, durably, where this destination is; mends a torn ledger
   * tail, finishes open intents, parts staged files from published ones.
   */
  recover(run: Run): Promise<void>

  /** As Destination.inspect, with the ledger as this lock's holder knows it. */
  inspect(run: Run): Promise<Holding>

  /**
   * Makes staging ready for a batch: folders made, files writable, what blocks a path moved aside, and, where `basis` says so
   * and nothing is staged yet, a copy of the held file as the bytes to start from. Tells the bytes then staged.
   */
  stage(
    files: readonly (Staged & { readonly basis: boolean })[],
    run: Run,
  ): Promise<ReadonlyMap<RelPath, number>>

  /** The same by trying them, in staging. */
  refusedNames(paths: readonly RelPath[]): Promise<RefusedNames | null>

  /** Protocol step 4: judges staged files. Hashes off the main thread; changes nothing. */
  gate(files: readonly GateRequest[], run: Run): Promise<ReadonlyMap<RelPath, GateVerdict>>

  /** Protocol steps 5 to 9 for files that have passed, in batches that share their steps. */
  publish(files: readonly PublishRequest[], run: Run): Promise<ReadonlyMap<RelPath, PublishVerdict>>

  /**
   * Judges data under its final name, and finishes it where it is right: read-only, synced, marker beside it, ledger. `judge`: what
   * is odd about what the ledger does not know yet; null: nobody asks.
   */
  adopt(
    files: readonly AdoptRequest[],
    run: Run,
    judge?: AnomalyJudge | null,
  ): Promise<ReadonlyMap<RelPath, AdoptVerdict>>

  /** Reads published files again and records those that are what was published. Changes no file. Stops on the signal, throwing its reason. */
  verify(paths: readonly RelPath[], run: Run): Promise<ReadonlyMap<RelPath, VerifyVerdict>>

  /**
   * Moves published files and their markers to one trash event, recorded before and after. Works on a full disk.
   * What was begun is finished by the next run's recover.
   */
  prune(files: readonly PruneRequest[], run: Run): Promise<ReadonlyMap<RelPath, PruneVerdict>>

  /** Publishes pruned files again out of the trash, by link (I4). Where something is under the name again, that is left alone. */
  undoPrune(
    paths: readonly RelPath[],
    why: { readonly reason: string; readonly by: string },
    run: Run,
  ): Promise<ReadonlyMap<RelPath, PruneVerdict>>

  /** Removes pruned files from the trash for good. */
  expireTrash(paths: readonly RelPath[], run: Run): Promise<ReadonlyMap<RelPath, PruneVerdict>>

  /** Bytes free to us now; null: unknown. */
  free(): Promise<number | null>

  /**
   * Has `choose` pick a batch by the room that there is now. Until `release`, what is not staged yet of the files it picks counts as taken
   * for other passes of this process on the same device. Pick, then transfer, then release: files are followed in staging.
   */
  admit<File extends PullFile>(choose: (room: RoomNow) => readonly File[]): Promise<Admitted<File>>

  /** Inodes free now; null: the file system does not count them. */
  inodes(): Promise<number | null>

  /** Removes files from staging, by their names there: their gate failed twice, or they expired. */
  dropStaged(paths: readonly RelPath[], run: Run): Promise<void>

  /** Durable when it returns. */
  record(events: readonly LedgerEvent[], run: Run): Promise<void>

  /** Updates the cache; a null forgets a path. Not durable. */
  remember(seen: ReadonlyMap<RelPath, Seen | null>): Promise<void>

  /** The ledger's last line; null where the ledger cannot be used. */
  head(): LedgerHead | null

  /** Also lets the box know the ledger's head, so that a ledger cut short later is found. */
  writeStatus(status: DestinationStatus): Promise<void>

  /** Replaces progress.json, or removes it. Not durable; what the disk refuses is passed over. */
  showProgress(progress: Progress | null): Promise<void>

  /** Lets the lock go. What an interrupted call had begun is finished by the next run's recover. */
  close(): Promise<void>
}

/** Bytes. */
export interface RoomNow {
  /** Free to us now; null: unknown. */
  readonly free: number | null
  /** What other passes of this process have still to bring to the same device. */
  readonly others: number
}

export interface Admitted<File> {
  readonly files: readonly File[]
  release(): void
}

/** One file and its name in staging, which is the source's. */
export interface Staged {
  readonly path: RelPath
  /** Left out: the same. */
  readonly from?: RelPath | undefined
}

export interface GateRequest extends Staged {
  readonly size: number
  readonly digest: Digest
}

export type GateVerdict =
  /** `head`: its first 512 bytes, one character a byte (latin1). */
  | { readonly verdict: 'passed' | 'mismatch'; readonly digests: DigestPair; readonly head: string }
  /** Fewer or more bytes than listed: interrupted, or changed at the source. */
  | { readonly verdict: 'size'; readonly size: number }
  | { readonly verdict: 'missing' }
  /** No regular file, more than one link, another owner. */
  | { readonly verdict: 'refused'; readonly problem: Problem }

/** What the source listed, and what the ledger is to know of the plan. */
type Origin = 'from' | 'mtime' | 'markerMtime' | 'vouched' | 'anomalies' | 'planId' | 'revision'

export interface PublishRequest extends Pick<FileEvent, 'size' | Exclude<Origin, 'from'>>, Staged {
  readonly digests: DigestPair
  readonly marker: { readonly path: RelPath; readonly text: string }
  /**
   * `new`: nothing may stand under the final name (I4). `repair`: the published copy is rotten or gone and goes to quarantine.
   * `unmarked`: data the ledger never knew may stand there and goes to quarantine.
   */
  readonly over: 'new' | 'repair' | 'unmarked'
}

export type PublishVerdict =
  | { readonly verdict: 'published' }
  /** Something else stands under the name; it was left alone. */
  | { readonly verdict: 'conflict'; readonly conflict: Conflict }
  | { readonly verdict: 'problem'; readonly problem: Problem }

export interface AdoptRequest extends Pick<FileEvent, Exclude<Origin, 'anomalies'>> {
  readonly path: RelPath
  /**
   * `ledger`: unmarked data the ledger knows; its marker is put back from there. `source`: unmarked data the ledger does not
   * know; it must match the source's marker. `pair`: data with a marker that the ledger does not know; it must match that.
   */
  readonly judge: 'ledger' | 'source' | 'pair'
  /** With `source` only. */
  readonly marker: { readonly path: RelPath; readonly text: string; readonly digest: Digest } | null
}

export type AdoptVerdict =
  | { readonly verdict: 'adopted'; readonly digests: DigestPair; readonly size: number }
  /** `ledger` and `source`: other bytes; left as they are. `pair`: rot; its marker is in quarantine now. */
  | { readonly verdict: 'mismatch'; readonly digests: DigestPair }
  | { readonly verdict: 'problem'; readonly problem: Problem }

export type VerifyVerdict =
  | { readonly verdict: 'sound' }
  /** Other bytes than were published: rot. Left as they are. */
  | { readonly verdict: 'mismatch'; readonly digests: DigestPair }
  | { readonly verdict: 'problem'; readonly problem: Problem }

/** What the ledger is to know of a removal. */
export type PruneRequest = Omit<PruneBegin, 'event' | 'path' | 'trash'> & { readonly path: RelPath }

export type PruneVerdict =
  | { readonly verdict: 'done' }
  /** Left as it was, or finished by the next run. */
  | { readonly verdict: 'problem'; readonly problem: Problem }
