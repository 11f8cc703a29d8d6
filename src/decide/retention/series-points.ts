import type { Instant } from '../../model/instant.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { FileFacts } from '../files/facts.ts'
import { fileTime } from './file-time.ts'
import type { Point } from './wanted.ts'

/** What is known of a point, a bit each: of a million points every field counts. */
const PINNED = 1
const AHEAD = 2
const BEGUN = 4
const PUBLISHED = 8
const COMING = 16
const UNFINISHED = 32
const BY_NAME = 64
const BY_MTIME = 128

/** A point while its files are met one by one. */
export class GrowingPoint implements Point {
  readonly #of: SeriesPoints
  readonly time: Instant
  /** One is no list: for a million points of one file each, lists would take as much room as the rest of them. */
  #files: FileFacts | FileFacts[]
  reasons: Point['reasons'] = null
  #known: number

  constructor(of: SeriesPoints, time: Instant, first: FileFacts, dated: Point['dated'], isAhead: boolean) {
    this.#of = of
    this.time = time
    this.#files = first
    this.#known = (dated === 'name' ? BY_NAME : dated === 'mtime' ? BY_MTIME : 0) | (isAhead ? AHEAD : 0)
  }

  get series(): string {
    return this.#of.name
  }

  get name(): RelPath {
    return (Array.isArray(this.#files) ? this.#files[0]! : this.#files).path
  }

  get files(): readonly RelPath[] {
    return this.facts.map(({ path }) => path)
  }

  get facts(): readonly FileFacts[] {
    return Array.isArray(this.#files) ? this.#files : [this.#files]
  }

  get standing(): Point['standing'] {
    return this.#is(UNFINISHED) ? 'unfinished' : this.#is(COMING) ? 'coming' : 'whole'
  }

  get dated(): Point['dated'] {
    return this.#is(BY_NAME) ? 'name' : this.#is(BY_MTIME) ? 'mtime' : 'unknown'
  }

  get madeAt(): Instant {
    if (this.#of.kind === 'named') return this.time
    let newest: Instant | null = null
    for (const file of this.facts) {
      const time = fileTime(file)
      if (time !== null && (newest === null || time > newest)) newest = time
    }
    return newest ?? this.time
  }

  get pinned(): boolean {
    return this.#is(PINNED)
  }

  get isAhead(): boolean {
    return this.#is(AHEAD)
  }

  get isBegun(): boolean {
    return this.#is(BEGUN)
  }

  set isBegun(isBegun: boolean) {
    this.#known = isBegun ? this.#known | BEGUN : this.#known & ~BEGUN
  }

  /** Whether a file of it is published. */
  get hasPublished(): boolean {
    return this.#is(PUBLISHED)
  }

  add(file: FileFacts): void {
    if (Array.isArray(this.#files)) this.#files.push(file)
    else this.#files = [this.#files, file]
  }

  /** A file of it counts as this. */
  count(standing: 'published' | 'coming' | 'unfinished'): void {
    this.#known |= standing === 'published' ? PUBLISHED : standing === 'coming' ? COMING : UNFINISHED
  }

  pin(): void {
    this.#known |= PINNED
  }

  #is(bit: number): boolean {
    return (this.#known & bit) !== 0
  }
}

/**
 * The points of one series, found by their time. Names mostly come in the order of their dates, and as long as they do there is no
 * index, which would take as much room as the points.
 */
export class SeriesPoints {
  readonly name: string
  /** `named`: by a pattern; `guessed`: by the dates in names; `apart`: those without a date, each a point of its own. */
  readonly kind: 'named' | 'guessed' | 'apart'
  readonly points: GrowingPoint[] = []
  /** Null: each point is newer than the one before it. */
  #byTime: Map<Instant, GrowingPoint> | null = null

  constructor(name: string, kind: SeriesPoints['kind']) {
    this.name = name
    this.kind = kind
  }

  at(time: Instant): GrowingPoint | undefined {
    if (this.kind === 'apart') return undefined
    if (this.#byTime !== null) return this.#byTime.get(time)
    const last = this.points.at(-1)
    if (last === undefined || time > last.time) return undefined
    return time === last.time ? last : search(this.points, time)
  }

  /** One whose time is new. */
  add(point: GrowingPoint): void {
    const last = this.points.at(-1)
    if (this.kind !== 'apart' && this.#byTime === null && last !== undefined && point.time < last.time)
      this.#byTime = new Map(this.points.map((one) => [one.time, one]))
    this.points.push(point)
    this.#byTime?.set(point.time, point)
  }
}

/** The point of a time among points in order. */
function search(points: readonly GrowingPoint[], time: Instant): GrowingPoint | undefined {
  let low = 0
  let high = points.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (points[middle]!.time < time) low = middle + 1
    else high = middle
  }
  const found = points[low]
  return found?.time === time ? found : undefined
}
