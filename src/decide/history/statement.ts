import { groupBy } from '../../model/group-by.ts'
import type { LedgerHead } from '../../model/holding.ts'
import { DAY, type Instant, instant, isoTime } from '../../model/instant.ts'
import type { LedgerLine } from '../../model/ledger-event.ts'
import { comparePaths } from '../../model/rel-path.ts'
import type { Spec } from '../../model/spec.ts'
import type { BackupStatement, LateTime, SeriesStatement } from '../../model/statement.ts'
import type { Halt } from '../../model/trouble.ts'
import { freshness } from '../status/freshness.ts'
import { zoneOf } from '../time/zone.ts'
import { beginReplay, type FileThen, type PointThen, pointsBy, replay } from './replay.ts'
import { trustFrom } from './trust.ts'

const WEEK = 7 * DAY
/** Less history says nothing about a rate. */
const LEAST = 3 * DAY
/** Names of what was removed. */
const NAMED = 5

/** `2026-11` as that zone's calendar cuts it. */
function monthIn(month: string, timezone: string): { readonly from: Instant; readonly until: Instant } {
  const [year = 0, number = 0] = month.split('-').map(Number)
  const zone = zoneOf(timezone)
  return { from: zone.toInstant(Date.UTC(year, number - 1)), until: zone.toInstant(Date.UTC(year, number)) }
}

/** Gathers a month of one backup from the lines of its ledger, one after another. Pure but for what it gathers. */
export function statementOf(spec: Spec, month: string, asOf: Instant) {
  const span = monthIn(month, spec.series.timezone)
  const from = span.from
  const until = instant(Math.max(from, Math.min(span.until, asOf)))
  const so = beginReplay()
  /** Each file that ever came, as it came first. */
  const came = new Map<string, FileThen>()
  const here = { files: 0, bytes: 0, adopted: 0, repaired: 0 }
  const trust = trustFrom(spec, from)
  const removed: { readonly file: FileThen; readonly by: 'policy' | 'person'; readonly reason: string }[] = []
  const released: BackupStatement['released'][number][] = []
  const trend: { readonly at: string; readonly bytes: number }[] = []
  let nextMark = from as number
  let head: LedgerHead | null = null
  let atEnd: readonly FileThen[] | null = null

  const heldNow = () => [...so.held.values()].filter(({ fault }) => fault !== 'gone')

  /** What was held at each mark up to then. */
  function mark(to: number): void {
    for (; nextMark <= to && nextMark <= until; nextMark += WEEK)
      trend.push({ at: isoTime(instant(nextMark)), bytes: bytesOf(heldNow()) })
    if (to >= until) atEnd ??= heldNow()
  }

  function note(line: LedgerLine, file: FileThen | null): void {
    head = { seq: line.seq, hash: line.hash }
    if (so.now < from) return
    switch (line.event) {
      case 'published':
      case 'adopted':
      case 'repaired':
        if (line.event === 'published') {
          here.files++
          here.bytes += line.size
        } else here[line.event]++
        return
      case 'prune-done': {
        const { by = 'policy', reason = 'not on record' } = so.removals.get(line.path) ?? {}
        if (file !== null) removed.push({ file, by, reason })
        return
      }
      case 'released':
        released.push({ time: line.time, code: line.code, by: line.by, reason: line.reason })
        return
      default:
        return
    }
  }

  return {
    enter(line: LedgerLine): void {
      const time = line.clock === undefined ? Date.parse(line.time) : so.now
      mark(Math.max(time, so.now))
      const before = 'path' in line ? (so.held.get(line.path) ?? null) : null
      const file = replay(so, line)
      if (file !== null && line.event !== 'prune-done' && !came.has(file.path)) came.set(file.path, file)
      if (so.now >= until) return
      trust.enter(line, before, so.now)
      note(line, file)
    },
    /** `free`: now, above what is reserved. */
    end({
      destination,
      free,
      head: sound,
      halt,
    }: {
      readonly destination: string
      readonly free: number | null
      readonly halt: Halt | null
      /** The ledger's last good line: what is after it has no part in a chain. */
      readonly head: LedgerHead | null
    }): BackupStatement {
      mark(until)
      const held = atEnd ?? []
      const bytes = bytesOf(held)
      if (until - Date.parse(trend.at(-1)?.at ?? '') < DAY) trend.pop()
      trend.push({ at: isoTime(until), bytes })
      // A first import is no rate.
      const base = trend.find(({ at }) => so.created !== null && Date.parse(at) >= so.created)
      const passed = base === undefined ? 0 : until - Date.parse(base.at)
      const growth = base === undefined || passed < LEAST ? null : ((bytes - base.bytes) / passed) * DAY
      const left = free !== null && growth !== null && growth > 0 ? asOf + (free / growth) * DAY : null
      return {
        backup: spec.name,
        destination,
        timezone: spec.series.timezone,
        from: isoTime(from),
        until: isoTime(until),
        came: here,
        series: seriesOf(spec, [...came.values()], held, { from, until, created: so.created }),
        ...trust.end(held, until),
        prove: spec.prove !== null,
        removed: [...groupBy(removed, ({ by, reason }) => `${by} ${reason}`).values()].map((group) => ({
          by: group[0]!.by,
          reason: group[0]!.reason,
          files: group.length,
          bytes: bytesOf(group.map(({ file }) => file)),
          paths: group.slice(0, NAMED).map(({ file }) => file.path),
        })),
        released,
        held: { files: held.length, bytes },
        trend,
        growth,
        free,
        fullBy: left === null || left > MOST ? null : isoTime(instant(Math.round(left / DAY) * DAY)),
        head: head !== null && sound !== null && head.seq <= sound.seq ? head : null,
        halt,
      }
    },
  }
}

/** Nobody looks further ahead. */
const MOST = Date.UTC(9999, 0)

interface Span {
  readonly from: Instant
  readonly until: Instant
  readonly created: Instant | null
}

function seriesOf(
  spec: Spec,
  came: readonly FileThen[],
  held: readonly FileThen[],
  span: Span,
): readonly SeriesStatement[] {
  const points = pointsBy(spec.series)
  const newest = groupBy(points(held), ({ series }) => series)
  const known = groupBy(points(came.filter((file) => file.came < span.until)), ({ series }) => series)
  return [...known]
    .toSorted(([a], [b]) => comparePaths(a, b))
    .map(([series, all]) => {
      const rules = { expect: spec.expect, timezone: spec.series.timezone }
      const times = (newest.get(series) ?? []).map(({ time }) => time)
      return {
        series,
        points: all.filter((point) => arrivalOf(point) >= span.from).length,
        newest: times.length === 0 ? null : isoTime(times.reduce((a, b) => instant(Math.max(a, b)))),
        expect: freshness(series, null, rules, span.created, span.until).expect,
        late: lateTimes(series, all, rules, span),
      }
    })
}

/** It is whole with the last of its files. */
const arrivalOf = ({ files }: PointThen): Instant =>
  files.reduce((last, { came }) => instant(Math.max(last, came)), instant(0))

/** When a series had no point as new as it should have had, within the span. */
function lateTimes(
  series: string,
  points: readonly PointThen[],
  rules: Parameters<typeof freshness>[2],
  { from, until, created }: Span,
): readonly LateTime[] {
  const found: LateTime[] = []
  const arrivals = points.map((point) => ({ point, at: arrivalOf(point) })).toSorted((a, b) => a.at - b.at)
  let newest: Instant | null = null
  for (const next of [...arrivals, null]) {
    if (next !== null && newest !== null && next.point.time <= newest) continue
    const at = next?.at ?? until
    // Before its first point a series was not known.
    const { due, lateAfter } = freshness(series, newest, rules, created, at)
    if (
      newest !== null &&
      due !== null &&
      lateAfter !== null &&
      lateAfter < at &&
      at > from &&
      lateAfter < until
    ) {
      const made = next?.point.files.reduce<number>((last, file) => Math.max(last, file.made ?? file.came), 0)
      const cause = made === undefined ? 'never-came' : made > due ? 'made-late' : 'came-late'
      found.push({
        due: isoTime(due),
        began: isoTime(lateAfter),
        ended: next === null ? null : isoTime(at),
        cause,
      })
    }
    if (next !== null) newest = next.point.time
  }
  return found
}

const bytesOf = (files: readonly FileThen[]): number => files.reduce((sum, { size }) => sum + size, 0)
