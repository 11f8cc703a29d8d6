import type { BackupOutcome, Result } from '../../src/model/outcome.ts'
import type { Action, BackupPlan, Plan, PlanSummary, Step } from '../../src/model/plan.ts'

export const KIB = 1024
export const GIB = 1024 ** 3
export const HELD = '9f86d081884c7d659a2feaa0c55ad015'
export const OTHER = '60303ae22b998861bce3b28f33eec1be'

/** `step('pull db.tar.gz', …)`. */
export function step(text: string, more: Partial<Step> = {}): Step {
  const [action, ...path] = text.split(' ')
  return { action: action as Action, path: path.join(' '), because: ['selected'], ...more }
}

export function backupPlan(steps: readonly Step[], more: Partial<BackupPlan> = {}): BackupPlan {
  return {
    backup: 'postgres',
    spec: { file: 'backups.d/postgres.yaml', line: 1, digest: 'ab'.repeat(32) },
    from: 'foo@db1.example.net:222:.',
    to: '/srv/offsite/postgres',
    steps,
    halt: null,
    holds: [],
    problems: [],
    summary: summary(steps),
    series: [],
    unwanted: { files: 0, bytes: 0 },
    retained: null,
    free: 912 * GIB,
    rate: 25 * KIB,
    rateUntil: null,
    warnings: [],
    suspended: null,
    seconds: summary(steps).bytes / (25 * KIB),
    ...more,
  }
}

export function plan(...backups: readonly BackupPlan[]): Plan {
  return {
    format: 'reconcile.plan/1',
    planId: 'p1',
    asOf: '2026-11-24T03:00:00Z',
    revision: null,
    backups,
    diagnostics: [],
    summary: summary(backups.flatMap((one) => one.steps)),
  }
}

export function summary(steps: readonly Step[]): PlanSummary {
  const count = (action: Action): number => steps.filter((one) => one.action === action).length
  const moving = steps.filter((one) => ['pull', 'resume', 'repair'].includes(one.action))
  return {
    pull: count('pull'),
    resume: count('resume'),
    adopt: count('adopt'),
    repair: count('repair'),
    wait: count('wait'),
    conflict: count('conflict'),
    lost: count('lost'),
    surplus: count('surplus'),
    prune: count('prune'),
    expire: count('expire'),
    keep: count('keep'),
    bytes: moving.reduce((sum, one) => sum + (one.size ?? 0) - (one.stagedBytes ?? 0), 0),
  }
}

export function outcome(more: Partial<BackupOutcome> = {}): BackupOutcome {
  return {
    backup: 'postgres',
    result: 'in-sync',
    exitCode: 0,
    warnings: [],
    published: [],
    adopted: [],
    repaired: [],
    pruned: [],
    waiting: [],
    lost: [],
    problems: [],
    conflicts: [],
    holds: [],
    halt: null,
    late: [],
    bytes: 0,
    seconds: 1.2,
    pending: 0,
    complete: { files: 14, bytes: 18 * GIB },
    lookedAt: '2026-11-24T03:20:00Z',
    retry: false,
    holders: [],
    stale: [],
    suspended: null,
    off: null,
    ...more,
  }
}

export function result(exitCode: number, ...backups: readonly BackupOutcome[]): Result {
  return {
    format: 'reconcile.result/1',
    planId: 'p1',
    revision: null,
    started: '2026-11-24T03:00:00Z',
    finished: '2026-11-24T03:21:00Z',
    backups,
    problems: [],
    diagnostics: [],
    exitCode,
  }
}
