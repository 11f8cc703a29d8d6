import type { LedgerHead, LedgerRecord } from '../model/holding.ts'
import type { Instant } from '../model/instant.ts'
import type { LedgerEvent } from '../model/ledger-event.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Halt } from '../model/trouble.ts'
import type { Disk } from './disk.ts'
import type { Layout } from './layout.ts'

export interface LedgerOptions {
  /** `read`: needs no lock, tolerates a torn tail, writes nothing. `write`: under the lock only; mends a torn tail. */
  readonly mode: 'read' | 'write'
  readonly now: () => Instant
  /** The highest head that status.json or the box recorded, read BEFORE the ledger is. */
  readonly knownHead: LedgerHead | null
}

export type LedgerState =
  /** Neither ledger nor id: `establishIdentity` makes both. */
  | { readonly state: 'absent' }
  | { readonly state: 'damaged'; readonly halt: Halt }
  | { readonly state: 'open'; readonly ledger: Ledger }

export type RepairIntent = Extract<LedgerEvent, { readonly event: 'repair-begin' }>

/** An open ledger. In `write` mode head, records and the rest move with every append. */
export interface Ledger {
  readonly id: string
  readonly head: LedgerHead
  /** When the last line was written. */
  readonly lastTime: Instant
  readonly records: ReadonlyMap<RelPath, LedgerRecord>
  /** `repair-begin` without its `repair-done`, in the order they began. */
  readonly openRepairs: readonly RepairIntent[]
  /** Staged files that were given up and not expired yet: path -> since when. */
  readonly abandoned: ReadonlyMap<RelPath, Instant>
  /** The torn tail that this opening moved into quarantine (`write`) or read past (`read`); null: there was none. */
  readonly recovered: { readonly bytes: number; readonly quarantine: string } | null
  /** The marker the ledger's last word on `path` holds, read from the disk; null: it knows none. */
  readMarker(path: RelPath): Promise<{ readonly name: string; readonly text: string } | null>
  /** Durable when it returns; one write and one fsync a megabyte. Throws a Failure where the disk refuses. Calls queue. */
  append(events: readonly LedgerEvent[]): Promise<void>
}

export async function openLedger(disk: Disk, files: Layout, options: LedgerOptions): Promise<LedgerState> {
  throw new Error(`soon ${disk} ${files} ${options}`)
}
