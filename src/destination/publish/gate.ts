import type { GateRequest, GateVerdict } from '../../model/ports.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { Run } from '../../model/run.ts'
import type { Problem } from '../../model/trouble.ts'
import { agrees, diskProblem, isRead, readWhole, type Site, stagedPath } from './site.ts'

/**
 * Protocol step 4. Only to be called when every process that wrote the files is gone. Changes nothing on the disk; remembers which
 * bytes of which inode it has read. Throws the signal's reason when it is aborted.
 */
export async function gate(
  site: Site,
  requests: readonly GateRequest[],
  run: Run,
): Promise<ReadonlyMap<RelPath, GateVerdict>> {
  const verdicts = new Map<RelPath, GateVerdict>()
  const open: { readonly request: GateRequest; readonly inode: string }[] = []
  for (const request of requests) {
    site.judged.delete(request.path)
    const look = await lookAt(site, request)
    if (typeof look === 'string') open.push({ request, inode: look })
    else verdicts.set(request.path, look)
  }
  startFlushing(
    site,
    open.map(({ request }) => request),
  )
  const read = await readWhole(
    site,
    open.map(({ request: { path, size } }) => ({ path, place: stagedPath(site, path), size })),
    run,
  )
  for (const { request, inode } of open) {
    const { path, size, digest } = request
    const found = read.get(path)!
    if (!isRead(found)) verdicts.set(path, { verdict: 'refused', problem: found })
    else if (found.inode !== inode || found.size !== size)
      verdicts.set(path, { verdict: 'refused', problem: changed(path) })
    else {
      const { digests } = found
      site.judged.set(path, found)
      verdicts.set(path, { verdict: agrees(digests, digest) ? 'passed' : 'mismatch', digests })
    }
  }
  return verdicts
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

/** The inode to read, or a verdict that needs no reading. */
async function lookAt(site: Site, { path, size }: GateRequest): Promise<string | GateVerdict> {
  try {
    const stat = await site.disk.lstat(stagedPath(site, path))
    if (stat === null) return { verdict: 'missing' }
    if (stat.kind !== 'file')
      return refused('staged-not-regular', path, `a ${stat.kind} arrived instead of a file`)
    if (stat.links !== 1)
      return refused('staged-linked', path, `the staged file has ${stat.links} names, and must have one`)
    if (stat.owner !== site.uid)
      return refused('staged-owner', path, `the staged file belongs to uid ${stat.owner}`)
    return stat.size === size ? stat.inode : { verdict: 'size', size: stat.size }
  } catch (error) {
    return { verdict: 'refused', problem: diskProblem(error, 'look at', path) }
  }
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
