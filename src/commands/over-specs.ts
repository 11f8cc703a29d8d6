import { openWatchMemory } from '../box/watch-memory.ts'
import type { OverBackup } from '../decide/notices/find-trouble.ts'
import { toProblem } from '../decide/status/box-problems.ts'
import { isDeaf, isRefusal } from '../decide/status/over-specs.ts'
import type { Instant } from '../model/instant.ts'
import type { Run } from '../model/run.ts'
import type { Hold, Problem } from '../model/trouble.ts'
import { isLive, type WatchBeat } from '../model/watch-beat.ts'
import type { LoadedSpecs } from '../specs/load-specs.ts'
import type { Workspace } from './workspace.ts'

/** Why the newest commit is not taken, or not seen, where that has to be mended; empty: it is taken, or held. */
export const refusals = ({ stale }: LoadedSpecs, now: Instant): OverBackup['faults'] =>
  (stale?.reasons ?? []).filter((one) => isRefusal(one.code) || isDeaf(one, now))

/** Of those the ones that are the box's own problem. */
export const deafTo = ({ stale }: LoadedSpecs, now: Instant): readonly Problem[] =>
  (stale?.reasons ?? []).filter((one) => isDeaf(one, now)).map(toProblem)

/**
 * Holds over all specs under which backups go on; null: there may be some that only a daemon knows of, and none lives. Those of a commit are
 * found by whoever reads it.
 */
export function holdsOverSpecs(
  { folder, holds }: LoadedSpecs,
  beat: WatchBeat | null,
): readonly Hold[] | null {
  if (folder === null) return holds
  return beat === null ? null : beat.holds
}

/** The last word of a daemon that obeys these specs and lives; null: none is known to. */
export async function liveBeat(
  { settings, loaded }: Pick<Workspace, 'settings' | 'loaded'>,
  run: Run,
): Promise<WatchBeat | null> {
  const beat = await openWatchMemory(settings.state).beat()
  return beat !== null && isLive(beat, loaded.label, run.now()) ? beat : null
}
