import { join } from 'node:path'
import { fingerprint } from '../../decide/documents/fingerprint.ts'
import { isNotSeen } from '../../decide/status/over-specs.ts'
import { Failure } from '../../model/failure.ts'
import { type Instant, instant, isoTime } from '../../model/instant.ts'
import type { Run } from '../../model/run.ts'
import type { LastGood } from '../../model/spec.ts'
import type { GitMemory } from '../../model/specs-memory.ts'
import type { Diagnostic } from '../../model/trouble.ts'
import { type LoadedSpecs, nothingObeyed } from '../load-specs.ts'
import { type GitClone, lookIntoClone, openClone, withPassingClone } from './clone.ts'
import { type Before, type GitSpecs, isFaulty, type Judged, judgeCommit, readCommit } from './judge-commit.ts'
import { shortId } from './ref.ts'

/** What is known of the repository now. `unreachable`: it could not be asked, or said no; then `commit` is what it was before. */
interface Found {
  readonly clone: GitClone
  readonly commit: string
  readonly unreachable: Failure | null
}

/** Releases that stay on record. */
const MAX_PASSED = 100

/** Seconds that a run waits for another one's fetch. */
const LOCK_WAIT = 300

/** What is to be obeyed of a git repository now; see SpecSource. */
export async function loadGitSpecs(specs: GitSpecs, run: Run): Promise<LoadedSpecs> {
  const names = namesOf(specs)
  if (specs.use === 'obey') return obey(specs, names, run)
  const folder = join(specs.memory.folder, names.clone)
  const before = await knownBefore(specs, names)
  const stays = await lookIntoClone(folder, specs.place, run)
  if (specs.use === 'recall' && stays !== null) {
    const commit = await stays.commitOf(names.tip)
    if (commit !== null) {
      const found = { clone: stays, commit, unreachable: null }
      const judged = await judgeCommit(specs, stays, commit, before, run)
      return specsToObey(specs, found, notTaken(judged, found, before, UNKEPT), before, run)
    }
  }
  return withPassingClone(folder, specs.place, farOptions(specs, run), async (clone) => {
    // It has what was fetched before, and so need not fetch it again.
    const known = (await stays?.commitOf(names.tip)) ?? null
    if (known !== null) await clone.pin(names.tip, known)
    const found = await fetchTip(clone, names.tip, stays)
    return specs.use === 'newest' ? asItIs(specs, found, before, run) : judge(specs, found, before, run)
  })
}

interface Names {
  /** Of the clone's folder: one for a URL. */
  readonly clone: string
  /** Under which the place is remembered. Asking for signatures makes it another place. */
  readonly place: string
  /** The same place, asked the other way about signatures. */
  readonly twin: string
  /** Our refs: the newest commit that was fetched, and the last good one. */
  readonly tip: string
  readonly good: string
}

function namesOf({ place }: GitSpecs): Names {
  const { url, ref, subpath, verifySignatures } = place
  const named = (kind: 'any' | 'signed') => fingerprint([url, ref, subpath, kind]).slice(0, 16)
  const [name, twin] =
    verifySignatures === null ? [named('any'), named('signed')] : [named('signed'), named('any')]
  const refs = `refs/reconcile/${name}`
  return {
    clone: fingerprint([url]).slice(0, 16),
    place: name,
    twin,
    tip: `${refs}/tip`,
    good: `${refs}/good`,
  }
}

/** What was in force before signatures were asked for, or no longer were, stays in force until a commit is taken. */
async function knownBefore({ memory }: GitSpecs, { place, twin }: Names): Promise<Before> {
  const own = await memory.read(place)
  const other = (await memory.read(twin)).good
  const isOther = other !== null && (own.good === null || own.good.taken < other.taken)
  return { ...own, own: own.good, good: isOther ? other : own.good }
}

async function obey(specs: GitSpecs, names: Names, run: Run): Promise<LoadedSpecs> {
  const { memory, place } = specs
  const lock = await memory.lock(names.clone, LOCK_WAIT, run)
  if (lock === null) {
    throw new Failure({
      code: 'git-busy',
      message: `another process has been fetching ${place.url} for ${LOCK_WAIT} seconds`,
      hint: 'See which one it is: ps, and fuser -v on the locks below state/git.',
      retryable: true,
    })
  }
  try {
    const options = { ...farOptions(specs, run), inherit: lock.descriptor }
    const clone = await openClone(join(memory.folder, names.clone), place, options)
    const before = await knownBefore(specs, names)
    const found = await fetchTip(clone, names.tip, clone)
    const judged = await judgeCommit(specs, found.clone, found.commit, before, run)
    const after = remembered(before, found, judged, run)
    try {
      // Pinned before it is relied on: git removes what nothing names.
      if (judged.taken && (await clone.commitOf(names.good)) !== found.commit)
        await clone.pin(names.good, found.commit)
      if (JSON.stringify(after) !== JSON.stringify(await memory.read(names.place)))
        await memory.write(names.place, () => after)
      for (const { hold } of judged.passed) await memory.consume(hold.id)
    } catch (error) {
      if (!(error instanceof Failure) || run.signal.aborted) throw error
      // What cannot be remembered is not taken, and keeps nothing else from running.
      return specsToObey(specs, found, notTaken(judged, found, before, error), before, run)
    }
    return specsToObey(specs, found, judged, { ...after, good: before.good }, run)
  } finally {
    lock.release()
  }
}

/** The same, but that a newer commit is not taken. */
const notTaken = (judged: Judged, { commit }: Found, before: Before, unkept: Judged['unkept']): Judged =>
  judged.taken && before.own?.commit !== commit ? { ...judged, taken: false, passed: [], unkept } : judged

/** Who fetches takes as well; so what was fetched and not taken could not be remembered. */
const UNKEPT = {
  message: 'another process fetched this commit and has not recorded it yet',
  hint: 'See what the next pass, or the log of watch, reports.',
}

const farOptions = ({ checkKeys, limits }: GitSpecs, run: Run) => ({
  run,
  checkKeys,
  ...(limits === undefined ? {} : { limits }),
})

/** What the repository shows now; where it cannot be reached, what `known` has of it. Throws a Failure where that is nothing. */
async function fetchTip(clone: GitClone, tip: string, known: GitClone | null): Promise<Found> {
  try {
    return { clone, commit: await clone.fetch(tip), unreachable: null }
  } catch (error) {
    if (!(error instanceof Failure) || !isNotSeen(error.code) || known === null) throw error
    const commit = await known.commitOf(tip)
    if (commit === null) throw error
    return { clone: known, commit, unreachable: error }
  }
}

async function judge(specs: GitSpecs, found: Found, before: Before, run: Run): Promise<LoadedSpecs> {
  const judged = await judgeCommit(specs, found.clone, found.commit, before, run)
  const after = remembered(before, found, judged, run)
  return specsToObey(specs, found, judged, { ...after, good: before.good }, run)
}

/** The newest commit with its faults, and, as warnings, why it would not be taken. */
async function asItIs(specs: GitSpecs, found: Found, before: Before, run: Run): Promise<LoadedSpecs> {
  const judged = await judgeCommit(specs, found.clone, found.commit, before, run)
  const after = remembered(before, found, judged, run)
  const { notes } = specsToObey(specs, found, judged, { ...after, good: before.good }, run)
  const read = await readCommit(specs, found.clone, found.commit)
  const more: readonly Diagnostic[] = notes.filter(({ code }) => code !== 'commit-refused')
  return { ...read, faults: [...read.faults, ...more] }
}

/** A definite refusal counts until the repository is reached again: a network that fails meanwhile does not change it. */
function notSeen(before: GitMemory['unreachable'], now: Failure, at: Instant): GitMemory['unreachable'] {
  if (before?.code === 'git-refused' && now.code !== 'git-refused') return before
  const since = before === null || before.since > at ? at : before.since
  return { since, why: now.message, code: now.code, hint: now.hint }
}

/** The memory after this. `since` moves only when the truth does. */
function remembered(before: Before, found: Found, judged: Judged, run: Run): GitMemory {
  const { commit, unreachable } = found
  const isNew = before.own?.commit !== commit
  return {
    good: judged.taken && isNew ? { commit, taken: run.now() } : before.own,
    unreachable: unreachable === null ? null : notSeen(before.unreachable, unreachable, run.now()),
    refused: judged.taken ? null : (judged.stillRefused ?? { commit, since: run.now() }),
    passed: [
      ...before.passed,
      ...judged.passed.map(({ hold, release }) => ({
        ...release,
        code: hold.code,
        from: before.good?.commit ?? '',
        to: commit,
      })),
    ].slice(-MAX_PASSED),
  }
}

/**
 * The specs to obey, with notes: which commit is not taken, why, and what is obeyed instead. `lastGood` holds prunes (I9).
 */
function specsToObey(
  { label }: GitSpecs,
  { commit, unreachable }: { readonly commit: string; readonly unreachable: Failure | null },
  judged: Judged,
  memory: GitMemory,
  run: Run,
): LoadedSpecs & { readonly notes: readonly Diagnostic[] } {
  const { newest, obeyed, signature, holds, taken, unkept } = judged
  const good = memory.good?.commit ?? null
  const instead =
    good === null
      ? 'none of this url, ref and subpath was taken before: nothing runs'
      : obeyed === null
        ? `the last good one, ${shortId(good)}, is gone from the repository and from here: nothing runs`
        : good === commit
          ? 'its specs stay in force, as they were before signatures were asked for'
          : `the specs are those of the last good commit ${shortId(good)}`
  const notes: Diagnostic[] = []
  const note = (severity: Diagnostic['severity'], code: string, message: string, hint: string) =>
    void notes.push({ file: label, line: 1, column: 1, severity, code, message, hint })
  const notTaken = (severity: Diagnostic['severity'], code: string, why: string, hint: string) =>
    note(severity, code, `commit ${commit} is not taken: ${why}; ${instead}`, hint)
  if (!taken && signature !== null)
    notTaken('error', 'commit-unsigned', `it ${signature.message}`, signature.hint)
  if (!taken && newest !== null && isFaulty(newest))
    notTaken('error', 'commit-refused', `it ${firstOf(newest.faults)}`, 'Fix its faults, and push again.')
  for (const { id, code, message } of holds) {
    const hint = `If that is meant: reconcile release ${id} --reason "…"`
    notTaken(obeyed === null ? 'error' : 'warning', code, message, hint)
  }
  if (unkept !== null) {
    const severity = unkept instanceof Failure ? 'error' : 'warning'
    notTaken(severity, 'commit-unkept', unkept.message, unkept.hint)
  }
  const away = memory.unreachable
  if (away !== null) {
    // Warnings: what was taken before is valid and stays in force.
    const why = away.why ?? unreachable?.message ?? 'it could not be fetched'
    const hint = away.hint ?? unreachable?.hint ?? 'reconcile --dry-run asks it again.'
    const message = `since ${isoTime(away.since)} newer commits are not seen: ${why}`
    note('warning', away.code ?? 'git-unreachable', message, hint)
  }
  const read = taken ? newest : obeyed
  const faults = [
    ...(newest?.faults ?? []),
    ...(taken ? [] : (read?.faults ?? []).filter(({ severity }) => severity === 'error')),
    ...notes,
  ]
  const reasons = notes.map(({ code, message, hint = '' }) => ({
    code,
    message,
    hint,
    since: (isNotSeen(code) ? away : memory.refused)?.since ?? run.now(),
  }))
  const stale =
    reasons.length === 0
      ? null
      : {
          message: reasons.map(({ message }) => message).join('; '),
          since: instant(Math.min(...reasons.map(({ since }) => since))),
          reasons,
        }
  const lastGood: LastGood | null =
    taken || good === null
      ? null
      : {
          obeyed: good,
          newer: commit,
          message:
            good === commit
              ? `commit ${shortId(commit)} has no valid signature`
              : `${instead}, for the newer ${shortId(commit)} is broken or held`,
        }
  // They are declared, and their faults are reported.
  const declared = newest?.specs.map(({ name, file }) => ({ name, file })) ?? []
  const nothing = {
    ...nothingObeyed(label),
    faulty: [...declared, ...(newest?.faulty ?? [])],
    fileCount: newest?.fileCount ?? 0,
  }
  return { ...(read ?? nothing), faults, holds, stale, lastGood, notes }
}

function firstOf(faults: readonly Diagnostic[]): string {
  const errors = faults.filter(({ severity }) => severity === 'error')
  const [first] = errors
  const where = first === undefined ? '' : ` (${first.file}:${first.line}:${first.column}: ${first.message})`
  return errors.length === 1 ? `has a fault${where}` : `has ${errors.length} faults, the first${where}`
}
