import type { Snapshot } from '../decide/documents/snapshot.ts'
import type { Look } from '../decide/explain/explained.ts'
import { selector } from '../decide/files/select.ts'
import { unobserved } from '../decide/look/unobserved.ts'
import type { PlanContext } from '../decide/plan/backup.ts'
import type { Instant } from '../model/instant.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Run } from '../model/run.ts'
import type { SourceFile } from '../model/source-file.ts'
import type { Spec } from '../model/spec.ts'
import type { Diagnostic } from '../model/trouble.ts'
import { planPass } from './pass.ts'
import type { PassOptions, Ports } from './pass-terms.ts'
import { planOffline } from './plan-offline.ts'
import { plannedTerms } from './prune-terms.ts'

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
  { path, asOf, diagnostics }: Asked,
  run: Run,
): Promise<Look> {
  const { plan, observation } = await planPass(ports, spec, options, asOf, run)
  const released = await ports.box.releases()
  const isKnown = observation !== null
  const context: PlanContext = {
    asOf,
    from: ports.source.label,
    bandwidth: options.bandwidth,
    all: true,
    isSupposed: options.isSupposed === true,
    holds: isKnown ? [] : plan.holds,
    policyHolds: isKnown ? options.policy.holds : [],
    halt: isKnown ? null : plan.halt,
    prune: plannedTerms(asOf, { asked: false, released, lastGood: options.policy.lastGood }),
  }
  const isLeftOut = isKnown && path !== null && !selector(spec.select, spec.source.listing)(path)
  const unselected = isLeftOut ? await lookFor(path, ports, spec, options, asOf, run) : null
  return { observation: observation ?? unobserved(plan.problems), context, isKnown, unselected, diagnostics }
}

/** What the source shows of one path that the spec leaves out: one look more, at that path alone. */
async function lookFor(
  path: RelPath,
  ports: Ports,
  spec: Spec,
  options: PassOptions,
  asOf: Instant,
  run: Run,
): Promise<SourceFile | null> {
  const only = path.replace(/[^\w/.-]/gu, '\\$&')
  const narrow: Spec = { ...spec, select: { include: [only], exclude: [] }, retain: null }
  const { observation } = await planPass(ports, narrow, options, asOf, run)
  return observation?.source.files.get(path) ?? null
}

/** The same from a snapshot; null: there is none. */
export function lookOffline(
  spec: Spec,
  snapshot: Snapshot | null,
  from: string,
  { path, asOf, diagnostics }: Asked,
): Look {
  const context = { asOf, from, bandwidth: spec.transfer.bandwidth, all: true, isSupposed: true }
  const { plan, observation } = planOffline(spec, snapshot, {
    ...context,
    policy: { holds: [], lastGood: null },
  })
  const isLeftOut = path !== null && !selector(spec.select, spec.source.listing)(path)
  return {
    observation: observation ?? unobserved(plan.problems),
    context: {
      ...context,
      holds: snapshot?.holds ?? [],
      policyHolds: [],
      halt: snapshot?.halt ?? null,
      prune: plannedTerms(asOf, { asked: false, released: new Set(), lastGood: null }),
    },
    isKnown: observation !== null,
    unselected: isLeftOut ? (snapshot?.observation.source.files.get(path) ?? null) : null,
    diagnostics,
  }
}
