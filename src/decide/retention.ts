import type { Digest } from '../model/digest.ts'
import type { HeldFile, LedgerRecord } from '../model/holding.ts'
import { type Instant, instant } from '../model/instant.ts'
import type { Observation, SourceFile } from '../model/observation.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Spec } from '../model/spec.ts'
import { claimOf, hasFailedGate } from './file-facts.ts'
import { isWhole } from './is-whole.ts'
import { type DatedPoint, retain } from './retain.ts'
import { anyOf, selector } from './select.ts'
import { dateFiles } from './series-pattern.ts'
import { zoneOf } from './zone.ts'

/** The files of one series with one date: kept or dropped together. */
export interface Point extends DatedPoint {
  readonly series: string
  readonly files: readonly RelPath[]
  /**
   * `whole`: each file is published here. `coming`: each is that, or marked at the source. `unfinished`: one of them is neither, or
   * cannot come; such a point counts for nothing.
   */
  readonly standing: 'whole' | 'coming' | 'unfinished'
  /** Where its time is from. `unknown`: nothing dates it, and it counts as of now. */
  readonly dated: 'name' | 'mtime' | 'unknown'
  /** Dated over a day ahead. */
  readonly isAhead: boolean
  /** Why it is wanted; null: it is not. */
  readonly reasons: readonly string[] | null
}

/** What retention says of every file that either side has. */
export interface Retention {
  /** Null: it belongs to no point, because it matches no pattern, or is neither held nor listed. */
  pointOf(path: RelPath): Point | null
  /** Each series' points, in no order. */
  readonly series: ReadonlyMap<string, readonly Point[]>
  /** Whether there are patterns, and this file matches none: it is wanted, and never pruned. */
  isUnmatched(path: RelPath): boolean
}

const DAY = 24 * 3600 * 1000
const BEGUN: readonly string[] = ['begun']
const SELECTED: readonly string[] = ['selected']
const AHEAD: readonly string[] = ['dated over a day ahead: kept, not counted']

type Growing = { -readonly [Key in keyof Point]: Point[Key] } & {
  files: RelPath[]
  hasPublished: boolean
  hasStaged: boolean
}

/**
 * Which points are wanted, decided over what is held and what is listed together, so that what was pruned is not brought again. Pure.
 * `refused`: paths that can never come, whatever the source says of them.
 */
export function retention(
  spec: Spec,
  observation: Observation,
  paths: Iterable<RelPath>,
  refused: ReadonlySet<string>,
  asOf: Instant,
): Retention {
  const dated = dateFiles(spec.series)
  const isPinned = spec.retain === null ? () => false : anyOf(spec.retain.pin)
  const points = new Map<RelPath, Growing>()
  const unmatched = new Set<RelPath>()
  const series = new Map<string, Map<number, Growing>>()
  for (const path of paths) {
    const standing = standingOf(path, observation, spec, refused)
    if (standing === null) continue
    const date = dated(path)
    if (date === null) {
      unmatched.add(path)
      continue
    }
    const mtime = date.time === null ? timeOf(path, observation) : null
    const time = date.time ?? mtime ?? asOf
    let ofSeries = series.get(date.series)
    if (ofSeries === undefined) {
      ofSeries = new Map()
      series.set(date.series, ofSeries)
    }
    let point = ofSeries.get(time)
    if (point === undefined) {
      const from = date.time !== null ? 'name' : mtime !== null ? 'mtime' : 'unknown'
      point = newPoint(date.series, time, path, from, asOf)
      ofSeries.set(time, point)
    }
    point.files.push(path)
    points.set(path, point)
    if (standing !== 'published') {
      if (standing === 'unfinished') point.standing = 'unfinished'
      else if (point.standing === 'whole') point.standing = 'coming'
    } else point.hasPublished = true
    if (isPinned(path)) point.pinned = true
    if (isBegun(path, observation)) point.hasStaged = true
  }
  for (const ofSeries of series.values()) judge([...ofSeries.values()], spec)
  return {
    pointOf: (path) => points.get(path) ?? null,
    series: new Map([...series].map(([name, ofSeries]) => [name, [...ofSeries.values()]])),
    isUnmatched: (path) => unmatched.has(path),
  }
}

const newPoint = (
  series: string,
  time: Instant,
  name: string,
  dated: Point['dated'],
  asOf: Instant,
): Growing => ({
  dated,
  series,
  time,
  name,
  files: [],
  pinned: false,
  standing: 'whole',
  isAhead: time - asOf > DAY,
  reasons: null,
  hasPublished: false,
  hasStaged: false,
})

/** Every selected path that is here, at the source, or should be here. */
export function selectedPaths(spec: Spec, { source, destination }: Observation): Iterable<RelPath> {
  const wanted = selector(spec.select, spec.source.listing)
  const paths = new Set<RelPath>(source.files.keys())
  for (const path of destination.files.keys()) if (wanted(path)) paths.add(path)
  // What a prune removed is of interest where the source still shows it.
  for (const path of destination.records.keys())
    if (!destination.pruned.has(path) && wanted(path)) paths.add(path)
  return paths
}

/** Gives each point of one series its reasons. */
function judge(points: readonly Growing[], { retain: rules, series }: Spec): void {
  if (rules === null) {
    for (const point of points) point.reasons = SELECTED
    return
  }
  const zone = zoneOf(series.timezone)
  const present = points.filter((point) => !point.isAhead)
  const counted = present.filter((point) => point.standing !== 'unfinished')
  const kept = retain(counted, rules, zone)
  // What is not finished counts for nothing, and is waited for where it would be kept once it is.
  const hoped = counted.length === present.length ? kept : retain(present, rules, zone)
  for (const point of points) {
    if (point.isAhead) point.reasons = AHEAD
    else point.reasons = (point.standing === 'unfinished' ? hoped : kept).get(point) ?? null
    // I13: what has been begun stays wanted, and a point of which a part is here stays wanted whole.
    const isBegun = point.hasStaged || (point.hasPublished && point.standing === 'coming')
    if (point.reasons === null && isBegun) point.reasons = BEGUN
  }
}

/** How one file counts for its point; null: it is nowhere, and was removed on purpose where it ever was here. */
function standingOf(
  path: RelPath,
  { source, destination }: Observation,
  spec: Spec,
  refused: ReadonlySet<string>,
): 'published' | 'coming' | 'unfinished' | null {
  const held = destination.files.get(path)
  const record = destination.records.get(path)
  if (isWhole(held, record)) return 'published'
  if (held !== undefined && isToAdopt(held, record)) return 'coming'
  const pruned = held === undefined ? destination.pruned.get(path) : undefined
  if (pruned?.by === 'person') return null
  const file = source.files.get(path)
  // What is lost leaves its point unfinished: the other files of it are no whole copy.
  if (file === undefined) return held === undefined && (record === undefined || pruned) ? null : 'unfinished'
  if (refused.has(path) || !canCome(file, spec) || isOther(claimOf(file), record)) return 'unfinished'
  return hasFailedGate(destination.seen.get(path), file) ? 'unfinished' : 'coming'
}

/** Data that stands here and will count once it has been read, as far as a look can tell. */
const isToAdopt = (held: HeldFile, record: LedgerRecord | undefined): boolean =>
  held.foundOther === undefined &&
  (record === undefined ? held.marker !== null && held.marker.digest !== null : held.size === record.size)

const canCome = ({ listed, marker }: SourceFile, spec: Spec): boolean =>
  listed !== null &&
  (marker.state === 'claimed' || marker.state === 'unread') &&
  (spec.transfer.maxFileSize === null || listed.size <= spec.transfer.maxFileSize)

const isOther = (claim: Digest | null, record: LedgerRecord | undefined): boolean =>
  claim !== null && record !== undefined && claim !== record.md5 && claim !== record.sha256

/** Staged bytes of what the source still shows. */
function isBegun(path: RelPath, { source, destination }: Observation): boolean {
  if (!destination.staged.has(path)) return false
  const file = source.files.get(path)
  if (file?.listed == null) return false
  const claim = claimOf(file)
  const stagedFor = destination.seen.get(path)?.stagedFor ?? null
  return claim === null || stagedFor === null || stagedFor === claim
}

/**
 * Of a file without a date in its name: the source's mtime, as it was when it was published where it is held, or was pruned and is
 * the same still: a new mtime alone makes no new point of it.
 */
function timeOf(path: RelPath, { source, destination }: Observation): Instant | null {
  const record = destination.records.get(path)
  const file = source.files.get(path)
  const isSame = file?.listed == null || (destination.pruned.has(path) && isSameClaim(claimOf(file), record))
  if (record !== undefined && (isSame || destination.files.has(path)))
    return record.mtime === null ? record.since : instant(record.mtime * 1000)
  return file?.listed == null ? null : instant(file.listed.mtime * 1000)
}

const isSameClaim = (claim: Digest | null, record: LedgerRecord | undefined): boolean =>
  claim !== null && record !== undefined && !isOther(claim, record)
