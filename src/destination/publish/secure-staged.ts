import type { PublishRequest, PublishVerdict } from '../../model/ports.ts'
import type { RelPath } from '../../model/rel-path.ts'
import { errnoOf } from '../../system/disk-failure.ts'
import { forEachFile, type StepEnd } from '../disk/for-each-file.ts'
import { fileMode } from '../disk/modes.ts'
import { changed } from './gate.ts'
import { MANY } from './place-markers.ts'
import { diskProblem, isStill, nameInStaging, type Site, stagedPath } from './site.ts'

/** The first half of protocol step 5: staged data read-only and durable, and still the very bytes that were judged. */
export async function secureStaged(
  site: Site,
  requests: readonly PublishRequest[],
  verdicts: Map<RelPath, PublishVerdict>,
): Promise<readonly PublishRequest[]> {
  const { disk } = site
  const left = await forEachFile(requests, 'write-protect', verdicts, async (request) => {
    await disk.chmod(stagedPath(site, nameInStaging(request)), fileMode())
    return null
  })
  if (left.length >= MANY) await disk.syncSoon(site.files.staging)
  return forEachFile(left, 'sync', verdicts, async (request): Promise<StepEnd<PublishVerdict>> => {
    const { path } = request
    const name = nameInStaging(request)
    const staged = stagedPath(site, name)
    try {
      await disk.syncFile(staged)
    } catch (error) {
      // The bytes in memory may never reach the disk, and a second fsync would say that all is well.
      await disk.unlink(staged)
      site.judged.delete(name)
      return diskProblem(error, 'sync', path)
    }
    const judged = site.judged.get(name)
    const now = await disk.lstat(staged)
    // What is published is what was judged; one name, so that nothing else can write to it (I1).
    return judged !== undefined && isStill(now, judged) && now?.links === 1 ? null : changed(path)
  })
}

/** Protocol step 9, by names in staging. What cannot be removed now is litter for the next recovery, and no trouble of a published file. */
export async function sweep(site: Site, names: readonly RelPath[], litter: readonly string[]): Promise<void> {
  for (const name of names) site.judged.delete(name)
  for (const place of [...names.map((name) => stagedPath(site, name)), ...litter]) {
    try {
      await site.disk.unlink(place)
    } catch (error) {
      if (errnoOf(error) === null) throw error
    }
  }
}
