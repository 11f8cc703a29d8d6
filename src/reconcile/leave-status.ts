import { newerOf } from '../decide/plan/backup.ts'
import { nextListed } from '../decide/prune/guards.ts'
import { provenClaim } from '../decide/restore/proof.ts'
import type { Retention } from '../decide/retention/wanted.ts'
import { type FoldFacts, foldFailure, foldStatus, type SourceLook } from '../decide/status/fold.ts'
import { lateSeries, type SeriesView } from '../decide/status/series.ts'
import { nextClock } from '../decide/time/box-clock.ts'
import type { TurnLeft } from '../model/box.ts'
import type { Failure } from '../model/failure.ts'
import type { Turn } from '../model/holding.ts'
import { isoTime } from '../model/instant.ts'
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
  const { identity, listedBefore, turn } = observation.destination
  const views = afterPass(decided.views, decided.retention, source, tally)
  const head = pass.destination.head()
  const outcome = {
    ...outcomeOf(pass, last, lateSeries(views)),
    ...(head === null ? {} : { head }),
    ...(turn?.away === undefined || identity.found === null
      ? {}
      : { turn: { disk: identity.found, away: turn.away } }),
  }
  const isHeld = [...first.plan.holds, ...last.holds].some(({ code }) => code === 'clock-leap')
  const turnLeft: Omit<TurnLeft, 'status'> = {
    series: views.map(({ status: { series, points }, here }) => ({
      series,
      newest: here === null ? null : isoTime(here),
      points,
    })),
    look: source.completeness === 'complete' ? { policy: nextPolicy(last, views) } : null,
  }
  const fault = await writeStatus({ ...pass, identity }, outcome, turnLeft, (before, coded, promised) =>
    foldStatus(
      before,
      coded,
      {
        listed: nextListed(observation, last.used)(listedBefore ?? before?.listed ?? null),
        ...nextClock(first.decided.clock, { asOf: context.asOf, now: run.now(), passed, isHeld }),
        observed: { digest: spec.digest, revision: options.revision },
        promised,
        schedule: spec.schedule,
        source: sourceLook(source),
        views,
        proven: provenClaim(spec, observation.destination, run.now()),
      },
      head,
      run.now(),
    ),
  )
  if (fault === null) return outcome
  const failed = alsoFailed(outcome, fault)
  for (const problem of failed.problems.slice(outcome.problems.length))
    run.emit({ type: 'problem', backup: spec.name, problem })
  await leaveFailure(pass, failed)
  return failed
}

/** Once this disk goes by the spec's policy, that one, with the most points of a disk that does; else as it was before. */
function nextPolicy({ observation, decided }: Standing, views: readonly SeriesView[]): Turn['policy'] {
  const { lastPrune, turn } = observation.destination
  const known = turn?.policy ?? null
  if (lastPrune === null || lastPrune.policy !== decided.prune?.policy) return known
  const { policy } = lastPrune
  const points = views.reduce((sum, { status }) => sum + status.points, 0)
  return { policy, points: Math.max(points, known?.policy === policy ? known.points : 0) }
}

/**
 * Leaves word of a pass that failed for something else than its two sides. Where that cannot be written either, what the pass returns says
 * it alone.
 */
export async function leaveFailure(opened: Opened, outcome: BareOutcome): Promise<void> {
  const turnLeft = { series: null, look: null }
  await writeStatus(opened, outcome, turnLeft, (before, coded, promised) =>
    foldFailure(before, coded, promised, opened.run.now()),
  )
}

/** Returns what kept the status from being written. */
async function writeStatus(
  { place, destination, box, spec, identity, options, run }: Opened,
  outcome: BareOutcome,
  turnLeft: Omit<TurnLeft, 'status'>,
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
    if (status !== null && spec.destination.rotate && identity.found !== null)
      await box.noteTurn(place.path, identity.found, { ...turnLeft, status })
    return null
  } catch (error) {
    return failureFrom(error)
  }
}

/** Whether a pass could see the source, and if not, why. */
export const sourceLook = ({ completeness, problems, finishedLinks = [] }: SourceView): SourceLook => ({
  completeness,
  finishedLinks,
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
  const isOff = tally.off !== null
  const isCut = tally.stopped || tally.broken || isOff || tally.halt !== null
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
    // Where bandwidth is off, that is what the next pass brings.
    if (status.cause !== 'coming' || (isOff && tally.halt === null)) return { ...series, newer: kept }
    const cause: LateCause = tally.halt !== null ? 'halted' : isCut ? 'line-slow' : 'refused'
    return { ...series, status: { ...status, cause }, newer: kept }
  })
}
