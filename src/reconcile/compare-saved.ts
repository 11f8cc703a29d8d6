import { acts, judgeSaved, type SavedPart } from '../decide/plan/saved.ts'
import { codeOfOutcome } from '../decide/status/exit-code.ts'
import { fullHalt } from '../decide/transfer/room-halt.ts'
import type { Instant } from '../model/instant.ts'
import type { BackupOutcome } from '../model/outcome.ts'
import { emptyOutcome } from '../model/outcome.ts'
import type { Run } from '../model/run.ts'
import type { Difference } from '../model/saved-plan.ts'
import type { Spec } from '../model/spec.ts'
import type { PassOptions, Ports } from './pass-context.ts'
import { planRunning } from './plan-pass.ts'

export type Compared =
  | { readonly state: 'pending' }
  /** It has only steps that report something, or none. */
  | { readonly state: 'nothing' }
  | { readonly state: 'done'; readonly at: Instant | null }
  /** It cannot be applied; `outcome` says why. */
  | { readonly state: 'refused'; readonly outcome: BackupOutcome }

/** Holds one backup of a saved plan against what there is now: takes no lock and writes nothing. */
export async function compareSaved(
  ports: Ports,
  spec: Spec,
  options: PassOptions & { readonly saved: SavedPart },
  asOf: Instant,
  run: Run,
): Promise<Compared> {
  const { saved } = options
  const { plan: fresh, observation } = await planRunning(ports, spec, options, asOf, run)
  const { problems } = fresh
  const halt = fullHalt(fresh.halt)
  if (halt !== null || observation === null || observation.source.completeness === 'unknown') {
    const holds = observation === null ? fresh.holds : []
    const result = halt !== null || holds.length > 0 ? 'halted' : 'failed'
    return refused(spec.name, { halt, holds, problems, result })
  }
  const verdict = judgeSaved(saved, {
    spec,
    revision: options.revision,
    observation,
    fresh,
    asOf,
    isRecovered: false,
  })
  switch (verdict.state) {
    case 'stale':
      return refused(spec.name, { stale: verdict.differences })
    case 'held':
      return refused(spec.name, { result: 'halted', holds: fresh.holds })
    case 'done':
      return { state: 'done', at: verdict.at }
    case 'pending':
      return { state: verdict.steps.some(acts) || verdict.problems.length > 0 ? 'pending' : 'nothing' }
  }
}

/** What came of a backup that was not begun. */
export function refusal(backup: string, over: Partial<BackupOutcome>): BackupOutcome {
  const bare = { ...emptyOutcome(backup), seconds: 0, ...over }
  return { ...bare, exitCode: codeOfOutcome(bare, true) }
}

const refused = (backup: string, over: Partial<BackupOutcome>): Compared => ({
  state: 'refused',
  outcome: refusal(backup, over),
})

export const notBegun: Difference = {
  code: 'plan-not-begun',
  message: 'another backup of this plan cannot be applied, so this one was not started',
}

export const specGone: Difference = {
  code: 'stale-spec-gone',
  message: 'its spec is gone or faulty: reconcile validate says which',
}

export const edited: Difference = {
  code: 'plan-edited',
  message: 'the file was changed after the plan was saved',
}
