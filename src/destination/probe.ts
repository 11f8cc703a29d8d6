import { randomUUID } from 'node:crypto'
import { promises } from 'node:fs'
import { join } from 'node:path'
import type { DestinationFacts, Tried } from '../model/doctor.ts'
import type { RelPath } from '../model/rel-path.ts'
import { diskFailure } from '../system/disk-failure.ts'
import { takeLock } from '../system/lock.ts'
import type { Disk } from './disk/disk.ts'
import { mountUnder, nearestFolder } from './disk/facts.ts'
import { refusedOf } from './disk/names.ts'
import { writeFault } from './disk/write-fault.ts'
import { layout } from './layout.ts'
import { freeBytes } from './look/holding.ts'

/** What can be seen of a destination without writing, by its real path. Never fails. */
export async function probeDestination(path: string): Promise<Omit<DestinationFacts, 'tried'>> {
  const folder = await nearestFolder(path)
  const [{ mount }, free, stat] = await Promise.all([
    mountUnder(path),
    freeBytes(path),
    promises.statfs(folder).catch(() => null),
  ])
  return {
    path,
    isThere: folder === path,
    fault: await writeFault(layout(path).own, path, folder),
    on: mount,
    free,
    inodes: stat === null || stat.files === 0 ? null : { free: stat.ffree, all: stat.files },
  }
}

/**
 * Hard links and names, tried in the staging folder, where nothing is left of it. Only of a destination that is ours already, and only if
 * nobody holds its lock: nothing is made for it.
 */
export async function tryDisk(
  disk: Disk,
  path: string,
  names: readonly RelPath[],
  signal: AbortSignal,
): Promise<Tried> {
  const files = layout(path)
  for (const needed of [files.lock, files.staging])
    if ((await disk.lstat(needed)) === null) return { not: 'nothing is written before the first pass' }
  const lock = await takeLock(files.lock, 0, signal)
  if (lock.state === 'busy') return { not: 'the destination is in use' }
  const [from, to] = [1, 2].map((i) => join(files.staging, `doctor-${i}-${randomUUID()}`)) as [string, string]
  try {
    await disk.create(from, new Uint8Array(), 0o600)
    const links = (await disk.link(from, to)) === 'linked'
    return { links, refused: await refusedOf(disk, files.staging, names) }
  } catch (error) {
    return { not: diskFailure(error, 'write to', files.staging).message }
  } finally {
    for (const one of [from, to]) await disk.unlink(one).catch(() => false)
    lock.close()
  }
}
