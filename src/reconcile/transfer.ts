import { anomalyJudge } from '../decide/anomaly/judge.ts'
import { datedNames } from '../decide/files/dated-name.ts'
import { checksumFailed } from '../decide/files/problems.ts'
import { claimBySource, claimMaker } from '../decide/look/claims.ts'
import { seenAtStart } from '../decide/look/next-seen.ts'
import { rateAt } from '../decide/time/timetable.ts'
import { inOrder, nextBatch, paceOf, quickPart } from '../decide/transfer/batches.ts'
import { fitting, fittingInodes, inodeHalt, inodesOf } from '../decide/transfer/room-halt.ts'
import { type WantedFile, wantedFiles } from '../decide/transfer/wanted-file.ts'
import { nothingHeld } from '../model/holding.ts'
import { isoTime } from '../model/instant.ts'
import { type ListedFile, type Listing, UNKNOWN_BOOT } from '../model/listing.ts'
import { markerPath, markerText } from '../model/marker-name.ts'
import type { Admitted } from '../model/ports.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Run } from '../model/run.ts'
import type { Rate } from '../model/spec.ts'
import { askClaims, claimsToAsk } from './ask-claims.ts'
import { type Brought, bring } from './bring.ts'
import { gateAndPublish, type HashedFile, type JudgingPass, publishPassed } from './gate-and-publish.ts'
import type { Pass } from './pass-context.ts'
import { choose, type Standing } from './plan-pass.ts'
import { progressMeter } from './progress-meter.ts'

/**
 * Pulls and publishes what is wanted, in batches: while one is judged, the next one is transferred. Files that do not match are repaired
 * once, block by block; those that still do not match have failed twice and are dropped.
 */
export async function transfer(pass: Pass, standing: Standing): Promise<Standing> {
  let now = standing
  for (;;) {
    const judge = anomalyJudge(pass.spec, now.observation, now.decided.retention)
    await transferPlanned({ ...pass, judge }, now)
    const { stopped, broken, off, halt } = pass.tally
    const next = stopped || broken || off !== null || halt !== null ? null : await askFurther(pass, now)
    if (next === null) return now
    now = next
  }
}

/** Where not all claims could be asked for at once: the next ones, and what follows from them. Null: there are none. */
async function askFurther(pass: Pass, { observation, ...rest }: Standing): Promise<Standing | null> {
  const { source, destination, spec, context, run } = pass
  // What could not be answered is not asked again in this pass.
  const paths =
    observation.source.isMute === true ? [] : claimsToAsk(spec, observation, new Set(), context.asOf)
  if (paths.length === 0) return null
  const now = { ...observation, destination: await destination.inspect(run) }
  const view = await askClaims(source, spec, now, paths, run)
  const seen = { ...now, source: view }
  const next = choose(pass, seen)
  await destination.remember(seenAtStart(seen, next.plan, context.asOf))
  return { ...rest, ...next, observation: seen }
}

async function transferPlanned(pass: JudgingPass, standing: Standing): Promise<void> {
  const { spec, tally } = pass
  const { plan, observation } = standing
  const wanted = wantedFiles(plan, observation)
  tally.want(wanted)
  const room = fitting(inOrder(wanted, spec.transfer.order), spec.destination, observation.destination)
  if (room.halt !== null) tally.stop(room.halt)
  const failed = await bringRound(room.fit, pass)
  if (failed.length === 0 || tally.stopped || tally.broken || tally.off !== null) return
  const again = await believeNewMarkers(failed, pass)
  await giveUp(await bringRound(again, pass), pass)
}

/** One round over the files. Returns those that arrived whole and do not match. */
async function bringRound(files: readonly WantedFile[], pass: JudgingPass): Promise<readonly HashedFile[]> {
  const late = afterStop(pass.run)
  const publishing = publishInBackground(pass, late.run)
  try {
    await bringBatches(files, publishing, pass, late.run)
  } finally {
    // I11: however this ends, nothing is published after the lock is released.
    await publishing.done().finally(late.end)
  }
  return publishing.mismatches
}

/** Milliseconds. Whole runs stop within 5 s, of which ending rsync may take 1.5 s. */
const AFTER_STOP = 2000

/** The same run for what may still be finished when it is stopped: its signal comes that much later. */
function afterStop(run: Run): { readonly run: Run; end(): void } {
  const over = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const begin = () => {
    timer = setTimeout(() => over.abort(run.signal.reason), AFTER_STOP)
  }
  if (run.signal.aborted) over.abort(run.signal.reason)
  run.signal.addEventListener('abort', begin)
  return {
    run: { ...run, signal: over.signal },
    end() {
      clearTimeout(timer)
      run.signal.removeEventListener('abort', begin)
    },
  }
}

async function bringBatches(
  files: readonly WantedFile[],
  publishing: Publishing,
  pass: Pass,
  late: Run,
): Promise<void> {
  const { spec, tally, run } = pass
  const { bandwidth } = pass.options
  const meter = progressMeter(spec.name, totals(files), run.now, () => tally.published.length)
  let left = files
  let before: Rate | undefined
  let pace: number | null = null
  // With the disk full, or over a quota, or where publishing failed: more could be staged, and not published.
  while (left.length > 0 && !tally.endsByFullDisk() && !publishing.hasFailed()) {
    const rate = await rateNow(before, left, publishing, pass)
    if (rate !== before) pace = null
    before = rate
    if (rate === 'off') return
    const batchOf = () => nextBatch(left, rate, pace)
    const next = await batchThatFits(batchOf, publishing, pass)
    if (next === null) return
    left = left.slice(next.asked)
    const { files: batch, release } = next
    if (batch.length === 0) {
      release()
      continue
    }
    const { files: count, bytes, resumed } = totals(batch)
    run.emit({ type: 'batch-started', backup: spec.name, files: count, bytes, resumedBytes: resumed })
    const allowed = { rate, isInForce: () => rateAt(bandwidth, run.now()).rate === rate }
    const brought = await bring(batch, pass, allowed, (now) => run.emit(meter.at(now))).finally(release)
    tally.receive(brought.received)
    // What is compared block by block hardly comes over the line.
    if (batch[0]!.mode === 'append') pace = paceOf(brought.received, brought.seconds)
    for (const problem of brought.problems) tally.trouble(problem)
    // A stop waits for little: the next run judges the rest of what a stopped batch has brought.
    if (brought.ended === 'stopped') {
      tally.end({ stopped: true })
      return publishing.add(await asListed(quickPart(brought.whole), { ...pass, run: late }), 'done')
    }
    const whole = await asListed(brought.whole, pass)
    left = [...brought.rest, ...left]
    meter.finished(totals(whole))
    publishing.add(whole, brought.ended)
    if (brought.failure !== null) return tally.breakOff(brought.failure)
  }
}

type Publishing = ReturnType<typeof publishInBackground>

/**
 * Of files that no marker finishes, and of versions, which are named by their times, those that are still as they were listed: what a
 * source goes on writing is not published.
 */
async function asListed(batch: readonly WantedFile[], pass: Pass): Promise<readonly WantedFile[]> {
  const { source, spec, tally, run } = pass
  const isUnsure = ({ vouched }: WantedFile) => vouched === 'source' || spec.select.as !== undefined
  const unsure = batch.filter(isUnsure)
  if (unsure.length === 0) return batch
  const shown = await source.look(unsure.map(atSource), { digests: false }, run)
  return batch.filter((file) => {
    const { path, from, size, mtime } = file
    const now = shown.get(from)
    if (!isUnsure(file) || (now?.size === size && now.mtime === mtime)) return true
    tally.leave(path, {
      code: 'changed-during-transfer',
      path,
      message: 'has changed at the source since it was listed',
      hint:
        spec.finished.kind === 'quiet'
          ? 'The next run checks it again. If this persists, make finished.quiet longer than its producer pauses.'
          : 'The next run takes what is there then.',
    })
    return false
  })
}

const atSource = ({ from, size }: WantedFile) => ({ path: from, size })

/** Judges and publishes batches one after the other, while the next is transferred. */
function publishInBackground(pass: JudgingPass, late: Run) {
  const mismatches: HashedFile[] = []
  let publishing = Promise.resolve()
  let owed = 0
  let hasFailed = false
  return {
    mismatches: mismatches as readonly HashedFile[],
    /** Inodes that what is not published yet still needs. */
    owed: () => owed,
    hasFailed: () => hasFailed,
    add(batch: readonly WantedFile[], ended: Brought['ended']): void {
      if (batch.length === 0) return
      const owes = inodesOf(batch)
      const run = quickPart(batch).length === batch.length ? late : pass.run
      owed += owes
      publishing = publishing.then(async () => {
        mismatches.push(...(await gateAndPublish(batch, ended, { ...pass, run })))
        owed -= owes
      })
      // `done` throws it; until then it must not count as an unhandled rejection.
      publishing.catch(() => {
        hasFailed = true
      })
    },
    /** All that was added is judged, and published if it passed. */
    done: () => publishing,
  }
}

/** The rate for the next batch. If it is off, what is already staged whole is judged all the same: it needs no line. */
async function rateNow(
  before: Rate | undefined,
  left: readonly WantedFile[],
  publishing: Publishing,
  { spec, destination, options, tally, run }: Pass,
): Promise<Rate> {
  const { rate, until } = rateAt(options.bandwidth, run.now())
  const change = { rate, until: until === null ? null : isoTime(until) }
  if (rate !== before && (before !== undefined || rate === 'off'))
    run.emit({ type: 'rate-changed', backup: spec.name, ...change })
  if (rate !== 'off') return rate
  tally.end({ off: { until: change.until } })
  const here = left.filter((file) => file.mode === 'append' && file.size > 0 && file.stagedBytes >= file.size)
  if (here.length > 0) await destination.stage(here, run)
  publishing.add(here, 'done')
  return rate
}

/**
 * Of the next files that are asked for, those there is room for, which the tally's halt says; null: there is no space for another file,
 * and the tally has the halt.
 */
async function batchThatFits(
  nextOf: () => readonly WantedFile[],
  publishing: Publishing,
  { spec, destination, tally }: Pass,
): Promise<(Admitted<WantedFile> & { readonly asked: number }) | null> {
  let inodes: number | null = null
  const fits = async () => {
    inodes = await destination.inodes()
    return fittingInodes(nextOf(), inodes === null ? null : inodes - publishing.owed())
  }
  let batch = await fits()
  // What is not published yet still needs its markers: if inodes are scarce, it is published first.
  if (batch.length === 0 && publishing.owed() > 0) {
    await publishing.done()
    batch = await fits()
  }
  if (batch.length === 0) {
    tally.stop(inodeHalt(spec.destination, inodes))
    return null
  }
  const admitted = await destination.admit((room) => {
    const { fit, halt } = fitting(batch, { ...spec.destination, maxSize: null }, { ...room, used: 0 })
    if (halt !== null) tally.stop(halt)
    return fit
  })
  return { ...admitted, asked: batch.length }
}

/**
 * A marker that disagrees is read once more before its file is called bad: it may have been written during the transfer. What matches the
 * new one is published; the rest is pulled again, by what its marker says now.
 */
async function believeNewMarkers(
  mismatches: readonly HashedFile[],
  pass: JudgingPass,
): Promise<readonly WantedFile[]> {
  const { source, spec, run } = pass
  const files = new Map<RelPath, ListedFile>()
  for (const { file } of mismatches) {
    const { claim, from: name, size, mtime } = file
    files.set(name, { size, mtime })
    for (const from of claim.from ?? [markerPath(name, claim)]) files.set(from, claim)
  }
  const listed: Listing = { completeness: 'complete', files, problems: [] }
  const paths = mismatches.map(({ file }) => file.from)
  const maker = claimMaker(spec, listed, nothingHeld, { at: run.now(), ...UNKNOWN_BOOT })
  const whole = mismatches.map(({ file }) => atSource(file))
  const asked = spec.finished.kind === 'quiet' ? await source.look(whole, { digests: true }, run) : null
  const fetched = await source.fetch(
    {
      list: false,
      ...maker.request(paths),
      anyName: datedNames(spec)?.isRotated === true,
      checksum: spec.checksum,
      listed,
    },
    run,
  )
  const good: HashedFile[] = []
  const again: WantedFile[] = []
  for (const { file, digests, head } of mismatches) {
    const answer = asked?.get(file.from)
    const claim =
      answer?.digest != null
        ? claimBySource(file.from, answer, answer.digest)
        : maker.read(file.from, fetched, [])
    const mended: WantedFile = { ...file, mode: 'mend', stagedBytes: file.size, basis: false }
    if (claim.state !== 'claimed' || claim.text === null || claim.digest === file.digest) again.push(mended)
    // Repairs take the ledger's digest and no other: a new one there is for the next plan to judge.
    else if (file.over === 'repair') continue
    else {
      const { digest } = claim
      const text = file.from === file.path ? claim.text : markerText(digest, file.path)
      const marker = { path: file.marker.path, text }
      const renewed = { ...mended, claim, digest, marker, markerMtime: claim.mtime }
      if (digest === digests.md5 || digest === digests.sha256) good.push({ file: renewed, digests, head })
      else again.push(renewed)
    }
  }
  await publishPassed(good, pass)
  return again
}

/** Failed twice: dropped, and not pulled again until the source's facts change or a day has passed. */
async function giveUp(twice: readonly HashedFile[], { destination, tally, run }: Pass): Promise<void> {
  if (twice.length === 0) return
  const at = run.now()
  await destination.dropStaged(
    twice.map(({ file }) => file.from),
    run,
  )
  await destination.remember(
    new Map(
      twice.map(({ file }) => [
        file.from,
        {
          listed: { size: file.size, mtime: file.mtime },
          marker: { ...file.claim, text: null },
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

const totals = (files: readonly WantedFile[]) => ({
  files: files.length,
  bytes: files.reduce((sum, file) => sum + file.size, 0),
  resumed: files.reduce((sum, file) => sum + Math.min(file.stagedBytes, file.size), 0),
})
