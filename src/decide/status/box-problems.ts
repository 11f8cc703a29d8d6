import { groupBy } from '../../model/group-by.ts'
import type { BackupOutcome } from '../../model/outcome.ts'
import type { StaleReason } from '../../model/specs-memory.ts'
import type { Problem } from '../../model/trouble.ts'
import { codeOfOutcome } from './exit-code.ts'

/** Problems of the box itself: no backup is to be blamed for one, and each is reported once. */
const OF_THE_BOX: ReadonlySet<string> = new Set(['box-clock'])

export const isOfBox = ({ code }: Problem): boolean => OF_THE_BOX.has(code)

/** What a pass over several backups came to, with the box's own problems taken out of theirs. `named`: they were asked for by name. */
export function apartFromBox(
  outcomes: readonly BackupOutcome[],
  named: boolean,
): { readonly backups: readonly BackupOutcome[]; readonly problems: readonly Problem[] } {
  const own = groupBy(
    outcomes.flatMap(({ problems }) => problems.filter(isOfBox)),
    ({ code }) => code,
  )
  const backups = outcomes.map((outcome) => {
    const problems = outcome.problems.filter((one) => !isOfBox(one))
    if (problems.length === outcome.problems.length) return outcome
    const rest = { ...outcome, problems }
    // A signal's code stands alone.
    return outcome.result === 'cancelled' ? rest : { ...rest, exitCode: codeOfOutcome(rest, named) }
  })
  return { backups, problems: [...own.values()].map(toldOnce) }
}

/** The same trouble, as each backup met it. What helps may be another word for each. */
function toldOnce(found: readonly Problem[]): Problem {
  const [first] = found
  const hints = [...new Set(found.map(({ hint }) => hint))]
  return { ...first!, hint: hints.join('\n') }
}

/** A reason why newer specs are not seen, as a problem. */
export const toProblem = ({ code, message, hint }: StaleReason): Problem => ({ code, message, hint })
