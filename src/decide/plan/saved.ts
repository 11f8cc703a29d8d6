import { type Instant, isoTime } from '../../model/instant.ts'
import type { Observation } from '../../model/observation.ts'
import { type Action, type BackupPlan, makesWhole, type Step } from '../../model/plan.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { Difference } from '../../model/saved-plan.ts'
import type { Spec } from '../../model/spec.ts'
import type { Problem } from '../../model/trouble.ts'
import { expectations, type FileFacts, factsOf, isWhole } from '../files/facts.ts'
import { judgeFile } from '../files/judge-file.ts'

/** One backup's part of a saved plan. `planId` is that of the whole plan, which may be of several backups. */
export interface SavedPart {
  readonly planId: string
  readonly revision: string | null
  readonly plan: BackupPlan
}

/** What there is now: both sides, and the plan that would be made of them. */
export interface Now {
  readonly spec: Spec
  readonly revision: string | null
  readonly observation: Observation
  readonly fresh: BackupPlan
  readonly asOf: Instant
  /** Under the lock, with all finished that an earlier run had begun. */
  readonly isRecovered: boolean
}

export type SavedVerdict =
  /** Something is not as a step expects it, and this plan did not make it so. */
  | { readonly state: 'stale'; readonly differences: readonly Difference[] }
  /** All that it had to do is done; `at`: when the last of it was, where the ledger records it. Left are steps that only inform. */
  | {
      readonly state: 'done'
      readonly at: Instant | null
      readonly steps: readonly Step[]
      readonly problems: []
    }
  /** Its removals are stopped by the fresh plan's holds. */
  | { readonly state: 'held' }
  | {
      readonly state: 'pending'
      /** What is left to do, and the steps that only inform. None: it never had anything to do. */
      readonly steps: readonly Step[]
      /** Why steps are left out that cannot be done now. */
      readonly problems: readonly Problem[]
    }

type StepVerdict =
  | { readonly is: 'done'; readonly at: Instant | null }
  | { readonly is: 'pending'; readonly step: Step }
  | { readonly is: 'blocked'; readonly problems: readonly Problem[] }
  | { readonly is: 'held' }
  | { readonly is: 'skipped' }
  | { readonly is: 'stale'; readonly difference: Difference }

/** Whether a step changes what the destination holds. */
export const acts = (step: Step): boolean => makesWhole(step) || step.action === 'prune'

/** Steps whose markers have to be known, whatever else becomes of their files. */
export const pathsToKnow = (saved: SavedPart | null): ReadonlySet<RelPath> =>
  new Set(
    saved?.plan.steps
      .filter((step) => step.expect?.source?.digest != null)
      .map(({ path }) => path as RelPath),
  )

/**
 * Whether a saved plan still holds: each step that expects something is compared with what there is now. What this very plan has made
 * since, by the ledger, counts as done; whatever no step names does not matter.
 */
export function judgeSaved(saved: SavedPart, now: Now): SavedVerdict {
  const changed = [...specDifferences(saved, now)]
  if (changed.length > 0) return { state: 'stale', differences: changed }
  const verdicts = saved.plan.steps.map((step) => judgeStep(step, saved.planId, now))
  const differences = verdicts.flatMap((one) => (one.is === 'stale' ? one.difference : []))
  if (differences.length > 0) return { state: 'stale', differences }
  if (verdicts.some((one) => one.is === 'held')) return { state: 'held' }
  const problems = verdicts.flatMap((one) => (one.is === 'blocked' ? one.problems : []))
  const steps = verdicts.flatMap((one) => (one.is === 'pending' ? one.step : []))
  const done = verdicts.flatMap((one) => (one.is === 'done' ? [one.at ?? 0] : []))
  if (done.length > 0 && problems.length === 0 && !steps.some(acts)) {
    const at = Math.max(...done)
    return { state: 'done', at: at === 0 ? null : (at as Instant), steps, problems: [] }
  }
  return { state: 'pending', steps, problems }
}

function* specDifferences({ plan, revision }: SavedPart, now: Now): Generator<Difference> {
  if (plan.spec.digest !== now.spec.digest) {
    const [expected, found] = [plan.spec.digest, now.spec.digest]
    const message = 'the spec is not the one the plan was made from'
    yield { code: 'stale-spec', message, expected, found }
  }
  if (revision !== now.revision) {
    const [expected, found] = [revision ?? 'none', now.revision ?? 'none']
    const message = `the plan was made at revision ${expected}, the specs are at ${found} now`
    yield { code: 'stale-revision', message, expected, found }
  }
}

function judgeStep(step: Step, planId: string, now: Now): StepVerdict {
  const path = step.path as RelPath
  const { source, destination } = now.observation
  if (step.action === 'expire') return dueStill(step, now)
  const record = destination.records.get(path)
  if (makesWhole(step) && record?.planId === planId) {
    if (isWhole(destination.files.get(path), record))
      return { is: 'done', at: kindOf(step.action) === 'pull' ? record.since : null }
    return stale('stale-destination', path, 'whole, as this plan published it', 'gone or changed since')
  }
  const pruned = destination.pruned.get(path)
  if (step.action === 'prune' && pruned?.planId === planId) return { is: 'done', at: pruned.at }
  // Begun by an earlier run of this plan, which the next one finishes before it looks.
  if (destination.begun.get(path) === planId) return { is: 'pending', step }
  if (step.expect === undefined) return { is: 'pending', step }

  const facts = factsOf(path, now.observation, NONE)
  const found = expectations(facts)
  if (inWords(step.expect.source) !== inWords(found.source)) {
    const unseen = found.source === null && source.completeness !== 'complete'
    const there = unseen ? 'not shown by a listing that is incomplete' : inWords(found.source)
    return stale('stale-source', path, inWords(step.expect.source), there)
  }
  const fresh = makesWhole(step) ? freshStep(step, facts, now) : null
  if (inWords(step.expect.destination) !== inWords(found.destination)) {
    return fresh !== null && isOurLeftover(step, fresh, facts, now)
      ? { is: 'pending', step: fresh }
      : stale('stale-destination', path, inWords(step.expect.destination), inWords(found.destination))
  }
  if (step.action === 'prune') return stillToPrune(step, now)
  if (!makesWhole(step)) return { is: 'pending', step }
  if (fresh !== null) {
    const { stagedBytes: _, ...rest } = step
    const staged = fresh.stagedBytes === undefined ? {} : { stagedBytes: fresh.stagedBytes }
    return { is: 'pending', step: { ...rest, action: fresh.action, ...staged } }
  }
  const problems = problemsOf(path, facts, now)
  if (problems.length > 0) return { is: 'blocked', problems }
  const other = facts.held?.foundOther !== undefined
  const there = other
    ? 'different bytes: make the plan again, or let a pass pull it'
    : 'nothing of the kind any more'
  return stale('stale-step', path, `something to ${step.action}`, there)
}

/**
 * Killed between the data's final name and the ledger's line: what is there is hashed before it counts, as always. It still has its
 * name in staging too, until a recovery parts them.
 */
const isOurLeftover = (step: Step, fresh: Step, { staged }: FileFacts, { isRecovered }: Now): boolean =>
  fresh.action === 'adopt' &&
  fresh.digest === step.digest &&
  step.expect?.destination === null &&
  (isRecovered || staged?.size === step.size)

const dueStill = (step: Step, { fresh }: Now): StepVerdict => {
  const due = fresh.steps.find(
    (one) => one.action === 'expire' && one.path === step.path && one.trash === step.trash,
  )
  return due === undefined ? { is: 'skipped' } : { is: 'pending', step: due }
}

/** A removal also has to be what would be removed today. */
function stillToPrune(step: Step, { fresh }: Now): StepVerdict {
  const due = fresh.steps.find((one) => one.action === 'prune' && one.path === step.path)
  if (due !== undefined) return { is: 'pending', step: due }
  if (fresh.holds.length > 0) return { is: 'held' }
  return stale('stale-prune', step.path, 'to be pruned', 'nothing that the spec would prune now')
}

const NONE: ReadonlySet<string> = new Set()

/** What would be done about the path today, if that is of the same kind. What is wanted by now is not asked: the plan said it. */
function freshStep(step: Step, facts: FileFacts, { spec, fresh, asOf }: Now): Step | null {
  const same = (one: Step) => kindOf(one.action) === kindOf(step.action) || one.action === 'adopt'
  if (fresh.problems.some((problem) => problem.path === step.path && problem.code === 'name-collision'))
    return null
  return judgeFile(facts, spec, asOf).steps.find(same) ?? null
}

function problemsOf(path: RelPath, facts: FileFacts, { spec, fresh, asOf }: Now): readonly Problem[] {
  const known = fresh.problems.filter((problem) => problem.path === path)
  return known.length > 0 ? known : judgeFile(facts, spec, asOf).problems
}

const kindOf = (action: Action): Action => (action === 'resume' ? 'pull' : action)

type Expect = NonNullable<Step['expect']>

/** All that is expected of one side, so that two are the same where their words are. */
const inWords = (side: Expect['source'] | Expect['destination']): string => {
  if (side === null) return 'nothing'
  const when = 'mtime' in side ? `, modified ${side.mtime}` : ''
  return `${side.size} bytes${when}, ${side.digest === null ? 'no digest' : `digest ${side.digest}`}`
}

const PLACES: Readonly<Record<string, string>> = {
  'stale-source': 'at the source ',
  'stale-destination': 'here ',
}

const stale = (code: string, path: string, expected: string, found: string): StepVerdict => ({
  is: 'stale',
  difference: {
    code,
    path,
    message: `${PLACES[code] ?? ''}the plan expects ${expected}; now: ${found}`,
    expected,
    found,
  },
})

/** Refuses a plan that has nothing left to do. */
export const doneAlready = (at: Instant | null): Difference => ({
  code: 'plan-done',
  message: `this plan has been applied already${at === null ? '' : `, the last of it at ${isoTime(at)}`}`,
})
