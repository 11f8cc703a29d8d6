import type { Explained, Removed } from '../../model/explanation.ts'
import type { PrunedFile } from '../../model/holding.ts'
import { isoTime } from '../../model/instant.ts'
import { markerOf } from '../../model/marker-name.ts'
import type { Observation } from '../../model/observation.ts'
import { baseName, type RelPath } from '../../model/rel-path.ts'
import type { SourceFile } from '../../model/source-file.ts'
import type { Spec } from '../../model/spec.ts'
import type { Diagnostic, Problem } from '../../model/trouble.ts'
import { sumsFilesOf } from '../files/select.ts'
import { type Decided, decideBackup } from '../plan/backup.ts'
import type { PlanContext } from '../plan/context.ts'
import { trashUntil } from '../prune/expiry.ts'
import { policyText } from '../retention/retain.ts'

/** One look at both sides, to be explained. */
export interface Look {
  readonly observation: Observation
  /** As of a plan that names all steps. */
  readonly context: PlanContext
  /** False: the destination was not looked at; the plan's halt, holds or problems say why. */
  readonly isKnown: boolean
  /** What the source shows of the path that is asked about, where the spec does not select it. */
  readonly unselected: SourceFile | null
  readonly diagnostics: readonly Diagnostic[]
}

export const decideLook = (spec: Spec, { observation, context }: Look): Decided =>
  decideBackup(spec, observation, { ...context, all: true })

/** What the explanations of a file and of a backup have in common. */
export function explainedBy(
  spec: Spec,
  look: Look,
  { plan, retention }: Decided,
  problems: readonly Problem[],
): Explained {
  const { backup, from, to, halt, holds } = plan
  return {
    format: 'reconcile.explain/1',
    backup,
    asOf: isoTime(look.context.asOf),
    spec: plan.spec,
    from,
    to,
    known: {
      source: look.observation.source.completeness,
      destination: look.isKnown && retention !== null ? 'complete' : 'unknown',
    },
    halt,
    holds,
    problems,
    diagnostics: look.diagnostics,
    rules: spec.retain === null ? null : policyText(spec.retain),
    pick: spec.retain?.pick ?? 'newest',
    timezone: spec.series.timezone,
  }
}

/** Whether a problem is about this file: about itself, its marker, or a sums file that would vouch for it. */
export function isAbout(path: string, { finished }: Spec, from = path): (problem: Problem) => boolean {
  const isSums = sumsFilesOf(finished)
  return ({ path: its }) =>
    its !== undefined &&
    (its === path ||
      its === from ||
      markerOf(its)?.data === from ||
      (isSums(its) && from.startsWith(its.slice(0, its.length - baseName(its).length))))
}

/** One removal, and until when it can be undone. */
export const removedFile = (
  path: RelPath,
  pruned: PrunedFile,
  spec: Spec,
  { observation, context }: Pick<Look, 'observation' | 'context'>,
): Removed => ({
  path,
  at: isoTime(pruned.at),
  by: pruned.by,
  reason: pruned.reason,
  planId: pruned.planId,
  until:
    pruned.trash === null ? null : isoTime(trashUntil(spec, observation.destination, context.asOf)(pruned)),
})
