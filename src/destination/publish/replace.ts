import { join } from 'node:path'
import type { Digest } from '../../model/digest.ts'
import type { PublishRequest, PublishVerdict } from '../../model/ports.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { Run } from '../../model/run.ts'
import type { Problem } from '../../model/trouble.ts'
import { errnoOf } from '../../system/disk-failure.ts'
import { folders } from '../disk/folders.ts'
import { FOLDER_MODE, fileMode } from '../disk/modes.ts'
import type { RepairIntent } from '../ledger/book.ts'
import { eventName } from '../ledger/event-name.ts'
import { fileEvent } from '../ledger/file-event.ts'
import { markerFinder, markerPathOf } from './find-markers.ts'
import { judgeStanding, secureStanding, taken } from './judge-standing.ts'
import { placeMarkers } from './place-markers.ts'
import { putInPlace } from './put-in-place.ts'
import { setAside, syncAll } from './quarantine.ts'
import { sweep } from './secure-staged.ts'
import {
  agrees,
  diskProblem,
  finalPath,
  isRead,
  nameInStaging,
  readWhole,
  relativeTo,
  type Site,
  sameDigests,
  stagedPath,
} from './site.ts'

/**
 * Puts a staged file, gated and durable, in place of one that is rotten, gone or unknown to the ledger. The old one is moved to
 * quarantine. The ledger records it first, so that recovery can finish it wherever it was cut off.
 */
export async function replace(site: Site, request: PublishRequest, run: Run): Promise<PublishVerdict> {
  const { path } = request
  try {
    const standing = await site.disk.lstat(finalPath(site, path))
    if (standing !== null && standing.kind !== 'file')
      return { verdict: 'problem', problem: taken(path, standing.kind) }
    // The staged name must survive a power cut: once the intent is recorded, recovery uses it.
    const seen = folders(site.disk, site.path)
    seen.touched(stagedPath(site, nameInStaging(request)))
    await syncAll(seen)
    const intent: RepairIntent = {
      ...fileEvent('repaired', request),
      event: 'repair-begin',
      quarantine: eventName(run.now()),
    }
    await site.ledger.append([intent])
    return await carryOut(site, intent, 'staged')
  } catch (error) {
    return { verdict: 'problem', problem: diskProblem(error, 'replace', path) }
  }
}

/** Finishes what an earlier run began if its replacement is there, else undoes it. Returns which. */
export async function finishIntent(
  site: Site,
  intent: RepairIntent,
  run: Run,
): Promise<'finished' | 'undone' | Problem> {
  const path = intent.path as RelPath
  const standing = (await judgeStanding(site, [path], run)).get(path)!
  const isPlaced = isRead(standing) && sameDigests(standing.digests, intent)
  try {
    if (isPlaced) {
      const fault = await secureStanding(site, path, standing)
      if (fault !== null) return fault
    } else if (!(await stagedMatches(site, intent, run))) {
      await undo(site, intent)
      return 'undone'
    }
    const verdict = await carryOut(site, intent, isPlaced ? 'placed' : 'staged')
    return verdict.verdict === 'problem' ? verdict.problem : 'finished'
  } catch (error) {
    return diskProblem(error, 'finish the replacement of', path)
  }
}

/** Repairing: each line is durable before the next one. `replacement` says where the good bytes are. */
async function carryOut(
  site: Site,
  intent: RepairIntent,
  replacement: 'staged' | 'placed',
): Promise<PublishVerdict> {
  const path = intent.path as RelPath
  const name = stagedNameOf(intent)
  const final = finalPath(site, path)
  const digests = { md5: intent.md5 as Digest, sha256: intent.sha256 as Digest }
  const marker = { path: markerPathOf(path, intent.marker.name), text: intent.marker.text }
  const seen = folders(site.disk, site.path)
  const blocked = await seen.make(path, FOLDER_MODE)
  if (blocked !== null) return { verdict: 'problem', problem: blocked }
  seen.touched(final)

  // I2: markers are moved before their data; next to good data those that agree may stay.
  for (const { place, digest } of await markerFinder(site)(path)) {
    if (replacement === 'staged' || !agrees(digests, digest))
      await setAside(site, intent.quarantine, place, relativeTo(site, place), seen)
  }
  await syncAll(seen)
  if (replacement === 'staged') {
    const standing = await site.disk.lstat(final)
    if (standing !== null) {
      await setAside(site, intent.quarantine, final, path, seen)
      await syncAll(seen)
    }
    seen.touched(final)
    // I4: nothing can be there now; if something is, another program made it meanwhile.
    if ((await putInPlace(site, stagedPath(site, name), final)) === 'exists')
      return { verdict: 'problem', problem: taken(path, 'new file') }
  }
  seen.touched(final)
  await syncAll(seen)

  const verdicts = new Map<string, PublishVerdict>()
  const litter: string[] = []
  const [marked] = await placeMarkers(site, [{ path, digests, marker }], seen, verdicts, litter)
  if (marked === undefined) return verdicts.get(path)!
  const event = site.ledger.records.has(path) ? 'repaired' : 'published'
  await site.ledger.append([
    fileEvent(event, { ...intent, path, digests, marker }),
    { event: 'repair-done', path, quarantine: intent.quarantine },
  ])
  await sweep(site, [name], litter)
  return { verdict: 'published' }
}

/** The replacement is gone: the old data is put back, without its marker, and the next plan judges it again. */
async function undo(site: Site, intent: RepairIntent): Promise<void> {
  const final = finalPath(site, intent.path)
  const aside = join(site.files.quarantine, intent.quarantine, intent.path)
  const seen = folders(site.disk, site.path)
  if ((await site.disk.lstat(aside))?.kind === 'file' && (await site.disk.lstat(final)) === null) {
    if (
      (await seen.make(intent.path, FOLDER_MODE)) === null &&
      (await putInPlace(site, aside, final)) === 'placed'
    ) {
      seen.touched(final)
      await syncAll(seen)
      await site.disk.unlink(aside)
      seen.touched(aside)
      await syncAll(seen)
    }
  }
  await site.ledger.append([{ event: 'repair-done', path: intent.path, quarantine: intent.quarantine }])
}

/** A line whose names are not safe ones is none (I6). */
const stagedNameOf = ({ path, from }: RepairIntent): RelPath => (from ?? path) as RelPath

/** Whether the staged file is the very replacement the intent was made for; made durable again, for a crash may have undone that. */
async function stagedMatches(site: Site, intent: RepairIntent, run: Run): Promise<boolean> {
  const staged = stagedPath(site, stagedNameOf(intent))
  if ((await site.disk.lstat(staged))?.kind !== 'file') return false
  const path = intent.path as RelPath
  const found = (await readWhole(site, [{ path, place: staged, size: intent.size }], run)).get(path)!
  if (!isRead(found) || !sameDigests(found.digests, intent)) return false
  await site.disk.chmod(staged, fileMode())
  try {
    await site.disk.syncFile(staged)
    return true
  } catch (error) {
    if (errnoOf(error) === null) throw error
    await site.disk.unlink(staged)
    return false
  }
}
