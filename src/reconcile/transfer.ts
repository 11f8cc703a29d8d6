import { checksumFailed } from '../decide/files/problems.ts'
import { type RateNow, rateAt } from '../decide/time/timetable.ts'
import { inOrder, nextBatch } from '../decide/transfer/batches.ts'
import { fitting, fittingInodes, inodeHalt, inodesOf, roomHalt } from '../decide/transfer/room-halt.ts'
import type { WantedFile } from '../decide/transfer/wanted-file.ts'
import type { Holding } from '../model/holding.ts'
import { isoTime } from '../model/instant.ts'
import type { ListedFile } from '../model/listing.ts'
import { suffixOf } from '../model/marker-name.ts'
import type { LockedDestination, Source } from '../model/ports.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Run } from '../model/run.ts'
import type { Bandwidth, Spec } from '../model/spec.ts'
import { bring } from './bring.ts'
import { problemOf } from './observe-source.ts'
import { progressMeter } from './progress-meter.ts'
import { type Mismatch, publishPassed, settle } from './settle.ts'
import type { Tally } from './tally.ts'

export interface TransferContext {
  readonly source: Source
  readonly destination: LockedDestination
  readonly spec: Spec
  readonly holding: Holding
  readonly bandwidth: Bandwidth
  readonly origin: { readonly planId: string; readonly revision: string | null }
  readonly tally: Tally
}

/**
 * Brings and publishes what is wanted, in batches: while one is judged the next one comes. Files that do not match are mended once,
 * block by block; those that still do not have failed twice and are dropped.
 */
export async function transfer(
  wanted: readonly WantedFile[],
  context: TransferContext,
  run: Run,
): Promise<void> {
  const { spec, tally, holding } = context
  for (const file of wanted) tally.left.add(file.path)
  const room = fitting(inOrder(wanted, spec.transfer.order), spec.destination, holding)
  if (room.halt !== null) tally.stop(room.halt)
  const failed = await bringRound(room.fit, context, run)
  if (failed.length === 0 || tally.stopped || tally.broken || tally.off !== null) return
  const again = await believeNewMarkers(failed, context, run)
  const twice = await bringRound(again, context, run)
  await giveUp(twice, context, run)
}

/** One go over the files. Tells those that came whole and do not match. */
async function bringRound(
  files: readonly WantedFile[],
  context: TransferContext,
  run: Run,
): Promise<readonly Mismatch[]> {
  const { spec, destination, tally, bandwidth, origin } = context
  const meter = progressMeter(spec.name, totals(files), run.now)
  const mismatches: Mismatch[] = []
  let settling = Promise.resolve()
  let left = files
  let told: RateNow['rate'] | undefined
  let inodes: number | null = null
  let owed = 0
  // A full disk, or a quota: what is staged beyond it could not be published.
  while (left.length > 0 && !isFull(tally)) {
    const { rate, until } = rateAt(bandwidth, run.now())
    const change = { rate, until: until === null ? null : isoTime(until) }
    if (rate !== told && (told !== undefined || rate === 'off'))
      run.emit({ type: 'rate-changed', backup: spec.name, ...change })
    told = rate
    if (rate === 'off') {
      tally.off = { until: change.until }
      // What has come whole needs no line.
      const here = left.filter(
        (file) => file.mode === 'append' && file.size > 0 && file.stagedBytes >= file.size,
      )
      if (here.length > 0) {
        await destination.stage(here, run)
        settling = settling.then(async () => {
          mismatches.push(...(await settle(here, destination, spec, origin, tally, run)))
        })
      }
      break
    }
    // What has come and is not published yet still needs its markers: where inodes are scarce, it is published first.
    const fits = async () => {
      inodes = await destination.inodes()
      return fittingInodes(nextBatch(left, rate), inodes === null ? null : inodes - owed)
    }
    let batch = await fits()
    if (batch.length === 0 && owed > 0) {
      await settling
      batch = await fits()
    }
    if (batch.length === 0) {
      if (tally.halt === null) tally.stop(inodeHalt(spec.destination, inodes))
      break
    }
    const { files: count, bytes, resumed } = totals(batch)
    const free = await destination.free()
    const halt = roomHalt(
      { ...spec.destination, maxSize: null },
      { free, used: 0 },
      Math.max(0, bytes - resumed),
    )
    if (halt !== null) {
      if (tally.halt === null) tally.stop(halt)
      break
    }
    run.emit({ type: 'batch-started', backup: spec.name, files: count, bytes, resumedBytes: resumed })
    const allowed = { rate, isInForce: () => rateAt(bandwidth, run.now()).rate === rate }
    const brought = await bring(batch, context, spec, allowed, (now) => run.emit(meter.at(now)), run)
    tally.received += brought.received
    for (const problem of brought.problems) tally.trouble(problem)
    tally.stopped ||= brought.ended === 'stopped'
    // What a stopped batch has brought is judged by the next run: a stop is not to wait for hashing.
    if (tally.stopped) break
    const { whole } = brought
    left = [...brought.rest, ...left.slice(batch.length)]
    meter.finished({ files: whole.length, bytes: totals(whole).bytes })
    const owes = inodesOf(whole)
    owed += owes
    settling = settling.then(async () => {
      if (whole.length > 0) mismatches.push(...(await settle(whole, destination, spec, origin, tally, run)))
      owed -= owes
    })
    // Awaited below; until then a failure of it is nobody's unhandled rejection.
    settling.catch(() => {})
    if (brought.failure !== null) {
      tally.broken = true
      tally.retryable = brought.failure.retryable
      tally.trouble(problemOf(brought.failure))
      break
    }
  }
  await settling
  return mismatches
}

/**
 * A marker that disagrees is read once more before its file is called bad: it may have been written while the file came. What
 * matches the new one is published; the rest is to be mended, for what its marker says now.
 */
async function believeNewMarkers(
  mismatches: readonly Mismatch[],
  context: TransferContext,
  run: Run,
): Promise<readonly WantedFile[]> {
  const { source, destination, tally, origin } = context
  const markers = mismatches.map(({ file }) => file.marker.path)
  const files = new Map<RelPath, ListedFile>(
    mismatches.map(({ file }) => [
      file.marker.path,
      { size: file.marker.text.length, mtime: file.markerMtime },
    ]),
  )
  const fetched = await source.fetch(
    { list: false, markers, listed: { completeness: 'complete', files, problems: [] } },
    run,
  )
  const good: Mismatch[] = []
  const again: WantedFile[] = []
  for (const { file, digests } of mismatches) {
    const marker = fetched.markers.get(file.marker.path)
    const mended: WantedFile = { ...file, mode: 'mend', stagedBytes: file.size, basis: false }
    if (marker === undefined || marker.digest === file.digest) again.push(mended)
    // Repairs take the ledger's digest and no other: a new one there is for the next plan to judge.
    else if (file.over === 'repair') continue
    else {
      const renewed = {
        ...mended,
        digest: marker.digest,
        marker: { path: file.marker.path, text: marker.text },
      }
      if (marker.digest === digests.md5 || marker.digest === digests.sha256)
        good.push({ file: renewed, digests })
      else again.push(renewed)
    }
  }
  await publishPassed(good, destination, origin, tally, run)
  return again
}

/** Failed twice: dropped, and not pulled again until the source's facts change or a day has passed. */
async function giveUp(twice: readonly Mismatch[], context: TransferContext, run: Run): Promise<void> {
  if (twice.length === 0) return
  const { destination, tally } = context
  const at = run.now()
  await destination.dropStaged(
    twice.map(({ file }) => file.path),
    run,
  )
  await destination.remember(
    new Map(
      twice.map(({ file }) => [
        file.path,
        {
          listed: { size: file.size, mtime: file.mtime },
          marker: {
            state: 'claimed',
            suffix: suffixOf(file.path, file.marker.path),
            digest: file.digest,
            size: file.marker.text.length,
            mtime: file.markerMtime,
            text: null,
          },
          readAt: at,
          stagedFor: null,
          gate: { at, size: file.size, mtime: file.mtime, digest: file.digest },
          waitingSince: null,
        },
      ]),
    ),
  )
  for (const { file } of twice) tally.leave(file.path, checksumFailed(file.path, file.digest))
}

/** Whether the disk refused something for want of room. */
function isFull(tally: Tally): boolean {
  const found = tally.problems.some(({ code }) => code === 'disk-full')
  tally.retryable ||= found
  return found
}

const totals = (files: readonly WantedFile[]) => ({
  files: files.length,
  bytes: files.reduce((sum, file) => sum + file.size, 0),
  resumed: files.reduce((sum, file) => sum + Math.min(file.stagedBytes, file.size), 0),
})
