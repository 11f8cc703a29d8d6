import {
  amount,
  type Check,
  type Checked,
  count,
  flag,
  list,
  moment,
  nullable,
  object,
  oneOf,
  optional,
  text,
  unseen,
} from './check-json.ts'
import type { DiskInTurn } from './disk-in-turn.ts'
import type { DiskNames, LedgerHead } from './holding.ts'
import type { Diagnostic, Hold, Problem, SpecPlace } from './trouble.ts'
import type { WatchWord } from './watch-beat.ts'
import type { Orphan } from './watched-specs.ts'

export const BACKUP_STATES = [
  'ok',
  'pending',
  'empty',
  'late',
  'conflict',
  'held',
  'suspended',
  'failed',
  'unknown',
] as const

export type BackupState = (typeof BACKUP_STATES)[number]

export const CONDITION_TYPES = [
  'Ready',
  'Reconciling',
  'Stalled',
  'Fresh',
  'SpecValid',
  'SourceReachable',
  'Held',
  'Pushed',
  'Proven',
  'Anomalous',
  'Skipped',
] as const
export type ConditionType = (typeof CONDITION_TYPES)[number]

/** True of a backup since a moment; the moment moves only when the truth does. */
export const condition = object({
  type: oneOf(...CONDITION_TYPES),
  status: oneOf('true', 'false', 'unknown'),
  reason: text,
  message: text,
  /** Of a faulty spec: where its first fault was written. */
  place: unseen<SpecPlace | undefined>(),
  since: moment,
})
export type Condition = Checked<typeof condition>

/** Troubles of one code: a problem, a halt or a hold by its own, else `conflict`, `lost`, `late`. */
const troubleGroup = object({
  code: text,
  /** Sorted; of `late` the series. */
  paths: list(text),
  /** Of the paths beyond the first thousand: a fingerprint. */
  more: optional(text),
})
export type TroubleGroup = Checked<typeof troubleGroup>
export const troubleGroups = list(troubleGroup)

/** `.reconcile/status.json`: the last outcome. Replaceable. */
export interface DestinationStatus {
  readonly format: 'reconcile.destination/1'
  readonly backup: string
  readonly finished: string
  readonly result: string
  readonly exitCode: number
  readonly lastSuccess: string | null
  readonly conditions: readonly Condition[]
  readonly counts: {
    readonly waiting: number
    readonly conflict: number
    readonly lost: number
    readonly problems: number
    readonly pending: number
  }
  /**
   * Selected files that the source listed when its listing was last found sound; null: not known. A listing that shrank by half is
   * measured against it, and it stays until that is released.
   */
  readonly listed: number | null
  /** The time of the last pass whose clock was believed: what later clocks are measured against. */
  readonly clock: string
  /** What it leapt to by the last pass, and is believed where the next one finds the same; left out or null: it did not leap, or that is held. */
  readonly leapt?: string | null
  /** What was wrong when the last pass ended, by code; null: not known. `--on-change` compares with it. */
  readonly troubles: readonly TroubleGroup[] | null
  /** Open holds of the last pass, so that they can be released. */
  readonly holds: readonly Hold[]
  /** The spec that was obeyed: its digest, and the commit it was read at; null: not known. */
  readonly observed: { readonly digest: string; readonly revision: string | null } | null
  /** Until when its word counts, by its schedule, whoever is to run the next; null: not known. */
  readonly lookBy: string | null
  /** What `watch` promised then; null: nothing. A pass by hand leaves a promise as it is. */
  readonly promised: Promised | null
  /** What the source had of each series beyond what was held when the pass ended. */
  readonly series: readonly { readonly series: string; readonly newer: Newer }[]
  /** Series that the source shows and of which nothing is held, and since when a pass has found them so. */
  readonly awaited: readonly { readonly series: string; readonly since: string }[]
  /** The ledger's last line then: a ledger that no longer holds it was edited. */
  readonly head: LedgerHead | null
}

/**
 * The best that a source has of a series and we do not hold yet, newer than what we hold. `coming`: finished and wanted. `refused`:
 * finished, and it cannot be taken as it is. `beside-pattern`: it shows newer files that fit no pattern. `unknown`: it was not looked at; `unclear`: not seen whole.
 */
export const newer = oneOf(
  'none',
  'coming',
  'no-marker',
  'refused',
  'unwanted',
  'beside-pattern',
  'unclear',
  'unknown',
)
export type Newer = Checked<typeof newer>

/** Why a series is late. Stable. */
export type LateCause =
  | 'suspended'
  | 'held'
  | 'halted'
  | 'not-looked'
  | 'source-unreachable'
  | 'source-unclear'
  | 'coming'
  | 'line-slow'
  | 'no-marker'
  | 'refused'
  | 'unwanted'
  | 'beside-pattern'
  | 'producer-silent'
  | 'removed-here'
  | 'lost-here'

/** `.reconcile/progress.json`: how far a running pass is. Only a hint: written by the holder of the lock, gone when the pass ends. */
export const progress = object({
  format: oneOf('reconcile.progress/1'),
  /** When the pass began, and when this was written. */
  since: moment,
  at: moment,
  /** Of what the pass is to bring: bytes in staging or published, and all of them. */
  bytes: count,
  total: count,
  /** Bytes a second over the last seconds; null: unknown. */
  rate: nullable(amount),
  /** The file that is being written. */
  path: nullable(text),
  /** What has come and is being read again; null: nothing. */
  verifying: nullable(object({ files: count, bytes: count })),
})
export type Progress = Checked<typeof progress>

/** A pass that is running. `left`: seconds at that rate; null: unknown. */
export interface RunningNow extends Omit<Progress, 'format'> {
  readonly left: number | null
}

/** Published and selected files by when they were last read whole. */
export interface VerifiedNow {
  /** Seconds within which each is to be read: `verify.every`. */
  readonly every: number
  /** Its spec is faulty, so `every` is what a spec that does not say has. */
  readonly assumed?: true
  /** Of the complete ones, those not read for longer, and when the one read longest ago was; null: there is none. */
  readonly overdue: number
  readonly oldest: string | null
  /** Gone, rotten, or without their marker. */
  readonly damaged: number
  /** Files here that the ledger does not know, as the last verification found. */
  readonly foreign: number
}

/** What an ended pass left in staging for the next one. `size`: what these files come to once they are whole; null: unknown. */
export interface StagedNow {
  readonly files: number
  readonly bytes: number
  readonly size: number | null
  /** The one with the most bytes. */
  readonly path: string
}

/** Files at the source that were not finished when the last pass looked. */
export interface WaitingNow {
  readonly files: number
  /** The one that has waited longest, and since when; null: not known. */
  readonly path: string | null
  readonly since: string | null
}

/** What is wrong by one code: how many files, or series, it is about, and the first few of them. */
export interface TroubleNow {
  readonly code: string
  readonly count: number
  readonly names: readonly string[]
}

/** The disk of a destination. `size` in bytes; null: unknown. */
export interface DiskUnder extends Omit<DiskNames, 'label'> {
  readonly mountPoint: string
}

/** When the next pass is to be, and until when the last one's word counts: after that nobody is known to look. */
export const promised = object({ nextRun: moment, validUntil: moment })
export type Promised = Checked<typeof promised>

/** Of one series against what is expected of it. `unknown`: nothing is expected of it, or nothing is known of it. */
export type FreshState = 'ok' | 'due' | 'late' | 'ended' | 'unknown'

/** Selected files that fit no pattern: kept, counted by no rule, never pruned. `names`: the newest few of them. */
export const besideCount = object({ files: count, names: list(text) })
export type BesideCount = Checked<typeof besideCount>

/** The one series of all files without a date, where there is no pattern; also told of where nothing has shown itself yet. */
export const UNDATED = 'undated'

interface SeriesProof {
  readonly proven: string | null
  /** Seconds. */
  readonly restoreSeconds: number | null
  readonly failed: string | null
}
const reachStatus = object({
  /** In words: `365d`. */
  expect: text,
  /** Of its oldest complete point here; null: there is none. */
  oldest: nullable(text),
  /** `young`: the series itself is not that old yet. */
  state: text as Check<'ok' | 'young' | 'short'>,
})
export type ReachStatus = Checked<typeof reachStatus>

export const seriesStatus = object({
  /** Its name; of one that is guessed with `*` in the place of the date. */
  series: text,
  /** Of one that is guessed: the pattern to write, so that it is not; null: none says it. */
  pattern: optional(nullable(text)),
  /** Of its newest complete point here; where disks take turns, of the newest on any of them. */
  newest: nullable(text),
  /** Of status alone: when its next point is due, or was; null: none is, or that is unknown. */
  due: unseen<string | null | undefined>(),
  /** In words: `every 24h`. */
  expect: nullable(text),
  state: text as Check<FreshState>,
  /** Where it is late, and that is known. */
  cause: optional(text as Check<LateCause>),
  /**
   * Where that is the cause: a file of the newest point that was here, with which nothing would be late. `removed`: by a person, by name;
   * null: it is lost or damaged.
   */
  gone: optional(
    object({ path: text, removed: nullable(object({ at: text, reason: text, inTrash: flag })) }),
  ),
  points: count,
  /** Of status alone, where the spec asks for proof: when the drill was last content with a point, how long that restore took, and when the last drill failed; null: never, or not the last. */
  proof: unseen<SeriesProof | undefined>(),
  /** How far back it goes against what is expected; left out: no matter how far. */
  reach: optional(reachStatus),
})
export type SeriesStatus = Checked<typeof seriesStatus>
export type GoneHere = NonNullable<SeriesStatus['gone']>

export interface BackupStatus {
  readonly backup: string
  readonly state: BackupState
  /** Null: its spec is faulty, and this box knows no destination of that name. */
  readonly destination: string | null
  readonly series: readonly SeriesStatus[]
  /** Left out where there are none. */
  readonly beside?: BesideCount
  readonly conditions: readonly Condition[]
  /** All that the last pass found wrong, and what is gone since; left out where there is nothing. */
  readonly troubles?: readonly TroubleNow[]
  /** Left out where nothing waits. */
  readonly waiting?: WaitingNow
  /** When the last pass ended, whatever it came to. */
  readonly lastPass: string | null
  readonly lastSuccess: string | null
  /** Of the last pass. */
  readonly counts: DestinationStatus['counts'] | null
  /** The spec that the last pass obeyed. */
  readonly observed: DestinationStatus['observed']
  readonly nextRun: string | null
  readonly validUntil: string | null
  /** How a live `watch` is about it, as of its last beat; null: none is known to be there. */
  readonly watch: WatchWord | null
  /** Complete files and their bytes, and bytes free. */
  readonly files: number | null
  readonly bytes: number | null
  readonly free: number | null
  /** How its files stand by verification; left out: it cannot be looked at. */
  readonly verified?: VerifiedNow
  /** What was set aside, and only a person removes; left out: nothing, or it cannot be looked at. */
  readonly quarantine?: { readonly files: number; readonly bytes: number }
  /** Null: no pass is running, or it has not begun to transfer. */
  readonly running: RunningNow | null
  /** Null: nothing is staged, or a pass is running. */
  readonly staged: StagedNow | null
  readonly disk: DiskUnder | null
  /** Left out where no disks take turns. */
  readonly disks?: readonly DiskInTurn[]
  /** What a pass that finds the same exits with. */
  readonly exitCode: number
  /** All that is wrong with it is wrong with many backups at once: the code of the report's problem. */
  readonly shared?: string
}

/** What `status --json` prints. */
export interface StatusReport {
  readonly format: 'reconcile.status/1'
  readonly revision: string | null
  readonly diagnostics: readonly Diagnostic[]
  /** The box's own: its state folder, its disks. Left out where there are none. */
  readonly problems?: readonly Problem[]
  readonly backups: readonly BackupStatus[]
  /** Why what is obeyed is not the newest there is, as far as that is known: a commit that is not taken, a repository that is away. */
  readonly stale: readonly { readonly code: string; readonly message: string; readonly since: string }[]
  /** Data whose spec is gone, as `watch` found: nothing touches it any more. */
  readonly orphans: readonly Orphan[]
}
