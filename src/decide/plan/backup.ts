import { instant } from '../../model/instant.ts'
import type { Observation } from '../../model/observation.ts'
import { ACTIONS, type Action, type BackupPlan, type PlanSummary, type Step } from '../../model/plan.ts'
import { comparePaths, type RelPath } from '../../model/rel-path.ts'
import type { Spec } from '../../model/spec.ts'
import type { Newer } from '../../model/status.ts'
import type { Problem, Warning } from '../../model/trouble.ts'
import { anomaliesOf } from '../anomaly/problems.ts'
import { isAsPublished } from '../files/as-published.ts'
import { concernOf } from '../files/concern.ts'
import { heldSelectorOf } from '../files/dated-name.ts'
import { findUnfinished, isEnded } from '../files/emptiness.ts'
import { acceptedAhead, type FileFacts } from '../files/facts.ts'
import { judgeFile, keepPublished } from '../files/judge-file.ts'
import {
  clashFinder,
  doubtfulNames,
  isNothingFound,
  linksWarning,
  lossAccepted,
  nothingFound,
} from '../files/problems.ts'
import { eachSelected } from '../files/selected.ts'
import { datedAhead, isSilent, shapeByRetention } from '../files/shape-by-retention.ts'
import { pushedWarning } from '../prune/candidates.ts'
import { decideExpiry, type Expiry } from '../prune/expiry.ts'
import { decidePrune, type PruneDecision } from '../prune/removals.ts'
import { besideOf, newNaming, patternFitsNothing } from '../retention/beside-pattern.ts'
import { retained } from '../retention/retained.ts'
import { filesOf, type Point } from '../retention/series-points.ts'
import { growPoints, type Retention } from '../retention/wanted.ts'
import { specWarnings } from '../specs/spec-warnings.ts'
import { lateCause, newerAtSource } from '../status/late-cause.ts'
import { reachProblems } from '../status/reach.ts'
import { type SeriesView, seriesViews, withCause } from '../status/series.ts'
import { anyClock, type BoxClock, boxClock } from '../time/box-clock.ts'
import { lineTime } from '../time/line-time.ts'
import { slowLine } from '../time/warnings.ts'
import { inLine, inOrder } from '../transfer/batches.ts'
import { roomHalt } from '../transfer/room-halt.ts'
import type { PlanContext } from './context.ts'

/** A plan, and what else applying it needs to know. */
export interface Decided {
  readonly plan: BackupPlan
  /** Null: nothing was compared. */
  readonly prune: PruneDecision | null
  readonly expiry: Expiry | null
  /** What the plan went by; null: nothing was compared. */
  readonly retention: Retention | null
  /** Each series against what is expected of it, those that are late with the cause. */
  readonly views: readonly SeriesView[]
  readonly clock: BoxClock
}

export const planBackup = (spec: Spec, observation: Observation, context: PlanContext): BackupPlan =>
  decideBackup(spec, observation, context).plan

/** What would have to happen so that the destination holds what the spec wants. Pure: same inputs, same plan. */
export function decideBackup(spec: Spec, observation: Observation, context: PlanContext): Decided {
  const { destination, source } = observation
  const halt = context.halt ?? destination.halt
  const problems: Problem[] = [...obstacles(spec, observation), ...source.problems]
  const clock = clockOf(spec, observation, context)
  // A destination that is not the expected one, or cannot be trusted, is not compared with anything.
  const compared =
    halt === null && context.holds.length === 0 ? compare(spec, observation, context, clock, problems) : null
  if (compared !== null && clock.problem !== null) problems.push(clock.problem)
  const steps = numbered(compared?.steps ?? [], compared?.newest ?? new Set(), spec, observation)
  steps.sort((a, b) => comparePaths(a.path, b.path) || comparePaths(a.action, b.action))
  problems.sort((a, b) => comparePaths(a.path ?? '', b.path ?? '') || comparePaths(a.code, b.code))
  const summary = summarize(steps, compared?.kept ?? 0)
  const lackOfRoom = roomHalt(spec.destination, destination, summary.bytes)
  const views = (compared?.views ?? []).map((view) =>
    withCause(view, ({ due, gone }) =>
      lateCause({
        isSuspended: context.isSuspended === true,
        stopped: lackOfRoom === null ? null : 'halted',
        lookedAt: context.asOf,
        due,
        gone,
        isUnderWay: false,
        isReachable: source.completeness !== 'unknown',
        newer: newerOf(view, compared?.wants ?? null, source),
        hadItsTurn: false,
      }),
    ),
  )
  const plan: BackupPlan = {
    backup: spec.name,
    spec: { file: spec.file, line: spec.line, digest: spec.digest },
    from: context.from,
    to: spec.destination.path,
    steps,
    halt: halt ?? lackOfRoom,
    holds: [
      ...context.holds,
      ...context.policy.holds,
      ...(compared?.expiry.holds ?? []),
      ...(compared?.prune.holds ?? []).filter(
        ({ id }) => !compared?.expiry.holds.some((one) => one.id === id),
      ),
    ],
    problems,
    warnings: [
      ...(compared === null ? [] : warningsOf(spec, observation, compared.wants, context)),
      ...(compared?.prune.pushed ?? []).map(pushedWarning),
      ...linksWarning(source.links ?? []),
      ...doubtfulNames(context.refused ?? null),
    ],
    suspended: null,
    summary,
    series: views.map(({ status }) => status),
    ...besideOf(compared?.wants ?? null),
    unwanted: compared?.unwanted ?? { files: 0, bytes: 0 },
    retained: retained(spec),
    free: destination.free,
    ...lineTime(summary.bytes, context.bandwidth, context.asOf),
  }
  return {
    plan,
    prune: compared?.prune ?? null,
    expiry: compared?.expiry ?? null,
    retention: compared?.wants ?? null,
    views,
    clock,
  }
}

/** A suspended backup may not have been looked at for any length of time: that is not a jump of the clock. */
function clockOf(spec: Spec, { destination }: Observation, context: PlanContext): BoxClock {
  const { asOf, isSuspended, isSupposed } = context
  if (isSupposed === true) return anyClock(asOf)
  const clock = boxClock(spec, destination.lastTime, context)
  return isSuspended === true && clock.state === 'leapt' ? anyClock(asOf) : clock
}

/** What the source has of a series beyond its newest complete point here. */
export function newerOf(
  { status }: SeriesView,
  wants: Retention | null,
  source: Observation['source'],
): Newer {
  const newest = status.newest === null ? null : instant(Date.parse(status.newest))
  return newerAtSource(
    wants?.series.get(status.series) ?? [],
    newest,
    source,
    wants?.beside.newestAtSource ?? null,
  )
}

/** What will not go well by the spec's times, and by what the source makes. */
function warningsOf(
  spec: Spec,
  { source, destination }: Observation,
  wants: Retention,
  { bandwidth, asOf }: PlanContext,
): readonly Warning[] {
  const sizeOf = (path: string): number =>
    source.files.get(path as RelPath)?.listed?.size ?? destination.records.get(path as RelPath)?.size ?? 0
  const found = [slowLine(wants.series, sizeOf, bandwidth), newNaming(spec, wants, asOf)]
  return [
    ...specWarnings(spec).map(({ key: _, ...warning }) => warning),
    ...found.filter((warning) => warning !== null),
    ...acceptedAhead(spec, destination).map(lossAccepted),
  ]
}

function compare(
  spec: Spec,
  observation: Observation,
  context: PlanContext,
  clock: BoxClock,
  problems: Problem[],
) {
  const { source, destination } = observation
  // What the source shows and we refuse is not absent there.
  const refused = new Set<string>(source.links)
  for (const { path } of source.problems) if (path !== undefined) refused.add(path)
  const clashOf = clashFinder(destination, context.refused ?? null)
  const points = growPoints(spec, clock.horizon)
  // Most of a destination stays as it is, and is only counted.
  let kept = 0
  const rest: { readonly facts: FileFacts; readonly point: Point | null }[] = []
  const odd: Problem[] = []
  const meet = (facts: FileFacts): void => {
    const { path, held, record } = facts
    if (record?.anomalies !== undefined && held !== undefined) odd.push(...anomaliesOf(spec, path, record))
    const clash = clashOf(facts)
    if (clash !== null) {
      problems.push(clash)
      return
    }
    const point = points.place(facts)
    if (!context.all && isAsPublished(facts)) kept++
    else rest.push({ facts, point })
  }
  eachSelected(spec, observation, meet, refused)
  const wants = points.judge(destination.pruned)
  const misfit = patternFitsNothing(spec, wants.beside, source.completeness === 'complete')
  if (misfit !== null) problems.push(misfit)
  // Where nothing counts points, nothing is amiss with one that no rule would count.
  if (clock.state === 'sane' && (spec.retain !== null || spec.expect.length > 0))
    for (const point of wants.ahead) problems.push(datedAhead(point))
  const conflicts = rest.flatMap(({ facts, point }) => {
    const isConflict = judgeFile(facts, spec, clock.at).steps.some(({ action }) => action === 'conflict')
    return isConflict && !isSilent(facts, point) ? [facts.path] : []
  })
  const views = seriesViews(spec, wants, destination, clock.at)
  problems.push(...odd)
  const prune = decidePrune(spec, observation, { retention: wants, clock, conflicts, odd }, context)
  const steps: Step[] = []
  const coming = new Map<string, Point>()
  const unwanted = { files: 0, bytes: 0 }
  const { shape, shapeSurplus } = shapeByRetention(spec, source.completeness, wants, prune)
  const take = (step: Step) => {
    if (step.action === 'keep') kept++
    if (step.action !== 'keep' || context.all) steps.push(step)
  }
  for (const { facts, point } of rest) {
    // Judged again: a million judgements would take more room than they take time.
    const shaped = shape(facts, point, judgeFile(facts, spec, clock.at))
    for (const step of shaped.steps) take(step)
    if (point?.dated === 'name' && !point.isAhead && shaped.steps.some(isTransfer)) {
      const before = coming.get(point.series)
      if (before === undefined || point.time > before.time) coming.set(point.series, point)
    }
    problems.push(...shaped.problems)
    unwanted.files += shaped.unwanted === null ? 0 : 1
    unwanted.bytes += shaped.unwanted ?? 0
  }
  const judged = new Set(rest.map(({ facts }) => facts))
  wants.eachUnwanted((point) => {
    for (const facts of point.facts) {
      if (judged.has(facts)) continue
      kept--
      take(shapeSurplus(facts, point, () => keepPublished(facts, facts.record!)))
    }
  })
  // Of what is here, whatever is on its way.
  problems.push(...reachProblems(views.map(({ status }) => status)))
  const expiry = decideExpiry(spec, observation, clock, context.asOf)
  for (const step of expiry.steps) steps.push(step)
  const viewsThen = seriesViews(spec, wants, destination, clock.at, 'count')
  if (isNothingFound(source) && problems.length === 0 && !isEnded(viewsThen))
    problems.push(nothingFound(spec, kept))
  const series = { views: viewsThen, newerOf: (view: SeriesView) => newerOf(view, wants, source) }
  problems.push(...findUnfinished(spec, observation, steps, series, clock.at))
  const newest = new Set<string>([...coming.values()].flatMap(filesOf))
  return { steps, newest, kept, views, prune, expiry, wants, unwanted }
}

/**
 * Strange things at the destination that are in the way: under a selected name, or where a folder of one should be. Somebody's
 * `latest` link is nobody's trouble.
 */
function obstacles(spec: Spec, { source, destination }: Observation): readonly Problem[] {
  const wanted = heldSelectorOf(spec, destination.records)
  const concern = concernOf(spec)
  const isAbove = (folder: string, paths: Iterable<string>) => {
    for (const path of paths) if (path.startsWith(`${folder}/`)) return true
    return false
  }
  return destination.problems.filter(({ code, path }) => {
    if (path !== undefined && code === 'folder-unreadable') return concern.below(path)
    return (
      code !== 'not-regular' ||
      path === undefined ||
      source.files.has(path as RelPath) ||
      destination.records.has(path as RelPath) ||
      isAbove(path, source.files.keys()) ||
      isAbove(path, destination.records.keys()) ||
      (source.completeness !== 'complete' && wanted(path as RelPath))
    )
  })
}

const emptySummary = (): Record<keyof PlanSummary, number> =>
  Object.fromEntries([...ACTIONS, 'bytes'].map((key) => [key, 0])) as Record<keyof PlanSummary, number>

export function summarize(steps: readonly Step[], kept: number): PlanSummary {
  const counts = emptySummary()
  for (const step of steps) {
    if (step.action !== 'keep') counts[step.action]++
    counts.bytes += bytesToCome(step)
  }
  counts.keep = kept
  return counts
}

const TRANSFERS: ReadonlySet<Action> = new Set(['pull', 'resume', 'repair'])

/** Whether a step brings bytes over the line. */
export const isTransfer = (step: Step): boolean => TRANSFERS.has(step.action)

/** The steps, each transfer with its place in the order of transfer. `newest`: the files of the newest point of each series that comes. */
function numbered(
  all: readonly Step[],
  newest: ReadonlySet<string>,
  { transfer }: Spec,
  observation: Observation,
): Step[] {
  const isFirst = (step: Step) => transfer.order === 'newest' && isTransfer(step) && newest.has(step.path)
  const steps = all.map((step) => (isFirst(step) ? { ...step, newest: true as const } : step))
  const line = steps.filter(isTransfer).map((step) => inLine(step, observation))
  const turns = new Map(inOrder(line, transfer.order).map(({ path }, i) => [path as string, i + 1]))
  return steps.map((step) => {
    const turn = isTransfer(step) ? turns.get(step.path) : undefined
    return turn === undefined ? step : { ...step, turn }
  })
}

/** Bytes that a step still has to bring over the line. */
const bytesToCome = (step: Step): number =>
  isTransfer(step) ? Math.max(0, (step.size ?? 0) - (step.stagedBytes ?? 0)) : 0

/** The summary of several backups' plans. */
export function addSummaries(summaries: readonly PlanSummary[]): PlanSummary {
  const sum = emptySummary()
  for (const summary of summaries) {
    for (const key of Object.keys(sum) as (keyof PlanSummary)[]) sum[key] += summary[key]
  }
  return sum
}
