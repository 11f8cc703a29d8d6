import { basename, dirname, join } from 'node:path'
import type { DigestPair } from '../../model/digest.ts'
import type { PrunedFile } from '../../model/holding.ts'
import type { PruneVerdict } from '../../model/ports.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { Run } from '../../model/run.ts'
import type { Problem } from '../../model/trouble.ts'
import { type Folders, folders } from '../disk/folders.ts'
import { FOLDER_MODE, writeProtect } from '../disk/modes.ts'
import { withReserve } from '../disk/reserve.ts'
import type { UndoIntent } from '../ledger/book.ts'
import { claimOf, markerFinder, markerPlaces } from '../publish/find-markers.ts'
import { moved, secureSame, taken } from '../publish/judge-standing.ts'
import { markerOfLedger, placeMarkers, type ToMark } from '../publish/place-markers.ts'
import { putInPlace } from '../publish/put-in-place.ts'
import { setAside } from '../publish/quarantine.ts'
import { sweep } from '../publish/secure-staged.ts'
import { agrees, finalPath, isRead, isStill, type ReadBytes, relativeTo, type Site } from '../publish/site.ts'
import { judgeTrash, type TrashState } from './judge.ts'
import { type Finished, finishAll, recordEnds, recorded } from './record.ts'
import { type InTrash, removeFromTrash, TRASH_BATCH, trashPlace, trashSteps } from './trash.ts'

type Verdicts = Map<RelPath, PruneVerdict>

/**
 * Publishes pruned files again out of the trash: their bytes are read first and must be those of the ledger (I2), what already
 * has the name stays (I4), data is durable before its marker (I3). A stop is obeyed while bytes are read, not afterwards.
 */
export async function undoPrune(
  site: Site,
  paths: readonly RelPath[],
  why: { readonly reason: string; readonly by: string },
  run: Run,
): Promise<ReadonlyMap<RelPath, PruneVerdict>> {
  const verdicts: Verdicts = new Map()
  const wanted = [...new Set(paths)]
  for (let from = 0; from < wanted.length; from += TRASH_BATCH) {
    const lying: InTrash[] = []
    for (const path of wanted.slice(from, from + TRASH_BATCH)) {
      const entry = site.ledger.pruned.get(path)
      if (entry?.trash != null) lying.push({ path, trash: entry.trash })
      else verdicts.set(path, { verdict: 'problem', problem: notInTrash(path, entry) })
    }
    const judged = await judgeTrash(site, lying, run)
    const sound: UndoIntent[] = []
    for (const { path, trash } of lying) {
      const state = judged.get(path)!
      if ('problem' in state) verdicts.set(path, { verdict: 'problem', problem: state.problem })
      else sound.push({ event: 'undo-begin', path, trash, ...why })
    }
    if (await recorded(site, sound, sound, verdicts)) await carryOut(site, sound, judged, verdicts, run)
  }
  return verdicts
}

/** Finishes what earlier runs began, wherever they were cut off (I7). */
export const finishUndos = (site: Site, run: Run): Promise<Finished> =>
  finishAll([...site.ledger.undos.values()], run, async (some, verdicts) =>
    carryOut(site, some, await judgeTrash(site, some, run), verdicts, run),
  )

interface Item extends UndoIntent {
  readonly digests: DigestPair
}

/** Continues from whatever step the intents have reached. */
async function carryOut(
  site: Site,
  intents: readonly UndoIntent[],
  judged: ReadonlyMap<RelPath, TrashState>,
  verdicts: Verdicts,
  run: Run,
): Promise<void> {
  const seen = folders(site.disk, site.path)
  const hopeless: UndoIntent[] = []
  const items = intents.map((intent): Item => {
    const { md5, sha256 } = site.ledger.records.get(intent.path)!
    return { ...intent, digests: { md5, sha256 } }
  })
  const step = trashSteps(site, seen, verdicts)
  let left = await step(items, 'put back', async (item) => {
    const state = judged.get(item.path)!
    if (state.state === 'hopeless') hopeless.push(item)
    if ('problem' in state) return state.problem
    const final = finalPath(site, item.path)
    const blocked = await withReserve(site.disk, site.files, () => seen.make(item.path, FOLDER_MODE))
    if (blocked !== null) return blocked
    seen.touched(final)
    if (state.state === 'in-trash' && !(await isSecured(site, item, state.judged))) return moved(item.path)
    const isPlaced =
      state.state === 'in-trash' &&
      (await withReserve(site.disk, site.files, () => putInPlace(site, trashPlace(site, item), final))) ===
        'placed'
    if (isPlaced) return null
    const standing = await secureSame(site, item.path, item.digests, run)
    if (standing === null) return null
    const other = isRead(standing) ? taken(item.path, 'file with other bytes') : standing
    if (other.code === 'name-taken') hopeless.push(item)
    return other
  })
  // I3: from here on the data of all that are left is durable under its final name.
  const bare: (Item & ToMark)[] = []
  left = await step(left, 'put back the marker of', async (item) => {
    if (!(await putMarkersBack(site, item, seen)))
      bare.push({ ...item, marker: await markerOfLedger(site, item.path) })
    return null
  })
  const litter: string[] = []
  // If its sync fails, these alone fail: nothing may still be pending for the others.
  await placeMarkers(
    site,
    bare.filter(({ path }) => !verdicts.has(path)),
    seen,
    verdicts,
    litter,
  )
  left = left.filter(({ path }) => !verdicts.has(path))
  // Before the line: no copy may stay behind in the trash that nothing records any more.
  left = await removeFromTrash(site, left, verdicts)
  await recordEnds(site, 'undo-done', left, hopeless, verdicts)
  await sweep(site, [], litter)
}

/** Whether it is still what was hashed; made read-only again if that was changed. */
async function isSecured(site: Site, item: InTrash, judged: ReadBytes): Promise<boolean> {
  const place = trashPlace(site, item)
  const stat = await site.disk.lstat(place)
  if (!isStill(stat, judged)) return false
  if (await writeProtect(site.disk, place)) await site.disk.syncFile(place)
  return true
}

/** I2: only those that name the digest; others are moved to quarantine. False: the data has none now. */
async function putMarkersBack(site: Site, item: Item, seen: Folders): Promise<boolean> {
  const { path, trash, digests } = item
  const final = finalPath(site, path)
  for (const place of await markerPlaces(site, 'file')(trashPlace(site, item))) {
    const digest = await claimOf(site, place, path)
    const to = join(dirname(final), basename(place))
    if (!agrees(digests, digest)) await setAside(site, trash, place, relativeTo(site, to), seen)
    else {
      await withReserve(site.disk, site.files, () => putInPlace(site, place, to))
      seen.touched(to)
    }
  }
  const beside = await markerFinder(site)(path)
  return beside.some(({ digest }) => agrees(digests, digest))
}

export const notPruned = (path: string): Problem => ({
  code: 'not-pruned',
  path,
  message: 'was not removed by a prune, or has been put back since',
  hint: 'reconcile explain NAME shows what was removed, and when.',
})

const notInTrash = (path: string, entry: PrunedFile | undefined): Problem =>
  entry === undefined
    ? notPruned(path)
    : {
        code: 'trash-gone',
        path,
        message: 'its time in the trash is over: it has been removed for good',
        hint: 'It can only be pulled again, if the source still has it.',
      }
