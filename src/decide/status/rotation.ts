import { latestStatus, newestOn, type Rotation } from '../../model/box.ts'
import type { DiskInTurn } from '../../model/disk-in-turn.ts'
import { nothingHeld } from '../../model/holding.ts'
import { type Instant, instant, isoTime } from '../../model/instant.ts'
import type { Spec } from '../../model/spec.ts'
import type { DestinationStatus } from '../../model/status.ts'
import type { StatusFacts } from './facts.ts'
import { type SeriesView, seriesViews } from './series.ts'

/** What the last pass left: while the disk that is here is not the one it went over, what it left to know of that. */
export function lastOf({ last, rotation, holding }: StatusFacts): DestinationStatus | null {
  if (rotation === null || (holding !== null && holding.turn?.isBack !== true)) return last
  const latest = latestStatus(rotation)
  // The next pass was promised for a disk that was here.
  return latest === null ? last : { ...latest, promised: null }
}

export const isAllAway = <Facts extends StatusFacts>(
  facts: Facts,
): facts is Facts & { readonly rotation: Rotation; readonly last: DestinationStatus } =>
  facts.halt?.away === true && facts.rotation !== null && facts.last !== null

/** The one that is here first, then the one that was here last. */
export function disksIn(
  { disks }: Rotation,
  { holding }: StatusFacts,
  views: readonly SeriesView[],
): readonly DiskInTurn[] {
  const all = disks.map(({ id, filesystem, disk, day, status, series }): DiskInTurn => {
    const here = holding?.identity.found === id
    const times = here
      ? views.flatMap((view) => view.here ?? [])
      : series.flatMap(({ newest }) => (newest === null ? [] : Date.parse(newest)))
    return {
      id,
      filesystem,
      label: disk?.label ?? null,
      type: disk?.type ?? null,
      size: disk?.size ?? null,
      source: disk?.source ?? null,
      here,
      lastHere: status?.finished ?? day,
      newest: times.length === 0 ? null : isoTime(instant(Math.max(...times))),
      ...(here || status !== null ? {} : { known: false as const }),
    }
  })
  const rank = ({ here, lastHere }: DiskInTurn) =>
    here ? Number.POSITIVE_INFINITY : Date.parse(lastHere ?? '') || 0
  return all.toSorted((a, b) => rank(b) - rank(a) || 0)
}

/** As the last pass over each disk left it. */
export function viewsAway(spec: Spec, { disks }: Rotation, asOf: Instant): readonly SeriesView[] {
  const turn = { isBack: true, newest: newestOn(disks), policy: null }
  const known = disks.flatMap(({ series }) => series)
  return seriesViews(spec, { series: new Map() }, { ...nothingHeld, turn }, asOf).map((view) => {
    const { pattern: _, ...status } = view.status
    const counts = known.flatMap(({ series, points }) => (series === status.series ? points : []))
    return { ...view, status: { ...status, points: Math.max(0, ...counts) } }
  })
}
