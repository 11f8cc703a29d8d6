import { openWatchMemory } from '../box/watch-memory.ts'
import type { OverBackup } from '../decide/notices/find-trouble.ts'
import type { SpecsFound } from '../decide/specs/changes.ts'
import { toProblem } from '../decide/status/box-problems.ts'
import { isDeaf, isRefusal } from '../decide/status/over-specs.ts'
import type { Instant } from '../model/instant.ts'
import type { Run } from '../model/run.ts'
import type { LastGood } from '../model/spec.ts'
import type { Hold, Problem } from '../model/trouble.ts'
import { isLive, type WatchBeat } from '../model/watch-beat.ts'
import type { ActiveSpec, KnownSpec } from '../model/watched-specs.ts'
import type { LoadedSpecs } from '../specs/load-specs.ts'
import { realPath } from '../system/real-path.ts'
import { openCommonHolds } from './common-holds.ts'
import type { Workspace } from './workspace.ts'

/** Why the newest commit is rejected or cannot be fetched, if that must be fixed; empty: it is taken, or held. */
export const refusals = ({ stale }: LoadedSpecs, now: Instant): OverBackup['faults'] =>
  (stale?.reasons ?? []).filter((one) => isRefusal(one.code) || isDeaf(one, now))

/** Of those the ones that are the box's own problem. */
export const deafTo = ({ stale }: LoadedSpecs, now: Instant): readonly Problem[] =>
  (stale?.reasons ?? []).filter((one) => isDeaf(one, now)).map(toProblem)

/**
 * Holds over all specs under which backups continue; null: only a daemon would know them, and none is running. Those of a commit are
 * found by reading it.
 */
export function holdsOverSpecs(
  { folder, holds }: LoadedSpecs,
  beat: WatchBeat | null,
): readonly Hold[] | null {
  if (folder === null) return holds
  return beat === null ? null : beat.holds
}

/** The last heartbeat of a running daemon that obeys these specs; null: none is known. */
export async function liveBeat(
  { settings, loaded }: Pick<Workspace, 'settings' | 'loaded'>,
  run: Run,
): Promise<WatchBeat | null> {
  const beat = await openWatchMemory(settings.state).beat()
  return beat !== null && isLive(beat, loaded.label, run.now()) ? beat : null
}

/** A spec that is not the newest removes nothing; null: it is the newest, and the state of the specs as a whole counts. */
export function lastGoodOf({ spec, instead }: ActiveSpec): LastGood | null {
  if (instead === null) return null
  const newer = 'id' in instead ? instead.id : `${instead.file}:${instead.line}: ${instead.message}`
  const why = 'id' in instead ? instead.message : `its newest is faulty (${instead.file}:${instead.line})`
  return { obeyed: spec.digest, newer, message: `the spec is the last good one: ${why}` }
}

/** The specs as `watch` needs them to decide what to obey. */
export async function findSpecs(workspace: Workspace): Promise<SpecsFound> {
  const [hold = null] = await openCommonHolds(workspace)
  const { label, faulty, faults, revision, specs, effective, holds: policyHolds } = workspace.loaded
  const sound = await Promise.all(
    specs.map(
      async (spec): Promise<KnownSpec> => ({
        spec,
        document: effective.get(spec.name),
        place: (await realPath(spec.destination.path)).path,
      }),
    ),
  )
  return { label, sound, faulty, faults, hold, policyHolds, revision }
}
