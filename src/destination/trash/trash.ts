import { dirname } from 'node:path'
import { PRIVATE_FOLDER, type RelPath } from '../../model/rel-path.ts'
import { type Folders, folders } from '../disk/folders.ts'
import { forEachFile, type StepEnd, synced, type Verdicts } from '../disk/for-each-file.ts'
import { withReserve } from '../disk/reserve.ts'
import { markerPlaces } from '../publish/find-markers.ts'
import { taken } from '../publish/judge-standing.ts'
import { setAside } from '../publish/quarantine.ts'
import { finalPath, relativeTo, type Site } from '../publish/site.ts'

/** One file in one event of the trash. */
export interface InTrash {
  readonly path: RelPath
  readonly trash: string
}

/** Files whose ledger lines, before and after, fit the reserve together. */
export const TRASH_BATCH = 500

/** Of the file itself, or of its marker; relative to the destination. */
export const trashName = (trash: string, path: string): string => `${PRIVATE_FOLDER}/trash/${trash}/${path}`
export const trashPlace = (site: Site, { trash, path }: InTrash): string =>
  finalPath(site, trashName(trash, path))

/**
 * Moves what is at `place` to the trash; durable only after `seen.sync`. Never onto anything: what is in the way there goes to
 * quarantine. A full disk gives up the reserve. The folder in the trash is there.
 */
export async function moveToTrash(site: Site, trash: string, place: string, seen: Folders): Promise<void> {
  const { disk } = site
  const name = trashName(trash, relativeTo(site, place))
  const to = finalPath(site, name)
  seen.touched(place)
  seen.touched(to)
  const there = await disk.lstat(to)
  if (there !== null) {
    const here = await disk.lstat(place)
    // A power cut may have left both names of a move.
    if (here !== null && here.inode === there.inode && here.device === there.device) {
      await disk.unlink(place)
      return
    }
    await setAside(site, trash, to, relativeTo(site, place), seen)
  }
  await withReserve(disk, site.files, () => disk.rename(place, to))
}

/**
 * Does one step of a move to or from the trash for each file. Both of its folders are durable when it returns: a power cut could take a
 * new folder back, with the name in it.
 */
export const trashSteps =
  <V extends { readonly verdict: string }>(site: Site, seen: Folders, verdicts: Verdicts<V>) =>
  async <T extends InTrash>(items: readonly T[], doing: string, step: (item: T) => Promise<StepEnd<V>>) =>
    synced(
      // One after the other: only one of many that find the disk full could give up the reserve.
      await forEachFile(items, doing, verdicts, step, 1),
      seen,
      verdicts,
      (item) => [finalPath(site, item.path), trashPlace(site, item)],
    )

/**
 * Removes these files and their markers from the trash, and the folders that this empties, up to the event's own: nothing outside it,
 * and through no symlink (I6). Durable when it returns. Returns those of which nothing is left there.
 */
export async function removeFromTrash<V extends { readonly verdict: string }, T extends InTrash>(
  site: Site,
  items: readonly T[],
  verdicts: Verdicts<V>,
): Promise<readonly T[]> {
  const { disk, files } = site
  const seen = folders(disk, site.path)
  const places = markerPlaces(site, 'file')
  let left = await forEachFile(items, 'remove from the trash', verdicts, async (item) => {
    const found = await seen.find(trashName(item.trash, item.path))
    if (found === 'absent') return null
    if (found !== 'there') return found
    const place = trashPlace(site, item)
    if ((await disk.lstat(place))?.kind === 'folder') return taken(item.path, 'folder in the trash')
    for (const name of [place, ...(await places(place))]) await disk.unlink(name)
    return null
  })
  const depth = ({ path }: T) => path.split('/').length
  const emptied = new Set<string>()
  left = await forEachFile(
    [...left].sort((a, b) => depth(b) - depth(a)),
    'remove the folder of',
    verdicts,
    async (item) => {
      let at = dirname(trashPlace(site, item))
      while (at !== files.trash && (emptied.has(at) || (await isGone(site, at)))) {
        emptied.add(at)
        at = dirname(at)
      }
      return null
    },
    1,
  )
  // The nearest folder that stays is the one in which a name went.
  const stays = (item: T): string => {
    let at = dirname(trashPlace(site, item))
    while (emptied.has(at)) at = dirname(at)
    return `${at}/x`
  }
  for (const item of left) seen.touched(stays(item))
  return synced(left, seen, verdicts, (item) => [stays(item)])
}

/** Whether the folder was empty, or is not there. */
const isGone = async ({ disk }: Site, folder: string): Promise<boolean> =>
  (await disk.lstat(folder)) === null || (await disk.rmdir(folder))
