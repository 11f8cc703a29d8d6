import { homedir } from 'node:os'
import type { SpecsFound } from '../decide/spec-changes.ts'
import type { KnownSpec } from '../model/watched-specs.ts'
import type { LoadedSpecs } from '../specs/load-specs.ts'
import { realPath } from '../specs/real-path.ts'
import { settleDefaults } from './run.ts'
import { openCommonHolds, type Workspace } from './workspace.ts'

/** What one look at the specs found, as `watch` judges it. */
export async function findSpecs(
  workspace: Workspace,
): Promise<SpecsFound & { readonly revision: string | null }> {
  const [hold = null] = await openCommonHolds(workspace)
  if (hold === null) await settleDefaults(workspace)
  const { label, faulty, faults, revision, specs, effective } = workspace.loaded
  const sound = await Promise.all(
    specs.map(
      async (spec): Promise<KnownSpec> => ({
        spec,
        document: effective.get(spec.name),
        place: (await realPath(spec.destination.path)).path,
      }),
    ),
  )
  return { label, sound, faulty, faults, hold, revision }
}

/** What specs are checked against beside themselves. */
export const boxContext = ({ settings }: Pick<Workspace, 'settings'>) => ({
  roots: settings.roots,
  home: homedir(),
})

/** What stands for the specs until they are read: nothing is known of them. */
export const nothingLoaded = (label: string): LoadedSpecs => ({
  label,
  folder: null,
  revision: null,
  specs: [],
  faultyNames: [],
  faulty: [],
  faults: [],
  defaults: 'absent',
  fileCount: 0,
  effective: new Map(),
  holds: [],
  stale: null,
  lastGood: null,
})
