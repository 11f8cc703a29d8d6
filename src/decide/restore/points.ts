import { type Digest, type DigestPair, digestKind } from '../../model/digest.ts'
import { groupBy } from '../../model/group-by.ts'
import type { DrillReceipt, Holding, LedgerRecord } from '../../model/holding.ts'
import { type Instant, instant } from '../../model/instant.ts'
import { comparePaths, type RelPath } from '../../model/rel-path.ts'
import type { SeriesRules } from '../../model/spec.ts'
import { UNDATED } from '../../model/status.ts'
import { recordedTime } from '../retention/file-time.ts'
import { dateFiles } from '../retention/series-pattern.ts'

/** A published file, and what its bytes must be. */
export interface RestorableFile {
  readonly path: RelPath
  /** Bytes. */
  readonly size: number
  /** What the ledger says, or its marker where the ledger does not know it. */
  readonly digests: Partial<DigestPair>
  /** Seconds since 1970, as the source listed it; null: not known. */
  readonly mtime: number | null
  /** When it first came here, and when its bytes were last read whole; null: the ledger does not know it. */
  readonly published: Instant | null
  readonly verified: Instant | null
  /** The last reading found other bytes. */
  readonly isRotten: boolean
  /** The ledger has it, and it is not here any more. */
  readonly isGone: boolean
}

/** The files of one series with one date. */
export interface RestorePoint {
  readonly series: string
  /** Null: nothing dates it. */
  readonly time: Instant | null
  readonly files: readonly RestorableFile[]
  /** When a drill last proved it; null: none did. */
  readonly proven: Instant | null
}

/** A series, its newest point that is here whole, and how its drills went. */
export interface SeriesProof {
  readonly series: string
  readonly newest: RestorePoint
  /** Bytes. */
  readonly bytes: number
  /** Of the drill at hand, the last one, and the last that proved something; null: there is none. */
  readonly last: DrillReceipt | null
  readonly proven: DrillReceipt | null
}

/**
 * What can be restored from a destination, by series and time; a file that nothing vouches for cannot. One that is gone is part of its
 * point all the same, unless its loss is `accepted`.
 */
export function restorePoints(
  holding: Holding,
  rules: SeriesRules,
  accepted: (record: LedgerRecord) => boolean = () => false,
): readonly RestorePoint[] {
  const dated = dateFiles(rules)
  const gone = [...holding.records.values()].flatMap((record) =>
    holding.files.has(record.path) || holding.pruned.has(record.path) || accepted(record)
      ? []
      : [record.path],
  )
  const all = [...holding.files.keys(), ...gone].sort(comparePaths).flatMap((path) => {
    const file = restorable(path, holding)
    if (file === null) return []
    const found = dated(path)
    const series = found?.series ?? UNDATED
    const record = holding.records.get(path)
    const time = found?.time ?? (record === undefined ? null : recordedTime(record))
    // Without a date in its name each file is a point of its own.
    return { series, time, file, key: JSON.stringify([series, found?.time ?? path]) }
  })
  return [...groupBy(all, ({ key }) => key).values()]
    .map((group) => {
      const { series, time } = group[0]!
      const files = group.map(({ file }) => file)
      const proof = holding.drills.findLast((one) => isOf(one, time, files))
      return { series, time, files, proven: proof?.at ?? null }
    })
    .sort((one, other) => comparePaths(one.series, other.series) || (one.time ?? 0) - (other.time ?? 0))
}

const isOf = (
  { why, point, paths }: DrillReceipt,
  time: Instant | null,
  [first]: readonly RestorableFile[],
): boolean => why === null && point === time && paths[0] === first?.path

function restorable(path: RelPath, { files, records }: Holding): RestorableFile | null {
  const held = files.get(path)
  const record = records.get(path)
  if (record !== undefined) {
    const { md5, sha256, mtime, since, first, readAt } = record
    return {
      path,
      size: record.size,
      digests: { md5, sha256 },
      mtime,
      published: first?.at ?? since,
      verified: readAt,
      isRotten: record.isRotten === true,
      isGone: held === undefined,
    }
  }
  if (held?.marker?.digest == null) return null
  const { size, marker } = held
  const digests = { [digestKind(marker.digest!)]: marker.digest as Digest }
  const unknown = { mtime: null, published: null, verified: null, isRotten: false, isGone: false }
  return { path, size, digests, ...unknown }
}

/** What a person asks for: files or folders by name, or for each series its newest point up to a moment. */
export type RestoreWish =
  | { readonly paths: readonly string[] }
  | {
      /** Null: of every series. */
      readonly series: string | null
      readonly at: Instant
      /** Only files that came here before; null: whenever. */
      readonly publishedBefore: Instant | null
    }

/** `missing`: what was asked for by name, or is in a folder that was, and cannot be restored. `held`: all that is here. */
export function chooseToRestore(
  points: readonly RestorePoint[],
  held: Iterable<RelPath>,
  wish: RestoreWish,
): {
  readonly files: readonly RestorableFile[]
  readonly missing: readonly string[]
  /** Chosen by series or time. */
  readonly points?: readonly RestorePoint[]
} {
  if ('paths' in wish) {
    const all = points.flatMap((point) => point.files)
    const restorable = new Set(all.map(({ path }) => path))
    const others = [...held].filter((path) => !restorable.has(path))
    const chosen = new Set<RestorableFile>()
    const missing = new Set<string>()
    for (const text of wish.paths) {
      const asked = text.replace(/^(?:\.\/)+/, '').replace(/\/+$/, '')
      const fits = (path: string) => asked === '.' || path === asked || path.startsWith(`${asked}/`)
      const fitting = all.filter(({ path }) => fits(path))
      const unknown = others.filter(fits)
      if (fitting.length === 0 && unknown.length === 0) missing.add(text)
      for (const file of fitting) chosen.add(file)
      for (const path of unknown) missing.add(path)
    }
    return { files: [...chosen], missing: [...missing] }
  }
  const { series, at, publishedBefore } = wish
  const newest = new Map<string, RestorePoint>()
  for (const point of points) {
    if (series !== null && point.series !== series) continue
    if (publishedBefore !== null && !point.files.every((file) => cameBefore(file, publishedBefore))) continue
    // Sorted by time: a later one takes its place. A file without a date is no newer version of another one.
    const key = point.series === UNDATED ? `/${point.files[0]!.path}` : point.series
    if ((point.time ?? instant(0)) <= at || wasHere(point, at)) newest.set(key, point)
  }
  const taken = [...newest.values()]
  return { files: taken.flatMap((point) => point.files), missing: [], points: taken }
}

/** A date without a time ends with its day, and its point is often here before that. */
const wasHere = ({ files }: RestorePoint, at: Instant): boolean =>
  files.every((file) => file.published !== null && file.published <= at)

const cameBefore = ({ published }: RestorableFile, moment: Instant): boolean =>
  published !== null && published < moment
