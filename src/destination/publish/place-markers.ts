import type { DigestPair } from '../../model/digest.ts'
import { markerOf } from '../../model/marker-name.ts'
import { parseMarker } from '../../model/parse-marker.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { Problem } from '../../model/trouble.ts'
import type { Folders } from '../disk/folders.ts'
import { forEachFile, synced, type Verdicts } from '../disk/for-each-file.ts'
import { fileMode, writeProtect } from '../disk/modes.ts'
import { claimOf, markerPathOf } from './find-markers.ts'
import { putInPlace } from './put-in-place.ts'
import { agrees, finalPath, type Site } from './site.ts'
import { newStagingName } from './staging-name.ts'

export interface ToMark {
  readonly path: string
  readonly digests: DigestPair
  readonly marker: { readonly path: string; readonly text: string }
}

/** The marker that was published with a file that the ledger knows. */
export async function markerOfLedger(site: Site, path: RelPath): Promise<ToMark['marker']> {
  const marker = await site.ledger.readMarker(path)
  if (marker === null) throw new Error(`the ledger knows ${path} and not its marker`)
  return { path: markerPathOf(path, marker.name), text: marker.text }
}

/** A batch this big is worth a hint to the disk before its many fsyncs. */
export const MANY = 32

/**
 * Protocol step 7, for files whose data is durable under their final names (I3): each marker is staged, synced, put in place, and
 * durable when this returns. An existing one with the same claim stays. `litter` collects staged names.
 */
export async function placeMarkers<V extends { readonly verdict: string }, T extends ToMark>(
  site: Site,
  items: readonly T[],
  seen: Folders,
  verdicts: Verdicts<V>,
  litter: string[],
): Promise<readonly T[]> {
  const staged = new Map<string, string>()
  let left = await forEachFile(items, 'write the marker of', verdicts, async (item) => {
    const final = finalPath(site, item.marker.path)
    seen.touched(final)
    if ((await site.disk.lstat(final)) !== null) return accept(site, item, final)
    const name = newStagingName(site.files)
    litter.push(name)
    staged.set(item.path, name)
    await site.disk.create(name, Buffer.from(item.marker.text, 'latin1'), fileMode())
    return null
  })
  if (left.length >= MANY) await site.disk.syncSoon(site.files.staging)
  left = await forEachFile(left, 'sync the marker of', verdicts, async (item) => {
    const name = staged.get(item.path)
    if (name !== undefined) await site.disk.syncFile(name)
    return null
  })
  left = await forEachFile(left, 'put in place the marker of', verdicts, async (item) => {
    const name = staged.get(item.path)
    if (name === undefined) return null
    const final = finalPath(site, item.marker.path)
    // I4: whatever came there meanwhile stays.
    return (await putInPlace(site, name, final)) === 'placed' ? null : accept(site, item, final)
  })
  return synced(left, seen, verdicts, (item) => [finalPath(site, item.marker.path)])
}

/** I2, I6: whether a marker's text claims these very digests, and it is named for its data; a problem if not. */
export function markerFault({ path, digests, marker }: ToMark): Problem | null {
  const of = markerOf(marker.path)
  const claim = of?.data === path ? parseMarker(Buffer.from(marker.text, 'latin1'), path, of.kind) : null
  if (claim !== null && 'digest' in claim && agrees(digests, claim.digest)) return null
  return {
    code: 'marker-differs',
    path,
    message: 'the marker does not match the digest of the file',
    hint: 'The next run reads the marker again.',
  }
}

async function accept(site: Site, item: ToMark, final: string): Promise<Problem | null> {
  if (!agrees(item.digests, await claimOf(site, final, item.path))) {
    return {
      code: 'marker-taken',
      path: item.path,
      message: `something else already has its marker's name ${item.marker.path}`,
      hint: 'Move it aside; the file itself is in place and is marked by the next run.',
    }
  }
  await writeProtect(site.disk, final)
  await site.disk.syncFile(final)
  return null
}
