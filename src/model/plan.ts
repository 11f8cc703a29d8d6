import type { BesideCount, SeriesStatus } from './status.ts'
import type { Suspended } from './suspension.ts'
import type { Diagnostic, Halt, Hold, Problem, Warning } from './trouble.ts'

/** Those that leave their file published and whole. */
const MAKING_WHOLE = ['pull', 'resume', 'adopt', 'repair'] as const

/** In the order in which a summary counts them. */
export const ACTIONS = [
  ...MAKING_WHOLE,
  'wait',
  'conflict',
  'lost',
  'surplus',
  'prune',
  'expire',
  'keep',
] as const

export type Action = (typeof ACTIONS)[number]

/** What one step wants to happen to one path, and why. The shape of `reconcile.plan/1`. */
export interface Step {
  readonly action: Action
  readonly path: string
  /** The source's name for it, where that is another. */
  readonly from?: string
  readonly because: readonly string[]
  /** The series and the time of the point that it is a file of; left out where files are not told apart by date. */
  readonly series?: string
  /** UTC; without a date in its name the source's modification time. */
  readonly time?: string
  readonly size?: number
  /** The digest that the bytes must have, lower-case hex. */
  readonly digest?: string
  readonly stagedBytes?: number
  /** Some of its point is here: it comes before others (I13). */
  readonly begun?: true
  /** pull, resume and repair only: its place in the order of transfer, from 1. */
  readonly turn?: number
  /** conflict only. */
  readonly held?: string
  readonly source?: string
  /** conflict only: what to do, where more is known of it. */
  readonly hint?: string
  /** expire only: the trash event it is in; left out for staged bytes. */
  readonly trash?: string
  /** What the step relies on: a saved plan is applied only where it still holds. */
  readonly expect?: {
    readonly source: { readonly size: number; readonly mtime: string; readonly digest: string | null } | null
    readonly destination: { readonly size: number; readonly digest: string | null } | null
  }
}

/** Steps of each kind, and the bytes still to be transferred. */
export type PlanSummary = { readonly [Count in Action | 'bytes']: number }

/** Points of one series: those that the rules keep once it has come as expected for long, and those that are held by then. */
export interface Retained {
  readonly wanted: number
  readonly held: number
}

export interface BackupPlan {
  readonly backup: string
  readonly spec: { readonly file: string; readonly line: number; readonly digest: string }
  /** For people: `foo@db1:222:.` and the destination's folder. */
  readonly from: string
  readonly to: string
  /** Sorted by path, then action. `keep` only where it was asked for. */
  readonly steps: readonly Step[]
  readonly halt: Halt | null
  readonly holds: readonly Hold[]
  readonly problems: readonly Problem[]
  readonly warnings: readonly Warning[]
  /** It does not run, so there are no steps; null: it runs. */
  readonly suspended: Suspended | null
  readonly summary: PlanSummary
  /** Each series against what is expected of it. */
  readonly series: readonly SeriesStatus[]
  /** Left out where there are none. */
  readonly beside?: BesideCount
  /** Finished files at the source that retention does not want: neither held nor to be brought. */
  readonly unwanted: { readonly files: number; readonly bytes: number }
  /** What the policy comes to in the end; null: nothing is removed, or it is not known how often points come. */
  readonly retained: Retained | null
  /** Bytes free at the destination; null: unknown. */
  readonly free: number | null
  /** Allowed bytes a second; null: unlimited; 0: bandwidth is off. */
  readonly rate: number | null
  /** When another rate is in force, by the timetable; null: it stays. */
  readonly rateUntil: string | null
  /** Seconds the transfer takes, by the timetable; null where the rate is unlimited, or off for good. */
  readonly seconds: number | null
}

/** What `--dry-run --json` prints. Same inputs, same bytes. */
export interface Plan {
  readonly format: 'reconcile.plan/1'
  readonly planId: string
  readonly asOf: string
  readonly revision: string | null
  readonly backups: readonly BackupPlan[]
  readonly diagnostics: readonly Diagnostic[]
  /** What concerns many backups at once. Left out where there is nothing. */
  readonly problems?: readonly Problem[]
  readonly summary: PlanSummary
}

const MAKES_WHOLE: ReadonlySet<Action> = new Set(MAKING_WHOLE)

/** Whether a step leaves its file published and whole. */
export const makesWhole = ({ action }: Pick<Step, 'action'>): boolean => MAKES_WHOLE.has(action)
