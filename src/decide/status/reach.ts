import { firstPublished, type Holding } from '../../model/holding.ts'
import { DAY, type Instant, isoTime } from '../../model/instant.ts'
import type { Expectation } from '../../model/spec.ts'
import type { ReachStatus, SeriesStatus } from '../../model/status.ts'
import type { Problem } from '../../model/trouble.ts'
import type { Point } from '../retention/series-points.ts'
import { spanText } from './freshness.ts'

/**
 * How far a series goes back. It is short only once it has been here for as long itself, by the first publishing that the ledger has of
 * it, also of what a prune removed since, and a day more, as a point that is dated by a day ends with it.
 */
export function reachOf(
  { reach }: Pick<Expectation, 'reach'>,
  series: string,
  points: readonly Point[],
  oldest: Instant | null,
  { created, pruned, records }: Pick<Holding, 'created' | 'pruned' | 'records'>,
  asOf: Instant,
): ReachStatus | null {
  if (reach === undefined) return null
  const expect = spanText(reach)
  if (oldest !== null && asOf - oldest >= reach * 1000)
    return { expect, oldest: isoTime(oldest), state: 'ok' }
  const firsts = points.flatMap(({ facts }) => facts.flatMap(({ record }) => record ?? []))
  for (const [path, one] of pruned)
    if (one.series === series && records.has(path)) firsts.push(records.get(path)!)
  const first = firsts.reduce(
    (min, record) => Math.min(min, firstPublished(record).at),
    Number.POSITIVE_INFINITY,
  )
  const begun = Math.max(created ?? asOf, first)
  const isDue = oldest !== null && asOf - begun >= reach * 1000 + DAY
  return { expect, oldest: oldest === null ? null : isoTime(oldest), state: isDue ? 'short' : 'young' }
}

/** In one line: what a series lacks of the reach that is expected of it; null: nothing. */
export const describeShort = ({ series, reach }: SeriesStatus): string | null =>
  reach?.state === 'short'
    ? `${series} goes back to ${reach.oldest?.slice(0, 10)}, and expect.reach asks for ${reach.expect}`
    : null

/** That older points are gone is no failure of this pass. */
export const REACH_SHORT = 'reach-short'

export const reachProblems = (all: readonly SeriesStatus[]): readonly Problem[] =>
  all.flatMap((one) => {
    const message = describeShort(one)
    if (message === null) return []
    const hint =
      'Find out what removed the older ones: reconcile log. If fewer are wanted now, make reach shorter.'
    return [{ code: REACH_SHORT, message, hint, retryable: false as const }]
  })
