import type { LedgerHead } from './holding.ts'
import type { Difference } from './saved-plan.ts'
import type { Suspended } from './suspension.ts'
import type { Conflict, Diagnostic, Halt, Hold, Problem, Warning } from './trouble.ts'

export type BackupResult =
  | 'in-sync'
  | 'applied'
  | 'incomplete'
  | 'busy'
  | 'suspended'
  | 'halted'
  | 'failed'
  | 'cancelled'

/** A series that is late. */
export interface LateSeries {
  /** Of one that is guessed with `*` in the place of the date. */
  readonly series: string
  /** One line, with the cause where it is known. */
  readonly message: string
}

/** What one pass over one backup came to. The truth; events are only what people watch. */
export interface BackupOutcome {
  readonly backup: string
  readonly result: BackupResult
  readonly exitCode: number
  /** Paths that this pass put under their final names with their markers: pulled, adopted and repaired alike. */
  readonly published: readonly string[]
  readonly adopted: readonly string[]
  readonly repaired: readonly string[]
  /** Moved to the trash by this pass. */
  readonly pruned: readonly string[]
  readonly waiting: readonly string[]
  /** Files still to be brought: the pass ended before their turn, or could not bring them. */
  readonly pending: number
  readonly lost: readonly string[]
  readonly problems: readonly Problem[]
  readonly conflicts: readonly Conflict[]
  readonly holds: readonly Hold[]
  /** What is not wrong yet, and changes no exit code. */
  readonly warnings: readonly Warning[]
  readonly halt: Halt | null
  /** Series that should have a newer point by now. */
  readonly late: readonly LateSeries[]
  /** Bytes that came over the line. */
  readonly bytes: number
  readonly seconds: number
  /** Selected files that the destination now holds complete, and their bytes. */
  readonly complete: { readonly files: number; readonly bytes: number }
  /**
   * When the destination was last looked at: by this pass, or, if that could not, by the last one that left a status there. Null: not
   * known. Before this pass, `complete` counts nothing.
   */
  readonly lookedAt: string | null
  /** What stopped it may pass by itself: `watch` tries again before its time has come. */
  readonly retry: boolean
  /** Who holds a busy destination's lock. */
  readonly holders: readonly LockHolder[]
  /** Why a saved plan was refused; empty otherwise. */
  readonly stale: readonly Difference[]
  /** Why and until when it does not run; null: it does. */
  readonly suspended: Suspended | null
  /** The ledger's last line when it ended; left out: it did not get that far. */
  readonly head?: LedgerHead
  /** Of disks that take turns: the one that the pass went over, and those that were away; left out: none do, or it did not get that far. */
  readonly turn?: { readonly disk: string; readonly away: readonly string[] }
  /** The pass brought nothing more because bandwidth is off, until then (null: for good); null: it was not. */
  readonly off: { readonly until: string | null } | null
}

/** An outcome before its exit code and its duration are known. */
export type BareOutcome = Omit<BackupOutcome, 'exitCode' | 'seconds'>

/** An outcome with its exit code, before its duration is known. */
export type CodedOutcome = Omit<BackupOutcome, 'seconds'>

/** The outcome of a pass that came to nothing at all. */
export const emptyOutcome = (backup: string): BareOutcome => ({
  backup,
  result: 'failed',
  published: [],
  adopted: [],
  repaired: [],
  pruned: [],
  waiting: [],
  pending: 0,
  lost: [],
  problems: [],
  conflicts: [],
  holds: [],
  warnings: [],
  halt: null,
  late: [],
  bytes: 0,
  complete: { files: 0, bytes: 0 },
  lookedAt: null,
  retry: false,
  holders: [],
  stale: [],
  suspended: null,
  off: null,
})

export interface LockHolder {
  readonly pid: number
  readonly command: string
  /** When it was started; left out: not known. */
  readonly since?: string
}

/** What a pass prints with `--json`: `reconcile.result/1`. The process's exit code is its `exitCode`. */
export interface Result {
  readonly format: 'reconcile.result/1'
  readonly planId: string
  readonly revision: string | null
  readonly started: string
  readonly finished: string
  readonly backups: readonly BackupOutcome[]
  /** The box's own: its clock, or a repository of specs that is not to be read. Exit 1; what is sound goes on. */
  readonly problems: readonly Problem[]
  readonly diagnostics: readonly Diagnostic[]
  readonly exitCode: number
}
