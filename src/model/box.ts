import type { DiskBefore, DiskFacts, LedgerHead, Turn } from './holding.ts'
import { type Instant, instant } from './instant.ts'
import type { Run } from './run.ts'
import type { DestinationStatus, SeriesStatus } from './status.ts'
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
  /** What a pass left on one of the disks that take turns at this path. Durable. */
  noteTurn(path: string, id: string, left: TurnLeft): Promise<void>
  /** None of them is here: whichever comes next has been away. `clock`: the time, by a clock that is believed; null: it is not. */
  noteAway(path: string, clock: Instant | null): Promise<void>
}

/** What a pass leaves to know of a disk while it is away. */
export interface TurnLeft {
  readonly status: DestinationStatus
  /** Null: as it was before. */
  readonly series: DiskSeries | null
  /** What holds for the whole backup; null: the pass did not see the whole source. */
  readonly look: Pick<Turn, 'policy'> | null
}

export type DiskSeries = readonly Pick<SeriesStatus, 'series' | 'newest' | 'points'>[]

/** The disks that take turns at one destination. */
export interface Rotation extends Pick<Turn, 'policy'> {
  readonly disks: readonly KnownDisk[]
  /** The disk over which the last pass that saw the whole source went; null: none has been here since; left out: not known. */
  readonly current?: string | null
  /** When a pass by a clock that was believed last found none of them; null: not known. */
  readonly clock: Instant | null
}

export interface KnownDisk extends DiskBefore {
  readonly id: string
  readonly filesystem: string
  /** Null: an older version did not write it down. */
  readonly within: string | null
  /** As the last pass over it left it; null: there was none since disks take turns. */
  readonly status: DestinationStatus | null
  readonly series: DiskSeries
}

/** Of each series the newest point on any of these disks. */
export function newestOn(disks: readonly Pick<KnownDisk, 'series'>[]): ReadonlyMap<string, Instant> {
  const found = new Map<string, Instant>()
  for (const { series: name, newest } of disks.flatMap(({ series }) => series)) {
    const at = newest === null ? Number.NaN : Date.parse(newest)
    if (at >= (found.get(name) ?? at)) found.set(name, instant(at))
  }
  return found
}

/** The latest time that passes wrote down, whether a disk was here or not; null: none. */
export function latestClock({ disks, clock }: Rotation): Instant | null {
  const times = disks.flatMap(({ status }) => (status === null ? [] : Date.parse(status.clock) || []))
  const all = [...times, ...(clock === null ? [] : [clock])]
  return all.length === 0 ? null : instant(Math.max(...all))
}

/** What the last pass over any of the disks left; null: not known. */
export const latestStatus = ({ disks }: Pick<Rotation, 'disks'>): DestinationStatus | null =>
  disks.reduce<DestinationStatus | null>(
    (latest, { status }) =>
      latest === null || (status !== null && Date.parse(status.finished) > Date.parse(latest.finished))
        ? status
        : latest,
    null,
  )

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
  /**
   * The id expected at this path: the one `found` there where it is known, else the last that was. A place that was only announced counts
   * once its id was really found there.
   */
  knownId(path: string, found: string | null): Promise<string | null>
  /** Where this id was last seen; null: never. */
  lastPlaceOf(id: string): Promise<string | null>
  /** All that this box knows, announced ones among them. */
  places(): Promise<readonly { readonly path: string; readonly backup?: string }[]>
  /** What is remembered of the disk of this destination; null: it was never here. */
  wasHere(id: string): Promise<DiskBefore | null>
  /** What is remembered of the disks that take turns at this path. */
  rotation(path: string): Promise<Rotation>
  /** Forgets a disk: should it come again, it is unknown. Durable, with who said so and why. */
  forget(id: string, why: Release): Promise<void>
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
  /** Other disks that are known at this path stay known. */
  readonly rotates: boolean
  readonly disk: DiskFacts
}
