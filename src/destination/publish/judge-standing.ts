import type { RelPath } from '../../model/rel-path.ts'
import type { Run } from '../../model/run.ts'
import type { Problem } from '../../model/trouble.ts'
import { writeProtect } from '../disk/modes.ts'
import { diskProblem, finalPath, isRead, isStill, type ReadBytes, readWhole, type Site } from './site.ts'

/** Hashes what is under final names, or returns why that is impossible. Changes nothing. Throws the signal's reason when it is aborted. */
export async function judgeStanding(
  site: Site,
  paths: readonly RelPath[],
  run: Run,
): Promise<ReadonlyMap<RelPath, ReadBytes | Problem>> {
  const results = new Map<RelPath, ReadBytes | Problem>()
  const open = new Map<RelPath, { readonly inode: string; readonly size: number }>()
  for (const path of paths) {
    try {
      const stat = await site.disk.lstat(finalPath(site, path))
      if (stat?.kind === 'file') open.set(path, stat)
      else results.set(path, stat === null ? gone(path) : taken(path, stat.kind))
    } catch (error) {
      results.set(path, diskProblem(error, 'look at', path))
    }
  }
  const read = await readWhole(
    site,
    [...open].map(([path, { size }]) => ({ path, place: finalPath(site, path), size })),
    run,
  )
  for (const [path, { inode }] of open) {
    const found = read.get(path)!
    results.set(path, isRead(found) && found.inode !== inode ? moved(path) : found)
  }
  return results
}

/** Makes judged data read-only and durable under its final name; a problem where it is not what was judged any more. */
export async function secureStanding(site: Site, path: RelPath, judged: ReadBytes): Promise<Problem | null> {
  const final = finalPath(site, path)
  await writeProtect(site.disk, final)
  await site.disk.syncFile(final)
  return isStill(await site.disk.lstat(final), judged) ? null : moved(path)
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
