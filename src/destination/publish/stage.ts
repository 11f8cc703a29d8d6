import { join } from 'node:path'
import type { RelPath } from '../../model/rel-path.ts'
import type { Run } from '../../model/run.ts'
import { diskFailure, errnoOf, isFull } from '../../system/disk-failure.ts'
import { eventName } from '../ledger/event-name.ts'
import { setAsideNow } from './quarantine.ts'
import { finalPath, type Site, stagedPath } from './site.ts'
import { newStagingName } from './staging-name.ts'

/**
 * Makes staging ready for rsync to write these files, and returns the bytes staged of each. Throws a Failure where the disk
 * refuses.
 */
export async function stage(
  site: Site,
  files: readonly { readonly path: RelPath; readonly basis: boolean }[],
  run: Run,
): Promise<ReadonlyMap<RelPath, number>> {
  const staged = new Map<RelPath, number>()
  const known = new Set<string>()
  for (const { path, basis } of files) {
    try {
      // Whatever was judged may be written to from now on.
      site.judged.delete(path)
      await makeStagingFolder(site, path, known, run)
      staged.set(path, (await stagedBytes(site, path, run)) ?? (basis ? await copyHeld(site, path) : 0))
    } catch (error) {
      throw diskFailure(error, 'stage', path)
    }
  }
  return staged
}

async function makeStagingFolder(site: Site, path: RelPath, known: Set<string>, run: Run): Promise<void> {
  let at = site.files.staging
  let relative = ''
  for (const part of path.split('/').slice(0, -1)) {
    at = join(at, part)
    relative = relative === '' ? part : `${relative}/${part}`
    if (known.has(at)) continue
    const stat = await site.disk.lstat(at)
    // rsync would fail on a file where a folder has to be, and follow a symlink out of staging (I6).
    if (stat !== null && stat.kind !== 'folder') await setAsideNow(site, eventName(run.now()), at, relative)
    if (stat?.kind !== 'folder') await site.disk.mkdir(at, 0o700)
    known.add(at)
  }
}

/** Null: nothing is staged. What is there is writable and has one name when this returns. */
async function stagedBytes(site: Site, path: RelPath, run: Run): Promise<number | null> {
  const { disk } = site
  const staged = stagedPath(site, path)
  const stat = await disk.lstat(staged)
  if (stat === null) return null
  if (stat.kind !== 'file') {
    await setAsideNow(site, eventName(run.now()), staged, path)
    return null
  }
  if (stat.links > 1 && (await detach(site, path)) === 'removed') return null
  if (stat.links > 1 || stat.mode !== 0o600) await disk.chmod(staged, 0o600)
  return stat.size
}

/**
 * Detaches a staged file from its other names (I1: rsync writes in place). One that is already published is removed; one that was
 * linked elsewhere (`cp -al`) is replaced by a copy.
 */
export async function detach(site: Site, path: string): Promise<'removed' | 'copied'> {
  const { disk } = site
  const staged = stagedPath(site, path)
  const stat = await disk.lstat(staged)
  const final = await disk.lstat(finalPath(site, path))
  if (stat !== null && final !== null && final.inode === stat.inode && final.device === stat.device) {
    await disk.unlink(staged)
    return 'removed'
  }
  const copy = newStagingName(site.files)
  try {
    await disk.copy(staged, copy, 0o600)
  } catch (error) {
    await disk.unlink(copy)
    throw error
  }
  await disk.rename(copy, staged)
  return 'copied'
}

/** The held file's bytes as the start of its own replacement: rsync then fetches only what differs. */
async function copyHeld(site: Site, path: RelPath): Promise<number> {
  const { disk } = site
  const held = await disk.lstat(finalPath(site, path))
  if (held?.kind !== 'file') return 0
  const staged = stagedPath(site, path)
  try {
    await disk.copy(finalPath(site, path), staged, 0o600)
    return held.size
  } catch (error) {
    // A basis only saves bytes on the line: a rotten disk or a full one is no reason to do without the file.
    if (errnoOf(error) === null) throw error
    await disk.unlink(staged)
    if (isFull(error)) throw error
    return 0
  }
}
