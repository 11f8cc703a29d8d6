import type { LedgerHead } from './holding.ts'
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
  /** Copies that were read again whole and found right. `oldest`: of what is held at the end, the longest ago that one was read. */
  readonly verified: Amount & { readonly oldest: string | null }
  /** Found rotten. */
  readonly rotten: readonly string[]
  /** Restored by a drill; null: none is on record. */
  readonly proven: null
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
