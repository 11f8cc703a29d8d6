import { haltOfHold, holdOfIdentity } from '../decide/specs/identity-hold.ts'
import { firstOf } from '../decide/status/exit-code.ts'
import {
  eventsOf,
  type Finding,
  type FoundFile,
  findingOfLedger,
  findingsByMarker,
  findingsOfLook,
  findingsOfRead,
  isNews,
  newLosses,
  stillFound,
} from '../decide/verify/findings.ts'
import { bytesOf } from '../decide/verify/turn.ts'
import { Failure, problemOf } from '../model/failure.ts'
import type { Holding, LedgerRecord } from '../model/holding.ts'
import { type Instant, instant, isoTime } from '../model/instant.ts'
import type { Destination } from '../model/ports.ts'
import { comparePaths, PRIVATE_FOLDER, type RelPath } from '../model/rel-path.ts'
import type { Run } from '../model/run.ts'
import { failureFrom } from '../model/system-error.ts'
import type { Problem } from '../model/trouble.ts'
import type { Pace, VerifiedBackup } from '../model/verified.ts'
import { underLock } from './under-lock.ts'

export interface VerifyWish {
  /** For people. */
  readonly backup: string
  /** Which files to read, of what a look shows. */
  readonly choose: (holding: Holding) => {
    readonly chosen: readonly LedgerRecord[]
    readonly left: readonly LedgerRecord[]
  }
  /** Whether the loss of a file is accepted. */
  readonly accepted: (record: LedgerRecord) => boolean
  readonly pace: Pace
  /** Whether to begin another file. */
  readonly goesOn: () => boolean
  /** Seconds to wait for the lock, to record what was found. */
  readonly lockWait: number
  /**
   * `name`: a disk other than the expected one is a failure. `folder`: it is looked at, and nothing is recorded; nor is for a `reader`
   * of what another user writes. Without a ledger, markers are all there is to go by for these two.
   */
  readonly by: 'name' | 'folder' | 'reader'
  /** What is to be read is known, and then each file that was. */
  readonly report: (bytes: number, path: string, total: number) => void
}

/** What is recorded together, and is read again where a run is killed before. */
const FILES = 1000
const BYTES = 8 * 2 ** 30

/**
 * Reads published files past the page cache, each against the ledger and the markers next to it, and looks for what is gone, altered or
 * foreign. Takes the lock only to record what it found, and says nothing of what a pass changed meanwhile. A run that is stopped keeps what it
 * has read. `holding`: what a look showed a moment ago. Throws a Failure where the destination cannot be looked at.
 */
export async function verifyBackup(
  destination: Destination,
  holding: Holding,
  wish: VerifyWish,
  run: Run,
): Promise<VerifiedBackup> {
  const { halt } = holding
  const broken = halt === null ? null : findingOfLedger(halt)
  if (halt !== null && broken === null) throw new Failure(halt)
  if (wish.by !== 'name' && !holding.identity.hasPrivateFolder)
    return byMarkers(destination, holding, { problem: noLedger(destination.path) }, wish, run)
  const mayRecord = mayBeRecorded(destination, holding, wish)
  if (broken !== null) return byMarkers(destination, holding, { finding: broken }, wish, run)
  const { chosen, left } = wish.choose(holding)
  const total = bytesOf(chosen)
  const looked = findingsOfLook(holding)
  const results = nothingYet(holding, mayRecord)
  let some: FoundFile[] = []
  let bytes = 0
  let read = 0
  const readOf = new Set<string>()
  const settle = async (foreign: readonly Finding[]) => {
    await record(destination, some, foreign, wish, results, run)
    some = []
    bytes = 0
  }
  for (const file of chosen) {
    if (run.signal.aborted || (read > 0 && !wish.goesOn())) break
    const found = await destination.reread(file.path, wish.pace, run).catch((error: unknown) => {
      if (!run.signal.aborted) throw error
      return null
    })
    if (found === null) break
    read++
    readOf.add(file.path)
    some.push({ record: file, read: found, findings: findingsOfRead(file, found) })
    bytes += file.size
    wish.report(file.size, file.path, total)
    if (some.length >= FILES || bytes >= BYTES) await settle([])
  }
  // What was not read is still known by its look.
  const unread = new Map<string, Finding[]>()
  for (const one of looked) {
    if (readOf.has(one.path!) || one.code === 'foreign-file') continue
    unread.set(one.path!, [...(unread.get(one.path!) ?? []), one])
  }
  for (const [path, findings] of unread)
    some.push({ record: holding.records.get(path as RelPath)!, read: null, findings })
  await settle(looked.filter(({ code }) => code === 'foreign-file'))
  const skipped = [...chosen.slice(read), ...left]
  return report(destination, wish, holding, results, skipped, run)
}

interface Results {
  readonly sound: LedgerRecord[]
  readonly findings: Finding[]
  readonly problems: Problem[]
  /** Whether it is still to be tried, and whether all that was tried went well. */
  mayRecord: boolean
  isRecorded: boolean
  hasNews: boolean
}

const nothingYet = ({ problems }: Holding, mayRecord: boolean): Results => ({
  sound: [],
  findings: [],
  // What is in the way of a published file, or in its place, and no file.
  problems: [...problems],
  mayRecord,
  isRecorded: mayRecord,
  hasNews: false,
})

/** Whether this is the disk that is meant: to another nothing is written. */
function mayBeRecorded(
  destination: Destination,
  { identity }: Pick<Holding, 'identity'>,
  { by }: VerifyWish,
): boolean {
  if (by === 'reader') return false
  const hold = holdOfIdentity(destination.path, identity)
  if (hold === null && identity.hasPrivateFolder) return true
  if (hold === null) {
    throw new Failure({
      code: 'no-destination',
      message: `${destination.path} holds no backup yet`,
      hint: 'A pass creates one: reconcile --dry-run shows what that would do.',
    })
  }
  if (by === 'folder') return false
  throw new Failure(haltOfHold(hold))
}

/** Keeps what still holds under the lock, or by a second look where the lock cannot be had, and what the ledger is to know of it. */
async function record(
  destination: Destination,
  found: readonly FoundFile[],
  foreign: readonly Finding[],
  { lockWait, by, accepted }: VerifyWish,
  results: Results,
  run: Run,
): Promise<void> {
  if (found.length + foreign.length === 0 && !results.mayRecord) return
  // What was read is recorded also where the run was told to stop.
  const { signal } = new AbortController()
  const quiet: Run = { ...run, signal, emit: () => {} }
  let isKept = false
  const keep = (now: Holding): readonly FoundFile[] => {
    isKept = true
    const still = stillFound(found, now)
    for (const one of still) {
      const { record: file, read, findings } = one
      results.findings.push(...(accepted(file) ? newLosses(one) : findings))
      if (read !== null && findings.length === 0) results.sound.push(file)
    }
    results.findings.push(...foreignNow(foreign, now))
    results.hasNews ||= still.some(isNews)
    return still
  }
  // What could not be recorded under the lock was kept there.
  const instead = async (): Promise<void> => {
    if (!isKept) keep(await destination.inspect(quiet))
  }
  if (!results.mayRecord) return instead()
  try {
    const done = await underLock(
      destination,
      run.signal.aborted ? 0 : lockWait,
      quiet,
      async (locked, now) => {
        const others = foreignNow(foreign, now).map(({ path }) => path!)
        const events = eventsOf(keep(now), capped(others), now)
        if (events.length > 0) await locked.record(events, quiet)
      },
    )
    if (done.state === 'done') return
    if (results.isRecorded) results.problems.push(busy(done.holders.map(({ pid }) => pid)))
  } catch (error) {
    const failure = failureFrom(error)
    results.mayRecord = false
    if (by === 'name') results.problems.push(problemOf(failure))
  }
  results.isRecorded = false
  await instead()
}

const foreignNow = (foreign: readonly Finding[], { files, records }: Holding): readonly Finding[] =>
  foreign.filter(({ path }) => files.has(path as RelPath) && !records.has(path as RelPath))

/** Bytes of paths in one line of the ledger. */
const LINE_BYTES = 128 * 1024

function capped(paths: readonly string[]): readonly string[] {
  let room = LINE_BYTES
  return paths.filter((path) => {
    room -= path.length + 3
    return room > 0
  })
}

const busy = (pids: readonly number[]): Problem => ({
  code: 'not-recorded',
  message: `what was verified could not be recorded: the destination is in use${pids.length === 0 ? '' : ` (pid ${pids.join(', ')})`}`,
  hint: 'Run it again when that has ended, or with --lock-timeout 10m. Passes verify too.',
})

const noLedger = (path: string): Problem => ({
  code: 'no-ledger',
  message: `no ledger can be read in ${path}/${PRIVATE_FOLDER}, so files were read against their markers alone: one that is gone with its marker, or was replaced with it, goes unseen`,
  hint: 'Where another user owns it, run this as that user, or as root. Else a pass makes a ledger of what is there.',
})

/** Without a ledger that can be trusted, what is here is held against the markers. Nothing is recorded. */
async function byMarkers(
  destination: Destination,
  holding: Holding,
  why: { readonly finding: Finding } | { readonly problem: Problem },
  wish: VerifyWish,
  run: Run,
): Promise<VerifiedBackup> {
  const results = nothingYet(holding, false)
  if ('finding' in why) results.findings.push(why.finding)
  else results.problems.push(why.problem)
  const paths = [...holding.files].sort(([a], [b]) => comparePaths(a, b))
  const total = paths.reduce((sum, [, { size }]) => sum + size, 0)
  const sum = { files: 0, bytes: 0 }
  const left = { files: 0, bytes: 0 }
  for (const [path, { size, marker }] of paths) {
    if (run.signal.aborted || marker === null) {
      left.files++
      left.bytes += size
      continue
    }
    const found = await destination.reread(path, wish.pace, run)
    wish.report(size, path, total)
    const findings = findingsByMarker(path, found)
    results.findings.push(...(findings ?? []))
    if (findings?.length !== 0) continue
    sum.files++
    sum.bytes += size
  }
  return { ...report(destination, wish, holding, results, [], run), ...sum, left, oldest: null }
}

function report(
  destination: Destination,
  { backup }: VerifyWish,
  holding: Holding,
  { sound, findings, problems, isRecorded, hasNews }: Results,
  left: readonly LedgerRecord[],
  run: Run,
): VerifiedBackup {
  const read = new Set(sound.map(({ path }) => path))
  let oldest: Instant | null = null
  for (const { path, readAt } of holding.records.values()) {
    if (!holding.files.has(path)) continue
    const at = read.has(path) ? run.now() : readAt
    if (oldest === null || at < oldest) oldest = instant(at)
  }
  const codes = [
    ...(findings.length > 0 ? [6] : []),
    ...problems.map(({ code }) => (code === 'not-recorded' ? 5 : 1)),
  ]
  return {
    backup,
    destination: destination.path,
    files: sound.length,
    bytes: bytesOf(sound),
    left: { files: left.length, bytes: bytesOf(left) },
    oldest: oldest === null ? null : isoTime(oldest),
    findings: findings.toSorted(
      (a, b) => comparePaths(a.path ?? '', b.path ?? '') || comparePaths(a.code, b.code),
    ),
    problems,
    recorded: isRecorded,
    news: hasNews,
    exitCode: firstOf(codes),
  }
}
