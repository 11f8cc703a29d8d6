import { isNotSeen } from '../../decide/status/over-specs.ts'
import { Failure } from '../../model/failure.ts'
import { instant, isoTime } from '../../model/instant.ts'
import type { Run } from '../../model/run.ts'
import type { LastGood } from '../../model/spec.ts'
import type { GitMemory } from '../../model/specs-memory.ts'
import type { Diagnostic } from '../../model/trouble.ts'
import { type LoadedSpecs, nothingObeyed } from '../load-specs.ts'
import { type GitSpecs, isFaulty, type Judged } from './judge-commit.ts'
import { shortId } from './ref.ts'

/**
 * The specs to obey, with notes: which commit is not taken, why, and what is obeyed instead. `lastGood` holds prunes (I9).
 */
export function specsToObey(
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
      ? 'no commit was taken before: nothing runs'
      : obeyed === null
        ? `the last good one, ${shortId(good)}, is gone from the repository and from here: nothing runs`
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
          message: `${instead}, for the newer ${shortId(commit)} is broken or held`,
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
