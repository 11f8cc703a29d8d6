import type { Holding } from '../../model/holding.ts'
import { type Instant, isoTime } from '../../model/instant.ts'
import type { PruneRequest } from '../../model/ports.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { Spec } from '../../model/spec.ts'
import { UNDATED } from '../../model/status.ts'
import { unobserved } from '../look/unobserved.ts'
import type { Point } from '../retention/series-points.ts'
import { type Retention, retention } from '../retention/wanted.ts'

/** What is held, with its points, without a look at the source. */
export const heldPoints = (spec: Spec, destination: Holding, asOf: Instant): Retention =>
  retention(spec, { ...unobserved(), destination }, asOf)

/** Removals of files that a person names (I8). */
export function namedRemovals(
  spec: Spec,
  holding: Holding,
  paths: readonly RelPath[],
  reason: string,
  asOf: Instant,
): readonly PruneRequest[] {
  const points = heldPoints(spec, holding, asOf)
  return paths.map((path) => {
    const point = points.pointOf(path)
    return {
      path,
      by: 'person',
      reason,
      series: point?.series ?? UNDATED,
      point: isoTime(point?.time ?? asOf),
      policy: null,
      basis: null,
      trashFor: spec.prune.trashFor,
      planId: null,
      revision: null,
    }
  })
}

/** Series of which these removals leave fewer whole points than `keepAtLeast`, each with what is left. */
export function thinSeries(
  spec: Spec,
  holding: Holding,
  removed: ReadonlySet<RelPath>,
  asOf: Instant,
): readonly { readonly series: string; readonly left: number }[] {
  const { series } = heldPoints(spec, holding, asOf)
  return [...series].flatMap(([name, points]) => {
    const isHit = ({ facts }: Point) => facts.some(({ path }) => removed.has(path))
    if (!points.some(isHit)) return []
    const left = points.filter((point) => point.standing === 'whole' && !isHit(point)).length
    return left < spec.prune.keepAtLeast ? [{ series: name, left }] : []
  })
}
