import type { RelPath } from './rel-path.ts'
import type { Problem } from './trouble.ts'

/** A regular file as rsync lists it. */
export interface ListedFile {
  /** Bytes. */
  readonly size: number
  /** Whole seconds since 1970. */
  readonly mtime: number
}

/**
 * What rsync says the source's folder holds. `incomplete`: it ended with 23 or 24, so what it shows is there, and what it
 * does not show may be there too. A look that failed throws a Failure and is never an empty listing.
 */
export interface Listing {
  readonly completeness: 'complete' | 'incomplete'
  /** Every regular file with a safe name: data, markers, list file alike. */
  readonly files: ReadonlyMap<RelPath, ListedFile>
  /** Names that are refused, entries that are no regular files, folders that could not be read. */
  readonly problems: readonly Problem[]
}

/** Small files of the source, read whole. What was asked for and is not here was gone, unreadable or too large. */
export interface Fetched {
  readonly contents: ReadonlyMap<RelPath, Uint8Array>
  readonly problems: readonly Problem[]
}
