import type { LedgerHead } from '../model/holding.ts'
import { type Instant, isoTime } from '../model/instant.ts'
import type { BackupOutcome } from '../model/outcome.ts'
import type { Condition, DestinationStatus } from '../model/status.ts'

/** The status after a pass. A condition's time moves only when what it says does. */
export function foldStatus(
  before: DestinationStatus | null,
  outcome: BackupOutcome,
  next: Pick<DestinationStatus, 'listed' | 'observed' | 'promised'> & { readonly clock: Instant },
  head: LedgerHead | null,
  at: Instant,
): DestinationStatus {
  const finished = isoTime(at)
  const good = outcome.exitCode === 0 && outcome.result !== 'incomplete'
  return {
    format: 'reconcile.destination/1',
    backup: outcome.backup,
    finished,
    result: outcome.result,
    exitCode: outcome.exitCode,
    lastSuccess: good ? finished : (before?.lastSuccess ?? null),
    conditions: [ready(outcome, before, finished)],
    counts: {
      waiting: outcome.waiting.length,
      conflict: outcome.conflicts.length,
      lost: outcome.lost.length,
      problems: outcome.problems.length,
      pending: outcome.pending,
    },
    ...next,
    clock: isoTime(next.clock),
    holds: outcome.holds,
    head,
  }
}

function ready(outcome: BackupOutcome, before: DestinationStatus | null, now: string): Condition {
  const status = outcome.exitCode === 0 ? 'true' : 'false'
  const reason = reasonOf(outcome)
  const last = before?.conditions.find((condition) => condition.type === 'Ready')
  const since = last !== undefined && last.status === status && last.reason === reason ? last.since : now
  return { type: 'Ready', status, reason, message: messageOf(outcome), since }
}

function reasonOf(outcome: BackupOutcome): string {
  if (outcome.halt !== null) return outcome.halt.code
  // Where removals alone are held, the holds themselves are told beside this.
  if (outcome.holds[0] !== undefined) return outcome.result === 'halted' ? outcome.holds[0].code : 'held'
  if (outcome.conflicts.length > 0) return 'conflict'
  if (outcome.lost.length > 0) return 'lost'
  return outcome.problems[0]?.code ?? (outcome.late.length > 0 ? 'late' : outcome.result)
}

function messageOf(outcome: BackupOutcome): string {
  if (outcome.halt !== null) return outcome.halt.message
  if (outcome.holds[0] !== undefined)
    return outcome.result === 'halted' ? outcome.holds[0].message : 'a removal is held'
  if (outcome.conflicts.length > 0) return `${outcome.conflicts.length} in conflict`
  if (outcome.lost.length > 0) return `${outcome.lost.length} lost`
  const first = outcome.problems[0]
  if (first !== undefined) return first.path === undefined ? first.message : `${first.path}: ${first.message}`
  return outcome.late[0] ?? outcome.result
}
