import type { LedgerHead } from './holding.ts'
import type { Problem } from './trouble.ts'

/** `reconcile verify --json`. Times in UTC, sizes in bytes. */
export interface VerifyReport {
  readonly format: 'reconcile.verify/1'
  readonly backups: readonly VerifiedBackup[]
  readonly exitCode: number
}

export interface VerifiedBackup {
  /** Its name, or the folder that was given. */
  readonly backup: string
  /** Absolute. */
  readonly destination: string
  /** What was read whole, and its bytes are right. */
  readonly files: number
  readonly bytes: number
  /** What was to be read later: over `--limit`, verified lately, or the run was ended. */
  readonly left: { readonly files: number; readonly bytes: number }
  /** When the file read longest ago was last read whole, after this; null: nothing is held, or it is not known. */
  readonly oldest: string | null
  /**
   * With `--head`: that head, what became of its line, the last good line (null: there is none), and the bytes after it of a write that
   * is not whole. No file was read.
   */
  readonly head?: LedgerHead & {
    readonly found: HeadFound
    readonly last: LedgerHead | null
    readonly torn: number
  }
  /** Damage: each makes the exit code 6. */
  readonly findings: readonly Problem[]
  /** What kept it from looking. */
  readonly problems: readonly Problem[]
  /** The ledger now has what was found. False: `problems` says why, or the disk is unknown to this box. */
  readonly recorded: boolean
  /** A pass has something to do that none knew of before. */
  readonly news: boolean
  readonly exitCode: number
}

/**
 * `held`: the ledger has that line, with that hash. `cut`: it ends before. `other`: another line is in its place. `damaged`: it is damaged
 * before. `missing`: there is no ledger.
 */
export type HeadFound = 'held' | 'cut' | 'other' | 'damaged' | 'missing'

/** What reading one file past the page cache came to. */
export interface Reread {
  /** Null: `problem` says why there are none. */
  readonly digests: { readonly md5: string; readonly sha256: string } | null
  /** `missing`: nothing is there. `unreadable`: the disk refuses to read it. */
  readonly state: 'read' | 'missing' | 'unreadable'
  readonly size: number
  /** Its time of change, seconds. */
  readonly modified: number
  /** Each marker next to it: what it claims, hex (null: nothing that can be understood), and the CRC-32 of its bytes, signed. */
  readonly markers: readonly { readonly claim: string | null; readonly sum: number }[]
  /** Why it is unreadable. `hint`: what to do, where it is not for the disk's health. */
  readonly why: string
  readonly hint?: string
}

/** Slows reading down. Comes back when so many bytes more may be read; throws the signal's reason. */
export type Pace = (bytes: number) => Promise<void>
