import type { Moment, PointName, Verdict } from '../../model/explanation.ts'
import { DAY, type Instant, isoTime } from '../../model/instant.ts'
import type { RetainRules } from '../../model/spec.ts'
import {
  countOf,
  type DatedPoint,
  newestFirst,
  PERIODS,
  RULES,
  type RuleName,
  startOfWithin,
} from '../retention/retain.ts'
import type { Zone } from '../time/zone.ts'

/**
 * What every rule says of one point among others, and why: what {@link retain} decides for all at once, explained for one. Those rules
 * whose verdict is `kept` are the reasons that `retain` gives. Pure.
 */
export function verdicts<Point extends DatedPoint>(
  points: readonly Point[],
  point: Point,
  rules: RetainRules,
  zone: Zone,
): readonly Verdict[] {
  const counted = newestFirst(points.filter((one) => !one.pinned))
  const byRule = RULES.map((rule) => judge(rule, counted, point, rules, zone))
  return [
    ...byRule.map(({ verdict }) => verdict),
    byWithin(counted[0], point, rules, zone),
    byPin(point, rules),
    byOldest(
      counted.at(-1),
      point,
      byRule.flatMap(({ room }) => room ?? []),
    ),
  ]
}

/** A rule that has room for more periods than there are; `spare`: its last period is not the oldest point's to stand for. */
interface Room {
  readonly rule: RuleName
  readonly spare: boolean
}

function judge(
  rule: RuleName,
  counted: readonly DatedPoint[],
  point: DatedPoint,
  rules: RetainRules,
  zone: Zone,
): { readonly verdict: Verdict; readonly room: Room | null } {
  const keeps = countOf(rule, rules)
  if (keeps === null) return { verdict: { rule, verdict: 'not-set' }, room: null }
  const periods = periodsOf(rule, counted, zone)
  const standsFor = (period: readonly DatedPoint[]) =>
    (rules.pick === 'oldest' && rule !== 'last' ? period.at(-1) : period[0])!
  const last = periods.at(-1)
  const room =
    last !== undefined && periods.length < keeps ? { rule, spare: standsFor(last) !== counted.at(-1) } : null
  const index = periods.findIndex((period) => period.includes(point))
  if (index === -1) return { verdict: { rule, verdict: 'not-counted' }, room }
  const nth = index + 1
  const label = labelOf(rule, zone.toLocal(point.time))
  const facts = { rule, keeps, nth, ...(label === null ? {} : { period: label }) }
  if (nth > keeps) return { verdict: { ...facts, verdict: 'beyond' }, room }
  const chosen = standsFor(periods[index]!)
  if (chosen === point) return { verdict: { ...facts, verdict: 'kept', reason: `${rule} ${nth}` }, room }
  return { verdict: { ...facts, verdict: 'stood-for', period: label ?? '', by: nameOf(chosen) }, room }
}

/** The points of each period that holds one, newest first. What a clock change tears apart are periods of their own. */
function periodsOf(
  rule: RuleName,
  counted: readonly DatedPoint[],
  zone: Zone,
): readonly (readonly DatedPoint[])[] {
  const numberOf = PERIODS[rule]
  if (numberOf === null) return counted.map((point) => [point])
  const periods: { readonly number: number; readonly points: DatedPoint[] }[] = []
  for (const point of counted) {
    const number = numberOf(zone.toLocal(point.time))
    const here = periods.at(-1)
    if (here?.number === number) here.points.push(point)
    else periods.push({ number, points: [point] })
  }
  return periods.map(({ points }) => points)
}

function byWithin(
  newest: DatedPoint | undefined,
  point: DatedPoint,
  { within }: RetainRules,
  zone: Zone,
): Verdict {
  const rule = 'within'
  if (within === null) return { rule, verdict: 'not-set' }
  if (point.pinned || newest === undefined) return { rule, verdict: 'not-counted' }
  const start = startOfWithin(within, newest.time, zone)
  const since = isoTime(start)
  return point.time > start
    ? { rule, verdict: 'kept', reason: `within ${within.text}`, since }
    : { rule, verdict: 'too-old', since }
}

function byPin(point: DatedPoint, { pin }: RetainRules): Verdict {
  const rule = 'pin'
  if (point.pinned) return { rule, verdict: 'kept', reason: 'pin' }
  return { rule, verdict: pin.length === 0 ? 'not-set' : 'not-pinned' }
}

function byOldest(oldest: DatedPoint | undefined, point: DatedPoint, rooms: readonly Room[]): Verdict {
  const rule = 'oldest'
  if (point.pinned || oldest === undefined) return { rule, verdict: 'not-counted' }
  if (oldest !== point) return { rule, verdict: 'not-oldest', oldest: nameOf(oldest) }
  const needing = rooms.filter(({ spare }) => spare).map((room) => room.rule)
  if (needing.length > 0) return { rule, verdict: 'kept', reason: 'oldest', rules: needing }
  return { rule, verdict: 'not-needed', hasRoom: rooms.length > 0 }
}

const nameOf = ({ time, name }: DatedPoint): PointName => ({ time: isoTime(time), name })

/** A period as people write it; `local`: any wall-clock time in it. Null: the rule has no periods. */
function labelOf(rule: RuleName, local: number): string | null {
  const [day = '', clock = ''] = new Date(local).toISOString().split('T')
  switch (rule) {
    case 'last':
      return null
    case 'hourly':
      return `${day} ${clock.slice(0, 2)}:00`
    case 'daily':
      return day
    case 'weekly':
      return isoWeek(local)
    case 'monthly':
      return day.slice(0, -3)
    case 'yearly':
      return day.slice(0, -6)
    default:
      return rule satisfies never
  }
}

/** `2026-W48`: the year is that of the week's Thursday. */
function isoWeek(local: number): string {
  const number = Math.floor(local / DAY)
  const thursday = number - ((((number + 3) % 7) + 7) % 7) + 3
  const year = new Date(thursday * DAY).getUTCFullYear()
  const week = Math.floor((thursday - Date.UTC(year, 0, 1) / DAY) / 7) + 1
  return `${year}-W${String(week).padStart(2, '0')}`
}

export const momentOf = (at: Instant, zone: Zone): Moment => ({
  time: isoTime(at),
  local: localTime(at, zone),
})

/** The day alone where it is the day's end, as of what is named by the day. */
function localTime(at: Instant, zone: Zone): string {
  const local = zone.toLocal(at)
  const [day = '', clock = ''] = new Date(local).toISOString().split('T')
  if (clock === '23:59:59.999Z') return day
  return `${day} ${clock.slice(0, clock.slice(6, 8) === '00' ? 5 : 8)}`
}
