import type { BackupPlan, Step } from '../model/plan.ts'
import { comparePaths } from '../model/rel-path.ts'

/**
 * What a plan's id is made of: spec digests, revision and the steps sorted by path; `resume` counts as `pull`, and because,
 * stagedBytes, begun, expire and keep do not count, so that an interrupted plan stays the plan it was.
 */
export const planIdentity = (backups: readonly BackupPlan[], revision: string | null): unknown => ({
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

const identityOfStep = ({ because: _, stagedBytes: __, begun: ___, ...step }: Step) => ({
  ...step,
  action: step.action === 'resume' ? 'pull' : step.action,
})
