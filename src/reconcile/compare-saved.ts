import { codeOfOutcome } from '../decide/exit-code.ts'
import { isRoomHalt } from '../decide/room-halt.ts'
import { acts, judgeSaved, type SavedPart } from '../decide/saved-plan.ts'
import type { Instant } from '../model/instant.ts'
import type { BackupOutcome } from '../model/outcome.ts'
import type { Run } from '../model/run.ts'
import type { Difference } from '../model/saved-plan.ts'
import type { Spec } from '../model/spec.ts'
import { emptyOutcome } from './outcome-of.ts'
import { type PassOptions, type Ports, planPass } from './pass.ts'

export type Compared =
  | { readonly state: 'pending' }
  /** It has only steps that tell, or none. */
  | { readonly state: 'nothing' }
  | { readonly state: 'done'; readonly at: Instant | null }
  /** It cannot be applied; `outcome` says why. */
  | { readonly state: 'refused'; readonly outcome: BackupOutcome }

/** Holds one backup of a saved plan against what there is now: takes no lock and writes nothing. */
export async function compareSaved(
  ports: Ports,
  spec: Spec,
  saved: SavedPart,
  options: PassOptions,
  asOf: Instant,
  run: Run,
): Promise<Compared> {
  const { plan: fresh, observation } = await planPass(ports, spec, { ...options, saved }, asOf, run)
  const { halt, holds, problems } = fresh
  const isBlocked = halt !== null && !isRoomHalt(halt)
  if (isBlocked || observation === null || observation.source.completeness === 'unknown') {
    const isHalted = isBlocked || (observation === null && holds.length > 0)
    const why = { halt: isBlocked ? halt : null, holds: observation === null ? holds : [], problems }
    return refused(spec.name, { ...why, result: isHalted ? 'halted' : 'failed' })
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
      return refused(spec.name, { result: 'halted', holds })
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
  message: 'another backup of this plan cannot be applied, so nothing of this one was begun',
}

export const specGone: Difference = {
  code: 'stale-spec-gone',
  message: 'its spec is gone, or faulty: reconcile validate tells which',
}

export const edited: Difference = {
  code: 'plan-edited',
  message: 'the file was changed after the plan was saved: its id is not that of its steps',
}
