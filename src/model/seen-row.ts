import type { Digest } from './digest.ts'
import type { Seen } from './holding.ts'
import type { ListedFile } from './listing.ts'
import { markerPath, suffixOf } from './marker-name.ts'
import type { RelPath } from './rel-path.ts'
import { NO_MARKER } from './source-file.ts'

/** One path of what the source last showed as it is written down, in snapshots and in a destination's cache. */
export interface SeenRow extends ListedFile, Pick<Seen, 'readAt' | 'stagedFor' | 'gate' | 'waitingSince'> {
  readonly path: RelPath
  readonly marker: { readonly path: string; readonly size: number; readonly mtime: number } | null
  readonly digest: Digest | null
}

export function toSeenRow(path: RelPath, seen: Seen): SeenRow {
  const { listed, marker, readAt, stagedFor, gate, waitingSince } = seen
  const { size, mtime } = listed
  const rest = { readAt, stagedFor, gate, waitingSince }
  if (marker.state === 'none') return { path, size, mtime, marker: null, digest: null, ...rest }
  const beside = { path: markerPath(path, marker), size: marker.size, mtime: marker.mtime }
  return { path, size, mtime, marker: beside, digest: marker.digest, ...rest }
}

export function fromSeenRow(row: SeenRow): Seen {
  const { path, size, mtime, marker, digest, readAt, stagedFor, gate, waitingSince } = row
  return {
    listed: { size, mtime },
    marker:
      marker === null || digest === null
        ? NO_MARKER
        : {
            state: 'claimed',
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
  }
}
