import { groupBy } from '../../model/group-by.ts'
import type { LedgerHead } from '../../model/holding.ts'
import { type Instant, isoTime } from '../../model/instant.ts'
import type { SourceView } from '../../model/observation.ts'
import type { BareOutcome, CodedOutcome } from '../../model/outcome.ts'
import type { Schedule } from '../../model/spec.ts'
import type { DestinationStatus, Newer } from '../../model/status.ts'
import { type Problem, withHint } from '../../model/trouble.ts'
import { isAnomaly } from '../anomaly/problems.ts'
import { isAwaited } from '../files/emptiness.ts'
import { linksWarning } from '../files/problems.ts'
import { GRAVE, severity, worstFirst } from './causes.ts'
import { type Claim, claim, dated, fewOf, joined, releaseText } from './conditions.ts'
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
  /** Symlinks that are called finished there. */
  readonly finishedLinks?: readonly string[]
}

/** What is kept of a pass beside its outcome. */
export interface FoldFacts extends Pick<DestinationStatus, 'listed' | 'observed' | 'promised'> {
  readonly clock: Instant
  readonly leapt?: Instant | null
  readonly schedule: Schedule
  readonly source: SourceLook
  readonly views: readonly (SeriesView & { readonly newer: Newer })[]
  /** Null: nobody asks for proof. */
  readonly proven?: Claim | null
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
  const { source, views, clock, leapt = null, schedule, proven = null, ...next } = facts
  const lastSuccess = good ? finished : (before?.lastSuccess ?? null)
  const look = lastLook({ finished, lastSuccess, result: outcome.result })
  const claims: readonly Claim[] = [
    ready(outcome),
    stalled(outcome),
    freshClaim(views),
    // It could be obeyed.
    claim('SpecValid', 'true', 'valid'),
    reachable(source),
    heldClaim(outcome.holds),
    pushedClaim(outcome.warnings),
    ...(proven === null ? [] : [proven]),
    anomalousClaim(outcome.problems),
    ...linksWarning(source.finishedLinks ?? []).map(({ code, message }) =>
      claim('Skipped', 'true', code, message),
    ),
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

function ready(outcome: CodedOutcome): Claim {
  const [worst] = findingsOf(outcome)
  const { reason, message } = worst ?? { reason: outcome.result, message: outcome.result }
  return claim('Ready', outcome.exitCode === 0 ? 'true' : 'false', reason, message)
}

/** Why trying again alone will not mend what a pass came to: somebody has to do something first. */
function stalled(outcome: CodedOutcome): Claim {
  const stall = findingsOf(outcome).flatMap((one) => one.stall ?? [])[0]
  return stall === undefined
    ? claim('Stalled', 'false', 'not-stalled')
    : { type: 'Stalled', status: 'true', ...stall }
}

function reachable({ completeness, failure }: SourceLook): Claim {
  const type = 'SourceReachable'
  if (completeness === 'complete') return claim(type, 'true', 'listed')
  if (completeness === 'incomplete')
    return claim(type, 'true', 'listing-incomplete', 'it was listed, but not whole')
  const { code = 'not-listed', message = 'it could not be listed', hint = '' } = failure ?? {}
  return claim(type, 'false', code, withHint({ message, hint }))
}

/** Of the holds that are open: one says all of them. */
export const heldClaim = (holds: DestinationStatus['holds']): Claim =>
  holds[0] === undefined
    ? claim('Held', 'false', 'not-held')
    : claim('Held', 'true', holds[0].code, joined(holds.map(releaseText)))

/** I9: whether far more came than the rules were made for. */
function pushedClaim(warnings: BareOutcome['warnings']): Claim {
  const pushed = warnings.flatMap(({ code, message }) => (code === 'points-pushed' ? message : []))
  return pushed.length === 0
    ? claim('Pushed', 'false', 'not-pushed')
    : claim('Pushed', 'true', 'points-pushed', joined(pushed))
}

/** Whether something that came is not like what came before. */
function anomalousClaim(problems: BareOutcome['problems']): Claim {
  const odd = problems.filter(isAnomaly)
  return odd[0] === undefined
    ? claim('Anomalous', 'false', 'not-anomalous')
    : claim('Anomalous', 'true', odd[0].code, joined(odd.map(({ path, message }) => `${path}: ${message}`)))
}

interface Finding extends Pick<Claim, 'reason' | 'message'> {
  /** Where somebody has to do something first: what. */
  readonly stall?: Pick<Claim, 'reason' | 'message'>
}

/** What is wrong by an outcome, the worst first. */
function findingsOf({
  halt,
  holds,
  result,
  conflicts,
  lost,
  problems,
  late,
}: BareOutcome): readonly Finding[] {
  const lasting = (reason: string, message: string, all = message): Finding => ({
    reason,
    message,
    stall: { reason, message: all },
  })
  const [hold] = holds
  const held = hold === undefined ? [] : [lasting(hold.code, hold.message, releaseText(hold))]
  const isStopped = result === 'halted'
  const byCode = groupBy(problems, ({ code }) => code)
  const ofEach = [...byCode.values()].map(
    (these) => these.find(({ retryable }) => retryable === false) ?? these[0]!,
  )
  const found = worstFirst(ofEach).map(({ code, path, message, hint, retryable }) => {
    const all = byCode.get(code)!.length
    const about = path === undefined ? message : `${path}: ${message}`
    const text = all === 1 ? about : `${about} (and ${all - 1} more)`
    return retryable === false || isDamage(code)
      ? lasting(code, text, withHint({ message: text, hint }))
      : { reason: code, message: text }
  })
  return [
    ...(halt === null ? [] : [lasting(halt.code, halt.message, withHint(halt))]),
    ...(isStopped ? held : []),
    ...(conflicts.length === 0
      ? []
      : [
          lasting(
            'conflict',
            countText(
              conflicts.map(({ path }) => path),
              'in conflict',
            ),
          ),
        ]),
    ...(lost.length === 0 ? [] : [lasting('lost', countText(lost, 'lost'))]),
    ...found.filter(({ reason }) => severity(reason) < GRAVE),
    // The pass itself went on; the holds are reported beside this.
    ...(isStopped
      ? []
      : held.map(({ stall }) => ({ reason: 'held', message: whatIsHeld(holds), stall: stall! }))),
    ...found.filter(({ reason }) => severity(reason) >= GRAVE),
    ...late.slice(0, 1).map(({ message }) => ({ reason: 'late', message })),
  ]
}

const whatIsHeld = (holds: BareOutcome['holds']): string =>
  [
    ...(holds.some(({ code }) => isOverSpecs(code)) ? ['newer specs are held'] : []),
    ...(holds.every(({ code }) => isOverSpecs(code)) ? [] : ['a removal is held']),
  ].join(', and ')

const countText = (paths: readonly string[], what: string): string =>
  `${paths.length} ${what}: ${fewOf(paths)}`

/** What is worst of an outcome, in one line. */
export const messageOf = (outcome: CodedOutcome): string => findingsOf(outcome)[0]?.message ?? outcome.result
