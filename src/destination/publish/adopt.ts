import type { AnomalyJudge } from '../../model/anomaly.ts'
import type { Digest } from '../../model/digest.ts'
import type { LedgerEvent } from '../../model/ledger-event.ts'
import { markerOf } from '../../model/marker-name.ts'
import type { AdoptRequest, AdoptVerdict } from '../../model/ports.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { Run } from '../../model/run.ts'
import type { Problem } from '../../model/trouble.ts'
import { folders } from '../disk/folders.ts'
import { forEachFile, type StepEnd, synced } from '../disk/for-each-file.ts'
import { withReserve } from '../disk/reserve.ts'
import { eventName } from '../ledger/event-name.ts'
import { fileEvent } from '../ledger/file-event.ts'
import { type FoundMarker, markerFinder } from './find-markers.ts'
import { judgeStanding, secureStanding } from './judge-standing.ts'
import { MANY, markerFault, markerOfLedger, placeMarkers, type ToMark } from './place-markers.ts'
import { setAside, syncAll } from './quarantine.ts'
import { sweep } from './secure-staged.ts'
import {
  agrees,
  finalPath,
  isRead,
  isStill,
  nameInStaging,
  type ReadBytes,
  relativeTo,
  type Site,
  sameDigests,
  stagedPath,
} from './site.ts'
import { newStagingName } from './staging-name.ts'

const BATCH = 2000

/** A file that is what it should be, and how it is to be marked. */
interface Sound extends ToMark {
  readonly path: RelPath
  readonly request: AdoptRequest
  readonly judged: ReadBytes
}

/**
 * Judges data under its final name by hashing it in place, and finishes what is right. A stop is obeyed while it hashes (the
 * signal's reason is thrown, and that batch is as it was), not once it has begun to finish.
 */
export async function adopt(
  site: Site,
  requests: readonly AdoptRequest[],
  run: Run,
  judge: AnomalyJudge | null = null,
): Promise<ReadonlyMap<RelPath, AdoptVerdict>> {
  const verdicts = new Map<RelPath, AdoptVerdict>()
  for (let from = 0; from < requests.length; from += BATCH)
    await adoptBatch(site, requests.slice(from, from + BATCH), verdicts, judge, run)
  return verdicts
}

async function adoptBatch(
  site: Site,
  requests: readonly AdoptRequest[],
  verdicts: Map<RelPath, AdoptVerdict>,
  judge: AnomalyJudge | null,
  run: Run,
): Promise<void> {
  const standing = await judgeStanding(
    site,
    requests.map(({ path }) => path),
    run,
  )
  const beside = markerFinder(site)
  const sound: Sound[] = []
  const rotten: {
    readonly path: RelPath
    readonly markers: readonly FoundMarker[]
    readonly judged: ReadBytes
  }[] = []
  await forEachFile(requests, 'adopt', verdicts, async (request): Promise<StepEnd<AdoptVerdict>> => {
    const { path } = request
    const judged = standing.get(path)!
    if (!isRead(judged)) return judged
    const markers = await beside(path)
    if (request.judge === 'source' && markers.length > 0) return markerAppeared(path)
    const marker = await markerFor(site, request, judged, markers)
    if (marker !== null) {
      const { digests } = judged
      // I2: the data is what was published; a marker that disagrees, or is another in its place, makes room for the ledger's.
      const place = finalPath(site, marker.path)
      const wrong = markers.filter(
        (one) => !agrees(digests, one.digest) || (one.place === place && textOf(one.bytes) !== marker.text),
      )
      if (request.judge === 'ledger' && wrong.length > 0) await setMarkersAside(site, path, wrong, run)
      sound.push({ path, request, judged, digests, marker })
    } else if (request.judge === 'pair') rotten.push({ path, markers, judged })
    else return { verdict: 'mismatch', digests: judged.digests }
    return null
  })
  await finish(site, sound, verdicts, judge)
  for (const { path, markers, judged } of rotten) {
    await forEachFile(
      [{ path }],
      'put into quarantine the marker of',
      verdicts,
      async (): Promise<AdoptVerdict> => {
        await setMarkersAside(site, path, markers, run)
        return { verdict: 'mismatch', digests: judged.digests }
      },
    )
  }
}

async function setMarkersAside(
  site: Site,
  path: RelPath,
  markers: readonly FoundMarker[],
  run: Run,
): Promise<void> {
  const quarantine = eventName(run.now())
  // Recorded first, so that a marker in quarantine always has a line that says why.
  await site.ledger.append([{ event: 'rot', path, quarantine }])
  const seen = folders(site.disk, site.path)
  for (const { place } of markers) await setAside(site, quarantine, place, relativeTo(site, place), seen)
  await syncAll(seen)
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

/** The marker with which a file is complete; null: its bytes are not what they should be. */
async function markerFor(
  site: Site,
  request: AdoptRequest,
  judged: ReadBytes,
  markers: readonly FoundMarker[],
): Promise<ToMark['marker'] | null> {
  const { path } = request
  const isClaimed = (digest: Digest | null) => agrees(judged.digests, digest)
  switch (request.judge) {
    case 'source':
      return request.marker !== null && isClaimed(request.marker.digest) ? request.marker : null
    case 'ledger': {
      const record = site.ledger.records.get(path)
      if (record === undefined || !sameDigests(record, judged.digests)) return null
      return markerOfLedger(site, path)
    }
    case 'pair': {
      // I2: every marker that counts must match; one that claims nothing proves nothing.
      const counted = countedMarkers(markers)
      const first = counted[0]
      if (first === undefined || !counted.every(({ digest }) => isClaimed(digest))) return null
      return { path: relativeTo(site, first.place), text: textOf(first.bytes) }
    }
  }
}

/** Of two spellings of one suffix the lower-case one counts. md5 before sha256. */
function countedMarkers(markers: readonly FoundMarker[]): readonly FoundMarker[] {
  const kinds = new Map<string, FoundMarker>()
  for (const marker of markers) {
    const kind = markerOf(marker.place)!.kind
    if (!kinds.has(kind) || marker.place.endsWith(kind)) kinds.set(kind, marker)
  }
  return [...kinds].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, marker]) => marker)
}

async function finish(
  site: Site,
  sound: readonly Sound[],
  verdicts: Map<RelPath, AdoptVerdict>,
  judge: AnomalyJudge | null,
): Promise<void> {
  if (sound.length === 0) return
  const seen = folders(site.disk, site.path)
  // A file in the ledger counts as whole as soon as its marker is seen. If we crash before the marker is durable, recovery finds this
  // name in staging and makes every folder durable.
  const litter = sound.some(({ request }) => request.judge === 'ledger') ? [await flag(site)] : []
  const byText = await forEachFile(sound, 'adopt', verdicts, async (item) => markerFault(item))
  if (byText.length >= MANY) await site.disk.syncSoon(site.path)
  let left = await forEachFile(byText, 'sync', verdicts, async (item) => {
    const fault = await secureStanding(site, item.path, item.judged)
    seen.touched(finalPath(site, item.path))
    return fault
  })
  left = await synced(left, seen, verdicts, ({ path }) => [finalPath(site, path)])
  // I3: from here on the data is durable under its final name.
  left = await placeMarkers(site, left, seen, verdicts, litter)
  if (left.length > 0) {
    // What the ledger knows was judged when it came.
    const fresh = left.filter(({ request }) => request.judge !== 'ledger')
    const odd = judge?.(fresh.map(({ path, judged }) => ({ path, ...judged })))
    await site.ledger.append(
      left.map(({ path, request, judged, marker }): LedgerEvent => {
        const { from, mtime, markerMtime, vouched, planId, revision } = request
        const { size, digests } = judged
        return fileEvent('adopted', {
          path,
          from,
          size,
          digests,
          marker,
          mtime,
          markerMtime,
          vouched,
          anomalies: odd?.get(path),
          planId,
          revision,
        })
      }),
    )
  }
  for (const { path, judged } of left)
    verdicts.set(path, { verdict: 'adopted', digests: judged.digests, size: judged.size })
  // Otherwise it stays for recovery.
  if (left.length === sound.length) await sweep(site, [], litter)
  await sweep(site, await stillStaged(site, left), [])
}

/** Of versions that were cut off while they were published: what they are called in staging, where they are still there as well. */
async function stillStaged(site: Site, adopted: readonly Sound[]): Promise<readonly RelPath[]> {
  const names: RelPath[] = []
  for (const { path, request, judged } of adopted) {
    const name = nameInStaging({ path, from: request.from as RelPath | undefined })
    if (name !== path && isStill(await site.disk.lstat(stagedPath(site, name)), judged)) names.push(name)
  }
  return names
}

async function flag(site: Site): Promise<string> {
  const name = newStagingName(site.files)
  await withReserve(site.disk, site.files, () => site.disk.create(name, new Uint8Array(), 0o600))
  return name
}

const markerAppeared = (path: string): Problem => ({
  code: 'marker-taken',
  path,
  message: 'a marker appeared next to it meanwhile',
  hint: 'The next run judges the pair.',
})
