import { firstIndex } from '../../model/binary-search.ts'
import type { Instant } from '../../model/instant.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { FileFacts } from '../files/facts.ts'
import { fileTime } from './file-time.ts'
import type { DatedPoint } from './retain.ts'

/** The files of one series with one date: kept or dropped together. */
export interface Point extends DatedPoint {
  readonly series: string
  /** What was known of each of its files; it is named for the first. */
  readonly facts: readonly FileFacts[]
  /**
   * `whole`: each file is published here. `coming`: each is that, or marked at the source. `unfinished`: one of them is neither, or
   * cannot come; such a point counts for nothing.
   */
  readonly standing: 'whole' | 'coming' | 'unfinished'
  /** Where its time is from. `unknown`: nothing dates it, and it counts as of now. */
  readonly dated: 'name' | 'mtime' | 'unknown'
  /** Dated over a day ahead. */
  readonly isAhead: boolean
  /** Some of it is published or staged, and the rest is not here yet. */
  readonly isBegun: boolean
  /** Why it is wanted; null: it is not. */
  readonly reasons: readonly string[] | null
  /** What counts for `expect`: its time, but where its series is guessed the newest mtime of its files; later while the source has the same bytes. */
  readonly madeAt: Instant
}

/** A point while its files are met one by one. */
export type GrowingPoint = { -readonly [Key in Exclude<keyof Point, 'facts'>]: Point[Key] } & {
  readonly facts: FileFacts[]
  /** A file of it is published. */
  hasPublished: boolean
}

/** The points of one series, found by their time. */
export interface SeriesPoints {
  readonly name: string
  /** `named`: by a pattern; `guessed`: by the dates in names; `apart`: those without a date, each a point of its own. */
  readonly kind: 'named' | 'guessed' | 'apart'
  readonly points: readonly GrowingPoint[]
  at(time: Instant): GrowingPoint | undefined
  /** One whose time is new. */
  add(point: GrowingPoint): void
}

/** Names mostly come in the order of their dates, and as long as they do there is no index, which would take as much room as the points. */
export function seriesPoints(name: string, kind: SeriesPoints['kind']): SeriesPoints {
  const points: GrowingPoint[] = []
  // Null: each point is newer than the one before it.
  let byTime: Map<Instant, GrowingPoint> | null = null
  return {
    name,
    kind,
    points,
    at(time) {
      if (kind === 'apart') return undefined
      if (byTime !== null) return byTime.get(time)
      const last = points.at(-1)
      if (last === undefined || time > last.time) return undefined
      const found = time === last.time ? last : points[firstIndex(points, (one) => one.time >= time)]
      return found?.time === time ? found : undefined
    },
    add(point) {
      const last = points.at(-1)
      if (kind !== 'apart' && byTime === null && last !== undefined && point.time < last.time)
        byTime = new Map(points.map((one) => [one.time, one]))
      points.push(point)
      byTime?.set(point.time, point)
    },
  }
}

export const filesOf = ({ facts }: Pick<Point, 'facts'>): readonly RelPath[] => facts.map(({ path }) => path)

/** The newest time by mtime of its files; its own where they have none. */
export function newestTime({ facts, time }: Pick<Point, 'facts' | 'time'>): Instant {
  let newest: Instant | null = null
  for (const file of facts) {
    const made = fileTime(file)
    if (made !== null && (newest === null || made > newest)) newest = made
  }
  return newest ?? time
}
