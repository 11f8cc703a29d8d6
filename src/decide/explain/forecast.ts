import type { Forecast } from '../../model/explanation.ts'
import { DAY, type Instant, instant } from '../../model/instant.ts'
import type { RetainRules, Spec } from '../../model/spec.ts'
import { UNDATED } from '../../model/status.ts'
import { newestFirst, retain } from '../retention/retain.ts'
import { isGuessed } from '../retention/series-pattern.ts'
import type { Point } from '../retention/series-points.ts'
import { freshness } from '../status/freshness.ts'
import { type Zone, zoneOf } from '../time/zone.ts'
import { momentOf } from './verdicts.ts'

/** Points looked ahead, over five years of daily ones; fewer where each step has more points to look at than this in all. */
const MOST = 2000
const WORK = 500_000
/** The gaps between so many of the newest points show what is usual. */
const RECENT = 15

type Simulated = Pick<Point, 'time' | 'name' | 'pinned'>

/**
 * Which of the points kept now leaves first, and when, if new ones keep coming: by the series' cron, else as far apart as they usually
 * are, else as `expect.every` says. Pure. What is not kept now is never kept later, so only kept points are carried along.
 */
export function forecast(series: string, counted: readonly Point[], spec: Spec, asOf: Instant): Forecast {
  const rules = spec.retain
  if (rules === null) return { state: 'unknown', why: 'without retain everything is kept' }
  if (series === UNDATED && isGuessed(spec.series))
    return { state: 'unknown', why: 'a name without a date is kept by itself' }
  const zone = zoneOf(spec.series.timezone)
  const newest = newestFirst(counted)[0]
  if (newest === undefined) return { state: 'unknown', why: 'it has no complete point yet' }
  const rhythm = rhythmOf(series, counted, spec, zone, asOf)
  if ('why' in rhythm) return { state: 'unknown', why: rhythm.why }
  return simulate(counted, newest.time, rhythm, rules, zone, asOf)
}

function simulate(
  counted: readonly Point[],
  newest: Instant,
  { every, next }: Rhythm,
  rules: RetainRules,
  zone: Zone,
  asOf: Instant,
): Forecast {
  const kept = retain<Simulated>(counted, rules, zone)
  const leaving = new Set<Simulated>([...kept.keys()].filter(({ pinned }) => !pinned))
  let standing: readonly Simulated[] = [...kept.keys()]
  const most = Math.min(MOST, Math.max(10, Math.floor(WORK / standing.length)))
  let last = newest
  for (let after = 1; after <= most; after++) {
    const due = next(last)
    if (due === null) return { state: 'none', after: after - 1, until: momentOf(last, zone), every }
    // One that is overdue comes now.
    last = instant(Math.max(due, after === 1 ? asOf : due))
    standing = [...retain([...standing, { time: last, name: '', pinned: false }], rules, zone).keys()]
    const here = new Set(standing)
    const gone = [...leaving].filter((point) => !here.has(point))
    if (gone.length === 0) continue
    return {
      state: 'drops',
      points: newestFirst(gone).map((point) => ({
        ...momentOf(point.time, zone),
        name: point.name,
        reasons: kept.get(point) ?? [],
      })),
      at: momentOf(last, zone),
      after,
      every,
    }
  }
  return { state: 'none', after: most, until: momentOf(last, zone), every }
}

interface Rhythm {
  readonly every: string
  /** When the point after one of this time comes; null: none does. */
  readonly next: (from: Instant) => Instant | null
}

function rhythmOf(
  series: string,
  counted: readonly Point[],
  spec: Spec,
  zone: Zone,
  asOf: Instant,
): Rhythm | { readonly why: string } {
  const rules = { expect: spec.expect, timezone: spec.series.timezone }
  const newest = newestFirst(counted)[0]?.time ?? null
  const { expect, state } = freshness(series, newest, rules, null, asOf)
  if (state === 'ended') return { why: 'no new point is expected any more' }
  const byExpect = (from: Instant) => freshness(series, from, rules, null, from).due
  if (expect?.startsWith('at ')) return { every: `${expect}, as expected`, next: byExpect }
  const usual = usualGap(counted)
  if (usual !== null) {
    const hasEnded = (at: Instant) => freshness(series, at, rules, null, at).state === 'ended'
    const next = (from: Instant) => (hasEnded(from) ? null : later(from, usual, zone))
    return { every: `every ${spanText(usual)}, as usual`, next }
  }
  if (expect === null)
    return { why: 'how often points come is unknown: there are too few, and expect says nothing' }
  return { every: `${expect}, as expected`, next: byExpect }
}

/** The middle one of the gaps between the newest points; null: there are too few to tell. Milliseconds. */
function usualGap(counted: readonly Point[]): number | null {
  const times = newestFirst(counted)
    .slice(0, RECENT)
    .map(({ time }) => time)
  const gaps = times.slice(1).map((time, i) => times[i]! - time)
  if (gaps.length < 2) return null
  const gap = gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)]!
  return gap > 0 ? gap : null
}

/** Whole days go by the calendar: a night that the clock makes shorter is a night. */
const later = (from: Instant, gap: number, zone: Zone): Instant =>
  gap % DAY === 0 ? zone.toInstant(zone.toLocal(from) + gap) : instant(from + gap)

function spanText(milliseconds: number): string {
  const minutes = Math.round(milliseconds / 60_000)
  if (minutes < 1) return `${Math.round(milliseconds / 1000)}s`
  if (minutes < 90) return `${minutes}m`
  const hours = milliseconds / 3_600_000
  return hours < 36 ? `${Math.round(hours)}h` : `${Math.round(hours / 24)}d`
}
