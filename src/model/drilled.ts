import type { Problem } from './trouble.ts'

/** `reconcile restore --drill NAME --json`. Seconds. */
export interface DrillReport {
  readonly format: 'reconcile.drills/1'
  readonly drill: string
  readonly drills: readonly Drilled[]
  readonly problems: readonly Problem[]
  readonly exitCode: number
}

/** One series of a backup, and what the drill on its newest point came to. */
export interface Drilled {
  readonly backup: string
  readonly series: string
  /** UTC; null: nothing dates it. */
  readonly point: string | null
  readonly result: 'proven' | 'failed'
  readonly bytes: number
  readonly restoreSeconds: number
  readonly drillSeconds: number
  /** Why it failed; null: it is proven. */
  readonly why: string | null
}
