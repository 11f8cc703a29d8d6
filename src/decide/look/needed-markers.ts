import type { Instant } from '../../model/instant.ts'
import type { Observation } from '../../model/observation.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { Spec } from '../../model/spec.ts'
import { retention } from '../retention/wanted.ts'

/**
 * Of the files at the source whose markers are unread, those whose markers matter: what is wanted is to be brought, and what is held, or
 * should be, may be in conflict. A source that keeps a year of hourly files has most of its markers read by nobody.
 */
export function neededMarkers(
  spec: Spec,
  observation: Observation,
  mustRead: ReadonlySet<RelPath>,
  asOf: Instant,
): readonly RelPath[] {
  const { source, destination } = observation
  const unread: RelPath[] = []
  for (const [path, { marker }] of source.files) if (marker.state === 'unread') unread.push(path)
  if (spec.retain === null || unread.length === 0) return unread
  const wants = retention(spec, observation, asOf)
  return unread.filter((path) => {
    if (destination.files.has(path) || mustRead.has(path)) return true
    if (destination.records.has(path) && !destination.pruned.has(path)) return true
    const point = wants.pointOf(path)
    return point === null || point.reasons !== null
  })
}
