import type { Rotation } from '../../model/box.ts'
import type { Holding } from '../../model/holding.ts'
import type { Instant } from '../../model/instant.ts'
import type { LockHolder } from '../../model/outcome.ts'
import type { DestinationPlace, Spec } from '../../model/spec.ts'
import type { StaleReason } from '../../model/specs-memory.ts'
import type { DestinationStatus, DiskUnder, Progress, StagedNow } from '../../model/status.ts'
import type { SuspendedNow } from '../../model/suspension.ts'
import type { Diagnostic, Halt, Hold, Problem } from '../../model/trouble.ts'
import type { WatchWord } from '../../model/watch-beat.ts'
import type { SeriesProof } from '../restore/points.ts'
import type { NotWhole } from './not-whole.ts'
import type { SeriesView } from './series.ts'

export interface StatusFacts {
  readonly backup: string
  readonly place: Pick<DestinationPlace, 'path'>
  /** Null for a bare folder: everything counts, and nothing is expected. */
  readonly spec: Spec | null
  /** Null: it could not be looked at; `halt` or `hold` says why. */
  readonly holding: Holding | null
  readonly last: DestinationStatus | null
  /** The disks that take turns; null: none do. */
  readonly rotation: Rotation | null
  readonly halt: Halt | null
  readonly hold: Hold | null
  /** A hold over its disk was released, and no pass has looked since. */
  readonly isReleased?: boolean
  /** Holds over all specs, under which it goes on by what was obeyed before; null: whether there are any is only known from the last pass. */
  readonly overSpecs: readonly Hold[] | null
  /** Why what is obeyed is not the newest there is. */
  readonly stale: readonly StaleReason[]
  /** What keeps it from running now. */
  readonly suspension: SuspendedNow | null
  /** What progress.json says; null: nothing. It counts only while somebody holds the lock. */
  readonly progress: Progress | null
  readonly disk: DiskUnder | null
  /** The processes that hold its lock now; null: unknown. */
  readonly holders: readonly LockHolder[] | null
  /** How a live daemon is about it; null: none is known to be there. */
  readonly watch: WatchWord | null
  /** When a `watch` on this box was last heard of that is not known to live, perhaps `unknown`; null: there is none, or it lives. */
  readonly silentSince: string | null
  /** Faults of its newest spec, in place of which `spec` is the last good one that a daemon obeys. */
  readonly specFaults: readonly Pick<Diagnostic, 'file' | 'line' | 'column' | 'code' | 'message'>[]
  /** When the file that declares it was last written to; null: not known. */
  readonly written: Instant | null
}

/** What a look at the disk came to. */
export interface StatusLook {
  readonly asOf: Instant
  /** None of the disks that take turns is here: it is judged by what is known of them. */
  readonly isAway: boolean
  /** But for that. */
  readonly halt: Halt | null
  /** Published files that are not here whole any more. */
  readonly gone: NotWhole
  /** Published files that are. */
  readonly held: number
  readonly views: readonly SeriesView[]
  /** Held files are selected, and none of them fits a pattern; null: that is not so. */
  readonly misfit: Problem | null
  readonly isUnderWay: boolean
  /** What an earlier pass left to be continued; null: nothing, or a pass is at it. */
  readonly staged: StagedNow | null
  /** How the drills of each series went; null: nobody asks for proof, or the destination cannot be looked at. */
  readonly proofs: readonly SeriesProof[] | null
}
