import type { Digest } from './digest.ts'
import type { Instant } from './instant.ts'
import type { BootTime, ListedFile } from './listing.ts'
import type { RelPath } from './rel-path.ts'

/** One data file that the spec selects, as the source shows it. */
export interface SourceFile {
  /** Null: a list file names it, and it is not there. */
  readonly listed: ListedFile | null
  readonly marker: SourceMarker
  /** With `select.as`: the source's name for it. The path by which a view has it is then its path here. */
  readonly from?: RelPath
  /** With `select.as`: further files with its path here, each with its own `from`. */
  readonly others?: readonly SourceFile[]
  /** One of them that claims another digest, while nothing here says which of them is meant: the source's name for it. */
  readonly rival?: RelPath
}

/** A marker's path is its data's and the `suffix`, as the source spells it: `.md5`, `.SHA256`. */
export type SourceMarker =
  | NoMarker
  | MarkerClaim
  | UnreadClaim
  /** There is a marker, and what it says cannot be had. A problem in the view says why. */
  | { readonly state: 'unreadable' }

export interface NoMarker {
  readonly state: 'none'
  /** With `quiet`: the first of the two looks between which it must not change. */
  readonly quiet?: QuietLook
  /** With `select.as`: there is a marker, or a sums file, and it is older than the file. */
  readonly isOlder?: true
}

/** There is a marker, and the file is not wanted, so it was not read; or the source's rsync was not asked yet. */
export interface UnreadClaim {
  readonly state: 'unread'
  readonly suffix: string
  readonly size: number
  readonly mtime: number
  readonly quiet?: QuietLook
}

/** When a file was first seen as it is. Within one boot seconds of uptime count, since no clock moves them; else the time of day. */
export interface QuietLook extends BootTime {
  readonly at: Instant
  /** How often the source's rsync was stopped while it read the file: it is given twice the time after each. */
  readonly stops: number
}

/** One for all. */
export const NO_MARKER: NoMarker = { state: 'none' }

export interface MarkerClaim {
  readonly state: 'claimed'
  /** Who vouches for it: left out, a marker of the source's own; else the text is that of a marker of ours. */
  readonly by?: Voucher
  /** The sums files that were read for it, where it is by such. */
  readonly from?: readonly RelPath[]
  readonly suffix: string
  readonly digest: Digest
  /** Of the marker, or of the sums files that cover it. */
  readonly size: number
  readonly mtime: number
  /** Its bytes, one character a byte (latin1); null where the claim is remembered from an earlier look. */
  readonly text: string | null
}

/** A sums file at the source, or the source's own rsync. */
export type Voucher = 'sums' | 'source'
