import type { LedgerHead } from './holding.ts'
import type { DamageCode } from './ledger-event.ts'
import type { Diagnostic, Halt } from './trouble.ts'

/** `reconcile report`: a month of each backup, for owners and auditors. By the ledgers; bytes, and times in UTC. */
export interface Statement {
  readonly format: 'reconcile.report/1'
  /** `2026-11`. */
  readonly month: string
  readonly made: string
  readonly revision: string | null
  readonly backups: readonly BackupStatement[]
  readonly diagnostics: readonly Diagnostic[]
  readonly exitCode: number
}

interface Amount {
  readonly files: number
  readonly bytes: number
}

export interface BackupStatement {
  readonly backup: string
  readonly destination: string
  /** The month is cut there. `until`: its end, or when this was made. */
  readonly timezone: string
  readonly from: string
  readonly until: string
  /** What came first in that time; `adopted` was here before, `repaired` was put back. */
  readonly came: Amount & { readonly adopted: number; readonly repaired: number }
  readonly series: readonly SeriesStatement[]
  /**
   * Copies that were read again whole and found right. `oldest`: of what is held at the end, the longest ago that one was read; `every`:
   * the spec's `verify.every` (seconds); `overdue`: files held at the end that were not read for longer than that and a day.
   */
  readonly verified: Amount & {
    readonly oldest: string | null
    readonly every: number
    readonly overdue: number
  }
  /** Damage that was found in that time, or before and not mended by then. */
  readonly damaged: readonly DamageThen[]
  /** What the last verification by the end found that the ledger does not know. */
  readonly foreign: readonly string[]
  /** What was unlike others of its series when it came. */
  readonly anomalies: readonly {
    readonly time: string
    readonly path: string
    readonly kind: string
    readonly message: string
    readonly accepted: string | null
  }[]
  /** Of each series the last drill that was passed, whenever that was. */
  readonly proven: readonly DrillThen[]
  readonly drillsFailed: readonly (DrillThen & { readonly why: string })[]
  /** Whether the spec asks for drills. */
  readonly prove: boolean
  /** What went to the trash, by the rule or the person that said so; `paths`: the first few. */
  readonly removed: readonly (Amount & {
    readonly by: 'policy' | 'person'
    readonly reason: string
    readonly paths: readonly string[]
  })[]
  readonly released: readonly {
    readonly time: string
    readonly code: string
    readonly by: string
    readonly reason: string
  }[]
  /** At the end; `trend`: what was held at its beginning, and each week. */
  readonly held: Amount
  readonly trend: readonly { readonly at: string; readonly bytes: number }[]
  /** Bytes a day; null: too short a time. */
  readonly growth: number | null
  /** Now, above `destination.minFree`; null: unknown. `fullBy`: when that is used up if it goes on like this; null: it does not grow, or is not known. */
  readonly free: number | null
  readonly fullBy: string | null
  /** Of the ledger's last line by the end; null: there is none. */
  readonly head: LedgerHead | null
  /** The ledger is damaged, or could not be read: nothing above is the whole truth. */
  readonly halt: Halt | null
}

/** `ended`: repaired, put back, found right again, or removed; null: not by the end. `accepted`: why the spec accepts it; null: it does not. */
export interface DamageThen {
  readonly path: string
  readonly code: 'rot' | DamageCode
  readonly found: string
  readonly ended: string | null
  readonly accepted: string | null
}

/** A point that was restored to scratch for a drill. Bytes, seconds. */
export interface DrillThen {
  readonly time: string
  readonly drill: string
  readonly series: string
  readonly point: string | null
  readonly files: number
  readonly bytes: number
  readonly restoreSeconds: number
  readonly drillSeconds: number
}

export interface SeriesStatement {
  readonly series: string
  /** Points that came first in that time. */
  readonly points: number
  /** The newest point held at its end. */
  readonly newest: string | null
  readonly expect: string | null
  readonly late: readonly LateTime[]
}

/** `made-late`: at the source. `came-late`: made in time. `never-came`: nothing newer has come until the end. `ended` null: it is late still. */
export interface LateTime {
  readonly due: string
  readonly began: string
  readonly ended: string | null
  readonly cause: 'made-late' | 'came-late' | 'never-came'
}
