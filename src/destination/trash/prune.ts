import type { PruneRequest, PruneVerdict } from '../../model/ports.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { Run } from '../../model/run.ts'
import type { Problem } from '../../model/trouble.ts'
import { type Folders, folders } from '../disk/folders.ts'
import { forEachFile } from '../disk/for-each-file.ts'
import { withReserve } from '../disk/reserve.ts'
import type { PruneIntent } from '../ledger/book.ts'
import { eventName } from '../ledger/event-name.ts'
import { markerPlaces } from '../publish/find-markers.ts'
import { gone, taken } from '../publish/judge-standing.ts'
import { setAside } from '../publish/quarantine.ts'
import { finalPath, type Site } from '../publish/site.ts'
import { type Finished, finishAll, recordEnds, recorded } from './record.ts'
import { moveToTrash, TRASH_BATCH, trashName, trashPlace, trashSteps } from './trash.ts'

type Verdicts = Map<RelPath, PruneVerdict>

/**
 * Published files go with their markers to one event of the trash: recorded before (I8: by whom and why), marker
 * first (I2), each step durable for a whole batch before the next one begins. One file's failure stops no other; what cannot be done
 * now is left as it was, or finished by the next run's recovery. Once begun it is not stopped: it takes no longer than a disk needs.
 */
export async function prune(
  site: Site,
  requests: readonly PruneRequest[],
  run: Run,
): Promise<ReadonlyMap<RelPath, PruneVerdict>> {
  const verdicts: Verdicts = new Map()
  const trash = eventName(run.now())
  const wanted = [...new Map(requests.map((request) => [request.path, request])).values()]
  for (const batch of byPoints(wanted)) {
    const seen = folders(site.disk, site.path)
    const sound = wholePoints(
      batch,
      await forEachFile(batch, 'look at', verdicts, ({ path }) => faultOf(site, path, seen)),
      verdicts,
    )
    const begun = new Map(site.ledger.prunes)
    // One that an earlier run began, and recovery could not finish, is gone on with.
    const intents = sound.map(
      (request): PruneIntent => begun.get(request.path) ?? { event: 'prune-begin', ...request, trash },
    )
    const isRecorded = await recorded(
      site,
      intents,
      intents.filter(({ path }) => !begun.has(path)),
      verdicts,
    )
    if (isRecorded) await carryOut(site, intents, verdicts)
  }
  return verdicts
}

/** Finishes what earlier runs began, wherever they were cut off (I7). */
export const finishPrunes = (site: Site, run: Run): Promise<Finished> =>
  finishAll([...site.ledger.prunes.values()], run, (some, verdicts) => carryOut(site, some, verdicts))

/** In batches that part no point: a removal that is cut off between two of them has begun with all files of a point, or with none (I7). */
export function byPoints(requests: readonly PruneRequest[]): readonly (readonly PruneRequest[])[] {
  const batches: PruneRequest[][] = []
  for (const request of requests) {
    const batch = batches.at(-1)
    const before = batch?.at(-1)
    const isSamePoint = before?.series === request.series && before.point === request.point
    if (batch === undefined || (batch.length >= TRASH_BATCH && !isSamePoint)) batches.push([request])
    else batch.push(request)
  }
  return batches
}

/**
 * Of what the policy removes, the files whose point can be begun as a whole: half a point would be kept forever, and counted by
 * nothing. A person's own choice of files is not made larger or smaller.
 */
function wholePoints(
  batch: readonly PruneRequest[],
  sound: readonly PruneRequest[],
  verdicts: Verdicts,
): readonly PruneRequest[] {
  const pointOf = ({ series, point }: PruneRequest): string => `${point} ${series}`
  const broken = new Set(batch.flatMap((one) => (verdicts.has(one.path) ? [pointOf(one)] : [])))
  return sound.filter((one) => {
    if (one.by === 'person' || !broken.has(pointOf(one))) return true
    verdicts.set(one.path, { verdict: 'problem', problem: pointStays(one.path) })
    return false
  })
}

/** Only a regular file of the ledger's own size is removed: anything else is left alone. */
async function faultOf(site: Site, path: RelPath, seen: Folders): Promise<Problem | null> {
  const record = site.ledger.records.get(path)
  if (record === undefined) return notOurs(path)
  const found = await seen.find(path)
  if (found === 'absent') return gone(path)
  if (found !== 'there') return found
  const stat = await site.disk.lstat(finalPath(site, path))
  if (stat === null) return gone(path)
  if (stat.kind !== 'file') return taken(path, stat.kind)
  return stat.size === record.size ? null : differs(path, record.size, stat.size)
}

/** Continues from whatever step the intents have reached. */
async function carryOut(site: Site, intents: readonly PruneIntent[], verdicts: Verdicts): Promise<void> {
  const seen = folders(site.disk, site.path)
  const places = markerPlaces(site, 'file')
  const standing = new Set<RelPath>()
  const hopeless: PruneIntent[] = []
  const step = trashSteps(site, seen, verdicts)
  let left = await step(intents, 'move to the trash', async (intent) => {
    const { path, trash } = intent
    const state = await stateOf(site, intent, seen)
    if (typeof state !== 'string') return state
    if (state === 'hopeless') {
      await setMarkersAside(site, intent, seen)
      hopeless.push(intent)
      return (await faultOf(site, path, seen)) ?? gone(path)
    }
    // Whatever an earlier run moved may not be durable yet.
    if ((await seen.find(path)) === 'there') seen.touched(finalPath(site, path))
    const blocked = await withReserve(site.disk, site.files, () => seen.make(trashName(trash, path), 0o700))
    if (blocked !== null) return blocked
    seen.touched(trashPlace(site, intent))
    if (state === 'standing') standing.add(path)
    return null
  })
  left = await step(left, 'move to the trash', async ({ path, trash }) => {
    // I2: markers are moved before their data. Next to data that has arrived since they are not ours.
    if (!standing.has(path) && (await site.disk.lstat(finalPath(site, path))) !== null) return null
    for (const place of await places(finalPath(site, path))) await moveToTrash(site, trash, place, seen)
    return null
  })
  left = await step(left, 'move to the trash', async ({ path, trash }) => {
    if (standing.has(path)) await moveToTrash(site, trash, finalPath(site, path), seen)
    return null
  })
  await recordEnds(site, 'prune-done', left, hopeless, verdicts)
}

/** `hopeless`: ours is neither under its name nor in the trash. Never to be taken for removed by us. */
async function stateOf(
  site: Site,
  intent: PruneIntent,
  seen: Folders,
): Promise<'standing' | 'moved' | 'hopeless' | Problem> {
  const size = site.ledger.records.get(intent.path)!.size
  const isOurs = async (name: string): Promise<boolean | Problem> => {
    const found = await seen.find(name)
    if (found !== 'there') return found === 'absent' ? false : found
    const stat = await site.disk.lstat(finalPath(site, name))
    return stat?.kind === 'file' && stat.size === size
  }
  const isStanding = await isOurs(intent.path)
  if (isStanding !== false) return isStanding === true ? 'standing' : isStanding
  const isMoved = await isOurs(trashName(intent.trash, intent.path))
  if (isMoved !== false) return isMoved === true ? 'moved' : isMoved
  return 'hopeless'
}

/** Moves markers in the trash that no longer belong to a removal to quarantine. */
async function setMarkersAside(
  site: Site,
  intent: { readonly path: RelPath; readonly trash: string },
  seen: Folders,
): Promise<void> {
  if ((await seen.find(trashName(intent.trash, intent.path))) !== 'there') return
  const root = finalPath(site, trashName(intent.trash, ''))
  for (const place of await markerPlaces(site, 'file')(trashPlace(site, intent)))
    await setAside(site, intent.trash, place, place.slice(root.length), seen)
}

export const notOurs = (path: string): Problem => ({
  code: 'not-recorded',
  path,
  message: 'the ledger has no record of this file',
  hint: 'Only files published here are removed. Run a pass first: it records the files that it takes over.',
})

const pointStays = (path: string): Problem => ({
  code: 'prune-point-stays',
  path,
  message:
    'stays: another file of its point cannot be removed now, and a point is removed whole or not at all',
  hint: 'See what is reported about that other file. The next prune tries again.',
})

const differs = (path: string, was: number, is: number): Problem => ({
  code: 'prune-differs',
  path,
  message: `has ${is} bytes here but was published with ${was}: it is not removed`,
  hint: 'See what the next pass reports about it. If it is not wanted, move it out of the destination by hand.',
})
