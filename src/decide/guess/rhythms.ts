import { groupBy } from '../../model/group-by.ts'
import { DAY, type Instant, instant, isoTime } from '../../model/instant.ts'
import { isWithin } from '../../model/is-within.ts'
import { folderOf } from '../../model/rel-path.ts'
import { UNDATED } from '../../model/status.ts'
import { retain } from '../retention/retain.ts'
import { dateFiles, patternPrecision } from '../retention/series-pattern.ts'
import { spanText } from '../status/freshness.ts'
import { type Zone, zoneOf } from '../time/zone.ts'
import { type Finding, type Look, type Naming, someOf } from './findings.ts'
import { isPlainText, literalGlob, starredGlob } from './sort-files.ts'

/** When the points of one series were made: sorted, each once, none of them ahead of now. */
export interface SeriesTimes {
  readonly name: string
  readonly times: readonly number[]
}

export interface Rhythm {
  /** Seconds between two points, rounded as people say it. */
  readonly every: number
  /** Five fields, where the gaps are those of a working week. */
  readonly cron: string | null
  /** Seconds. */
  readonly grace: number
  /** Most gaps are like each other. */
  readonly isEven: boolean
  /** Nothing has come for so long that it seems to have ended. */
  readonly isOver: boolean
}

const HOUR = 3600
const DAYS = 24 * HOUR
/** Seconds. */
const STEPS = [
  ...[300, 600, 900, 1200, 1800, HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR, 6 * HOUR, 8 * HOUR, 12 * HOUR],
  ...[1, 2, 3, 4, 7, 14, 31, 92, 183, 366].map((days) => days * DAYS),
]

/** How often a series gets a new point; null: too few of them to say. */
export function rhythmOf({ times }: SeriesTimes, zone: Zone, now: Instant): Rhythm | null {
  if (times.length < 3) return null
  // Cadences change, and a source that thins out its own old backups has wider gaps there.
  const recent = times.slice(-1 - Math.max(2, Math.min(RECENT, Math.ceil(times.length / 2))))
  const gaps = recent.slice(1).map((time, i) => (time - recent[i]!) / 1000)
  const sorted = gaps.toSorted((a, b) => a - b)
  const median = sorted[sorted.length >> 1]!
  if (median < 240) return null
  const every = nearest(median)
  const late = sorted[Math.ceil(sorted.length * 0.9) - 1]! - every
  const cron = every === DAYS ? weekdays(times.slice(-60), zone) : null
  const usual = graceOf(every)
  // Some gaps are nothing unusual: whoever is late now and then is not to be reported each time.
  const grace = cron === null && late > usual && late < 2 * every ? roundUp(late) : usual
  const isEven = sorted.filter((gap) => Math.abs(gap - every) <= every / 4).length * 2 > sorted.length
  const over = (now - times.at(-1)!) / 1000 > Math.max(4 * every, 3 * DAYS) + grace
  return { every, cron, grace, isEven, isOver: over }
}

const RECENT = 30

/** The step that comes nearest, by ratio. */
const nearest = (seconds: number): number =>
  STEPS.reduce((best, step) =>
    Math.abs(Math.log(step / seconds)) < Math.abs(Math.log(best / seconds)) ? step : best,
  )

function graceOf(every: number): number {
  if (every <= 2 * HOUR) return HOUR
  if (every <= 12 * HOUR) return 2 * HOUR
  if (every <= DAYS) return 6 * HOUR
  if (every <= 4 * DAYS) return 12 * HOUR
  return every <= 7 * DAYS ? DAYS : every <= 31 * DAYS ? 3 * DAYS : 7 * DAYS
}

const roundUp = (seconds: number): number =>
  seconds > 2 * DAYS ? Math.ceil(seconds / DAYS) * DAYS : Math.ceil(seconds / HOUR) * HOUR

/** A cron line where whole days of the week are never met, over three weeks at least. */
function weekdays(times: readonly number[], zone: Zone): string | null {
  if (times.length < 10 || times.at(-1)! - times[0]! < 18 * DAY) return null
  const days = new Set<number>()
  const hours: number[] = []
  for (const time of times) {
    const local = new Date(zone.toLocal(time as Instant))
    days.add(local.getUTCDay())
    hours.push(local.getUTCHours())
  }
  if (days.size > 6 || days.size < 3) return null
  const hour = hours.sort((a, b) => a - b)[hours.length >> 1]
  const list = [...days].sort((a, b) => a - b)
  const isRun = list.every((day, i) => i === 0 || day === list[i - 1]! + 1)
  return `0 ${hour} * * ${isRun ? `${list[0]}-${list.at(-1)}` : list.join(',')}`
}

/** As a value of `expect`. */
export const expectation = ({ every, cron, grace, isOver }: Rhythm): Readonly<Record<string, string>> =>
  isOver
    ? { every: 'never' }
    : { ...(cron === null ? { every: spanText(every) } : { cron }), grace: spanText(grace) }

/** In words: `every 24h`. */
export const rhythmWords = ({ every, cron }: Rhythm): string =>
  cron === null ? `every ${spanText(every)}` : `on some days of the week (${cron})`

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
 * Rules that keep what many people keep, and all that the source holds of any series, unless that is very much. `finest`: the finest rule
 * that the dates in names allow.
 */
export function retainFor(
  all: readonly (SeriesTimes & { readonly rhythm: Rhythm | null })[],
  finest: RetainRule,
  zone: Zone,
): { readonly rules: Readonly<Partial<Record<RetainRule, number>>>; readonly isCut: boolean } {
  const allowed = ORDER.slice(Math.max(0, ORDER.indexOf(finest)))
  const own = (rhythm: Rhythm | null): RetainRule => {
    const rule = rhythm === null ? 'daily' : ruleFor(rhythm.every)
    return rule === 'last' || allowed.includes(rule) ? rule : allowed[0]!
  }
  const first = Math.min(...all.map(({ rhythm }) => ORDER.indexOf(own(rhythm))))
  const rules: Partial<Record<RetainRule, number>> = {}
  for (const rule of ORDER.slice(first)) rules[rule] = USUAL[rule]
  let isCut = false
  for (const { times, rhythm } of all) {
    const rule = own(rhythm)
    if (rhythm !== null)
      rules[rule] = Math.min(MOST[rule], Math.max(rules[rule] ?? 0, lastRun(times, rhythm.every)))
    for (const rule of new Set([own(rhythm), 'last' as const])) {
      if (keepsAll(times, rules, zone)) break
      isCut ||= rule === own(rhythm) && times.length > MOST[rule]
      if (times.length > MOST[rule]) {
        rules[rule] = MOST[rule]
        break
      }
      rules[rule] = Math.max(rules[rule] ?? 0, times.length)
    }
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

/** What is expected, what is kept, and how often to look. `shortest`: seconds between two backups of what is made most often. */
export function guessRhythm(
  look: Look,
  naming: Naming,
): { readonly findings: readonly Finding[]; readonly shortest: number | null } {
  const { sorted, isLive, isOriginals, now } = look
  const zone = zoneOf(naming.timezone)
  const isKept = isOriginals || isLive || (naming.patterns.length === 0 && look.kinds.dated.size === 0)
  const all = timesBySeries(look, naming).map((one) => ({ ...one, rhythm: rhythmOf(one, zone, now) }))
  const known = all.flatMap(({ rhythm }) => (rhythm === null ? [] : [rhythm]))
  const shortest = known.length === 0 ? null : Math.min(...known.map(({ every }) => every))
  if (isOriginals) {
    const ground = 'these are files of their own, such as photos or documents: none replaces another'
    const question = 'Is everything to be kept, and may nothing new come for months? Then leave it so'
    return { findings: [{ key: 'retain', value: undefined, ground, sure: true, question }], shortest: null }
  }
  if (sorted.backups.length === 0 || isLive)
    return { findings: [unknownExpect('nothing shows how often a backup comes')], shortest }
  return {
    findings: [
      ...(isKept ? [] : [retainFinding(all, naming, zone)]),
      expectFinding(all),
      ...(shortest !== null && shortest < 2 * HOUR ? [scheduleFinding(shortest)] : []),
    ],
    shortest,
  }
}

/** Only backups that a series with dates has: others are kept, and nothing is known of when they come. */
function timesBySeries(
  { sorted, files, now }: Look,
  { patterns, timezone, renamed }: Naming,
): readonly SeriesTimes[] {
  const bySeries = new Map<string, number[]>()
  const add = (name: string, time: number) => {
    if (time > now + DAY) return
    const times = bySeries.get(name)
    if (times === undefined) bySeries.set(name, [time])
    else times.push(time)
  }
  const mtimeOf = (path: string): number => files.get(path)!.mtime * 1000
  if (renamed !== null) for (const path of renamed) add('', mtimeOf(path))
  else {
    const read = dateFiles({ patterns, timezone })
    for (const path of sorted.backups) {
      const found = read(path)
      if (found !== null && found.series !== UNDATED) add(found.series, found.time ?? mtimeOf(path))
    }
  }
  return [...bySeries].map(([name, times]) => ({
    name,
    times: times.sort((a, b) => a - b).filter((time, i) => i === 0 || time !== times[i - 1]),
  }))
}

type Timed = SeriesTimes & { readonly rhythm: Rhythm | null }

const FINEST: Readonly<Record<string, RetainRule>> = { month: 'monthly', day: 'daily', hour: 'hourly' }

function retainFinding(all: readonly Timed[], { patterns }: Naming, zone: Zone): Finding {
  const allowed = patterns.map((pattern) => ORDER.indexOf(FINEST[patternPrecision(pattern)] ?? 'last'))
  const finest = ORDER[patterns.length === 0 ? 0 : Math.min(...allowed)]!
  const known = all.length === 0 ? [{ name: '', times: [], rhythm: null }] : all
  const { rules, isCut } = retainFor(known, finest, zone)
  const most = all.reduce((count, { times }) => Math.max(count, times.length), 0)
  const ground = isCut
    ? `a choice: the source holds ${most} of one series, and that many are not kept`
    : 'a choice, which keeps all that the source holds now'
  const question = 'How long are backups to be kept? Without retain nothing is ever surplus'
  return { key: 'retain', value: rules, ground, sure: false, question }
}

const unknownExpect = (ground: string): Finding => {
  const question = 'How often does a new backup come, and how late may it be?'
  return {
    key: 'expect',
    value: undefined,
    example: { every: '24h', grace: '6h' },
    ground,
    sure: false,
    question,
  }
}

function expectFinding(all: readonly Timed[]): Finding {
  const known = all.filter((one): one is Timed & { rhythm: Rhythm } => one.rhythm !== null)
  const live = known.filter(({ rhythm }) => !rhythm.isOver)
  if (known.length === 0) return unknownExpect('too few backups with dates to say how often one comes')
  const newest = isoTime(instant(known.reduce((most, { times }) => Math.max(most, times.at(-1)!), 0)))
  if (live.length === 0) {
    const found = unknownExpect(`they came ${rhythmWords(known[0]!.rhythm)}, and the newest is of ${newest}`)
    return { ...found, example: expectation({ ...known[0]!.rhythm, isOver: false }) }
  }
  const groups = groupBy(known, ({ rhythm }) => JSON.stringify(expectation(rhythm)))
  const bySize = [...groups.values()].sort(
    (a, b) =>
      Number(a[0]!.rhythm.isOver) - Number(b[0]!.rhythm.isOver) ||
      b.length - a.length ||
      b[0]!.rhythm.every - a[0]!.rhythm.every,
  )
  const [main, ...others] = bySize as [typeof known, ...(typeof known)[]]
  const entries = others.flatMap((group) =>
    globsOf(group, all).map((series) => ({ series, ...expectation(group[0]!.rhythm) })),
  )
  const isList = entries.length > 0 && entries.length <= MOST_ENTRIES
  const rest = expectation(main[0]!.rhythm)
  const unknown = all.filter(({ rhythm }) => rhythm === null)
  const uneven = known.filter(({ rhythm }) => !rhythm.isEven)
  const over = known.filter(({ rhythm }) => rhythm.isOver)
  const named = (series: readonly SeriesTimes[]) => someOf(series.map(({ name }) => name))
  const question =
    over.length > 0
      ? `${named(over)}: nothing new for long. Has it ended?`
      : uneven.length > 0
        ? `${named(uneven)}: the gaps differ. How late may a backup be?`
        : unknown.length > 0
          ? `${named(unknown)}: too few to say. Does the same hold?`
          : entries.length > MOST_ENTRIES
            ? 'Other series come at other times. Which of them matter?'
            : undefined
  const words = bySize.slice(0, 3).map((group) => {
    const names = bySize.length === 1 ? '' : `${named(group)} `
    return `${names}${group[0]!.rhythm.isOver ? 'no more' : rhythmWords(group[0]!.rhythm)}`
  })
  return {
    key: 'expect',
    value: isList ? [...entries, rest] : rest,
    ground: `by the dates there are: ${words.join(', ')}`,
    sure: question === undefined,
    ...(question === undefined ? {} : { question }),
  }
}

const MOST_ENTRIES = 60

/** Globs on the names of these series and of no others: a folder's, where all in it come alike. */
function globsOf(group: readonly Timed[], all: readonly Timed[]): readonly string[] {
  const own = new Set(group)
  const strangers = new Set(all.flatMap((one) => (own.has(one) ? [] : folderOf(one.name))))
  const globs = group.flatMap(({ name }) => {
    const folder = folderOf(name)
    const isWhole = folder !== '' && ![...strangers].some((other) => isWithin(other, folder))
    const glob = isWhole ? `${literalGlob(folder)}/**` : starredGlob(name)
    return isPlainText(glob) ? glob : []
  })
  return [...new Set(globs)]
}

function scheduleFinding(shortest: number): Finding {
  const every = Math.max(300, Math.floor(shortest / 600) * 300)
  const ground = `a backup comes every ${spanText(shortest)}; the default of 1h would find it late`
  return { key: 'schedule', value: { every: spanText(every) }, ground, sure: true }
}
