import type { DigestPair } from '../../model/digest.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { Run } from '../../model/run.ts'
import type { Problem } from '../../model/trouble.ts'
import type { DiskStat } from '../disk/disk.ts'
import { folders } from '../disk/folders.ts'
import { writeProtect } from '../disk/modes.ts'
import { finalPath, isRead, isStill, type ReadBytes, readEach, type Site, sameDigests } from './site.ts'

/** Hashes what is under final names, or returns why that is impossible. Changes nothing. Throws the signal's reason when it is aborted. */
export async function judgeStanding(
  site: Site,
  paths: readonly RelPath[],
  run: Run,
): Promise<ReadonlyMap<RelPath, ReadBytes | Problem>> {
  const seen = folders(site.disk, site.path)
  return readEach(
    site,
    paths.map((path) => ({ path, place: finalPath(site, path) })),
    run,
    async ({ path, place }): Promise<DiskStat | Problem> => {
      // I6: through a symlinked folder we would read a file that is not ours.
      const above = await seen.find(path)
      if (typeof above !== 'string') return above
      const stat = above === 'there' ? await site.disk.lstat(place) : null
      return stat === null ? gone(path) : stat.kind === 'file' ? stat : taken(path, stat.kind)
    },
    moved,
  )
}

/** Makes judged data read-only and durable under its final name; a problem where it is not what was judged any more. */
export async function secureStanding(site: Site, path: RelPath, judged: ReadBytes): Promise<Problem | null> {
  const final = finalPath(site, path)
  await writeProtect(site.disk, final)
  await site.disk.syncFile(final)
  return isStill(await site.disk.lstat(final), judged) ? null : moved(path)
}

/**
 * I4: what already has a file's name stays. The same bytes, ours or not, count as ours and are secured: null. Others are returned as they
 * are, or why they are not known.
 */
export async function secureSame(
  site: Site,
  path: RelPath,
  digests: DigestPair,
  run: Run,
): Promise<ReadBytes | Problem | null> {
  // Not to be stopped half-way: others of the batch are in place already, and wait for their markers.
  const { signal } = new AbortController()
  const standing = (await judgeStanding(site, [path], { ...run, signal })).get(path)!
  const isSame = isRead(standing) && sameDigests(standing.digests, digests)
  return isSame ? secureStanding(site, path, standing) : standing
}

export const taken = (path: string, kind: string): Problem => ({
  code: 'name-taken',
  path,
  message: `a ${kind} already has its name, and is left alone`,
  hint: 'Move it aside, and the next run goes on.',
})

export const gone = (path: string): Problem => ({
  code: 'vanished-here',
  path,
  message: 'disappeared from the destination a moment ago',
  hint: 'Find out what removes files there; the next run judges it again.',
})

export const moved = (path: string): Problem => ({
  code: 'changed-here',
  path,
  message: 'changed in the destination while it was judged',
  hint: 'Find out what writes there: reconcile has to be the only one. The next run judges it again.',
})
