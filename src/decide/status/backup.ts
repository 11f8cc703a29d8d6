import { clockSanity } from '../../model/clock-sanity.ts'
import type { Holding } from '../../model/holding.ts'
import { type Instant, instant, isoSeconds, isoTime } from '../../model/instant.ts'
import type { LateSeries } from '../../model/outcome.ts'
import { comparePaths } from '../../model/rel-path.ts'
import type {
  BackupStatus,
  ConditionType,
  LateCause,
  Progress,
  RunningNow,
  SeriesStatus,
  StagedNow,
  VerifiedNow,
  WaitingNow,
} from '../../model/status.ts'
import type { Halt } from '../../model/trouble.ts'
import { heldSelectorOf } from '../files/dated-name.ts'
import { isLossAccepted } from '../files/facts.ts'
import { selectorOf } from '../files/select.ts'
import { heldPoints } from '../prune/name-removals.ts'
import { proofsNow, withoutProof, withProofs } from '../restore/proof.ts'
import { besideOf, patternFitsNothing } from '../retention/beside-pattern.ts'
import { dateFiles } from '../retention/series-pattern.ts'
import type { Retention } from '../retention/wanted.ts'
import { claimsOf, faultOf, judgeState, triesAgain } from './claims.ts'
import { type Claim, claim, dated } from './conditions.ts'
import { codeOfStatus, firstOf } from './exit-code.ts'
import type { StatusFacts, StatusLook } from './facts.ts'
import { lateCause } from './late-cause.ts'
import { type NotWhole, notWholeNow, troublesNow, whyNotWhole } from './not-whole.ts'
import { withoutOverSpecs } from './over-specs.ts'
import { disksIn, isAllAway, lastOf, viewsAway } from './rotation.ts'
import { lateSeries, type SeriesView, seriesViews, withCause } from './series.ts'

/** One backup's status from what its disk says alone. What is not known is never ok. */
export function backupStatus(given: StatusFacts, asOf: Instant): BackupStatus {
  const before = lastOf(given)
  const found = before === null ? null : withoutProof(before)
  const isKnown = found !== null && given.overSpecs !== null
  const isHeld = given.holders !== null && given.holders.length > 0
  const facts = {
    ...given,
    last: isKnown ? withoutOverSpecs(found) : found,
    progress: isHeld ? given.progress : null,
  }
  const { holding, last, spec } = facts
  const isAway = isAllAway(facts)
  const halt = isAway ? null : haltOf(facts)
  const held = count(facts)
  const isUnderWay = isAtWork(facts)
  const points = pointsOf(facts, asOf)
  const gone = notWholeNow(held.gone, last)
  const troubles = troublesNow(gone, last)
  const waiting = waitingNow(facts)
  const views = viewsIn(points, facts, asOf)
  const misfit = spec === null || points === null ? null : patternFitsNothing(spec, points.beside, false)
  const staged = isUnderWay || holding === null ? null : stagedNow(holding)
  const look: StatusLook = {
    ...{ asOf, isAway, halt, gone, held: held.files, views, misfit, isUnderWay, staged },
    proofs: proofsNow(facts, asOf),
  }
  const judged = judgeState(facts, look)
  const proved = withProofs(look.proofs)
  return {
    backup: facts.backup,
    state: judged.state,
    destination: facts.place.path,
    series: spec === null && holding !== null ? held.series : views.map((one) => proved(withDue(one))),
    ...besideOf(points),
    conditions: dated(claimsOf(facts, look, judged), found?.conditions ?? [], otherwiseAt(facts, asOf)),
    ...(troubles.length === 0 ? {} : { troubles }),
    ...(waiting === null ? {} : { waiting }),
    lastPass: last?.finished ?? null,
    lastSuccess: last?.lastSuccess ?? null,
    counts: last?.counts ?? null,
    observed: last?.observed ?? null,
    nextRun:
      triesAgain(facts.watch) ?? last?.promised?.nextRun ?? (isAway ? facts.watch?.nextRun : null) ?? null,
    validUntil: last?.promised?.validUntil ?? null,
    watch: facts.watch,
    files: holding === null ? null : held.files,
    bytes: holding === null ? null : held.bytes,
    free: holding?.free ?? null,
    ...(holding === null || haltOf(facts) !== null
      ? {}
      : { verified: verifiedNow(facts, holding, held, asOf) }),
    ...(holding === null || holding.quarantine.files === 0 ? {} : { quarantine: holding.quarantine }),
    running: facts.progress === null ? null : runningNow(facts.progress),
    staged,
    disk: facts.disk,
    ...(facts.rotation === null ? {} : { disks: disksIn(facts.rotation, facts, views) }),
    exitCode: codeOfStatus(facts, judged.state, haltOf(facts)),
  }
}

function runningNow({ format: _, ...progress }: Progress): RunningNow {
  const { bytes, total, rate } = progress
  const left = Math.max(0, total - bytes)
  return { ...progress, left: rate === null || rate <= 0 ? null : Math.round(left / rate) }
}

/** By the ledger alone: what a spec does not say is as its default. */
const verifiedNow = (
  { spec }: StatusFacts,
  { foreign }: Holding,
  { gone, readAt }: Pick<ReturnType<typeof count>, 'gone' | 'readAt'>,
  asOf: Instant,
): VerifiedNow => {
  const every = spec?.verifyEvery ?? 30 * 24 * 3600
  const [oldest] = readAt.toSorted((a, b) => a - b)
  return {
    every,
    overdue: readAt.filter((at) => asOf - at > every * 1000).length,
    oldest: oldest === undefined ? null : isoTime(oldest),
    damaged: gone.length,
    foreign: foreign.length,
  }
}

/** What nothing wants any more is not counted. */
function stagedNow({ staged, abandoned, seen }: Holding): StagedNow | null {
  const wanted = [...staged].filter(([path, { size }]) => size > 0 && !abandoned.has(path))
  const [most] = wanted.toSorted(([, a], [, b]) => b.size - a.size)
  if (most === undefined) return null
  const whole = wanted.map(([path]) => seen.get(path)?.listed.size ?? null)
  return {
    files: wanted.length,
    bytes: wanted.reduce((sum, [, { size }]) => sum + size, 0),
    size: whole.includes(null) ? null : whole.reduce<number>((sum, size) => sum + size!, 0),
    path: most[0],
  }
}

function waitingNow({ last, holding, spec }: StatusFacts): WaitingNow | null {
  const files = last?.counts.waiting ?? 0
  if (files === 0) return null
  const isWanted = spec === null ? () => true : selectorOf(spec)
  let oldest: { readonly path: string; readonly since: Instant; readonly mtime: number } | null = null
  for (const [path, { waitingSince: since, listed }] of holding?.seen ?? []) {
    if (since === null || !isWanted(path)) continue
    const order = oldest === null ? -1 : since - oldest.since || listed.mtime - oldest.mtime
    if (order < 0) oldest = { path, since, mtime: listed.mtime }
  }
  return { files, path: oldest?.path ?? null, since: oldest === null ? null : isoTime(oldest.since) }
}

const withDue = ({ status, due }: SeriesView): SeriesStatus => ({
  ...status,
  due: due === null ? null : isoTime(due),
})

/** When it was last known to be otherwise than it is found now: nothing that only looks remembers anything. */
function otherwiseAt({ last, written }: StatusFacts, asOf: Instant): Instant {
  const finished = last === null ? Number.NaN : Date.parse(last.finished)
  const time = Number.isNaN(finished) ? (written ?? asOf) : finished
  return instant(Math.min(time, asOf))
}

const haltOf = ({ halt, holding }: StatusFacts): Halt | null => halt ?? holding?.halt ?? null

const isAtWork = ({ watch, holders }: StatusFacts): boolean =>
  (watch !== null && watch.phase !== 'idle') || (holders !== null && holders.length > 0)

/** How each series stands now; none where it cannot be looked at, or nothing is known of what is expected. */
const viewsOf = (facts: StatusFacts, asOf: Instant): readonly SeriesView[] =>
  viewsIn(pointsOf(facts, asOf), facts, asOf)

/** Null: it cannot be looked at, or nothing is known of what is expected. */
function pointsOf(facts: StatusFacts, asOf: Instant): Retention | null {
  const { holding, spec } = facts
  return holding === null || spec === null || haltOf(facts) !== null
    ? null
    : heldPoints(spec, holding, believedNow(holding, asOf))
}

/** A clock that is behind makes nothing late, and nothing ahead of it. */
const believedNow = ({ lastTime }: Holding, asOf: Instant): Instant =>
  lastTime !== null && clockSanity(lastTime, asOf) === 'behind' ? lastTime : asOf

function viewsIn(points: Retention | null, facts: StatusFacts, asOf: Instant): readonly SeriesView[] {
  const { holding, spec } = facts
  const isUnderWay = isAtWork(facts)
  const caused = (view: SeriesView) => withCause(view, (late) => causeOf(late, facts, isUnderWay))
  if (spec !== null && isAllAway(facts)) return viewsAway(spec, facts.rotation, asOf).map(caused)
  if (points === null || holding === null || spec === null) return []
  // Of what is awaited nothing is here, and the last pass saw it.
  const awaited = [...holding.awaited.keys()].map((name) => [name, []] as const)
  const series = new Map([...awaited, ...points.series])
  return seriesViews(spec, { series }, holding, believedNow(holding, asOf)).map(caused)
}

/** What the ledger has of selected files, and how much of it is here. */
function count({ holding, spec }: StatusFacts) {
  const wanted = spec === null || holding === null ? () => true : heldSelectorOf(spec, holding.records)
  const seriesIn = spec === null ? dateFiles({ patterns: [], timezone: 'UTC' }) : null
  const series = new Map<string, { points: number; newest: number }>()
  const gone: { readonly code: NotWhole[number]['code']; readonly path: string }[] = []
  const readAt: Instant[] = []
  const sum = { files: 0, bytes: 0, gone, readAt }
  for (const [path, record] of holding?.records ?? []) {
    if (!wanted(path) || (holding!.pruned.has(path) && !holding!.files.has(path))) continue
    const here = holding?.files.get(path)
    const code = whyNotWhole(here, record)
    if (code !== null) {
      // A loss that the spec accepts is none.
      const isLost = code === 'rot' || code === 'missing-here'
      if (!isLost || spec === null || !isLossAccepted(spec, path, record)) gone.push({ code, path })
      continue
    }
    sum.files++
    sum.bytes += record.size
    readAt.push(record.readAt)
    const name = seriesIn?.(path)?.series
    if (name === undefined) continue
    const time = record.mtime ?? Math.floor(record.since / 1000)
    const { points, newest } = series.get(name) ?? { points: 0, newest: time }
    series.set(name, { points: points + 1, newest: Math.max(newest, time) })
  }
  return { ...sum, series: [...series].map(foundSeries).sort((a, b) => comparePaths(a.series, b.series)) }
}

/** From what the last pass saw of the source: status asks nobody but the disk. */
function causeOf(
  { status, due, gone }: SeriesView,
  { last, suspension, hold }: StatusFacts,
  isUnderWay: boolean,
): LateCause | null {
  const reachable = last?.conditions.find(({ type }) => type === 'SourceReachable')
  return lateCause({
    isSuspended: suspension !== null,
    stopped: hold !== null ? 'held' : last?.result === 'halted' ? 'halted' : null,
    lookedAt: last === null ? null : instant(Date.parse(last.finished)),
    due,
    gone,
    isUnderWay,
    isReachable: reachable?.status !== 'false',
    newer: last?.series.find(({ series }) => series === status.series)?.newer ?? 'unknown',
    hadItsTurn: true,
  })
}

/** Without a spec every file counts as a point of the series that its name speaks of, and nothing is expected. */
const foundSeries = ([series, { points, newest }]: readonly [
  string,
  { readonly points: number; readonly newest: number },
]): SeriesStatus => ({ series, newest: isoSeconds(newest), expect: null, state: 'unknown', points })

interface LateNow {
  readonly late: readonly LateSeries[]
  /** When the next one will be, if nothing comes meanwhile; null: none ever. */
  readonly next: Instant | null
}

/** Which series are late from what the disk says alone, without a pass; null: unknown. */
export function lateNow(given: StatusFacts, asOf: Instant): LateNow | null {
  const facts = { ...given, last: lastOf(given) }
  const { holding, halt } = facts
  if (!isAllAway(facts) && (holding === null || (halt ?? holding.halt) !== null)) return null
  const views = viewsOf(facts, asOf)
  const next = views.reduce<Instant | null>(
    (first, { late, lateAfter }) =>
      late !== null || lateAfter === null || (first !== null && first <= lateAfter) ? first : lateAfter,
    null,
  )
  return { late: lateSeries(views), next }
}

/**
 * A backup that is declared and whose spec is faulty: it does not run. `seen`: what this box knows as its destination, looked at without a
 * spec; what that shows stands. Null: it knows none.
 */
export function faultyStatus(
  backup: string,
  faults: StatusFacts['specFaults'],
  asOf: Instant,
  /** When its file was last written to; null: not known. */
  written: Instant | null,
  seen: BackupStatus | null = null,
): BackupStatus {
  const fault = faultOf(faults) ?? {
    reason: 'spec-invalid',
    message: 'its spec is faulty; see reconcile validate',
  }
  const unknown = (type: ConditionType) => claim(type, 'unknown', 'spec-invalid', 'its spec is faulty')
  const claims: readonly Claim[] = [
    claim('Ready', 'false', 'spec-invalid', 'its spec is faulty: it does not run'),
    { type: 'Stalled', status: 'true', ...fault },
    unknown('Fresh'),
    { type: 'SpecValid', status: 'false', ...fault },
    ...(['Reconciling', 'SourceReachable', 'Held', 'Pushed', 'Anomalous'] as const).map((type) => {
      const { since: _, ...found } = seen?.conditions.find((one) => one.type === type) ?? {
        ...unknown(type),
        since: '',
      }
      return found
    }),
  ]
  const since = written === null || written > asOf ? asOf : written
  return {
    ...(seen ?? NOTHING_SEEN),
    ...(seen?.verified === undefined ? {} : { verified: { ...seen.verified, assumed: true as const } }),
    backup,
    state: 'failed',
    conditions: dated(claims, seen?.conditions ?? [], since),
    exitCode: firstOf([3, ...(seen === null ? [] : [seen.exitCode])]),
  }
}

const NOTHING_SEEN: BackupStatus = {
  backup: '',
  state: 'failed',
  destination: null,
  series: [],
  conditions: [],
  lastPass: null,
  lastSuccess: null,
  counts: null,
  observed: null,
  nextRun: null,
  validUntil: null,
  watch: null,
  files: null,
  bytes: null,
  free: null,
  running: null,
  staged: null,
  disk: null,
  exitCode: 3,
}
