import type { Digest } from './digest.ts'
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
  /** When it was taken, by this box's boot; left out: not known. */
  readonly booted?: BootTime
  /** Every regular file with a safe name: data, markers, list file alike. */
  readonly files: ReadonlyMap<RelPath, ListedFile>
  /** Symlinks: they are never followed, and nothing is wrong with them. */
  readonly links?: ReadonlySet<RelPath>
  /** Names that are refused, entries that are no regular files, folders that could not be read. */
  readonly problems: readonly Problem[]
}

/**
 * What of a source may be trouble: what a spec could select, its markers, and the list file. A name whose bytes are no text is given in
 * each way that it may be read.
 */
export interface Concern {
  path(...readings: readonly string[]): boolean
  /** Whether anything below a folder could be selected. In doubt it could. */
  below(...readings: readonly string[]): boolean
}

export const EVERYTHING: Concern = { path: () => true, below: () => true }

/** What connection 2 brought: the list file and markers, parsed. */
export interface Fetched {
  /** Null: none was asked for. A missing or unreadable list is a Failure, never an empty one. */
  readonly list: ListFile | null
  /** What was asked for and is neither here nor `unreadable` was gone. */
  readonly markers: ReadonlyMap<RelPath, ReadMarker>
  /** By sums file: what it claims of files that were listed; null: it names one twice with two digests. */
  readonly sums?: ReadonlyMap<RelPath, SumsFile>
  /** Markers and sums files that are there and say nothing, also those beyond what `problems` have room for. */
  readonly unreadable?: ReadonlySet<RelPath>
  readonly problems: readonly Problem[]
}

/** The names a list file holds, in its order, each once; sidecars, the list itself and dotfiles left out. */
export interface ListFile {
  readonly names: ReadonlyMap<RelPath, Digest | null>
}

export interface ReadMarker {
  readonly digest: Digest
  /** Its bytes, one character a byte (latin1). */
  readonly text: string
}

/** Seconds since this boot of the box, which no clock moves. */
export interface BootTime {
  /** Which one it is; null: not known. */
  readonly boot: string | null
  readonly up: number
}

export const UNKNOWN_BOOT: BootTime = { boot: null, up: 0 }

export type SumsFile = ReadonlyMap<RelPath, Digest | null>
