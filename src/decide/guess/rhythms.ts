import { groupBy } from '../../model/group-by.ts'
import { DAY, type Instant, instant, isoTime } from '../../model/instant.ts'
import { folderOf } from '../../model/rel-path.ts'
import { UNDATED } from '../../model/status.ts'
import { dateFiles } from '../retention/series-pattern.ts'
import { spanText } from '../status/freshness.ts'
import { type Zone, zoneOf } from '../time/zone.ts'
import { type Finding, type Look, type Naming, someOf } from './findings.ts'
import { isPlainText, literalGlob, starredGlob } from './sort-files.ts'

/** When the points of one series were made: sorted, each once, none of them ahead of now. */
export interface TimedSeries {
  readonly name: string
  readonly times: readonly number[]
  /** Null: too few of them to say. */
  readonly rhythm: Rhythm | null
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
function rhythmOf(times: readonly number[], zone: Zone, now: Instant): Rhythm | null {
  if (times.length < 3) return null
  // Cadences change, and a source that thins out its own old backups has wider gaps there.
  const recent = times.slice(-1 - Math.max(2, Math.min(RECENT, Math.ceil(times.length / 2))))
  const gaps = recent.slice(1).map((time, i) => (time - recent[i]!) / 1000)
  const sorted = gaps.toSorted((a, b) => a - b)
  const median = sorted[sorted.length >> 1]!
  if (median < 240) return null
  const every = nearest(median)
  const late = sorted[Math.ceil(sorted.length * 0.85) - 1]! - every
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
const expectation = ({ every, cron, grace, isOver }: Rhythm): Readonly<Record<string, string>> =>
  isOver
    ? { every: 'never' }
    : { ...(cron === null ? { every: spanText(every) } : { cron }), grace: spanText(grace) }

/** In words: `every 24h`. */
function rhythmWords({ every, cron, grace }: Rhythm): string {
  if (cron !== null) return `on some days of the week (${cron})`
  return `every ${spanText(every)}${grace > graceOf(every) ? ', often later' : ''}`
}

/** Each series with its rhythm. Only of backups that carry a date: others are kept, and nothing is known of when they come. */
export function timedSeries(
  { sorted, files, now }: Look,
  { patterns, timezone, renamed }: Naming,
): readonly TimedSeries[] {
  const zone = zoneOf(timezone)
  const read = renamed === null ? dateFiles({ patterns, timezone }) : () => ({ series: '', time: null })
  const points = (renamed ?? sorted.backups).flatMap((path) => {
    const found = read(path)
    const time = found?.time ?? files.get(path)!.mtime * 1000
    return found === null || found.series === UNDATED || time > now + DAY ? [] : { name: found.series, time }
  })
  return [...groupBy(points, ({ name }) => name)].map(([name, all]) => {
    const times = [...new Set(all.map(({ time }) => time))].sort((a, b) => a - b)
    return { name, times, rhythm: rhythmOf(times, zone, now) }
  })
}

/** What is expected, and how often to look for it; nothing of what people put there by hand. */
export function guessRhythm(
  { sorted, isLive, isOriginals }: Look,
  all: readonly TimedSeries[],
): readonly Finding[] {
  if (isOriginals) return []
  if (sorted.backups.length === 0 || isLive) return [unknownExpect('nothing shows how often a backup comes')]
  const shortest = shortestOf(all)
  return [
    expectFinding(all),
    ...(shortest !== null && shortest < 2 * HOUR ? [scheduleFinding(shortest)] : []),
  ]
}

/** Seconds between two backups of the series that has most; null: not known. */
export const shortestOf = (all: readonly TimedSeries[]): number | null =>
  all.reduce<number | null>(
    (least, { rhythm }) => (rhythm === null ? least : Math.min(least ?? rhythm.every, rhythm.every)),
    null,
  )

const unknownExpect = (ground: string): Finding => {
  const question = 'How often does a new backup come, and how late may it be?'
  return { key: 'expect', value: undefined, example: { every: '24h', grace: '6h' }, ground, question }
}

function expectFinding(all: readonly TimedSeries[]): Finding {
  const known = all.filter((one): one is TimedSeries & { rhythm: Rhythm } => one.rhythm !== null)
  const live = known.filter(({ rhythm }) => !rhythm.isOver)
  if (known.length === 0) return unknownExpect('too few dates to judge how often a backup comes')
  const newest = isoTime(instant(known.reduce((most, { times }) => Math.max(most, times.at(-1)!), 0)))
  if (live.length === 0) {
    const found = unknownExpect(
      `they came ${rhythmWords(known[0]!.rhythm)}, and the newest is from ${newest}`,
    )
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
  const named = (series: readonly TimedSeries[]) => someOf(series.map(({ name }) => name))
  const doubts = DOUBTS.flatMap(([isMeant, doubt]) => {
    const meant = all.filter(({ rhythm }) => isMeant(rhythm))
    return meant.length === 0 ? [] : `${named(meant)}: ${doubt}`
  })
  if (entries.length > MOST_ENTRIES) doubts.push('Other series come at other times. Which of them matter?')
  const words = bySize.slice(0, 3).map((group) => {
    const names = bySize.length === 1 ? '' : `${named(group)} `
    return `${names}${group[0]!.rhythm.isOver ? 'ended' : rhythmWords(group[0]!.rhythm)}`
  })
  return {
    key: 'expect',
    value: isList ? [...entries, rest] : rest,
    ground: `from the dates: ${words.join(', ')}`,
    question: doubts[0],
  }
}

/** The first that is true of any series is asked. */
const DOUBTS: readonly (readonly [isMeant: (rhythm: Rhythm | null) => boolean, doubt: string])[] = [
  [(rhythm) => rhythm?.isOver === true, 'nothing new for a long time. Has it ended?'],
  [(rhythm) => rhythm?.isEven === false, 'the gaps differ. How late may a backup be?'],
  [(rhythm) => rhythm === null, 'too few to judge. Do they come as often?'],
]

const MOST_ENTRIES = 60

/** Globs on the names of these series and of no others: a folder's, where all in it come alike. */
function globsOf(group: readonly TimedSeries[], all: readonly TimedSeries[]): readonly string[] {
  const own = new Set(group)
  const strangers = new Set<string>()
  for (const one of all)
    if (!own.has(one))
      for (let folder = folderOf(one.name); folder !== ''; folder = folderOf(folder)) strangers.add(folder)
  const globs = group.flatMap(({ name }) => {
    const folder = folderOf(name)
    const isWhole = folder !== '' && !strangers.has(folder)
    const glob = isWhole ? `${literalGlob(folder)}/**` : starredGlob(name)
    return isPlainText(glob) ? glob : []
  })
  return [...new Set(globs)]
}

function scheduleFinding(shortest: number): Finding {
  const every = Math.max(300, Math.floor(shortest / 600) * 300)
  const ground = `a backup comes every ${spanText(shortest)}; the default of 1h would find it late`
  return { key: 'schedule', value: { every: spanText(every) }, ground }
}
