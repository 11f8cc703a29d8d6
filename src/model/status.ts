import type { Diagnostic } from './trouble.ts'

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
  /** The ledger's last line then: a ledger that no longer holds it was edited. */
  readonly head: { readonly seq: number; readonly hash: string } | null
}

export interface SeriesStatus {
  readonly series: string
  readonly newest: string | null
  readonly expect: string | null
  readonly state: string
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
