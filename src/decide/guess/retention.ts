import { DAY, instant } from '../../model/instant.ts'
import { baseName } from '../../model/rel-path.ts'
import { retain } from '../retention/retain.ts'
import { patternPrecision } from '../retention/series-pattern.ts'
import { type Zone, zoneOf } from '../time/zone.ts'
import type { Finding, Look, Naming } from './findings.ts'
import type { Rhythm, TimedSeries } from './rhythms.ts'

const HOUR = 3600
const DAYS = DAY / 1000

type RetainRule = 'last' | 'hourly' | 'daily' | 'weekly' | 'monthly'
const ORDER: readonly RetainRule[] = ['last', 'hourly', 'daily', 'weekly', 'monthly']

/** The coarsest rule whose periods keep points apart that come so often. */
function ruleFor(every: number): RetainRule {
  if (every < HOUR) return 'last'
  if (every < DAYS) return 'hourly'
  return every < 7 * DAYS ? 'daily' : every < 28 * DAYS ? 'weekly' : 'monthly'
}

/** What many people keep, and the most that is proposed because a source holds so much. */
const USUAL: Readonly<Record<RetainRule, number>> = { last: 48, hourly: 24, daily: 7, weekly: 4, monthly: 12 }
const MOST: Readonly<Record<RetainRule, number>> = {
  ...{ last: 500, hourly: 400, daily: 400, weekly: 120, monthly: 120 },
}

/**
 * Rules that keep what many people keep, and all that the source holds of any series, unless that is very much. `allowed`: by the
 * dates in names.
 */
function retainFor(
  all: readonly TimedSeries[],
  allowed: readonly RetainRule[],
  zone: Zone,
): { readonly rules: Readonly<Partial<Record<RetainRule, number>>>; readonly isCut: boolean } {
  const own = (rhythm: Rhythm | null): RetainRule => {
    const rule = rhythm === null ? 'daily' : ruleFor(rhythm.every)
    return rule === 'last' || allowed.includes(rule) ? rule : allowed[0]!
  }
  const first = all.reduce((least, { rhythm }) => Math.min(least, ORDER.indexOf(own(rhythm))), ORDER.length)
  const rules: Partial<Record<RetainRule, number>> = {}
  for (const rule of ORDER.slice(first)) rules[rule] = USUAL[rule]
  let isCut = false
  for (const { times, rhythm } of all) {
    const rule = own(rhythm)
    const atLeast = (which: RetainRule, count: number) => {
      isCut ||= count > MOST[which]
      rules[which] = Math.min(MOST[which], Math.max(rules[which] ?? 0, count))
    }
    if (rhythm !== null) atLeast(rule, lastRun(times, rhythm.every))
    if (!isCut && !keepsAll(times, rules, zone)) atLeast(rule, times.length)
    if (!isCut && !keepsAll(times, rules, zone)) atLeast('last', times.length)
  }
  return {
    rules: Object.fromEntries(ORDER.flatMap((rule) => (rules[rule] ? [[rule, rules[rule]]] : []))),
    isCut,
  }
}

/** How many points come one after the other at their usual pace, up to the newest. */
function lastRun(times: readonly number[], every: number): number {
  let count = 1
  while (count < times.length && times.at(-count)! - times.at(-count - 1)! < every * 1750) count++
  return count
}

function keepsAll(
  times: readonly number[],
  rules: Readonly<Partial<Record<RetainRule, number>>>,
  zone: Zone,
): boolean {
  // Of so many the rules that are proposed never keep all.
  if (times.length > 1000) return false
  const points = times.map((time) => ({ time: instant(time), name: '', pinned: false }))
  const none = { last: null, hourly: null, daily: null, weekly: null, monthly: null, yearly: null }
  return (
    retain(points, { ...none, ...rules, within: null, pick: 'newest', pin: [] }, zone).size === points.length
  )
}

const FINEST: Readonly<Record<string, RetainRule>> = { month: 'monthly', day: 'daily', hour: 'hourly' }

/** Backups that cannot be restored without earlier ones. */
const INCREMENT =
  /(?:^|[-_.])(?:incr?|incremental|diff|differential)(?:[-_.\d]|$)|\.vib$|duplicity-(?:inc|new)|\.difftar|^[0-9A-F]{24}(?:\.|$)/i

/** What to keep: a choice that loses nothing of what the source holds now. */
export function guessRetain(
  { sorted: { backups }, kinds, isLive, isOriginals }: Look,
  { patterns, timezone }: Naming,
  all: readonly TimedSeries[],
): readonly Finding[] {
  if (isOriginals) {
    const ground = 'these are files of their own, such as photos or documents: none replaces another'
    const question = 'Should everything be kept, and may months pass without a new file? Then leave it so'
    return [{ key: 'retain', value: undefined, ground, question }]
  }
  // Without a date each file is kept, whatever the rules.
  if (isLive || (patterns.length === 0 && kinds.dated.length === 0)) return []
  const finest = patterns.map((pattern) => ORDER.indexOf(FINEST[patternPrecision(pattern)] ?? 'last'))
  const allowed = patterns.length === 0 ? ORDER : ORDER.slice(Math.min(...finest))
  const known = all.length === 0 ? [{ name: '', times: [], rhythm: null }] : all
  const { rules, isCut } = retainFor(known, allowed, zoneOf(timezone))
  const most = all.reduce((count, { times }) => Math.max(count, times.length), 0)
  const increment = backups.find((path) => INCREMENT.test(baseName(path)))
  if (increment !== undefined) {
    const ground = `${increment} seems to need earlier backups`
    const question = 'Are whole chains kept by this? Without retain all backups are'
    return [{ key: 'retain', value: undefined, example: rules, ground, question }]
  }
  const ground = isCut
    ? `a choice: the source holds ${most} of one series, more than it keeps`
    : 'a choice: it keeps everything the source holds now'
  const question = 'How long should backups be kept? Without retain all are'
  return [{ key: 'retain', value: rules, ground, question }]
}
