import type { BackupOutcome } from './outcome.ts'
import type { BackupPlan } from './plan.ts'
import type { Conflict, Halt, Hold, Problem } from './trouble.ts'

/**
 * What people and logs watch while a pass runs, and what `--output ndjson` streams (with `time` before it). Sizes in
 * bytes, rates in bytes a second.
 */
export type PassEvent = { readonly backup: string } & (
  | { readonly type: 'backup-started'; readonly from: string; readonly to: string }
  /** Another run holds the destination, the host or every slot: this one waits. */
  | { readonly type: 'waiting'; readonly for: 'destination' | 'host' | 'slot' }
  | { readonly type: 'planned'; readonly plan: BackupPlan }
  /** From now on transfers go at this rate (null: unlimited), or wait. `until`: when that changes; null: never. */
  | {
      readonly type: 'rate-changed'
      readonly rate: number | null | 'off'
      readonly until: string | null
    }
  | {
      readonly type: 'batch-started'
      readonly files: number
      readonly bytes: number
      readonly resumedBytes: number
    }
  /**
   * At most once a second while bytes come. `done` counts the files and bytes of this pass that are in staging or past it,
   * `published` those of the files that are past it (a batch is published while the next one comes), `resumed` the bytes that an
   * earlier run had brought.
   */
  | {
      readonly type: 'progress'
      readonly path: string | null
      readonly files: { readonly done: number; readonly total: number; readonly published: number }
      readonly bytes: { readonly done: number; readonly total: number; readonly resumed: number }
      /** Over the last seconds; null until it is known. */
      readonly rate: number | null
    }
  | { readonly type: 'gating'; readonly files: number; readonly bytes: number }
  | {
      readonly type: 'published'
      readonly path: string
      readonly size: number
      readonly digest: string
      readonly how: 'pulled' | 'adopted' | 'repaired'
    }
  /** Moved to the trash. */
  | { readonly type: 'pruned'; readonly path: string; readonly because: string }
  | {
      readonly type: 'retrying'
      readonly attempt: number
      readonly seconds: number
      readonly why: string
    }
  | { readonly type: 'problem'; readonly problem: Problem }
  | { readonly type: 'conflict'; readonly conflict: Conflict }
  | { readonly type: 'halt'; readonly halt: Halt }
  | { readonly type: 'hold'; readonly hold: Hold }
  | { readonly type: 'recovered'; readonly what: string }
  | { readonly type: 'backup-finished'; readonly outcome: BackupOutcome }
)
