import { markerOf } from '../../model/marker-name.ts'
import type { PublishRequest, PublishVerdict } from '../../model/ports.ts'
import { baseName, type RelPath } from '../../model/rel-path.ts'
import type { Run } from '../../model/run.ts'
import type { Problem } from '../../model/trouble.ts'
import { folders } from '../disk/folders.ts'
import { forEachFile, type StepEnd, synced } from '../disk/for-each-file.ts'
import { FOLDER_MODE } from '../disk/modes.ts'
import { fileEvent } from '../ledger/file-event.ts'
import { markerFinder } from './find-markers.ts'
import { secureSame } from './judge-standing.ts'
import { markerFault, placeMarkers } from './place-markers.ts'
import { putInPlace } from './put-in-place.ts'
import { replace } from './replace.ts'
import { secureStaged, sweep } from './secure-staged.ts'
import { finalPath, isRead, likeDigest, nameInStaging, type Site, sameDigests, stagedPath } from './site.ts'

const BATCH = 2000

/**
 * Protocol steps 5 to 9. Each step is done for a whole batch before the next one begins; a file that fails in one leaves the batch
 * and no other file waits for it. Once begun it is not stopped: it takes no longer than a disk needs.
 */
export async function publish(
  site: Site,
  requests: readonly PublishRequest[],
  run: Run,
): Promise<ReadonlyMap<RelPath, PublishVerdict>> {
  const verdicts = new Map<RelPath, PublishVerdict>()
  for (let from = 0; from < requests.length; from += BATCH) {
    const some = requests.slice(from, from + BATCH)
    const sound = await secureStaged(site, await checked(site, some, verdicts), verdicts)
    await publishNew(
      site,
      sound.filter((request) => request.over === 'new'),
      verdicts,
      run,
    )
    for (const request of sound)
      if (request.over !== 'new') verdicts.set(request.path, await replace(site, request, run))
  }
  return verdicts
}

/** What needs no look at the file's bytes: the gate has passed them, and nothing known here says otherwise. */
async function checked(
  site: Site,
  requests: readonly PublishRequest[],
  verdicts: Map<RelPath, PublishVerdict>,
): Promise<readonly PublishRequest[]> {
  const beside = markerFinder(site)
  return forEachFile(requests, 'publish', verdicts, async (request): Promise<StepEnd<PublishVerdict>> => {
    const { path, digests, over } = request
    const judged = site.judged.get(nameInStaging(request))
    if (judged === undefined || judged.size !== request.size || !sameDigests(judged.digests, digests))
      return problem(
        'not-gated',
        path,
        'was not verified in its current state',
        'The next run judges it again.',
      )
    const fault = markerFault(request)
    if (fault !== null) return fault
    // Held here or once held: only the ledger's digest will do, whatever the source says today.
    const kind = kindOfMarker(request)
    const record = site.ledger.records.get(path)
    if (record !== undefined && !sameDigests(record, digests))
      return { verdict: 'conflict', conflict: { path, held: record[kind], source: digests[kind] } }
    if (record === undefined && over === 'repair')
      return problem('not-recorded', path, 'the ledger has no such file to repair', 'Run again.')
    if (over === 'repair') return null
    // I2: data must not be placed next to a marker that says something else.
    for (const { place, digest } of await beside(path)) {
      if (over === 'unmarked' || digest === null)
        return problem(
          'marker-taken',
          path,
          `${baseName(place)} already exists there`,
          'The next run verifies the pair. If the marker has no data file, or holds no checksum, move it aside.',
        )
      if (likeDigest(digests, digest) !== digest)
        return { verdict: 'conflict', conflict: { path, held: digest, source: likeDigest(digests, digest) } }
    }
    return null
  })
}

async function publishNew(
  site: Site,
  requests: readonly PublishRequest[],
  verdicts: Map<RelPath, PublishVerdict>,
  run: Run,
): Promise<void> {
  if (requests.length === 0) return
  const seen = folders(site.disk, site.path)
  const found = new Set<RelPath>()
  const litter: string[] = []
  let left = await forEachFile(
    requests,
    'publish',
    verdicts,
    async (request): Promise<StepEnd<PublishVerdict>> => {
      const blocked = await seen.make(request.path, FOLDER_MODE)
      if (blocked !== null) return blocked
      const final = finalPath(site, request.path)
      seen.touched(final)
      if ((await putInPlace(site, stagedPath(site, nameInStaging(request)), final)) === 'exists') {
        const verdict = await compare(site, request, run)
        if (verdict !== null) return verdict
        found.add(request.path)
      }
      return null
    },
  )
  left = await synced(left, seen, verdicts, (request) => [finalPath(site, request.path)])
  // I3: from here on the data of all that are left is durable under its final name.
  left = await placeMarkers(site, left, seen, verdicts, litter)
  if (left.length > 0) {
    await site.ledger.append(
      left.map((request) => fileEvent(found.has(request.path) ? 'adopted' : 'published', request)),
    )
  }
  // I5: whatever is reported as published from here on survives a power cut.
  for (const { path } of left) verdicts.set(path, { verdict: 'published' })
  await sweep(site, left.map(nameInStaging), litter)
}

/** Other bytes under its name are a conflict; null: they are the same. */
async function compare(site: Site, request: PublishRequest, run: Run): Promise<StepEnd<PublishVerdict>> {
  const { path, digests } = request
  const standing = await secureSame(site, path, digests, run)
  if (standing === null || !isRead(standing)) return standing
  const kind = kindOfMarker(request)
  return { verdict: 'conflict', conflict: { path, held: standing.digests[kind], source: digests[kind] } }
}

const kindOfMarker = (request: PublishRequest) => markerOf(request.marker.path)?.kind ?? 'md5'

const problem = (code: string, path: string, message: string, hint: string): Problem => ({
  code,
  path,
  message,
  hint,
})
