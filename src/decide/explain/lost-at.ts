import type { LostAtExplanation, LostSeries } from '../../model/explanation.ts'
import { groupBy } from '../../model/group-by.ts'
import { type Instant, isoTime } from '../../model/instant.ts'
import type { LedgerLine } from '../../model/ledger-event.ts'
import { comparePaths } from '../../model/rel-path.ts'
import type { Bandwidth, Spec } from '../../model/spec.ts'
import {
  beginReplay,
  type FileThen,
  measuredRate,
  type PointThen,
  pointsBy,
  type Replay,
  replay,
} from '../history/replay.ts'
import { freshness } from '../status/freshness.ts'
import { lineTime } from '../time/line-time.ts'
import { zoneOf } from '../time/zone.ts'
import { momentOf } from './verdicts.ts'

/** Names of what would have been missed. */
const NAMED = 5

/** What a ledger says of a moment: all that was held then, what came later, and how fast. */
export interface Moments {
  /** The lines up to the moment. */
  readonly before: Pick<Replay, 'held' | 'created'>
  /** Files that came first after it. */
  readonly later: readonly FileThen[]
  /** All lines. */
  readonly now: Replay
}

/** Gathers them from the lines of a ledger, one after another. */
export function momentsAt(at: Instant) {
  const now = beginReplay()
  const later = new Map<string, FileThen>()
  let before: Moments['before'] | null = null
  return {
    enter(line: LedgerLine): void {
      if (before === null && line.clock === undefined && Date.parse(line.time) > at)
        before = { held: new Map(now.held), created: now.created }
      const file = replay(now, line)
      const isNew = line.event === 'published' || line.event === 'adopted'
      if (before === null || file === null || !isNew) return
      if (!before.held.has(file.path) && !later.has(file.path)) later.set(file.path, file)
    },
    found: (): Moments => ({ before: before ?? now, later: [...later.values()], now }),
  }
}

/**
 * Had the source died at a moment: what would be here of each series, how old, and how long to bring it back. Pure. Made by then and not
 * here yet is known of what came afterwards alone.
 */
export function explainLostAt(
  spec: Spec,
  { before, later, now }: Moments,
  {
    lostAt,
    asOf,
    bandwidth,
  }: { readonly lostAt: Instant; readonly asOf: Instant; readonly bandwidth: Bandwidth },
): LostAtExplanation {
  const points = pointsBy(spec.series)
  const held = [...before.held.values()]
  const there = held.filter(({ fault }) => fault !== 'gone')
  const sound = points(held.filter(({ fault }) => fault === null))
  const missed = later.filter(({ made }) => made !== null && made <= lostAt)
  const keyOf = ({ series, time }: PointThen) => `${time} ${series}`
  // A point of which a file was still to come could not have been used.
  const unfinished = new Set(points([...missed, ...held.filter(({ fault }) => fault !== null)]).map(keyOf))
  const bySeries = groupBy(points([...held, ...missed]), ({ series }) => series)
  const whole = groupBy(
    sound.filter((point) => !unfinished.has(keyOf(point))),
    ({ series }) => series,
  )
  const series = [...bySeries.keys()]
    .toSorted(comparePaths)
    .map((name) => seriesThen(name, whole.get(name) ?? [], spec, before.created, lostAt))
  const measured = measuredRate(now)
  const back = (bytes: number) => ({ bytes, ...bringing(bytes, bandwidth, measured?.rate ?? null, lostAt) })
  return {
    format: 'reconcile.explain/1',
    kind: 'lost-at',
    backup: spec.name,
    asOf: isoTime(asOf),
    lostAt: isoTime(lostAt),
    timezone: spec.series.timezone,
    series,
    files: there.length,
    bytes: bytesOf(there),
    rotten: held.filter(({ fault }) => fault === 'rotten').map(({ path }) => path),
    gone: held.filter(({ fault }) => fault === 'gone').map(({ path }) => path),
    missed: {
      files: missed.length,
      bytes: bytesOf(missed),
      paths: missed
        .map(({ path }) => path)
        .toSorted(comparePaths)
        .slice(0, NAMED),
    },
    measured,
    bring: {
      newest: back(series.reduce((sum, { newest }) => sum + (newest?.bytes ?? 0), 0)),
      all: back(bytesOf(there)),
    },
  }
}

function seriesThen(
  series: string,
  points: readonly PointThen[],
  spec: Spec,
  created: Instant | null,
  lostAt: Instant,
): LostSeries {
  const newest = points.reduce<PointThen | null>(
    (best, one) => (best === null || one.time > best.time ? one : best),
    null,
  )
  const rules = { expect: spec.expect, timezone: spec.series.timezone }
  return {
    series,
    points: points.length,
    state: freshness(series, newest?.time ?? null, rules, created, lostAt).state,
    newest:
      newest === null
        ? null
        : {
            ...momentOf(newest.time, zoneOf(spec.series.timezone)),
            age: Math.max(0, Math.round((lostAt - newest.time) / 1000)),
            files: newest.files.map(({ path }) => path).toSorted(comparePaths),
            bytes: bytesOf(newest.files),
          },
  }
}

/** The slower of what the spec allows and what was measured. */
function bringing(
  bytes: number,
  bandwidth: Bandwidth,
  measured: number | null,
  from: Instant,
): Pick<LostAtExplanation['bring']['all'], 'seconds' | 'rate' | 'by'> {
  const { rate, rateUntil, seconds } = lineTime(bytes, bandwidth, from)
  const byLine = measured === null ? null : Math.ceil(bytes / measured)
  if (rate === 0 && rateUntil === null) return { seconds: null, rate, by: 'bandwidth' }
  if (byLine !== null && byLine >= (seconds ?? 0)) return { seconds: byLine, rate: measured, by: 'measured' }
  if (seconds === null) return { seconds: null, rate: null, by: null }
  return { seconds, rate: rateUntil === null ? rate : null, by: 'bandwidth' }
}

const bytesOf = (files: readonly FileThen[]): number => files.reduce((sum, { size }) => sum + size, 0)
