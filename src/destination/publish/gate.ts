import type { GateRequest, GateVerdict } from '../../model/ports.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { Run } from '../../model/run.ts'
import type { Problem } from '../../model/trouble.ts'
import type { DiskStat } from '../disk/disk.ts'
import { agrees, isRead, nameInStaging, readEach, type Site, stagedPath } from './site.ts'

/**
 * Protocol step 4. Only to be called when every process that wrote the files is gone. Changes nothing on the disk; remembers which
 * bytes of which inode it has read. Throws the signal's reason when it is aborted.
 */
export async function gate(
  site: Site,
  requests: readonly GateRequest[],
  run: Run,
): Promise<ReadonlyMap<RelPath, GateVerdict>> {
  for (const request of requests) site.judged.delete(nameInStaging(request))
  startFlushing(site, requests)
  const read = await readEach(
    site,
    requests.map((request) => ({ ...request, place: stagedPath(site, nameInStaging(request)) })),
    run,
    (request) => lookAt(site, request),
    changed,
  )
  const verdictOf = (request: GateRequest): GateVerdict => {
    const { path, size, digest } = request
    const found = read.get(path)!
    if ('verdict' in found) return found
    if (!isRead(found)) return { verdict: 'refused', problem: found }
    if (found.size !== size) return { verdict: 'refused', problem: changed(path) }
    // A million heads would take half a gibibyte.
    const { head, ...judged } = found
    site.judged.set(nameInStaging(request), judged)
    const { digests } = found
    return { verdict: agrees(digests, digest) ? 'passed' : 'mismatch', digests, head }
  }
  return new Map(requests.map((request) => [request.path, verdictOf(request)]))
}

/** More bytes than this are worth it. */
const FLUSH_FROM = 64 * 1024 * 1024

/**
 * Lets the disk write while the processor hashes: what passes is to be synced next, and a gibibyte takes a disk as long as it takes us.
 * Only a hint, not awaited, and its failure means nothing: each file's own fsync comes afterwards (I5).
 */
function startFlushing({ disk, files }: Site, requests: readonly GateRequest[]): void {
  const bytes = requests.reduce((sum, request) => sum + request.size, 0)
  if (bytes >= FLUSH_FROM) disk.syncSoon(files.staging).catch(() => {})
}

/** What is to be read, or a verdict that needs no reading. */
async function lookAt(site: Site, request: GateRequest): Promise<DiskStat | GateVerdict> {
  const { path, size } = request
  const stat = await site.disk.lstat(stagedPath(site, nameInStaging(request)))
  if (stat === null) return { verdict: 'missing' }
  if (stat.kind !== 'file')
    return refused('staged-not-regular', path, `a ${stat.kind} arrived instead of a file`)
  if (stat.links !== 1)
    return refused('staged-linked', path, `the staged file has ${stat.links} names, and must have one`)
  if (stat.owner !== site.uid)
    return refused('staged-owner', path, `the staged file belongs to uid ${stat.owner}`)
  return stat.size === size ? stat : { verdict: 'size', size: stat.size }
}

const refused = (code: string, path: string, message: string): GateVerdict => ({
  verdict: 'refused',
  problem: { code, path, message, hint: 'The next run stages it again. Find out what else writes there.' },
})

export const changed = (path: string): Problem => ({
  code: 'staged-changed',
  path,
  message: 'the staged file changed after it was judged: something else writes in staging',
  hint: 'Find out what writes in .reconcile/staging; the next run judges the file again.',
})
