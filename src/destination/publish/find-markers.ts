import { dirname, join } from 'node:path'
import type { Digest } from '../../model/digest.ts'
import { markerOf } from '../../model/marker-name.ts'
import { MARKER_LIMIT, parseMarker } from '../../model/parse-marker.ts'
import { baseName, folderOf } from '../../model/rel-path.ts'
import type { Disk } from '../disk/disk.ts'
import { finalPath, type Site } from './site.ts'

export interface FoundMarker {
  /** Absolute. */
  readonly place: string
  /** Null: it claims nothing that can be understood, or is not a regular file. */
  readonly digest: Digest | null
  /** None where there is no file; of one that is too long to be a marker, its beginning. */
  readonly bytes: Uint8Array
}

/** Finds the markers next to a file now, of any kind and spelling. Each folder is listed once. */
export function markerFinder(site: Site): (path: string) => Promise<readonly FoundMarker[]> {
  const places = markerPlaces(site, 'any')
  return async (path) =>
    Promise.all(
      (await places(finalPath(site, path))).map(async (place) => ({
        place,
        ...(await readMarkerAt(site, place, path)),
      })),
    )
}

/** The same without what they claim, of a file at any place. Absolute. `file`: those alone that are regular files. */
export function markerPlaces(
  { disk }: Pick<Site, 'disk'>,
  kind: 'file' | 'any',
): (place: string) => Promise<readonly string[]> {
  const folders = new Map<string, Promise<ReadonlyMap<string, readonly string[]>>>()
  return async (place) => {
    const folder = dirname(place)
    let listed = folders.get(folder)
    if (listed === undefined) {
      listed = markersIn(disk, folder, kind)
      folders.set(folder, listed)
    }
    return ((await listed).get(baseName(place)) ?? []).map((name) => join(folder, name))
  }
}

async function markersIn(
  disk: Disk,
  folder: string,
  wanted: 'file' | 'any',
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>()
  for (const { name, kind } of (await disk.list(folder)) ?? []) {
    const of = name === null || (wanted === 'file' && kind !== 'file') ? null : markerOf(name)
    if (of === null) continue
    const names = found.get(of.data)
    if (names === undefined) found.set(of.data, [name!])
    else names.push(name!)
  }
  return found
}

/** What the marker at `place` claims of the data file `path`; null: nothing there, no file, or no claim. */
export const claimOf = async (...given: Parameters<typeof readMarkerAt>): Promise<Digest | null> =>
  (await readMarkerAt(...given)).digest

/** The same with its bytes. */
export async function readMarkerAt(
  { disk }: Pick<Site, 'disk'>,
  place: string,
  path: string,
): Promise<Omit<FoundMarker, 'place'>> {
  const isFile = (await disk.lstat(place))?.kind === 'file'
  const bytes = (isFile ? await disk.read(place, { limit: MARKER_LIMIT + 1 }) : null) ?? new Uint8Array()
  const of = markerOf(place)
  const claim = bytes.length === 0 || of === null ? null : parseMarker(bytes, path, of.kind)
  return { digest: claim !== null && 'digest' in claim ? claim.digest : null, bytes }
}

/** The path of a marker of this name: in its data's folder, whatever else the name may hold (I6). */
export function markerPathOf(path: string, name: string): string {
  const folder = folderOf(path)
  return folder === '' ? baseName(name) : `${folder}/${baseName(name)}`
}
