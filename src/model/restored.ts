import type { Problem } from './trouble.ts'

/** `reconcile restore --json`. */
export interface RestoreReport {
  readonly format: 'reconcile.restore/1'
  /** The backup's name, or the folder that was given. */
  readonly backup: string
  /** Absolute folders. */
  readonly from: string
  readonly to: string
  readonly files: readonly RestoredFile[]
  /** Where points were chosen by series or time: those that were taken. Times in UTC; null: not known. */
  readonly points?: readonly {
    readonly series: string
    readonly time: string | null
    readonly files: readonly string[]
  }[]
  readonly problems: readonly Problem[]
  readonly exitCode: number
}

export interface RestoredFile {
  readonly path: string
  readonly size: number
  /** `restored`: copied, and its bytes are right. `present`: these bytes were there already. */
  readonly state: 'restored' | 'present'
}

/** `reconcile restore --list --json`. Times in UTC; null: not known. */
export interface PointList {
  readonly format: 'reconcile.points/1'
  readonly backup: string
  readonly points: readonly {
    readonly series: string
    readonly time: string | null
    readonly files: readonly string[]
    readonly bytes: number
    /** When the last of its files came here. */
    readonly published: string | null
    /** When the file read longest ago was last read whole. */
    readonly verified: string | null
    /** When a drill last proved it. */
    readonly proven: string | null
    /** A file of it was found with other bytes. */
    readonly rotten: boolean
    /** A file of it is not here any more. */
    readonly gone: boolean
  }[]
}
