import { dirname, join } from 'node:path'
import type { Digest } from '../model/digest.ts'
import { markerOf } from '../model/marker-name.ts'
import { MARKER_LIMIT, parseMarker } from '../model/parse-marker.ts'
import { baseName, folderOf } from '../model/rel-path.ts'
import { finalPath, type Site } from './site.ts'

export interface Beside {
  /** Absolute. */
  readonly place: string
  /** Null: it claims nothing that can be understood, or is no regular file. */
  readonly digest: Digest | null
}

/** The markers that stand beside a file now, of any kind and spelling. Each folder is listed once. */
export function besides(site: Site): (path: string) => Promise<readonly Beside[]> {
  const folders = new Map<string, Promise<ReadonlyMap<string, readonly string[]>>>()
  return async (path) => {
    const folder = dirname(finalPath(site, path))
    let listed = folders.get(folder)
    if (listed === undefined) {
      listed = markersIn(site, folder)
      folders.set(folder, listed)
    }
    const names = (await listed).get(baseName(path)) ?? []
    return Promise.all(
      names.map(async (name) => {
        const place = join(folder, name)
        return { place, digest: await claimOf(site, place, path) }
      }),
    )
  }
}

async function markersIn(site: Site, folder: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>()
  for (const { name } of (await site.disk.list(folder)) ?? []) {
    const of = name === null ? null : markerOf(name)
    if (of === null) continue
    const names = found.get(of.data)
    if (names === undefined) found.set(of.data, [name!])
    else names.push(name!)
  }
  return found
}

/** What the marker at `place` claims of the data file `path`; null: nothing there, no file, or no claim. */
export async function claimOf({ disk }: Site, place: string, path: string): Promise<Digest | null> {
  if ((await disk.lstat(place))?.kind !== 'file') return null
  const bytes = await disk.read(place, { limit: MARKER_LIMIT + 1 })
  const of = markerOf(place)
  const claim = bytes === null || of === null ? null : parseMarker(bytes, path, of.kind)
  return claim !== null && 'digest' in claim ? claim.digest : null
}

/** Where a marker of this name stands: in its data's folder, whatever else the name may hold (I6). */
export function markerPathOf(path: string, name: string): string {
  const folder = folderOf(path)
  return folder === '' ? baseName(name) : `${folder}/${baseName(name)}`
}
