import type { Diagnostic, Hold } from './trouble.ts'

export type BackupState = 'ok' | 'pending' | 'late' | 'conflict' | 'held' | 'suspended' | 'failed' | 'unknown'

/** True of a backup since a moment; the moment moves only when the truth does. */
export interface Condition {
  readonly type: string
  readonly status: 'true' | 'false' | 'unknown'
  readonly reason: string
  readonly message: string
  readonly since: string
}

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
  /** Open holds of the last pass, so that they can be released. */
  readonly holds: readonly Hold[]
  /** The spec that was obeyed: its digest, and the commit it was read at; null: not known. */
  readonly observed: { readonly digest: string; readonly revision: string | null } | null
  /** What `watch` promised then; null: nothing. A pass by hand leaves a promise as it is. */
  readonly promised: Promised | null
  /** The ledger's last line then: a ledger that no longer holds it was edited. */
  readonly head: { readonly seq: number; readonly hash: string } | null
}

/** When the next pass is to be, and until when the last one's word counts: after that nobody is known to look. */
export interface Promised {
  readonly nextRun: string
  readonly validUntil: string
}

/** Of one series against what is expected of it. `unknown`: nothing is expected of it, or nothing is known of it. */
export type FreshState = 'ok' | 'due' | 'late' | 'ended' | 'unknown'

export interface SeriesStatus {
  /** Its name; '' where files are not told apart by a pattern. */
  readonly series: string
  /** Of its newest complete point here. */
  readonly newest: string | null
  /** In words: `every 24h`. */
  readonly expect: string | null
  readonly state: FreshState
  readonly cause?: string
  readonly points: number
}

export interface BackupStatus {
  readonly backup: string
  readonly state: BackupState
  readonly destination: string
  readonly series: readonly SeriesStatus[]
  readonly conditions: readonly Condition[]
  readonly lastSuccess: string | null
  readonly nextRun: string | null
  readonly validUntil: string | null
  /** Bytes published, and bytes free. */
  readonly bytes: number | null
  readonly free: number | null
}

/** What `status --json` prints. */
export interface StatusReport {
  readonly format: 'reconcile.status/1'
  readonly revision: string | null
  readonly diagnostics: readonly Diagnostic[]
  readonly backups: readonly BackupStatus[]
}
