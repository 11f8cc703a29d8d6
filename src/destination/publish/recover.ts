import { join } from 'node:path'
import { markerOf } from '../../model/marker-name.ts'
import { PRIVATE_FOLDER } from '../../model/rel-path.ts'
import type { Run } from '../../model/run.ts'
import { diskFailure, errnoOf } from '../../system/disk-failure.ts'
import { expireStrays } from '../trash/expire.ts'
import { finishPrunes } from '../trash/prune.ts'
import { finishUndos } from '../trash/undo.ts'
import { finishIntent } from './replace.ts'
import type { Site } from './site.ts'
import { detach } from './stage.ts'
import { isStagingName } from './staging-name.ts'

/**
 * Protocol step 1, with the ledger open and repaired: finishes what an earlier run began, and tidies staging. Returns what it did, in
 * words. Whatever step that run was cut off at, this and the next pass lead to the same tree (I7).
 */
export async function recover(site: Site, run: Run): Promise<readonly string[]> {
  try {
    const done: string[] = []
    for (const intent of [...site.ledger.repairs.values()]) {
      const end = await finishIntent(site, intent, run)
      if (end === 'finished') done.push(`finished the replacement of ${intent.path}`)
      else if (end === 'undone') done.push(`put ${intent.path} back: its replacement was gone`)
      else run.emit({ type: 'problem', backup: site.backup, problem: end })
    }
    const removed = await finishPrunes(site, run)
    if (removed.done.length > 0) done.push(`finished moving ${named(removed.done)} to the trash`)
    const returned = await finishUndos(site, run)
    if (returned.done.length > 0) done.push(`finished putting back ${named(returned.done)} from the trash`)
    const strays = await expireStrays(site)
    for (const problem of [...removed.problems, ...returned.problems, ...strays])
      run.emit({ type: 'problem', backup: site.backup, problem })
    // An earlier run was cut off while publishing: the names it made may not be durable.
    if (
      ((await site.disk.list(site.files.staging)) ?? []).some(
        ({ name }) => name !== null && isStagingName(name),
      )
    )
      await syncFolders(site, site.path)
    await tidy(site, site.files.staging, '', run)
    return done
  } catch (error) {
    throw diskFailure(error, 'recover', site.path)
  }
}

const named = (paths: readonly string[]): string => (paths.length === 1 ? paths[0]! : `${paths.length} files`)

async function syncFolders(site: Site, folder: string): Promise<void> {
  try {
    for (const { name, kind } of (await site.disk.list(folder)) ?? []) {
      if (kind === 'folder' && name !== null && name !== PRIVATE_FOLDER)
        await syncFolders(site, join(folder, name))
    }
    await site.disk.syncFolder(folder)
  } catch (error) {
    // Nothing of ours is in a folder that we may not open, such as lost+found.
    if (errnoOf(error) !== 'EACCES') throw error
  }
}

/** Removes litter and empty folders from staging, and detaches what is already published. */
async function tidy(site: Site, folder: string, relative: string, run: Run): Promise<void> {
  for (const { name, kind } of (await site.disk.list(folder)) ?? []) {
    run.signal.throwIfAborted()
    // A name that is not ours stays: we never use it.
    if (name === null) continue
    const at = join(folder, name)
    const path = relative === '' ? name : `${relative}/${name}`
    if (kind === 'folder') {
      await tidy(site, at, path, run)
      await site.disk.rmdir(at)
    } else if (kind === 'file') {
      if (markerOf(name) !== null) await site.disk.unlink(at)
      else if (((await site.disk.lstat(at))?.links ?? 1) > 1) await detach(site, path, 'leave')
    }
  }
}
