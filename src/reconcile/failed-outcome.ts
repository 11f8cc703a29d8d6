import { codeOfOutcome } from '../decide/status/exit-code.ts'
import type { Failure } from '../model/failure.ts'
import { problemOf } from '../model/failure.ts'
import { type BackupOutcome, type BareOutcome, emptyOutcome } from '../model/outcome.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import { failureFrom } from '../model/system-error.ts'
import type { Problem } from '../model/trouble.ts'

/** I15: the outcome of a backup that a failure ended. `run`: emits the problem too; null: does not. */
export function failedBy(failure: Failure, { name }: Spec, run: Run | null): BareOutcome {
  const problem = problemOf(failure)
  run?.emit({ type: 'problem', backup: name, problem })
  return { ...emptyOutcome(name), problems: [problem], retry: failure.retryable }
}

/** What these say of no path holds of the whole disk, and so of each path on it. */
const OF_THE_DISK: ReadonlySet<string> = new Set(['disk-full', 'disk-failing', 'disk-gone', 'disk-read-only'])

const isSame = (known: Problem, { code, path, message }: Problem): boolean =>
  known.code === code &&
  ((known.path === undefined && OF_THE_DISK.has(code)) || (known.path === path && known.message === message))

/** A pass that could not write down what it came to: what it did is done, and it did not end well. Its problem is added, unless it is known. */
export function alsoFailed(outcome: BareOutcome, failure: Failure): BareOutcome {
  const problem = problemOf(failure)
  const isKnown = outcome.problems.some((known) => isSame(known, problem))
  return {
    ...outcome,
    result: outcome.result === 'in-sync' || outcome.result === 'applied' ? 'failed' : outcome.result,
    problems: isKnown ? outcome.problems : [...outcome.problems, problem],
    retry: outcome.retry || failure.retryable,
  }
}

/** What fails before a pass over a backup begins is that backup's failure as well. A bug is thrown on. */
export function failedOutcome(error: unknown, spec: Spec, named: boolean, run: Run): BackupOutcome {
  const bare = failedBy(failureFrom(error), spec, run)
  return { ...bare, seconds: 0, exitCode: codeOfOutcome(bare, named) }
}
