import type { Anomaly, AnomalyJudge, Gated } from '../../model/anomaly.ts'
import { groupBy } from '../../model/group-by.ts'
import type { LedgerRecord } from '../../model/holding.ts'
import type { Instant } from '../../model/instant.ts'
import type { Observation } from '../../model/observation.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { Spec } from '../../model/spec.ts'
import { UNDATED } from '../../model/status.ts'
import type { FileFacts } from '../files/facts.ts'
import { isWhole } from '../files/facts.ts'
import { removedFiles } from '../prune/series-history.ts'
import { isGuessed } from '../retention/series-pattern.ts'
import type { Point } from '../retention/series-points.ts'
import type { Retention } from '../retention/wanted.ts'
import { kindOf, lastVolumeOf, oddKind } from './kind.ts'
import { oddSize, sameBytes, type Weighed } from './size.ts'

/** What is known of one file's bytes, from the ledger or from the gate. */
type Known = Pick<LedgerRecord, 'size' | 'sha256' | 'anomalies'>

/**
 * What judges files at their gate by what is read anyway: the file's first bytes, and sizes and digests of its series. It remembers what it
 * has judged, so one serves all batches that are brought by one plan. Null where the spec asks for none.
 */
export function anomalyJudge(
  spec: Spec,
  observation: Observation,
  retention: Retention | null,
): AnomalyJudge | null {
  const { anomaly: rules } = spec
  if (rules === undefined || retention === null) return null
  const gated = new Map<RelPath, Known>()
  /** Of earlier batches. */
  const judged = new Set<Point>()
  const removed = kept((_: 'all') => removedPoints(spec, observation))
  const from = kept((series: string) => judgedFrom(retention.series.get(series) ?? []))
  const firsts = kept(firstsOf)
  const pointOf = ({ path }: Gated): Point | null => retention.pointOf(path)
  const knownOf = (facts: FileFacts): Known | undefined =>
    gated.get(facts.path) ?? (isWhole(facts.held, facts.record) ? facts.record : undefined)
  /** Null: a file of it is not here. */
  const weigh = (point: Point): Weighed | null => {
    const known = point.facts.map(knownOf)
    const whole = known.filter((one) => one !== undefined)
    return whole.length < known.length ? null : weighed(point.time, point.name, whole)
  }
  const judgePoint = (point: Point): readonly Anomaly[] => {
    const all = retention.series.get(point.series) ?? []
    const isJudged = isOfSeries(point, spec) && point.time >= from(point.series)
    const own = isJudged ? weigh(point) : null
    if (own === null) return []
    const before = all.flatMap((one) => (one.time < point.time ? (weigh(one) ?? []) : []))
    // What a prune removed may have come again.
    const again = new Set(before.map(({ time }) => time))
    const gone = (removed('all').get(point.series) ?? []).filter(
      ({ time }) => time < point.time && !again.has(time),
    )
    const past = [...before, ...gone].sort((a, b) => a.time - b.time)
    const size = oddSize(own, past, rules.size)
    const same =
      spec.select.as === undefined ? (sameBytes(own, past) ?? sameBytes(own, upTo(point, all, past))) : null
    return [size, same].filter((one) => one !== null)
  }
  /** With the point after it where that came in an earlier batch of this pass: the newest comes first. */
  const upTo = ({ time }: Point, all: readonly Point[], past: readonly Weighed[]): readonly Weighed[] => {
    const after = all.flatMap((one) => (one.time > time && judged.has(one) ? (weigh(one) ?? []) : []))
    return [...past, ...after.toSorted((a, b) => a.time - b.time).slice(0, 1)]
  }
  return (files) => {
    const found = new Map<RelPath, readonly Anomaly[]>()
    const add = (path: RelPath, anomalies: readonly Anomaly[]): void => {
      if (anomalies.length === 0) return
      const all = [...(found.get(path) ?? []), ...anomalies]
      found.set(path, all)
      gated.set(path, { ...gated.get(path)!, anomalies: all })
    }
    for (const { path, size, digests } of files) gated.set(path, { size, sha256: digests.sha256 })
    for (const file of rules.kind ? files : []) {
      const { path } = file
      const point = pointOf(file)
      // Of what is split under one suffix only the first part begins as its kind does.
      const isPart = point !== null && firsts(point).get(kindOf(path)) !== path
      const kind = isPart || isLastOfMany(path, observation) ? null : oddKind(file)
      if (kind !== null) add(path, [kind])
    }
    // By time: what is found of one counts for the next.
    const points = [...groupBy(files, pointOf)].toSorted(([a], [b]) => (a?.time ?? 0) - (b?.time ?? 0))
    for (const [point, of] of points)
      if (point !== null) add(of.map(({ path }) => path).toSorted()[0]!, judgePoint(point))
    for (const [point] of points) if (point !== null) judged.add(point)
    return found
  }
}

function weighed(time: Instant, path: string, files: readonly Known[]): Weighed {
  return {
    time,
    path,
    size: files.reduce((sum, { size }) => sum + size, 0),
    print: files
      .map(({ sha256 }) => sha256)
      .toSorted()
      .join(),
    files: files.length,
    isOdd: files.some(({ anomalies = [] }) => anomalies.length > 0),
  }
}

/** Files without a date are each a series of its own. */
const isOfSeries = ({ series, isAhead, dated }: Point, spec: Spec): boolean =>
  !isAhead && dated !== 'unknown' && !(series === UNDATED && isGuessed(spec.series))

/**
 * From when on points of a series are compared: only what comes in order is. Of a series of which nothing was here that is the newest point
 * alone, else what is newer than all that was. So a first import, and what is fetched of long ago, are no news.
 */
function judgedFrom(all: readonly Point[]): number {
  const newest = (points: readonly Point[]) =>
    points.reduce((max, { time }) => Math.max(max, time), Number.NEGATIVE_INFINITY)
  const present = all.filter(({ isAhead }) => !isAhead)
  const here = present.filter(({ standing }) => standing === 'whole')
  if (here.length > 0) return newest(here) + 1
  return newest(present.filter(({ standing }) => standing !== 'unfinished'))
}

/** Of each kind of file in a point the first one, by its path. */
function firstsOf({ facts }: Point): ReadonlyMap<string | null, RelPath> {
  const firsts = new Map<string | null, RelPath>()
  for (const { path } of facts) {
    const kind = kindOf(path)
    const first = firsts.get(kind)
    if (first === undefined || path < first) firsts.set(kind, path)
  }
  return firsts
}

/** A zip in volumes: the last one has its name, and begins with whatever the one before ended with. */
function isLastOfMany(path: RelPath, { source, destination }: Observation): boolean {
  const volume = lastVolumeOf(path) as RelPath | null
  return volume !== null && (source.files.has(volume) || destination.files.has(volume))
}

/** Made once for each. */
function kept<Key, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const made = new Map<Key, Value>()
  return (key) => {
    if (!made.has(key)) made.set(key, make(key))
    return made.get(key)!
  }
}

/** The points of each series that prunes have removed, by the files that the ledger knows. */
function removedPoints(spec: Spec, { destination }: Observation): ReadonlyMap<string, readonly Weighed[]> {
  const files = removedFiles(spec, destination)
  const points = [...groupBy(files, ({ series }) => series)].map(([series, of]) => {
    const byTime = groupBy(of, ({ time }) => time)
    const all = [...byTime].map(([time, its]) => {
      const known = its.map(({ record }) => record)
      return weighed(time, known[0]!.path, known)
    })
    return [series, all] as const
  })
  return new Map(points)
}
