import type { LedgerHead } from '../../model/holding.ts'
import { type Instant, isoTime } from '../../model/instant.ts'
import type { SourceView } from '../../model/observation.ts'
import type { BareOutcome, CodedOutcome } from '../../model/outcome.ts'
import type { Schedule } from '../../model/spec.ts'
import type { DestinationStatus, Newer } from '../../model/status.ts'
import type { Problem } from '../../model/trouble.ts'
import { isAwaited } from '../files/emptiness.ts'
import { type Claim, dated, fewOf, joined } from './conditions.ts'
import { isDamage } from './exit-code.ts'
import { lastLook, lookBy } from './look-by.ts'
import { isOverSpecs } from './over-specs.ts'
import { freshClaim, type SeriesView } from './series.ts'
import { saysOfTroubles, troublesOf } from './troubles.ts'

/** What the last pass saw of its source. */
export interface SourceLook {
  readonly completeness: SourceView['completeness']
  /** Where it is unknown, why. */
  readonly failure: Problem | null
}

/** What is kept of a pass beside its outcome. */
export interface FoldFacts extends Pick<DestinationStatus, 'listed' | 'observed' | 'promised'> {
  readonly clock: Instant
  readonly leapt?: Instant | null
  readonly schedule: Schedule
  readonly source: SourceLook
  readonly views: readonly (SeriesView & { readonly newer: Newer })[]
}

/** The status after a pass. A condition's time moves only when what it says does. */
export function foldStatus(
  before: DestinationStatus | null,
  outcome: CodedOutcome,
  facts: FoldFacts,
  head: LedgerHead | null,
  at: Instant,
): DestinationStatus {
  const finished = isoTime(at)
  const good = outcome.exitCode === 0 && outcome.result !== 'incomplete'
  const { source, views, clock, leapt = null, schedule, ...next } = facts
  const lastSuccess = good ? finished : (before?.lastSuccess ?? null)
  const look = lastLook({ finished, lastSuccess, result: outcome.result })
  const claims: readonly Claim[] = [
    ready(outcome),
    stalled(outcome),
    freshClaim(views),
    // It could be obeyed.
    { type: 'SpecValid', status: 'true', reason: 'valid', message: '' },
    reachable(source),
    heldClaim(outcome.holds),
    pushedClaim(outcome.warnings),
  ]
  return {
    format: 'reconcile.destination/1',
    backup: outcome.backup,
    finished,
    result: outcome.result,
    exitCode: outcome.exitCode,
    lastSuccess,
    conditions: dated(claims, before?.conditions ?? [], at),
    counts: {
      waiting: outcome.waiting.length,
      conflict: outcome.conflicts.length,
      lost: outcome.lost.length,
      problems: outcome.problems.length,
      pending: outcome.pending,
    },
    ...next,
    lookBy: isoTime(lookBy(schedule, look)),
    clock: isoTime(clock),
    leapt: leapt === null ? null : isoTime(leapt),
    troubles: nextTroubles(before, outcome),
    holds: outcome.holds,
    series: views.flatMap(({ status, newer }) =>
      status.expect === null ? [] : [{ series: status.series, newer }],
    ),
    awaited: nextAwaited(before, facts, finished),
    head,
  }
}

/** A pass that was stopped half way found only half. */
const nextTroubles = (
  before: DestinationStatus | null,
  outcome: CodedOutcome,
): DestinationStatus['troubles'] =>
  saysOfTroubles(outcome) ? troublesOf(outcome) : (before?.troubles ?? null)

/** What could not be looked at is awaited as long as it was before. */
function nextAwaited(
  before: DestinationStatus | null,
  { source, views }: Pick<FoldFacts, 'source' | 'views'>,
  finished: string,
): DestinationStatus['awaited'] {
  const known = new Map((before?.awaited ?? []).map((one) => [one.series, one]))
  const shown = new Set(views.flatMap((view) => (isAwaited(view, view.newer) ? [view.status.series] : [])))
  const held = new Set(views.flatMap(({ status }) => (status.points > 0 ? [status.series] : [])))
  const still = source.completeness === 'complete' ? [] : [...known.values()]
  return [
    ...[...shown].map((series) => known.get(series) ?? { series, since: finished }),
    ...still.filter(({ series }) => !shown.has(series) && !held.has(series)),
  ]
}

/**
 * The status after a pass that failed before it knew what to say of both sides: what an earlier one found stands, but that all is well.
 * Null: there was none, and nothing is known of it.
 */
export function foldFailure(
  before: DestinationStatus | null,
  outcome: CodedOutcome,
  promised: DestinationStatus['promised'],
  at: Instant,
): DestinationStatus | null {
  if (before === null) return null
  const kept = before.conditions.filter(({ type }) => type !== 'Ready' && type !== 'Stalled')
  return {
    ...before,
    backup: outcome.backup,
    finished: isoTime(at),
    result: outcome.result,
    exitCode: outcome.exitCode,
    conditions: [...dated([ready(outcome), stalled(outcome)], before.conditions, at), ...kept],
    counts: { ...before.counts, problems: outcome.problems.length },
    troubles: nextTroubles(before, outcome),
    promised,
  }
}

const ready = (outcome: CodedOutcome): Claim => ({
  type: 'Ready',
  status: outcome.exitCode === 0 ? 'true' : 'false',
  reason: reasonOf(outcome),
  message: messageOf(outcome),
})

function stalled(outcome: CodedOutcome): Claim {
  const stall = stallOf(outcome)
  if (stall !== null) return { type: 'Stalled', status: 'true', ...stall }
  return { type: 'Stalled', status: 'false', reason: 'not-stalled', message: '' }
}

function reachable({ completeness, failure }: SourceLook): Claim {
  if (completeness === 'complete')
    return { type: 'SourceReachable', status: 'true', reason: 'listed', message: '' }
  if (completeness === 'incomplete') {
    const message = 'it was listed, but not whole'
    return { type: 'SourceReachable', status: 'true', reason: 'listing-incomplete', message }
  }
  const { code = 'not-listed', message = 'it could not be listed', hint = '' } = failure ?? {}
  return { type: 'SourceReachable', status: 'false', reason: code, message: `${message} ${hint}`.trim() }
}

/** Of the holds that are open: one says all of them. */
export const heldClaim = (holds: DestinationStatus['holds']): Claim =>
  holds[0] === undefined
    ? { type: 'Held', status: 'false', reason: 'not-held', message: '' }
    : {
        type: 'Held',
        status: 'true',
        reason: holds[0].code,
        message: joined(holds.map(({ id, message }) => `${message} (release ${id})`)),
      }

/** I9: whether far more came than the rules were made for. */
const pushedClaim = (warnings: BareOutcome['warnings']): Claim => {
  const pushed = warnings.filter(({ code }) => code === 'points-pushed')
  return pushed.length === 0
    ? { type: 'Pushed', status: 'false', reason: 'not-pushed', message: '' }
    : {
        type: 'Pushed',
        status: 'true',
        reason: 'points-pushed',
        message: joined(pushed.map(({ message }) => message)),
      }
}

function reasonOf(outcome: CodedOutcome): string {
  if (outcome.halt !== null) return outcome.halt.code
  // Where removals alone are held, the holds themselves are told beside this.
  if (outcome.holds[0] !== undefined) return outcome.result === 'halted' ? outcome.holds[0].code : 'held'
  if (outcome.conflicts.length > 0) return 'conflict'
  if (outcome.lost.length > 0) return 'lost'
  return outcome.problems[0]?.code ?? (outcome.late.length > 0 ? 'late' : outcome.result)
}

/** Where the pass itself went on. */
const whatIsHeld = (holds: BareOutcome['holds']): string =>
  [
    ...(holds.some(({ code }) => isOverSpecs(code)) ? ['newer specs are held'] : []),
    ...(holds.every(({ code }) => isOverSpecs(code)) ? [] : ['a removal is held']),
  ].join(', and ')

/** What is worst of an outcome, in one line. */
export function messageOf(outcome: CodedOutcome): string {
  if (outcome.halt !== null) return outcome.halt.message
  if (outcome.holds[0] !== undefined)
    return outcome.result === 'halted' ? outcome.holds[0].message : whatIsHeld(outcome.holds)
  if (outcome.conflicts.length > 0) return conflictText(outcome)
  if (outcome.lost.length > 0) return lostText(outcome)
  const first = outcome.problems[0]
  if (first !== undefined) return first.path === undefined ? first.message : `${first.path}: ${first.message}`
  return outcome.late[0]?.message ?? outcome.result
}

const conflictText = ({ conflicts }: BareOutcome): string =>
  `${conflicts.length} in conflict: ${fewOf(conflicts.map(({ path }) => path))}`

const lostText = ({ lost }: BareOutcome): string => `${lost.length} lost: ${fewOf(lost)}`

/** Why trying again alone will not mend what a pass came to: somebody has to do something first. Null: it may. */
function stallOf(outcome: BareOutcome): { readonly reason: string; readonly message: string } | null {
  const { halt, holds, conflicts, lost, problems } = outcome
  if (halt !== null) return { reason: halt.code, message: `${halt.message}. ${halt.hint}` }
  const [hold] = holds
  if (hold !== undefined) return { reason: hold.code, message: `${hold.message} (release ${hold.id})` }
  if (conflicts.length > 0) return { reason: 'conflict', message: conflictText(outcome) }
  if (lost.length > 0) return { reason: 'lost', message: lostText(outcome) }
  const lasting = problems.find(({ retryable, code }) => retryable === false || isDamage(code))
  if (lasting === undefined) return null
  const { code, path, message, hint } = lasting
  return { reason: code, message: `${path === undefined ? '' : `${path}: `}${message} ${hint}` }
}
