import { join } from 'node:path'
import type { Staged } from '../../model/ports.ts'
import { folderOf, type RelPath, toRelPath } from '../../model/rel-path.ts'
import type { Run } from '../../model/run.ts'
import { diskFailure, errnoOf, isFull } from '../../system/disk-failure.ts'
import type { DiskStat } from '../disk/disk.ts'
import { folders } from '../disk/folders.ts'
import { eventName } from '../ledger/event-name.ts'
import { markerFinder } from './find-markers.ts'
import { setAsideNow } from './quarantine.ts'
import { finalPath, nameInStaging, relativeTo, type Site, stagedPath } from './site.ts'
import { newStagingName } from './staging-name.ts'

/**
 * Makes staging ready for rsync to write these files, and returns the bytes staged of each. Throws a Failure where the disk
 * refuses.
 */
export async function stage(
  site: Site,
  files: readonly (Staged & { readonly basis: boolean })[],
  run: Run,
): Promise<ReadonlyMap<RelPath, number>> {
  const staged = new Map<RelPath, number>()
  const known = new Set<string>()
  for (const file of files) {
    const { path, basis } = file
    const name = nameInStaging(file)
    try {
      // Whatever was judged may be written to from now on.
      site.judged.delete(name)
      await makeStagingFolder(site, name, known, run)
      staged.set(path, (await stagedBytes(site, name, run)) ?? (basis ? await copyHeld(site, path, name) : 0))
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
  if (stat.links > 1 && (await detach(site, path, 'write')) === 'removed') return null
  if (stat.links > 1 || stat.mode !== 0o600) await disk.chmod(staged, 0o600)
  return stat.size
}

/**
 * Detaches a staged file from its other names (I1: rsync writes in place). One that is already published is removed; one that was
 * linked elsewhere (`cp -al`) is replaced by a copy. A version, whose final name is another, may have been cut off with that name and
 * nothing else: until it is finished, or written to, it is left as it is.
 */
export async function detach(site: Site, path: string, next: 'write' | 'leave'): Promise<'removed' | 'kept'> {
  const { disk } = site
  const staged = stagedPath(site, path)
  const stat = await disk.lstat(staged)
  const final = stat === null ? null : await finalNameOf(site, path, stat)
  if (final !== null) {
    if (final === path || site.ledger.records.has(final) || (await markerFinder(site)(final)).length > 0) {
      await disk.unlink(staged)
      return 'removed'
    }
    if (next === 'leave') return 'kept'
  }
  const copy = newStagingName(site.files)
  try {
    await disk.copy(staged, copy, 0o600)
  } catch (error) {
    await disk.unlink(copy)
    throw error
  }
  await disk.rename(copy, staged)
  return 'kept'
}

/** The path by which a staged file is under a final name: its own, or another of its folder, of a version. Null: none. */
async function finalNameOf(site: Site, path: string, staged: DiskStat): Promise<RelPath | null> {
  const { disk } = site
  const isIt = (stat: DiskStat | null) => stat?.inode === staged.inode && stat.device === staged.device
  if (isIt(await disk.lstat(finalPath(site, path)))) return path as RelPath
  const folder = finalPath(site, folderOf(path))
  // I6: what a symlink leads to is not ours.
  if ((await folders(disk, site.path).find(path)) !== 'there') return null
  for (const { name, kind } of (await disk.list(folder)) ?? [])
    if (name !== null && kind === 'file' && isIt(await disk.lstat(join(folder, name))))
      return toRelPath(relativeTo(site, join(folder, name)))
  return null
}

/** The held file's bytes as the start of its own replacement: rsync then fetches only what differs. */
async function copyHeld(site: Site, path: RelPath, name: RelPath): Promise<number> {
  const { disk } = site
  const held = await disk.lstat(finalPath(site, path))
  if (held?.kind !== 'file') return 0
  const staged = stagedPath(site, name)
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
