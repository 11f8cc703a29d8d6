import type { Digest } from './digest.ts'
import type { Seen } from './holding.ts'
import type { ListedFile } from './listing.ts'
import { markerPath, suffixOf } from './marker-name.ts'
import type { RelPath } from './rel-path.ts'
import { NO_MARKER, type QuietLook, type Voucher } from './source-file.ts'

/** One path of what the source last showed as it is written down, in snapshots and in a destination's cache. */
export interface SeenRow
  extends ListedFile,
    Pick<Seen, 'readAt' | 'stagedFor' | 'gate' | 'waitingSince' | 'changes'> {
  readonly path: RelPath
  readonly marker: { readonly path: string; readonly size: number; readonly mtime: number } | null
  readonly digest: Digest | null
  /** As in {@link MarkerClaim}: then `marker.path` is that of ours. */
  readonly by?: Voucher
  readonly quiet?: QuietLook
}

export function toSeenRow(path: RelPath, seen: Seen): SeenRow {
  const { listed, marker, readAt, stagedFor, gate, waitingSince, changes } = seen
  const { size, mtime } = listed
  const rest = { readAt, stagedFor, gate, waitingSince, ...(changes === undefined ? {} : { changes }) }
  if (marker.state === 'none') {
    const { quiet } = marker
    const row = { path, size, mtime, marker: null, digest: null, ...rest }
    return quiet === undefined ? row : { ...row, quiet }
  }
  const beside = { path: markerPath(path, marker), size: marker.size, mtime: marker.mtime }
  const row = { path, size, mtime, marker: beside, digest: marker.digest, ...rest }
  return marker.by === undefined ? row : { ...row, by: marker.by }
}

export function fromSeenRow(row: SeenRow): Seen {
  const { path, size, mtime, marker, digest, readAt, stagedFor, gate, waitingSince, by, quiet, changes } = row
  return {
    listed: { size, mtime },
    marker:
      marker === null || digest === null
        ? quiet === undefined
          ? NO_MARKER
          : { state: 'none', quiet }
        : {
            state: 'claimed',
            ...(by === undefined ? {} : { by }),
            suffix: suffixOf(path, marker.path),
            digest,
            size: marker.size,
            mtime: marker.mtime,
            text: null,
          },
    readAt,
    stagedFor,
    gate,
    waitingSince,
    ...(changes === undefined ? {} : { changes }),
  }
}
