import type { HeldFile, Holding, LedgerRecord } from '../../model/holding.ts'
import { DAY, type Instant, instant } from '../../model/instant.ts'
import type { Observation } from '../../model/observation.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { SourceFile } from '../../model/source-file.ts'
import type { RetainRules, Spec } from '../../model/spec.ts'
import { UNDATED } from '../../model/status.ts'
import { claimOf, type FileFacts, hasFailedGate, isWhole } from '../files/facts.ts'
import { anyOf } from '../files/select.ts'
import { eachSelected } from '../files/selected.ts'
import { lastSame } from '../files/versions.ts'
import { type Zone, zoneOf } from '../time/zone.ts'
import { type Beside, sumBeside } from './beside-pattern.ts'
import { fileTime, isOther } from './file-time.ts'
import { forEachKept } from './retain.ts'
import { dateFiles, isGuessed } from './series-pattern.ts'
import {
  type GrowingPoint,
  newestTime,
  type Point,
  type SeriesPoints,
  seriesPoints,
} from './series-points.ts'

/** What retention says of every file that either side has. */
export interface Retention {
  /** Null: it belongs to no point, because it matches no pattern, or is neither held nor listed. */
  pointOf(path: RelPath): Point | null
  /** Each series' points, in no order. Without a pattern those without a date are one series, of which each is kept by itself. */
  readonly series: ReadonlyMap<string, readonly Point[]>
  /** Visits those that no rule keeps. */
  eachUnwanted(visit: (point: Point) => void): void
  /** Those that are dated over a day ahead. */
  readonly ahead: readonly Point[]
  /** Whether there are patterns, and this file matches none: it is wanted, and never pruned. */
  isUnmatched(path: RelPath): boolean
  /** What is known of those together. */
  readonly beside: Beside
}

const BEGUN: readonly string[] = ['begun']
const ALONE: readonly string[] = ['no date in its name']
const PINNED: readonly string[] = ['pin']
const SELECTED: readonly string[] = ['selected']
const AHEAD: readonly string[] = ['dated over a day ahead: kept, not counted']

/**
 * Which points are wanted, decided over what is held and what is listed together, so that what was pruned is not brought again. Pure.
 */
export function retention(spec: Spec, observation: Observation, asOf: Instant): Retention {
  const growing = growPoints(spec, asOf)
  eachSelected(spec, observation, growing.place)
  return growing.judge(observation.destination.pruned)
}

export interface GrowingPoints {
  /** The point of a file, which says nothing before all are judged; null as for `pointOf`. */
  place(file: FileFacts): Point | null
  /** Once every file has its place. */
  judge(pruned: Holding['pruned']): Retention
}

/** The same for a caller that meets the files one by one. */
export function growPoints(spec: Spec, asOf: Instant): GrowingPoints {
  const dated = dateFiles(spec.series)
  const isPinned = spec.retain === null ? () => false : anyOf(spec.retain.pin)
  const beside = new Map<RelPath, FileFacts>()
  const fits = { all: 0, listed: 0 }
  const kind = isGuessed(spec.series) ? 'guessed' : 'named'
  const series = new Map<string, SeriesPoints>()
  const ahead: Point[] = []
  let last: SeriesPoints | null = null
  return {
    place(file) {
      const { path } = file
      const standing = standingOf(file, spec)
      if (standing === null) return null
      const date = dated(path)
      if (date === null) {
        beside.set(path, file)
        return null
      }
      fits.all++
      if (file.source?.listed != null) fits.listed++
      const mtime = date.time === null ? fileTime(file) : null
      const time = date.time ?? mtime ?? asOf
      // Names mostly come a series after the other.
      let ofSeries = last?.name === date.series ? last : series.get(date.series)
      if (ofSeries === undefined) {
        const isApart = date.series === UNDATED && kind === 'guessed'
        ofSeries = seriesPoints(date.series, isApart ? 'apart' : kind)
        series.set(date.series, ofSeries)
      }
      last = ofSeries
      let point = ofSeries.at(time)
      if (point === undefined) {
        const from = date.time !== null ? 'name' : mtime !== null ? 'mtime' : 'unknown'
        point = {
          series: date.series,
          name: path,
          time,
          facts: [file],
          standing: 'whole',
          dated: from,
          pinned: false,
          isAhead: time - asOf > DAY,
          isBegun: false,
          hasPublished: false,
          reasons: null,
          madeAt: time,
        }
        ofSeries.add(point)
        if (point.isAhead) ahead.push(point)
      } else point.facts.push(file)
      if (standing === 'published') point.hasPublished = true
      else if (point.standing !== 'unfinished') point.standing = standing
      if (isPinned(path)) point.pinned = true
      if (hasStaged(file)) point.isBegun = true
      return point
    },
    judge(pruned) {
      // I9: what is left of a point when a file of it was removed is not a whole copy, whether the source still shows that file or not.
      for (const { series: name, point: time } of pruned.values()) {
        const point = series.get(name)?.at(time)
        if (point?.hasPublished && point.standing === 'whole') point.standing = 'unfinished'
      }
      const bySeries = new Map<string, readonly GrowingPoint[]>()
      for (const [name, { points, kind }] of series) {
        judge(points, spec, kind, asOf)
        bySeries.set(name, points)
      }
      series.clear()
      return {
        pointOf: pointByPath(bySeries),
        series: bySeries,
        eachUnwanted(visit) {
          for (const points of bySeries.values())
            for (const point of points) if (point.reasons === null) visit(point)
        },
        ahead,
        isUnmatched: (path) => beside.has(path),
        beside: sumBeside(beside, fits, spec.series.timezone),
      }
    },
  }
}

/** Most plans never ask for the point of a path, so the index is only made for those who do. */
function pointByPath(series: Retention['series']): Retention['pointOf'] {
  let index: Map<RelPath, Point> | null = null
  return (path) => {
    if (index === null) {
      index = new Map()
      for (const points of series.values())
        for (const point of points) for (const { path: file } of point.facts) index.set(file, point)
    }
    return index.get(path) ?? null
  }
}

/** Gives each point of one series its reasons. */
function judge(
  points: readonly GrowingPoint[],
  { retain: rules, series, select: { as } }: Spec,
  kind: SeriesPoints['kind'],
  asOf: Instant,
): void {
  if (kind !== 'named') for (const point of points) point.madeAt = newestTime(point)
  if (as !== undefined)
    for (const point of points)
      for (const facts of point.facts)
        point.madeAt = instant(Math.max(point.madeAt, lastSame(facts, asOf) ?? 0))
  if (rules === null) {
    for (const point of points) {
      point.reasons = SELECTED
      point.isBegun = false
    }
    return
  }
  // One that is the only one of its series is kept by any rules.
  if (kind === 'apart') for (const point of points) point.reasons = point.pinned ? PINNED : ALONE
  else judgeTogether(points, rules, zoneOf(series.timezone))
  for (const point of points) {
    if (point.isAhead) point.reasons = AHEAD
    // I13: what has been begun stays wanted, and a point of which a part is here stays wanted whole.
    const isStaged = point.isBegun
    point.isBegun = isStaged || (point.hasPublished && point.standing !== 'whole')
    const canGoOn = isStaged || point.standing === 'coming'
    if (point.reasons === null && point.isBegun && canGoOn) point.reasons = BEGUN
  }
}

function judgeTogether(points: readonly GrowingPoint[], rules: RetainRules, zone: Zone): void {
  const present = points.filter((point) => !point.isAhead)
  const counted = present.filter((point) => point.standing !== 'unfinished')
  forEachKept(counted, rules, zone, (point, reasons) => {
    point.reasons = reasons
  })
  // What is not finished counts for nothing, and is waited for where it would be kept once it is.
  if (counted.length < present.length)
    forEachKept(present, rules, zone, (point, reasons) => {
      if (point.standing === 'unfinished') point.reasons = reasons
    })
}

/** How one file counts for its point; null: it is nowhere, and was removed on purpose where it ever was here. */
function standingOf(facts: FileFacts, spec: Spec): 'published' | 'coming' | 'unfinished' | null {
  const { held, record, pruned, source } = facts
  if (isWhole(held, record)) return 'published'
  if (held !== undefined && isToAdopt(held, record)) return 'coming'
  if (pruned?.by === 'person') return null
  // What is lost leaves its point unfinished: the other files of it are no whole copy.
  if (source === undefined)
    return held === undefined && (record === undefined || pruned) ? null : 'unfinished'
  if (facts.isRefused || !canCome(source, spec) || isOther(claimOf(source), record)) return 'unfinished'
  return hasFailedGate(facts.seen, source) ? 'unfinished' : 'coming'
}

/** Data that is here and will count once it has been read, as far as a look can show. */
const isToAdopt = (held: HeldFile, record: LedgerRecord | undefined): boolean =>
  held.foundOther === undefined &&
  (record === undefined
    ? held.marker !== null && held.marker.digest !== null
    : held.size === record.size && (held.marker === null || held.marker.isWrong === true))

const canCome = ({ listed, marker, rival }: SourceFile, spec: Spec): boolean =>
  listed !== null &&
  rival === undefined &&
  (marker.state === 'claimed' || marker.state === 'unread') &&
  (spec.transfer.maxFileSize === null || listed.size <= spec.transfer.maxFileSize)

/** Staged bytes of what the source still shows. */
function hasStaged({ source, staged, seen }: FileFacts): boolean {
  if (staged === undefined || source?.listed == null) return false
  const claim = claimOf(source)
  const stagedFor = seen?.stagedFor ?? null
  return claim === null || stagedFor === null || stagedFor === claim
}
