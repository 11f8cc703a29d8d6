import type { DiskBefore, DiskFacts, LedgerHead } from './holding.ts'
import type { Instant } from './instant.ts'
import type { Run } from './run.ts'
import type { StoredSuspension, StoredSuspensions } from './suspension.ts'
import type { Release } from './trouble.ts'

/** The box's own memory: which destination is where, releases, and the locks that all processes on the box share. */
export interface Box {
  /** One of `concurrency` slots and the host's lock; held until `release`. */
  claim(
    host: string | null,
    run: Run,
    waiting: (what: 'host' | 'slot') => void,
  ): Promise<{ release(): Promise<void> }>
  /** The reason and the user of a release that waits for this hold; null where there is none. */
  released(hold: string): Promise<Release | null>
  /** Ids of all holds whose release waits. */
  releases(): Promise<ReadonlySet<string>>
  /** Which backups a person's command suspended. */
  suspensions(): Promise<StoredSuspensions>
  /** A release has been used, and is on the ledger's record. */
  consume(hold: string): Promise<void>
}

/** Which backups a command suspended: by name, or all that there are or will be. */
export interface Suspensions {
  suspensions(): Promise<StoredSuspensions>
  /** Takes the place of what was said before of the same. Durable. */
  suspend(which: readonly string[] | 'all', suspension: StoredSuspension): Promise<void>
  /** Durable. `all` ends those of single backups too. */
  resume(which: readonly string[] | 'all'): Promise<void>
}

/** The box's memory as destinations, `release` and the specs' loader need it. */
export interface BoxState extends Box, Suspensions {
  /** The id known for this path. A place that was only announced counts once its id was really `found` there. */
  knownId(path: string, found: string | null): Promise<string | null>
  /** Where this id was last seen; null: never. */
  lastPlaceOf(id: string): Promise<string | null>
  /** All that this box knows, announced ones among them. */
  places(): Promise<readonly { readonly path: string; readonly backup?: string }[]>
  /** What is remembered of the disk of this destination; null: it was never here. */
  wasHere(id: string): Promise<DiskBefore | null>
  /** Announces a destination about to be made: see `establishIdentity`. Durable. */
  expect(place: AnnouncedPlace): Promise<void>
  /** Learns, durably, that this destination has this id. */
  learn(place: AnnouncedPlace, at: Instant): Promise<void>
  /** The ledger's head as this box last saw it. */
  knownHead(id: string): Promise<LedgerHead | null>
  recordHead(id: string, head: LedgerHead): Promise<void>
  writeRelease(hold: string, reason: string, by: string, at: Instant): Promise<void>
  /** Of `_defaults.yaml` and `_hosts.yaml`, those expected in this specs folder: where one vanished, everything is held. */
  sharedFilesSeen(folder: string): Promise<readonly string[]>
  /** `gone`: their vanishing was released, and their absence is what is expected now. */
  rememberSharedFiles(
    folder: string,
    files: { readonly present: readonly string[]; readonly gone: readonly string[] },
  ): Promise<void>
}

export interface AnnouncedPlace {
  readonly id: string
  readonly path: string
  /** Whose it is. */
  readonly backup: string
  readonly disk: DiskFacts
}
