import type { Digest } from './digest.ts'
import type { Holding } from './holding.ts'
import type { RelPath } from './rel-path.ts'
import type { Problem } from './trouble.ts'

/** Both sides of one backup, looked at before anything is decided. */
export interface Observation {
  readonly source: SourceView
  readonly destination: Holding
}

/**
 * The data files the spec selects, as the source shows them. Only a `complete` view proves absence; from `incomplete` and
 * `unknown` nothing is lost, surplus or pruned.
 */
export interface SourceView {
  readonly completeness: 'complete' | 'incomplete' | 'unknown'
  readonly files: ReadonlyMap<RelPath, SourceFile>
  readonly problems: readonly Problem[]
  /** Of an `unknown` one: what kept us from looking may pass by itself. */
  readonly retryable?: boolean
}

export interface SourceFile {
  /** Bytes and whole seconds; null: a list file names it, and it is not there. */
  readonly listed: { readonly size: number; readonly mtime: number } | null
  readonly marker: SourceMarker
}

export type SourceMarker =
  | { readonly state: 'none' }
  | {
      readonly state: 'claimed'
      readonly path: RelPath
      readonly digest: Digest
      readonly size: number
      readonly mtime: number
      /** Its bytes, one character a byte (latin1); null where the claim is remembered from an earlier look. */
      readonly text: string | null
    }
  /** There is a marker; nobody wants the file, so it was not read. */
  | { readonly state: 'unread'; readonly path: RelPath; readonly size: number; readonly mtime: number }
  /** There is a marker, and what it says cannot be had. A problem in the view says why. */
  | { readonly state: 'unreadable' }
