import type { Mount } from './mount-table.ts'
import type { BackupName } from './spec.ts'
import type { Diagnostic, Halt, Problem } from './trouble.ts'

/** One thing that was looked at. `skipped`: it was not tried, or could not be told, and the message says why. */
export interface Check {
  /** Which check it is, in each report the same. */
  readonly code: string
  readonly state: 'ok' | 'warning' | 'failed' | 'skipped'
  readonly message: string
  readonly hint?: string
  /** The stable code of the trouble, as a pass has it. */
  readonly cause?: string
}

export interface BackupChecks {
  readonly backup: BackupName
  readonly checks: readonly Check[]
}

export interface DoctorReport {
  readonly format: 'reconcile.doctor/1'
  readonly backups: readonly BackupChecks[]
  /** Of this machine, once. */
  readonly box: readonly Check[]
  readonly diagnostics: readonly Diagnostic[]
  readonly exitCode: number
}

/** What came back from one question to a source, which may have been put to say anything. */
export interface Answer {
  /** Null: a signal ended it. */
  readonly code: number | null
  /** One character a byte, and not all of very much. */
  readonly stdout: string
  readonly stderr: string
  /** It took too long and was ended. */
  readonly isCut: boolean
}

/** What an account at a source lets this box's key do. Null: not asked. */
export interface AccountFacts {
  /** `echo reconcile''-probe; date +%s`, and this box's clock meanwhile, in seconds. */
  readonly shell: Answer & { readonly asked: number }
  /** Port 127.0.0.1:PORT there, which is sshd's own. */
  readonly forward: Answer
  /** rsync -n of one file there. */
  readonly write: Answer | null
  /** A listing of the folder above. `isInside`: a key bound to one folder showed that, whatever it was asked for. */
  readonly outside: (Answer & { readonly isInside: boolean }) | null
}

/** What a source showed of its files. */
export interface SourceFacts {
  readonly files: number
  readonly selected: readonly string[]
  /** Symlinks under selected names. */
  readonly links: readonly string[]
  readonly isComplete: boolean
  readonly problems: readonly Problem[]
  /** The newest time of any file, seconds since 1970; null: there is none. */
  readonly newest: number | null
  /** Of the selected: how many claims were asked for, and how many of them could be read. */
  readonly claims: {
    readonly asked: number
    readonly read: number
    /** Of the claims that could not be; null: none, or nothing is known of it. */
    readonly trouble: Halt | null
  }
}

/** What was seen of a destination. */
export interface DestinationFacts {
  readonly path: string
  readonly isThere: boolean
  /** Why a pass could not write there, or not make it; null: nothing speaks against it. */
  readonly fault: Halt | null
  /** The type of its file system and what it is on; null: unknown. */
  readonly on: Pick<Mount, 'type' | 'source'> | null
  /** Bytes; null: unknown. */
  readonly free: number | null
  /** Null: the file system does not count them. */
  readonly inodes: { readonly free: number; readonly all: number } | null
  readonly tried: Tried
}

/** What only writing shows: done in the staging folder of a destination that is ours, under its lock. */
export type Tried =
  | { readonly links: boolean; readonly refused: ReadonlySet<string> }
  /** Why it was not tried, in words that go on after "not tried: ". */
  | { readonly not: string }
