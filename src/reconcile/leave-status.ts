import { newerOf } from '../decide/plan/backup.ts'
import type { Retention } from '../decide/retention/wanted.ts'
import { type FoldFacts, foldFailure, foldStatus, type SourceLook } from '../decide/status/fold.ts'
import type { SeriesView } from '../decide/status/series.ts'
import type { Failure } from '../model/failure.ts'
import type { SourceView } from '../model/observation.ts'
import type { BackupOutcome } from '../model/outcome.ts'
import type { Destination, LockedDestination } from '../model/ports.ts'
import type { Run } from '../model/run.ts'
import type { DestinationStatus, LateCause, Newer, Promised } from '../model/status.ts'
import { failureFrom } from '../model/system-error.ts'
import type { Tally } from './tally.ts'

/** Folds what a pass came to into the status that its destination keeps; tells what kept it from being written. */
export async function leaveStatus(
  place: Destination,
  destination: LockedDestination,
  outcome: BackupOutcome,
  facts: (before: DestinationStatus | null) => FoldFacts,
  run: Run,
): Promise<Failure | null> {
  try {
    const before = await place.readStatus()
    const status = foldStatus(before, outcome, facts(before), destination.head(), run.now())
    await destination.writeStatus(status)
    return null
  } catch (error) {
    return failureFrom(error)
  }
}

/** The same of a pass that failed for something else than its two sides. Where that cannot be written either, the pass tells it alone. */
export async function leaveFailure(
  place: Destination,
  destination: LockedDestination,
  outcome: BackupOutcome,
  promised: (before: DestinationStatus | null) => Promised | null,
  run: Run,
): Promise<void> {
  try {
    const before = await place.readStatus()
    const status = foldFailure(before, outcome, promised(before), run.now())
    if (status !== null) await destination.writeStatus(status)
  } catch (error) {
    failureFrom(error)
  }
}

/** Whether a pass could see the source, and if not, why. */
export const sourceLook = ({ completeness, problems }: SourceView): SourceLook => ({
  completeness,
  failure: completeness === 'unknown' ? (problems[0] ?? null) : null,
})

/**
 * Each series once a pass is over, with what the source has beyond what is here now. What was to come and did not come is told by what
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
