import { type Digest, type DigestPair, digestKind } from '../../model/digest.ts'
import { groupBy } from '../../model/group-by.ts'
import type { Holding } from '../../model/holding.ts'
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
}

/** The files of one series with one date. */
export interface RestorePoint {
  readonly series: string
  /** Null: nothing dates it. */
  readonly time: Instant | null
  readonly files: readonly RestorableFile[]
}

/** What can be restored from a destination, by series and time; a file that nothing vouches for cannot. */
export function restorePoints(holding: Holding, rules: SeriesRules): readonly RestorePoint[] {
  const dated = dateFiles(rules)
  const all = [...holding.files.keys()].sort(comparePaths).flatMap((path) => {
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
      return { series, time, files: group.map(({ file }) => file) }
    })
    .sort((one, other) => comparePaths(one.series, other.series) || (one.time ?? 0) - (other.time ?? 0))
}

function restorable(path: RelPath, { files, records }: Holding): RestorableFile | null {
  const { size, marker } = files.get(path)!
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
    }
  }
  if (marker?.digest == null) return null
  const digests = { [digestKind(marker.digest)]: marker.digest as Digest }
  return { path, size, digests, mtime: null, published: null, verified: null, isRotten: false }
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

/** `missing`: what was asked for by name and cannot be restored. */
export function chooseToRestore(
  points: readonly RestorePoint[],
  wish: RestoreWish,
): { readonly files: readonly RestorableFile[]; readonly missing: readonly string[] } {
  if ('paths' in wish) {
    const all = points.flatMap((point) => point.files)
    const chosen = new Set<RestorableFile>()
    const missing: string[] = []
    for (const text of wish.paths) {
      const asked = text.replace(/^(?:\.\/)+/, '').replace(/\/+$/, '')
      const fitting = all.filter(
        ({ path }) => asked === '.' || path === asked || path.startsWith(`${asked}/`),
      )
      if (fitting.length === 0) missing.push(text)
      for (const file of fitting) chosen.add(file)
    }
    return { files: [...chosen], missing }
  }
  const { series, at, publishedBefore } = wish
  const newest = new Map<string, RestorePoint>()
  for (const point of points) {
    if (series !== null && point.series !== series) continue
    if (publishedBefore !== null && !point.files.every((file) => cameBefore(file, publishedBefore))) continue
    // Sorted by time: a later one takes its place.
    if ((point.time ?? instant(0)) <= at) newest.set(point.series, point)
  }
  return { files: [...newest.values()].flatMap((point) => point.files), missing: [] }
}

const cameBefore = ({ published }: RestorableFile, moment: Instant): boolean =>
  published !== null && published < moment
