import { DAY, type Instant, isoSeconds, isoTime } from '../../model/instant.ts'
import type { SourceView } from '../../model/observation.ts'
import type { Action, Step } from '../../model/plan.ts'
import type { Spec } from '../../model/spec.ts'
import type { Problem } from '../../model/trouble.ts'
import type { PruneDecision } from '../prune/removals.ts'
import { keptText, whyKeptText } from '../prune/why-kept.ts'
import { policyText } from '../retention/retain.ts'
import { isGuessed, patternPrecision } from '../retention/series-pattern.ts'
import type { Point } from '../retention/series-points.ts'
import type { Retention } from '../retention/wanted.ts'
import { expectations, type FileFacts, isLossAccepted } from './facts.ts'
import type { Judgement } from './judge-file.ts'
import { goneUnwanted } from './problems.ts'

/** What comes, or is waited for, only where it is wanted. */
const BRINGS: ReadonlySet<Action> = new Set(['pull', 'resume', 'wait'])
/** What is only worth saying of a file that is wanted, or held. */
const OF_WANTED: ReadonlySet<string> = new Set(['checksum-failed', 'wait-overdue', 'too-large'])
/** Texts of times that are kept to be used again. */
const MANY = 10_000
const UNMATCHED = 'matches no pattern: kept, never pruned'

export interface Shaped extends Judgement {
  /** Bytes of a file at the source that is neither wanted nor held; null: it is not such a file. */
  readonly unwanted: number | null
}

/** Decides what happens to one file, once retention has been applied to what its facts call for. */
export interface Shaper {
  readonly shape: (facts: FileFacts, point: Point | null, judged: Judgement) => Shaped
  /** The same for a file that is whole here, of a point that no rule keeps. */
  readonly shapeSurplus: ShapeSurplus
}

/** `wanted`: its step if it were wanted; made only where it is needed. */
type ShapeSurplus = (facts: FileFacts, point: Point, wanted: () => Step) => Step

export function shapeByRetention(
  spec: Spec,
  completeness: SourceView['completeness'],
  wants: Retention,
  prune: PruneDecision,
): Shaper {
  const span = isGuessed(spec.series)
    ? 1
    : Math.max(0, ...spec.series.patterns.map((pattern) => SPAN[patternPrecision(pattern)] ?? 0))
  const shapeSurplus = surplusBy(spec, completeness, prune)
  const shape: Shaper['shape'] = (facts, point, judged) => {
    if (point === null) {
      if (!wants.isUnmatched(facts.path)) return { ...judged, unwanted: null }
      return { ...judged, steps: judged.steps.map((step) => explained(step, [UNMATCHED])), unwanted: null }
    }
    if (point.reasons === null) return unwanted(facts, judged, point, spec, shapeSurplus)
    const trashed = inTrash(facts)
    if (spec.retain === null && isGuessed(spec.series)) {
      const steps = judged.steps.map((step) =>
        isMove(step) ? { ...step, because: [...step.because, ...trashed] } : step,
      )
      return { ...judged, steps: trashed.length === 0 ? judged.steps : steps, unwanted: null }
    }
    const because = [...point.reasons, ...disagreement(facts, point, span), ...trashed]
    const steps = judged.steps.map((step) => {
      const dated = marked(explained(step, because), point)
      return isMove(step) && point.isBegun ? { ...dated, begun: true as const } : dated
    })
    return { steps, problems: judged.problems, unwanted: null }
  }
  return { shape, shapeSurplus }
}

function unwanted(
  facts: FileFacts,
  judged: Judgement,
  point: Point,
  spec: Spec,
  shapeSurplus: ShapeSurplus,
): Shaped {
  const { path, record } = facts
  const listed = facts.source?.listed
  const isHeld = facts.held !== undefined
  const problems: Problem[] = judged.problems.filter(({ code }) => isHeld || !OF_WANTED.has(code))
  const steps: Step[] = []
  for (const step of judged.steps) {
    if (step.action === 'keep') steps.push(shapeSurplus(facts, point, () => step))
    // What is held is kept as it was published, whether it is wanted or not.
    else if (step.action === 'repair' && !isHeld) {
      if (!isLossAccepted(spec, path, record)) problems.push(goneUnwanted(path, spec))
    } else if (!BRINGS.has(step.action) && !(step.action === 'conflict' && isSilent(facts, point)))
      steps.push(marked(step, point))
  }
  return { steps, problems, unwanted: isHeld || listed == null ? null : listed.size }
}

/** Nobody minds other bytes at the source under the name of what was pruned and is not wanted. */
export const isSilent = ({ held, pruned }: FileFacts, point: Point | null): boolean =>
  held === undefined && pruned !== undefined && point?.reasons === null

/** Makes the step of a file that is held, whole, and not wanted. A million such steps share the words for it. */
function surplusBy(spec: Spec, completeness: SourceView['completeness'], prune: PruneDecision): ShapeSurplus {
  const { retain } = spec
  const outside = `outside ${retain === null ? '' : policyText(retain)}`
  const shared = new Map<string, readonly string[]>()
  const becauseOf = (why: string): readonly string[] => {
    const known = shared.get(why) ?? [outside, why]
    shared.set(why, known)
    return known
  }
  // Series are mostly made at the same times.
  const times = new Map<Instant, string>()
  const timeOf = (at: Instant): string => {
    const known = times.get(at)
    if (known !== undefined) return known
    if (times.size === MANY) times.clear()
    const text = isoTime(at)
    times.set(at, text)
    return text
  }
  const keptAnyway = becauseOf(keptText(spec))
  // Written out, for taking a step apart and putting it together again costs as much as all that comes before.
  const made = (action: Action, because: readonly string[], facts: FileFacts, point: Point): Step => {
    const { path } = facts
    const { size } = facts.record!
    const time = timeOf(point.time)
    const expect = expectations(facts)
    return { action, path, because, size, series: point.series, time, expect }
  }
  return (facts, point, wanted) => {
    const goes = prune.remove.get(point)
    if (goes !== undefined) return made('prune', goes, facts, point)
    const stays = (why: string) => {
      const step = wanted()
      return marked({ ...step, because: [...step.because, why] }, point)
    }
    // A listing that is not known to be whole makes nothing surplus.
    if (completeness !== 'complete') return stays('it is not known whether it is wanted')
    if (point.standing !== 'whole') return stays('its point is not whole')
    const why = prune.keptBack.get(point)
    return made('surplus', why === undefined ? keptAnyway : becauseOf(whyKeptText(why)), facts, point)
  }
}

const isMove = ({ action }: Step): boolean => action === 'pull' || action === 'resume'

/** `selected` says no more than that nothing speaks against it: the rules' own reasons take its place. */
function explained(step: Step, reasons: readonly string[]): Step {
  if (!isMove(step) && step.action !== 'keep') return step
  const own = step.because.filter((word) => word !== 'selected')
  return { ...step, because: isMove(step) ? [...reasons, ...own] : [...own, ...reasons] }
}

/** The step with the series and the time of its point. */
function marked(step: Step, { dated, series, time }: Point): Step {
  return dated === 'unknown' ? { ...step, series } : { ...step, series, time: isoTime(time) }
}

/** Wanted again while its bytes are still here: saying so in time saves the transfer. */
const inTrash = ({ pruned }: FileFacts): readonly string[] =>
  pruned?.trash == null ? [] : ['it is still in the trash: prune --undo restores it without a transfer']

/** Days that a name's date may be after what it stands for: its point ends with its day, month or year. */
const SPAN: Readonly<Record<string, number>> = { day: 1, month: 31, year: 366 }

/** Where a name and the source's mtime speak of days that are over a day apart, both are shown. */
function disagreement({ source }: FileFacts, point: Point, span: number): readonly string[] {
  const listed = source?.listed
  if (listed == null || point.dated !== 'name') return []
  const late = listed.mtime * 1000 - point.time
  if (late <= DAY && late >= -DAY * (1 + span)) return []
  return [`its name says ${isoTime(point.time)}, its mtime ${isoSeconds(listed.mtime)}`]
}

/** Points from the future are kept, and never counted: something is wrong with a name or a clock. */
export const datedAhead = (point: Point): Problem => ({
  code: 'dated-ahead',
  path: point.name,
  message: `is dated ${isoTime(point.time)}, over a day ahead: it is kept, and no rule counts it`,
  hint: 'Check its name, the clock of the machine that made it, and series.timezone.',
})
