import type { PruneVerdict } from '../../model/ports.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { Problem } from '../../model/trouble.ts'
import { finalPath, type Site } from '../publish/site.ts'
import { finished, recordEnds } from './record.ts'
import { type InTrash, removeFromTrash, TRASH_BATCH } from './trash.ts'
import { notPruned } from './undo.ts'

/**
 * Removes pruned files from the trash for good, and records it. Removal comes first: on a full disk it makes the room for its own
 * lines, and cut off in between it is done once more (I7). What is gone already is done.
 */
export async function expireTrash(
  site: Site,
  paths: readonly RelPath[],
): Promise<ReadonlyMap<RelPath, PruneVerdict>> {
  const verdicts = new Map<RelPath, PruneVerdict>()
  const lying: InTrash[] = []
  for (const path of new Set(paths)) {
    const entry = site.ledger.pruned.get(path)
    if (entry === undefined) verdicts.set(path, { verdict: 'problem', problem: notPruned(path) })
    else if (entry.trash === null) verdicts.set(path, { verdict: 'done' })
    else lying.push({ path, trash: entry.trash })
  }
  await expire(site, lying, verdicts)
  return verdicts
}

/**
 * The same for files in the trash that have been published again since: nothing else records them any more. One stays while its
 * published copy is missing, as it is then the last one.
 */
export async function expireStrays(site: Site): Promise<readonly Problem[]> {
  const { ledger, disk } = site
  const verdicts = new Map<RelPath, PruneVerdict>()
  const needless: InTrash[] = []
  for (const stray of ledger.strays.values()) {
    const size = (await disk.lstat(finalPath(site, stray.path)))?.size
    const isHeld = size !== undefined && size === ledger.records.get(stray.path)?.size
    if (isHeld || ledger.pruned.has(stray.path)) needless.push(stray)
  }
  await expire(site, needless, verdicts)
  return finished(verdicts).problems
}

async function expire(
  site: Site,
  lying: readonly InTrash[],
  verdicts: Map<RelPath, PruneVerdict>,
): Promise<void> {
  for (let from = 0; from < lying.length; from += TRASH_BATCH) {
    const left = await removeFromTrash(site, lying.slice(from, from + TRASH_BATCH), verdicts)
    await recordEnds(site, 'trash-expired', left, [], verdicts)
  }
}
