import type { Instant } from '../model/instant.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import { type PassOptions, planPass } from '../reconcile/pass.ts'
import { inParallel } from './in-parallel.ts'
import { openPorts, passOptions, type Workspace } from './workspace.ts'

export type Planned = Awaited<ReturnType<typeof planPass>>

/** Plans these backups from both sides, some at once, in their order: takes no lock and writes nothing. */
export const planEach = (
  specs: readonly Spec[],
  workspace: Workspace,
  given: Pick<PassOptions, 'all' | 'named' | 'holds'> & Partial<Pick<PassOptions, 'work'>>,
  asOf: Instant,
  run: Run,
): Promise<readonly Planned[]> =>
  inParallel(specs, workspace.settings.concurrency, async (spec) =>
    planPass(
      await openPorts(spec, workspace),
      spec,
      passOptions(spec, workspace, { lockWait: 0, ...given }),
      asOf,
      run,
    ),
  )
