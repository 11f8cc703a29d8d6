import type { Holding } from './holding.ts'
import type { RelPath } from './rel-path.ts'
import type { SourceFile } from './source-file.ts'
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
  /** What is there in place of a file's marker; left out: not looked at. */
  readonly instead?: Instead
  /** Selected names, or their markers', that are symlinks there: not followed, not absent, and no trouble. */
  readonly links?: readonly RelPath[]
  /** Those that a marker of their own, or the list, calls finished. */
  readonly finishedLinks?: readonly RelPath[]
  /** Of an `unknown` one: what kept us from looking may pass by itself. */
  readonly retryable?: boolean
  /** It failed when it was asked for digests. */
  readonly isMute?: true
}

export interface Instead {
  /** Of data without a marker: the suffix of a checksum next to it that does not count. */
  readonly suffixes: ReadonlyMap<RelPath, string>
  /** A file that by its name holds the sums of many. */
  readonly sums: RelPath | null
}
