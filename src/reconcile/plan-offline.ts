import type { Snapshot, SnapshotPlace } from '../decide/documents/snapshot.ts'
import { concernOf } from '../decide/files/concern.ts'
import { selectorOf } from '../decide/files/select.ts'
import { versionsOf } from '../decide/files/versions.ts'
import { unobserved } from '../decide/look/unobserved.ts'
import type { PlanRequest } from '../decide/plan/context.ts'
import { fullHalt } from '../decide/transfer/room-halt.ts'
import { type Instant, isoTime } from '../model/instant.ts'
import type { Observation } from '../model/observation.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import type { Problem } from '../model/trouble.ts'
import { contextOf, type PassOptions, type Ports } from './pass-context.ts'
import { decide, type Planned, planRunning } from './plan-pass.ts'

/** Where a spec would have us look. `source`: the source's label. */
const placeOf = (spec: Spec, source: string): SnapshotPlace => ({
  source,
  listing: spec.source.listing,
  checksum: spec.checksum,
  ...(spec.finished.kind === 'marker' ? {} : { finished: JSON.stringify(spec.finished) }),
  destination: spec.destination.path,
})

/**
 * One look at both sides for plans to come, whatever their specs will select or retain: every file is in it. Takes no lock and writes
 * nothing. `problems`: why there is no snapshot.
 */
export async function takeSnapshot(
  ports: Ports,
  spec: Spec,
  options: PassOptions,
  run: Run,
): Promise<{ readonly snapshot: Snapshot } | { readonly problems: readonly Problem[] }> {
  const taken = run.now()
  const wide: Spec = { ...spec, select: { include: ['**'], exclude: [] }, retain: null }
  const { plan, observation } = await planRunning(ports, wide, options, taken, run)
  const halt = fullHalt(plan.halt)
  const holds = observation === null ? plan.holds : []
  const isBlocked = halt !== null || holds.length > 0
  // What could not be looked at is not to take the place of an earlier, good look.
  if (!isBlocked && (observation === null || observation.source.completeness === 'unknown')) {
    return { problems: plan.problems }
  }
  const place = placeOf(spec, ports.source.label)
  return {
    snapshot: { backup: spec.name, taken, place, halt, holds, observation: observation ?? unobserved() },
  }
}

/** The plan of a backup from a snapshot alone; pure. A null snapshot is a problem of that backup. `from`: the source's label. */
export function planOffline(
  spec: Spec,
  snapshot: Snapshot | null,
  from: string,
  options: PlanRequest,
  asOf: Instant,
): Planned {
  const context = contextOf({ label: from }, { ...options, work: 'all', isSupposed: true }, asOf)
  if (snapshot === null)
    return { ...decide(spec, unobserved([noSnapshot(spec.name)]), context), observation: null }
  const { halt, holds } = snapshot
  return decide(spec, selected(spec, snapshot, from), { ...context, holds, halt })
}

/** A snapshot holds all files; a plan is made of those that its spec selects. */
function selected(spec: Spec, snapshot: Snapshot, from: string): Observation {
  const { source, destination } = snapshot.observation
  const wanted = selectorOf(spec)
  const concern = concernOf(spec)
  const problems = source.problems.filter(
    ({ path, code }) =>
      path === undefined || concern.path(path) || (code === 'folder-unreadable' && concern.below(path)),
  )
  const links = source.links?.filter((path) => concern.path(path)) ?? []
  const view = {
    ...source,
    files: new Map([...source.files].filter(([path]) => wanted(path))),
    problems: [...problems, ...elsewhere(snapshot, placeOf(spec, from))],
    ...(links.length === 0 ? {} : { links }),
  }
  // In a snapshot files have the source's names for them.
  return { source: versionsOf(spec, destination)?.viewOf(view) ?? view, destination }
}

function elsewhere({ place, taken }: Snapshot, now: SnapshotPlace): readonly Problem[] {
  const keys = ['source', 'listing', 'checksum', 'finished', 'destination'] as const
  const other = keys.filter((key) => place[key] !== now[key])
  if (other.length === 0) return []
  const said = other.map((key) => `${key} ${place[key] ?? 'none'}, now ${now[key] ?? 'none'}`).join('; ')
  return [
    {
      code: 'snapshot-elsewhere',
      message: `the snapshot of ${isoTime(taken)} is of a different place than the spec names (${said}): what is there is unknown`,
      hint: 'Take a new snapshot once the spec is in force.',
    },
  ]
}

const noSnapshot = (backup: string): Problem => ({
  code: 'no-snapshot',
  message: 'there is no snapshot of this backup, so nothing is known about it',
  hint: `Take one on the backup box: reconcile snapshot ${backup} --to DIR`,
})
