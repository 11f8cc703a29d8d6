import type { Instant } from '../../model/instant.ts'
import type { ListedFile } from '../../model/listing.ts'
import type { NameKinds } from './name-kinds.ts'
import type { SortedFiles } from './sort-files.ts'

export type Yaml = string | number | boolean | null | readonly Yaml[] | { readonly [key: string]: Yaml }

/** One key of a spec, and what a look at the source says of it. */
export interface Finding {
  /** Dotted: `finished`, `select.as`, `series.pattern`. `source`: about the source as a whole; it has no value. */
  readonly key: FindingKey
  /** Undefined: not known, to be left out. */
  readonly value: Yaml | undefined
  /** What to write where a person answers the question so; only without a value. */
  readonly example?: Yaml | undefined
  /** Why, as one sentence without a full stop. Names in it are as the source gave them: to be escaped before they are shown. */
  readonly ground: string
  /** What a person has to say about it; without one it is sure. */
  readonly question?: string | undefined
}

export type FindingKey =
  | 'source'
  | 'finished'
  | 'checksum'
  | 'select.include'
  | 'select.exclude'
  | 'select.as'
  | 'series.pattern'
  | 'series.timezone'
  | 'retain'
  | 'expect'
  | 'schedule'

/** How many files are of a sort, and the first few names. */
export interface Sort {
  readonly count: number
  readonly names: readonly string[]
}

/** What a source's listing says of how its backups are made. */
export interface Guess {
  readonly findings: readonly Finding[]
  readonly files: Readonly<Record<'backups' | 'sidecars' | 'sums' | 'others', Sort>>
}

export interface GuessFacts {
  readonly now: Instant
  /** The text of small files that were fetched, by path: sidecars, sums files. */
  readonly texts?: ReadonlyMap<string, string>
  /** IANA: this box's own zone. */
  readonly zone: string
}

/** What a source's files are, before anything is concluded from it. */
export interface Look {
  readonly files: ReadonlyMap<string, Pick<ListedFile, 'size' | 'mtime'>>
  readonly sorted: SortedFiles
  readonly kinds: NameKinds
  readonly now: Instant
  /** This box's zone, known to the platform. */
  readonly box: string
  /** A repository, or files that are in use. */
  readonly isLive: boolean
  /** A tree of photos, documents or the like: each is kept, none replaces another. */
  readonly isOriginals: boolean
}

/** How series are told apart, and what versions of one name are called here. */
export interface Naming {
  readonly findings: readonly Finding[]
  readonly patterns: readonly string[]
  readonly timezone: string
  /** The backups that make one series under `select.as`; null: names are kept as they are. */
  readonly renamed: readonly string[] | null
}

/** A few names for a sentence. */
export const someOf = (names: readonly string[], most = 2): string =>
  names.slice(0, most).join(', ') + (names.length > most ? ` and ${names.length - most} more` : '')
