import type { LedgerRecord } from '../../model/holding.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { Run } from '../../model/run.ts'
import type { Problem } from '../../model/trouble.ts'
import type { DiskStat } from '../disk/disk.ts'
import { folders } from '../disk/folders.ts'
import { markerFinder } from '../publish/find-markers.ts'
import { judgeStanding, moved, taken } from '../publish/judge-standing.ts'
import { agrees, isRead, type ReadBytes, readEach, type Site, sameDigests } from '../publish/site.ts'
import { type InTrash, trashName, trashPlace } from './trash.ts'

export type TrashState =
  /** The ledger's very bytes are in the trash, and nothing different has the file's name. */
  | { readonly state: 'in-trash'; readonly judged: ReadBytes }
  /** They are already in place, and nothing is in the trash. */
  | { readonly state: 'placed' }
  /** `hopeless`: it cannot be put back as things are. `problem`: whether it can is not known. */
  | { readonly state: 'hopeless' | 'problem'; readonly problem: Problem }

/** Whether pruned files can be put back, by hashing what is in the trash (I2). Changes nothing. Throws the signal's reason. */
export async function judgeTrash(
  site: Site,
  items: readonly InTrash[],
  run: Run,
): Promise<ReadonlyMap<RelPath, TrashState>> {
  const seen = folders(site.disk, site.path)
  const lying = await readEach(
    site,
    items.map((item) => ({ ...item, place: trashPlace(site, item) })),
    run,
    async ({ path, trash, place }): Promise<DiskStat | Problem> => {
      const above = await seen.find(trashName(trash, path))
      if (typeof above !== 'string') return above
      const stat = above === 'there' ? await site.disk.lstat(place) : null
      if (stat === null) return goneFromTrash(path)
      return stat.kind === 'file' ? stat : rotten(path, `a ${stat.kind}`)
    },
    moved,
  )
  const standing = await judgeStanding(site, [...lying.keys()], run)
  const beside = markerFinder(site)
  const found = new Map<RelPath, TrashState>()
  for (const [path, inTrash] of lying) {
    const record = site.ledger.records.get(path)!
    const state = stateOf(path, inTrash, standing.get(path)!, record)
    found.set(path, state)
    if ('problem' in state) continue
    // I2: data must not be placed next to a marker that says something else.
    for (const { digest } of (await seen.find(path)) === 'there' ? await beside(path) : [])
      if (!agrees(record, digest)) found.set(path, hopeless(markerTaken(path)))
  }
  return found
}

/** From what is in the trash, and what has the file's name now. */
function stateOf(
  path: RelPath,
  inTrash: ReadBytes | Problem,
  standing: ReadBytes | Problem,
  record: LedgerRecord,
): TrashState {
  if (isRead(inTrash) && !sameDigests(inTrash.digests, record))
    return hopeless(rotten(path, 'something else'))
  if (!isRead(inTrash) && inTrash.code !== 'trash-gone')
    return { state: inTrash.code === 'rot' ? 'hopeless' : 'problem', problem: inTrash }
  if (!isRead(standing) && standing.code !== 'vanished-here')
    return { state: standing.code === 'name-taken' ? 'hopeless' : 'problem', problem: standing }
  if (isRead(standing) && !sameDigests(standing.digests, record))
    return hopeless(taken(path, 'file with other bytes'))
  if (isRead(inTrash)) return { state: 'in-trash', judged: inTrash }
  return isRead(standing) ? { state: 'placed' } : hopeless(inTrash)
}

const hopeless = (problem: Problem): TrashState => ({ state: 'hopeless', problem })

const rotten = (path: string, what: string): Problem => ({
  code: 'rot',
  path,
  message: `${what} is in its place in the trash, not the bytes that were removed: it is not put back`,
  hint: 'Check the disk, and look for another copy before this one is thrown away.',
})

const goneFromTrash = (path: string): Problem => ({
  code: 'trash-gone',
  path,
  message: 'is no longer in the trash: something else removed it',
  hint: 'It can only be pulled again, if the source still has it.',
})

const markerTaken = (path: string): Problem => ({
  code: 'marker-taken',
  path,
  message: 'a different marker is already next to its name',
  hint: 'Move it aside, then put the file back.',
})
