import type {
  BackupExplanation,
  Mark,
  Moment,
  PointLine,
  Removed,
  SeriesExplanation,
} from '../../model/explanation.ts'
import { groupBy } from '../../model/group-by.ts'
import { type Instant, instant } from '../../model/instant.ts'
import { markerOf } from '../../model/marker-name.ts'
import type { Observation } from '../../model/observation.ts'
import { comparePaths } from '../../model/rel-path.ts'
import type { Spec } from '../../model/spec.ts'
import type { SeriesStatus } from '../../model/status.ts'
import { withHint } from '../../model/trouble.ts'
import { type FileFacts, isLossAccepted, isWhole } from '../files/facts.ts'
import { PUT_BACK } from '../files/problems.ts'
import type { Decided } from '../plan/backup.ts'
import { keptText, whyKeptText } from '../prune/why-kept.ts'
import { newestFirst, policyText, retain } from '../retention/retain.ts'
import { filesOf, type Point } from '../retention/series-points.ts'
import { freshness } from '../status/freshness.ts'
import { zoneOf } from '../time/zone.ts'
import { decideLook, explainedBy, type Look, removedFile } from './explained.ts'
import { forecast } from './forecast.ts'
import { momentOf } from './verdicts.ts'

/** What weighs most of a day's points, first. */
const WEIGHT: readonly Mark[] = ['kept', 'coming', 'waiting', 'surplus']

/** The retention calendar of one backup: each series, its points, and what leaves next. Pure. */
export function explainBackup(spec: Spec, look: Look): BackupExplanation {
  const decided = decideLook(spec, look)
  const { plan, retention } = decided
  const { observation, context } = look
  const series = [...(retention?.series.keys() ?? [])].toSorted(comparePaths)
  return {
    ...explainedBy(
      spec,
      look,
      decided,
      plan.problems.filter(({ path }) => path === undefined),
    ),
    kind: 'backup',
    prune: spec.prune.mode,
    series: series.map((name) => explainSeries(name, spec, observation, decided, context.asOf)),
    unmatched: retention?.beside.files ?? 0,
    unmatchedNames: retention?.beside.names ?? [],
    trash: inTrash(spec, look),
  }
}

/** What goes first is first. */
function inTrash(spec: Spec, look: Look): readonly Removed[] {
  return [...look.observation.destination.pruned]
    .filter(([, { trash }]) => trash !== null)
    .toSorted(([a, one], [b, other]) => one.at - other.at || comparePaths(a, b))
    .map(([path, pruned]) => removedFile(path, pruned, spec, look))
}

function explainSeries(
  name: string,
  spec: Spec,
  observation: Observation,
  decided: Decided,
  asOf: Instant,
): SeriesExplanation {
  const points = newestFirst(decided.retention?.series.get(name) ?? [])
  const status = decided.plan.series.find(({ series }) => series === name)
  const zone = zoneOf(spec.series.timezone)
  const counts = { kept: 0, surplus: 0, coming: 0, waiting: 0, notWanted: 0 }
  const lines: PointLine[] = []
  const why = reasonsOf(spec, decided, points)
  for (const point of points) {
    const mark = markOf(point, observation)
    counts[mark ?? 'notWanted']++
    if (mark === null) continue
    lines.push({ mark, ...momentOf(point.time, zone), files: filesOf(point), why: why(point) })
  }
  const days = groupBy(lines, ({ local }) => local.split(' ')[0]!)
  const counted = points.filter(({ isAhead, standing }) => !isAhead && standing !== 'unfinished')
  return {
    series: name,
    ...(status?.pattern === undefined ? {} : { pattern: status.pattern }),
    newest: status?.newest == null ? null : momentOf(instant(Date.parse(status.newest)), zone),
    expect: status?.expect ?? null,
    state: status?.state ?? 'unknown',
    due: dueOf(name, status, spec, observation, asOf),
    counts,
    days: Array.from(days, ([day, these]) => {
      const marks = new Set(these.map(({ mark }) => mark))
      return { day, mark: WEIGHT.find((mark) => marks.has(mark))!, points: these.length }
    }),
    points: lines,
    forecast: forecast(name, counted, spec, asOf),
  }
}

/** Null: it is not here, and nothing wants it. */
function markOf(point: Point, { destination }: Observation): Mark | null {
  if (point.reasons === null) {
    return filesOf(point).some((path) => destination.files.has(path)) ? 'surplus' : null
  }
  return point.standing === 'whole' ? 'kept' : point.standing === 'coming' ? 'coming' : 'waiting'
}

const ACCEPTED = 'lost: acknowledge in the spec accepts that, and nothing is waited for'

/** Why a point is wanted, and what is wrong with it; of one that is not, what keeps it from going, or that it goes. */
function reasonsOf(
  spec: Spec,
  { prune, plan }: Decided,
  points: readonly Point[],
): (point: Point) => readonly string[] {
  const { retain: rules, prune: pruning, series } = spec
  const problems = new Map(
    plan.problems.flatMap((one) =>
      one.path === undefined ? [] : [[markerOf(one.path)?.data ?? one.path, one] as const],
    ),
  )
  const lost = new Map(
    plan.steps.flatMap(({ action, path, because }) =>
      action === 'lost' ? [[path as string, `lost: ${[...because, PUT_BACK].join('. ')}`] as const] : [],
    ),
  )
  const isLetGo = ({ path, held, record }: FileFacts): boolean =>
    !isWhole(held, record) && isLossAccepted(spec, path, record)
  // What rotted or is gone and cannot be brought again waits for a person: that is to be seen here, and what to do.
  const troubleOf = ({ facts, standing }: Point): readonly string[] =>
    standing === 'whole' || standing === 'coming'
      ? []
      : facts.flatMap((file) => {
          const problem = problems.get(file.path)
          if (problem !== undefined) return [`${problem.code}: ${withHint(problem)}`]
          return lost.get(file.path) ?? (isLetGo(file) ? [ACCEPTED] : [])
        })
  const whole = points.filter(({ standing, isAhead }) => standing === 'whole' && !isAhead)
  // Wanted over the copies here alone: that spares a point too (I9).
  const here =
    rules === null || pruning.mode === 'never' ? null : retain(whole, rules, zoneOf(series.timezone))
  return (point) => {
    if (point.reasons !== null) return [...point.reasons, ...troubleOf(point)]
    if (point.standing !== 'whole') return ['its point is not whole', ...troubleOf(point)]
    const outside = `outside ${rules === null ? '' : policyText(rules)}`
    if (prune?.remove.has(point)) return [outside, 'is removed by the next pass']
    const why = prune?.keptBack.get(point)
    const spared = here?.get(point)
    if (why === undefined && spared !== undefined)
      return [outside, `kept: among the copies held here it is ${spared.join(', ')}`]
    return [outside, why === undefined ? keptText({ prune: pruning, series }) : whyKeptText(why)]
  }
}

function dueOf(
  name: string,
  status: SeriesStatus | undefined,
  spec: Spec,
  { destination }: Observation,
  asOf: Instant,
): Moment | null {
  const newest = status?.newest == null ? null : instant(Date.parse(status.newest))
  const rules = { expect: spec.expect, timezone: spec.series.timezone }
  const { due } = freshness(name, newest, rules, destination.created, asOf)
  return due === null ? null : momentOf(due, zoneOf(spec.series.timezone))
}
