import { isoSeconds, isoTime } from '../model/instant.ts'
import type { Observation } from '../model/observation.ts'
import type { Action, Step } from '../model/plan.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Spec } from '../model/spec.ts'
import type { Problem } from '../model/trouble.ts'
import { expectations, factsOf, isAcknowledged } from './file-facts.ts'
import { goneUnwanted } from './file-problems.ts'
import type { Judgement } from './judge-file.ts'
import type { PruneDecision } from './prune.ts'
import { policyText } from './retain.ts'
import type { Point, Retention } from './retention.ts'
import { patternPrecision } from './series-pattern.ts'

const DAY = 24 * 3600 * 1000

/** What comes, or is waited for, only where it is wanted. */
const BRINGS: ReadonlySet<Action> = new Set(['pull', 'resume', 'wait'])
/** What is only worth saying of a file that is wanted, or held. */
const OF_WANTED: ReadonlySet<string> = new Set(['checksum-failed', 'wait-overdue', 'too-large'])
const UNMATCHED = 'matches no pattern: kept, never pruned'

export interface Shaped extends Judgement {
  /** Bytes of a file at the source that nothing wants and nothing holds; null: it is no such file. */
  readonly unwanted: number | null
}

/** What is to happen to one file, once retention has had its say over what its facts call for. */
export function shapeByRetention(
  path: RelPath,
  judged: Judgement,
  spec: Spec,
  observation: Observation,
  wants: Retention,
  prune: PruneDecision,
): Shaped {
  const point = wants.pointOf(path)
  if (point === null) {
    if (!wants.isUnmatched(path)) return { ...judged, unwanted: null }
    return { ...judged, steps: judged.steps.map((step) => explained(step, [UNMATCHED])), unwanted: null }
  }
  if (point.reasons === null) return unwanted(path, judged, point, spec, observation, wants, prune)
  if (spec.retain === null && spec.series.patterns.length === 0) return { ...judged, unwanted: null }
  const because = [...point.reasons, ...disagreement(path, point, spec, observation)]
  const steps = judged.steps.map((step) => ({ ...explained(step, because), ...markOf(point, spec) }))
  return { steps, problems: judged.problems, unwanted: null }
}

function unwanted(
  path: RelPath,
  judged: Judgement,
  point: Point,
  spec: Spec,
  observation: Observation,
  wants: Retention,
  prune: PruneDecision,
): Shaped {
  const { source, destination } = observation
  const listed = source.files.get(path)?.listed
  const isHeld = destination.files.has(path)
  const problems: Problem[] = judged.problems.filter(({ code }) => isHeld || !OF_WANTED.has(code))
  const steps: Step[] = []
  for (const step of judged.steps) {
    if (step.action === 'keep') steps.push(surplus(step, point, spec, observation, prune))
    // What is held is kept as it was published, whether it is wanted or not.
    else if (step.action === 'repair' && !isHeld) {
      if (!isAcknowledged(spec, path, destination.records.get(path))) problems.push(goneUnwanted(path, spec))
    } else if (
      !BRINGS.has(step.action) &&
      !(step.action === 'conflict' && isSilent(path, observation, wants))
    )
      steps.push(step)
  }
  return {
    steps: steps.map((step) => ({ ...step, ...markOf(point, spec) })),
    problems,
    unwanted: isHeld || listed == null ? null : listed.size,
  }
}

/** Nobody minds other bytes at the source under the name of what was pruned and is not wanted. */
export const isSilent = (path: RelPath, { destination }: Observation, wants: Retention): boolean =>
  !destination.files.has(path) && destination.pruned.has(path) && wants.pointOf(path)?.reasons === null

const NONE: ReadonlySet<string> = new Set()

/** The step of a file that is held, whole, and not wanted. */
function surplus(step: Step, point: Point, spec: Spec, observation: Observation, prune: PruneDecision): Step {
  const expect = expectations(factsOf(step.path as RelPath, observation, NONE))
  const goes = prune.remove.get(point)
  if (goes !== undefined) return { ...step, action: 'prune', because: goes, expect }
  // A listing that is not known to be whole makes nothing surplus.
  if (observation.source.completeness !== 'complete')
    return { ...step, because: [...step.because, 'whether it is wanted is not known'] }
  if (point.standing !== 'whole') return { ...step, because: [...step.because, 'its point is not whole'] }
  const rules = spec.retain === null ? '' : policyText(spec.retain)
  const { mode } = spec.prune
  return {
    ...step,
    action: 'surplus',
    because: [`outside ${rules}`, prune.stay.get(point) ?? `kept (prune: ${mode})`],
    expect,
  }
}

/** `selected` says no more than that nothing speaks against it: the rules' own reasons take its place. */
function explained(step: Step, reasons: readonly string[]): Step {
  const isMove = step.action === 'pull' || step.action === 'resume'
  if (!isMove && step.action !== 'keep') return step
  const own = step.because.filter((word) => word !== 'selected')
  return { ...step, because: isMove ? [...reasons, ...own] : [...own, ...reasons] }
}

function markOf(point: Point, { series }: Spec): Pick<Step, 'series' | 'time'> {
  const time = point.dated === 'unknown' ? {} : { time: isoTime(point.time) }
  return series.patterns.length === 0 ? time : { series: point.series, ...time }
}

/** Days that a name's date may lie after what it speaks of: its point ends with its day, month or year. */
const SPAN: Readonly<Record<string, number>> = { day: 1, month: 31, year: 366 }

/** Where a name and the source's mtime speak of days that are over a day apart, both are shown. */
function disagreement(
  path: RelPath,
  point: Point,
  { series }: Spec,
  { source }: Observation,
): readonly string[] {
  const listed = source.files.get(path)?.listed
  if (listed == null || point.dated !== 'name') return []
  const span = Math.max(...series.patterns.map((pattern) => SPAN[patternPrecision(pattern)] ?? 0))
  const late = listed.mtime * 1000 - point.time
  if (late <= DAY && late >= -DAY * (1 + span)) return []
  return [`its name says ${isoTime(point.time)}, its mtime ${isoSeconds(listed.mtime)}`]
}

/** Points from the future are kept, and never counted: something is wrong with a name or a clock. */
export const datedAhead = ({ series }: Retention): readonly Problem[] =>
  [...series.values()].flat().flatMap((point) => (point.isAhead ? [aheadProblem(point)] : []))

const aheadProblem = (point: Point): Problem => ({
  code: 'dated-ahead',
  path: point.files[0]!,
  message: `is dated ${isoTime(point.time)}, over a day ahead: it is kept, and counted by no rule`,
  hint: 'Look at its name, at the clock of the machine that made it, and at series.timezone.',
})
