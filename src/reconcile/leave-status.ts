import { newerOf } from '../decide/plan/backup.ts'
import { nextListed } from '../decide/prune/guards.ts'
import type { Retention } from '../decide/retention/wanted.ts'
import { type FoldFacts, foldFailure, foldStatus, type SourceLook } from '../decide/status/fold.ts'
import { lateSeries, type SeriesView } from '../decide/status/series.ts'
import { nextClock } from '../decide/time/box-clock.ts'
import type { Failure } from '../model/failure.ts'
import { problemOf } from '../model/failure.ts'
import type { SourceView } from '../model/observation.ts'
import type { BareOutcome, CodedOutcome } from '../model/outcome.ts'
import type { DestinationStatus, LateCause, Newer, Promised } from '../model/status.ts'
import { failureFrom } from '../model/system-error.ts'
import { alsoFailed } from './failed-outcome.ts'
import { exitCodeOf, outcomeOf } from './outcome-of.ts'
import type { Opened, Pass } from './pass-context.ts'
import type { Standing } from './plan-pass.ts'
import type { Tally } from './tally.ts'

/**
 * Folds what a pass came to into the status that its destination keeps, and returns it. `passed`: milliseconds that the pass took by a
 * clock that nobody sets.
 */
export async function leaveStatus(
  pass: Pass,
  { first, last, passed }: { readonly first: Standing; readonly last: Standing; readonly passed: number },
): Promise<BareOutcome> {
  const { spec, options, context, tally, run } = pass
  const { observation, decided } = last
  const { source } = observation
  const views = afterPass(decided.views, decided.retention, source, tally)
  const outcome = outcomeOf(pass, last, lateSeries(views))
  const isHeld = [...first.plan.holds, ...last.holds].some(({ code }) => code === 'clock-leap')
  const fault = await writeStatus(pass, outcome, (before, coded, promised) =>
    foldStatus(
      before,
      coded,
      {
        listed: nextListed(observation, last.used)(before?.listed ?? null),
        ...nextClock(first.decided.clock, { asOf: context.asOf, now: run.now(), passed, isHeld }),
        observed: { digest: spec.digest, revision: options.revision },
        promised,
        schedule: spec.schedule,
        source: sourceLook(source),
        views,
      },
      pass.destination.head(),
      run.now(),
    ),
  )
  if (fault === null) return outcome
  const problem = problemOf(fault)
  run.emit({ type: 'problem', backup: spec.name, problem })
  const failed = alsoFailed(outcome, problem, fault.retryable)
  await leaveFailure(pass, failed)
  return failed
}

/**
 * Leaves word of a pass that failed for something else than its two sides. Where that cannot be written either, what the pass returns says
 * it alone.
 */
export async function leaveFailure(opened: Opened, outcome: BareOutcome): Promise<void> {
  await writeStatus(opened, outcome, (before, coded, promised) =>
    foldFailure(before, coded, promised, opened.run.now()),
  )
}

/** Returns what kept the status from being written. */
async function writeStatus(
  { place, destination, options, run }: Opened,
  outcome: BareOutcome,
  fold: (
    before: DestinationStatus | null,
    coded: CodedOutcome,
    promised: Promised | null,
  ) => DestinationStatus | null,
): Promise<Failure | null> {
  try {
    const before = await place.readStatus()
    const coded = { ...outcome, exitCode: exitCodeOf(outcome, options, run) }
    const { promise } = options
    const kept = promise === 'keep' ? (before?.promised ?? null) : null
    const status = fold(before, coded, typeof promise === 'function' ? promise(coded) : kept)
    if (status !== null) await destination.writeStatus(status)
    return null
  } catch (error) {
    return failureFrom(error)
  }
}

/** Whether a pass could see the source, and if not, why. */
export const sourceLook = ({ completeness, problems }: SourceView): SourceLook => ({
  completeness,
  failure: completeness === 'unknown' ? (problems[0] ?? null) : null,
})

/**
 * Each series once a pass is over, with what the source has beyond what is here now. What was to come and did not gets as its cause what
 * kept it.
 */
export function afterPass(
  views: readonly SeriesView[],
  wants: Retention | null,
  view: SourceView,
  tally: Tally,
): FoldFacts['views'] {
  const isCut = tally.stopped || tally.broken || tally.halt !== null
  const isDiskTrouble = tally.problems.some(({ code }) => code.startsWith('disk-'))
  return views.map((series) => {
    const newer = newerOf(series, wants, view)
    const { status } = series
    if (newer !== 'coming' || tally.left.size === 0) return { ...series, newer }
    if (isDiskTrouble) {
      const { cause: _, ...rest } = status
      return { ...series, status: rest, newer: 'unknown' }
    }
    const kept: Newer = isCut ? newer : 'refused'
    if (status.cause !== 'coming') return { ...series, newer: kept }
    const cause: LateCause = tally.halt !== null ? 'halted' : isCut ? 'line-slow' : 'refused'
    return { ...series, status: { ...status, cause }, newer: kept }
  })
}
