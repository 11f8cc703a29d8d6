import { firstPublished, type Holding, type LedgerRecord } from '../model/holding.ts'
import { DAY, type Instant, instant } from '../model/instant.ts'
import type { Spec } from '../model/spec.ts'
import { selector } from './select.ts'
import { dateFiles } from './series-pattern.ts'

/** What the ledger knows of the order in which one series came here, also of points that a prune removed since. */
export interface SeriesHistory {
  /** Of points that came in order and are not dated after now, oldest first. `pass`: of two passes the later has the greater number. */
  readonly inOrder: readonly { readonly time: Instant; readonly pass: number }[]
  /** Times of points that came after a newer one of their series had come in an earlier pass. */
  readonly late: ReadonlySet<Instant>
}

const NOTHING: SeriesHistory = { inOrder: [], late: new Set() }

/** The time of a point without a date in its name: the source's mtime when it was published, else when that was. */
export const recordedTime = ({ mtime, since }: LedgerRecord): Instant =>
  mtime === null ? since : instant(mtime * 1000)

/** A series while its files are met in the order in which they first came. */
interface Walk {
  readonly firsts: Map<Instant, { readonly pass: number; readonly isLate: boolean }>
  planId: string | null
  pass: number
  /** The newest time that came in earlier passes, and by the end of this one. */
  before: number
  newest: number
}

/**
 * I9, order: which points of each series came in order. Those of one pass, which its plan's id tells, came together. A point that was
 * dated over a day ahead when it came puts none after it out of order. Looked up only where something is to fall, for a ledger may hold
 * a million files.
 */
export function seriesHistories(
  spec: Spec,
  { records }: Pick<Holding, 'records'>,
  asOf: Instant,
): (series: string) => SeriesHistory {
  let all: ReadonlyMap<string, SeriesHistory> | null = null
  return (series) => {
    all ??= readHistories(spec, records, asOf)
    return all.get(series) ?? NOTHING
  }
}

function readHistories(
  spec: Spec,
  records: Holding['records'],
  asOf: Instant,
): ReadonlyMap<string, SeriesHistory> {
  const dated = dateFiles(spec.series)
  const isSelected = selector(spec.select, spec.source.listing)
  const walks = new Map<string, Walk>()
  // Records stand in the order of their first lines; sorting keeps it among those of one moment.
  const inTurn = [...records.values()].sort((a, b) => (a.first?.at ?? a.since) - (b.first?.at ?? b.since))
  for (const record of inTurn) {
    if (!isSelected(record.path)) continue
    const date = dated(record.path)
    if (date === null) continue
    const walk = walks.get(date.series) ?? newWalk()
    walks.set(date.series, walk)
    enterFirst(walk, date.time ?? recordedTime(record), firstPublished(record))
  }
  return new Map([...walks].map(([series, walk]) => [series, historyOf(walk, asOf)]))
}

const newWalk = (): Walk => ({
  firsts: new Map(),
  planId: null,
  pass: 0,
  before: Number.NEGATIVE_INFINITY,
  newest: Number.NEGATIVE_INFINITY,
})

function enterFirst(
  walk: Walk,
  time: Instant,
  { at, planId }: { readonly at: Instant; readonly planId: string | null },
): void {
  if (planId !== walk.planId || walk.firsts.size === 0) {
    walk.planId = planId
    walk.pass++
    walk.before = walk.newest
  }
  // Of a point's files the first counts.
  if (!walk.firsts.has(time)) walk.firsts.set(time, { pass: walk.pass, isLate: time < walk.before })
  if (time - at <= DAY) walk.newest = Math.max(walk.newest, time)
}

function historyOf({ firsts }: Walk, asOf: Instant): SeriesHistory {
  const late = new Set<Instant>()
  const inOrder: { time: Instant; pass: number }[] = []
  for (const [time, { pass, isLate }] of firsts) {
    if (isLate) late.add(time)
    else if (time <= asOf) inOrder.push({ time, pass })
  }
  return { inOrder: inOrder.sort((a, b) => a.time - b.time), late }
}
