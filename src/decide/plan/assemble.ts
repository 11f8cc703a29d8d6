import { type Instant, isoTime } from '../../model/instant.ts'
import type { BackupPlan, Plan, Step } from '../../model/plan.ts'
import { comparePaths } from '../../model/rel-path.ts'
import type { Diagnostic } from '../../model/trouble.ts'
import { fingerprint } from '../documents/fingerprint.ts'
import { addSummaries } from './backup.ts'

/** Lower-case hex of a plan: sixteen digits of the sha256 of what it would do. */
export const planIdOf = (backups: readonly BackupPlan[], revision: string | null): string =>
  fingerprint(planIdentity(backups, revision)).slice(0, 16)

/** The plan of all backups that were looked at: `reconcile.plan/1`. */
export function assemblePlan(
  backups: readonly BackupPlan[],
  diagnostics: readonly Diagnostic[],
  asOf: Instant,
  revision: string | null,
): Plan {
  const sorted = backups.toSorted((a, b) => comparePaths(a.backup, b.backup))
  return {
    format: 'reconcile.plan/1',
    planId: planIdOf(sorted, revision),
    asOf: isoTime(asOf),
    revision,
    backups: sorted,
    diagnostics,
    summary: addSummaries(sorted.map((backup) => backup.summary)),
  }
}

/**
 * What a plan's id is made of: spec digests, revision and the steps sorted by path; `resume` counts as `pull`, and because,
 * stagedBytes, begun, newest, turn, hint, expire and keep do not count, so that an interrupted plan stays the plan it was.
 */
const planIdentity = (backups: readonly BackupPlan[], revision: string | null): unknown => ({
  revision,
  backups: backups
    .toSorted((a, b) => comparePaths(a.backup, b.backup))
    .map((plan) => ({
      backup: plan.backup,
      digest: plan.spec.digest,
      // One at a time: there may be a million.
      steps: { [Symbol.iterator]: () => identities(plan.steps) },
    })),
})

function* identities(steps: readonly Step[]): Generator<unknown> {
  for (const step of steps) if (counts(step)) yield identityOfStep(step)
}

const counts = (step: Step): boolean => step.action !== 'expire' && step.action !== 'keep'

const identityOfStep = ({
  because: _,
  stagedBytes: __,
  begun: ___,
  newest: ____,
  turn: _____,
  hint: ______,
  ...step
}: Step) => ({
  ...step,
  action: step.action === 'resume' ? 'pull' : step.action,
})
