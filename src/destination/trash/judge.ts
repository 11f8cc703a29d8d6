import type { RelPath } from '../../model/rel-path.ts'
import type { Run } from '../../model/run.ts'
import type { Problem } from '../../model/trouble.ts'
import { folders } from '../disk/folders.ts'
import { markerFinder } from '../publish/find-markers.ts'
import { judgeStanding, taken } from '../publish/judge-standing.ts'
import {
  agrees,
  diskProblem,
  finalPath,
  isRead,
  type ReadBytes,
  readWhole,
  type Site,
  sameDigests,
} from '../publish/site.ts'
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
  const found = new Map<RelPath, TrashState>()
  const open: InTrash[] = []
  const empty: InTrash[] = []
  const seen = folders(site.disk, site.path)
  for (const item of items) {
    try {
      const above = await seen.find(trashName(item.trash, item.path))
      const stat = above === 'there' ? await site.disk.lstat(trashPlace(site, item)) : null
      if (typeof above !== 'string') found.set(item.path, { state: 'problem', problem: above })
      else if (stat === null) empty.push(item)
      else if (stat.kind === 'file') open.push(item)
      else found.set(item.path, { state: 'hopeless', problem: rotten(item.path, `a ${stat.kind}`) })
    } catch (error) {
      found.set(item.path, { state: 'problem', problem: diskProblem(error, 'look at', item.path) })
    }
  }
  const records = site.ledger.records
  const read = await readWhole(
    site,
    open.map((item) => ({
      path: item.path,
      place: trashPlace(site, item),
      size: records.get(item.path)!.size,
    })),
    run,
  )
  const sound = new Map<RelPath, ReadBytes>()
  for (const [path, what] of read) {
    if (!isRead(what)) found.set(path, { state: 'problem', problem: what })
    else if (sameDigests(what.digests, records.get(path)!)) sound.set(path, what)
    else found.set(path, { state: 'hopeless', problem: rotten(path, 'something else') })
  }
  await lookAtNames(
    site,
    sound,
    empty.map(({ path }) => path),
    found,
    run,
  )
  return found
}

/** Looks at what already has the files' names. */
async function lookAtNames(
  site: Site,
  sound: ReadonlyMap<RelPath, ReadBytes>,
  empty: readonly RelPath[],
  found: Map<RelPath, TrashState>,
  run: Run,
): Promise<void> {
  const seen = folders(site.disk, site.path)
  const standing: RelPath[] = []
  for (const path of [...sound.keys(), ...empty]) {
    try {
      const above = await seen.find(path)
      if (typeof above !== 'string') found.set(path, { state: 'problem', problem: above })
      else if (above === 'there' && (await site.disk.lstat(finalPath(site, path))) !== null)
        standing.push(path)
      else {
        const judged = sound.get(path)
        found.set(
          path,
          judged === undefined
            ? { state: 'hopeless', problem: goneFromTrash(path) }
            : { state: 'in-trash', judged },
        )
      }
    } catch (error) {
      found.set(path, { state: 'problem', problem: diskProblem(error, 'look at', path) })
    }
  }
  for (const [path, judged] of await judgeStanding(site, standing, run)) {
    const inTrash = sound.get(path)
    if (!isRead(judged))
      found.set(path, { state: judged.code === 'name-taken' ? 'hopeless' : 'problem', problem: judged })
    else if (sameDigests(judged.digests, site.ledger.records.get(path)!))
      found.set(path, inTrash === undefined ? { state: 'placed' } : { state: 'in-trash', judged: inTrash })
    else found.set(path, { state: 'hopeless', problem: taken(path, 'file with other bytes') })
  }
  const beside = markerFinder(site)
  for (const [path, { state }] of found) {
    if (state !== 'in-trash' && state !== 'placed') continue
    const record = site.ledger.records.get(path)!
    // I2: data must not be placed next to a marker that says something else.
    for (const { digest } of (await seen.find(path)) === 'there' ? await beside(path) : [])
      if (!agrees(record, digest)) found.set(path, { state: 'hopeless', problem: markerTaken(path) })
  }
}

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
