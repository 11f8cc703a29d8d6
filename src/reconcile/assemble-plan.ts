import { addSummaries } from '../decide/plan-backup.ts'
import { planIdentity } from '../decide/plan-identity.ts'
import { type Instant, isoTime } from '../model/instant.ts'
import type { BackupPlan, Plan } from '../model/plan.ts'
import { comparePaths } from '../model/rel-path.ts'
import type { Diagnostic } from '../model/trouble.ts'
import { fingerprint } from './fingerprint.ts'

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
