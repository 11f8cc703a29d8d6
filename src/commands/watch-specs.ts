import { homedir } from 'node:os'
import type { SpecsFound } from '../decide/specs/changes.ts'
import { holders } from '../destination/holders.ts'
import type { LastGood } from '../model/spec.ts'
import type { ActiveSpec, KnownSpec } from '../model/watched-specs.ts'
import type { BoxContext } from '../specs/load-specs.ts'
import { ourPlaces } from '../specs/spec/our-places.ts'
import { realPath } from '../system/real-path.ts'
import { openCommonHolds, type Workspace } from './workspace.ts'

/** What one look at the specs found, as `watch` judges it. */
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

/** Nothing is removed by a spec that is not the newest; null: it is, and what the specs as a whole are counts. */
export function lastGoodOf({ spec, instead }: ActiveSpec): LastGood | null {
  if (instead === null) return null
  const newer = 'id' in instead ? instead.id : `${instead.file}:${instead.line}: ${instead.message}`
  const why = 'id' in instead ? instead.message : `its newest is faulty (${instead.file}:${instead.line})`
  return { obeyed: spec.digest, newer, message: `the spec is the last good one: ${why}` }
}

/** What specs are checked against beside themselves. */
export const boxContext = ({ settings, box }: Pick<Workspace, 'settings' | 'box'>): BoxContext => ({
  roots: settings.roots,
  home: homedir(),
  box: { ours: ourPlaces(settings), holders: () => holders(box), suggestsMounts: false },
})
