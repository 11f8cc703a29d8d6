import type { Snapshot } from '../decide/documents/snapshot.ts'
import type { Look } from '../decide/explain/explained.ts'
import { heldSelectorOf } from '../decide/files/dated-name.ts'
import { selectorOf } from '../decide/files/select.ts'
import { unobserved } from '../decide/look/unobserved.ts'
import type { Instant } from '../model/instant.ts'
import type { Observation } from '../model/observation.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Run } from '../model/run.ts'
import type { SourceFile } from '../model/source-file.ts'
import type { Spec } from '../model/spec.ts'
import type { Diagnostic } from '../model/trouble.ts'
import type { PassOptions, Ports } from './pass-context.ts'
import { planOffline } from './plan-offline.ts'
import { type Planned, planRunning } from './plan-pass.ts'

interface Asked {
  /** Null: the backup as a whole. */
  readonly path: RelPath | null
  readonly asOf: Instant
  readonly diagnostics: readonly Diagnostic[]
}

/** Looks at both sides as a dry run does: without the lock, and without writing anything. */
export async function lookNow(
  ports: Ports,
  spec: Spec,
  options: PassOptions,
  asked: Asked,
  run: Run,
): Promise<Look> {
  const { path, asOf } = asked
  const planned = await planRunning(ports, spec, options, asOf, run)
  if (planned.observation === null || path === null || isSelected(spec, planned.observation, path))
    return lookOf(planned, null, asked)
  // What the source shows of one path that the spec leaves out: one look more, at that path alone.
  const only = path.replace(/[^\w/.-]/gu, '\\$&')
  const narrow: Spec = { ...spec, select: { include: [only], exclude: [] }, retain: null }
  const { observation } = await planRunning(ports, narrow, options, asOf, run)
  return lookOf(planned, observation?.source.files.get(path) ?? null, asked)
}

/** The same from a snapshot; null: there is none. */
export function lookOffline(spec: Spec, snapshot: Snapshot | null, from: string, asked: Asked): Look {
  const { path, asOf } = asked
  const { bandwidth } = spec.transfer
  const options = { bandwidth, all: true, policy: { holds: [], lastGood: null } }
  const planned = planOffline(spec, snapshot, from, options, asOf)
  const isLeftOut = path !== null && !isSelected(spec, planned.observation ?? unobserved(), path)
  return lookOf(planned, isLeftOut ? (snapshot?.observation.source.files.get(path) ?? null) : null, asked)
}

/** By either of its names. */
const isSelected = (spec: Spec, { destination }: Observation, path: RelPath): boolean =>
  selectorOf(spec)(path) || heldSelectorOf(spec, destination.records)(path)

const lookOf = (
  { plan, observation, context }: Planned,
  unselected: SourceFile | null,
  { diagnostics }: Asked,
): Look => ({
  observation: observation ?? unobserved(plan.problems),
  context,
  isKnown: observation !== null,
  unselected,
  diagnostics,
})
