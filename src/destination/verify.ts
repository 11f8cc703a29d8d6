import type { VerifyVerdict } from '../model/ports.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Run } from '../model/run.ts'
import { secondsOf } from './disk/disk.ts'
import { judgeStanding } from './publish/judge-standing.ts'
import { finalPath, isRead, type Site, sameDigests } from './publish/site.ts'
import { notOurs } from './trash/prune.ts'

/** What is recorded together, and lost together where a stop comes in between. */
const FILES = 256
const BYTES = 1 << 30

/**
 * Reads published files whole, in place, from the disk as far as the system lets us, and records those whose bytes are what was published. Changes no file. What has been
 * recorded when the signal's reason is thrown stays recorded.
 */
export async function verify(
  site: Site,
  paths: readonly RelPath[],
  run: Run,
): Promise<ReadonlyMap<RelPath, VerifyVerdict>> {
  const verdicts = new Map<RelPath, VerifyVerdict>()
  let some: RelPath[] = []
  let bytes = 0
  for (const path of new Set(paths)) {
    const record = site.ledger.records.get(path)
    if (record === undefined) {
      verdicts.set(path, { verdict: 'problem', problem: notOurs(path) })
      continue
    }
    some.push(path)
    bytes += record.size
    if (some.length < FILES && bytes < BYTES) continue
    await verifySome(site, some, verdicts, run)
    some = []
    bytes = 0
  }
  await verifySome(site, some, verdicts, run)
  return verdicts
}

async function verifySome(
  site: Site,
  paths: readonly RelPath[],
  verdicts: Map<RelPath, VerifyVerdict>,
  run: Run,
): Promise<void> {
  const sound = new Map<RelPath, number>()
  for (const path of paths) await site.disk.forget(finalPath(site, path))
  for (const [path, standing] of await judgeStanding(site, paths, run)) {
    if (!isRead(standing)) verdicts.set(path, { verdict: 'problem', problem: standing })
    else if (sameDigests(site.ledger.records.get(path)!, standing.digests))
      sound.set(path, secondsOf(standing.modified))
    else verdicts.set(path, { verdict: 'mismatch', digests: standing.digests })
  }
  await site.ledger.append([...sound].map(([path, here]) => ({ event: 'verified', path, here })))
  for (const path of sound.keys()) verdicts.set(path, { verdict: 'sound' })
}
