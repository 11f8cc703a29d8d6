import { groupBy } from '../../model/group-by.ts'
import { DAY, type Instant } from '../../model/instant.ts'
import { baseName } from '../../model/rel-path.ts'
import { UNDATED } from '../../model/status.ts'
import { guessSeries } from '../retention/guess-series.ts'
import { dateOf } from '../retention/name-date.ts'
import { patternFault } from '../retention/series-pattern.ts'
import { suggestPattern } from '../retention/suggest-pattern.ts'
import { dayInFolders } from './day-in-folders.ts'
import { isPlainText } from './sort-files.ts'
import { writtenOnce } from './written-once.ts'

type Times = ReadonlyMap<string, { readonly size: number; readonly mtime: number }>

/** How the names of backups are made. */
export interface NameKinds {
  /** Those that carry a whole date, by guessed series. */
  readonly dated: readonly Dated[]
  /** Those that something else in the name tells apart: an epoch, a month, a week, an id. By the pattern that fits. */
  readonly loose: ReadonlyMap<string, Loose>
  /** Names that carry a number, which counts versions or parts. By the path with `#` in its place. */
  readonly numbered: readonly Numbered[]
  /** All others: names that stay the same, or that say nothing. */
  readonly fixed: readonly string[]
}

interface Dated {
  readonly count: number
  /** One whose date can be read in one way only, where there is one. */
  readonly sample: string
  /** Null: no pattern can say it. */
  readonly pattern: string | null
}

export interface Loose {
  readonly by: 'epoch' | 'month' | 'week' | 'id'
  readonly sample: string
  readonly count: number
}

export interface Numbered {
  /** `rotated`: number 1 is the newest and moves up; `ring`: each is overwritten in turn; `counted`: it goes up; `split`: parts of one file. */
  readonly how: 'rotated' | 'ring' | 'counted' | 'split'
  /** Before and after the number; a separator next to it is not in them. */
  readonly before: string
  readonly after: string
  /** From the lowest number on. */
  readonly members: readonly string[]
  readonly last: Member
}

export function kindsOf(backups: readonly string[], files: Times, now: Instant): NameKinds {
  const guess = guessSeries('UTC')
  const groups = groupBy(
    backups.map((path) => ({ path, ...guess(path) })),
    ({ series }) => series,
  )
  const undated = groups.get(UNDATED)?.map(({ path }) => path) ?? []
  groups.delete(UNDATED)
  // Each costs a look, and so many are alike or have no pattern in common.
  const dated = [...groups.values()].slice(0, MOST_GROUPS).map((all): Dated => {
    const sure = all.find(({ time }) => time !== null)?.path
    const first = all.slice(0, SAMPLE).map(({ path }) => path)
    const pattern = sure === undefined ? twofoldPattern(first, files) : patternOf(sure)
    return { count: all.length, sample: sure ?? first[0]!, pattern }
  })
  return { dated: withHours(dated, files), ...undatedKinds(undated, files, now) }
}

const HOUR = /(?<=\{DD\}[-_.T ]?)([01]\d|2[0-3])(?=(?:\.[A-Za-z][A-Za-z0-9]{0,4})*$)/

/** db-2026-11-29-14.gz: numbers behind the date that go with the clock are hours. */
function withHours(dated: readonly Dated[], files: Times): readonly Dated[] {
  const hours = new Map<string, { readonly hour: string; readonly ahead: number }[]>()
  for (const { pattern, sample } of dated) {
    const hour = pattern === null ? undefined : HOUR.exec(pattern)?.[0]
    if (pattern === null || hour === undefined) continue
    const made = new Date((files.get(sample)?.mtime ?? 0) * 1000).getUTCHours()
    const whole = pattern.replace(HOUR, '{hh}')
    const all = hours.get(whole) ?? []
    hours.set(whole, all)
    all.push({ hour, ahead: (made - Number(hour) + 24) % 24 })
  }
  const isClock = (whole: string): boolean => {
    const all = hours.get(whole) ?? []
    const [first] = all
    const isAlike = all.every(({ ahead }) => [0, 1, 23].includes((ahead - first!.ahead + 24) % 24))
    return new Set(all.map(({ hour }) => hour)).size > 3 && isAlike && patternFault(whole) === null
  }
  return dated.map((one) => {
    const whole = one.pattern?.replace(HOUR, '{hh}') ?? null
    return whole !== null && isClock(whole) ? { ...one, pattern: whole } : one
  })
}

const SAMPLE = 50
const MOST_GROUPS = 2_000

/** Parts of a large file, by the end of their names. */
const PART_ENDINGS = [
  /(\.part[-_]?)(?:[a-z]{2,3}|\d{1,4})(\.rar)?$/i,
  /(\.(?:tar|gz|tgz|zst|xz|bz2|zip|7z|img|dump|sql|vma|bak)[-_.]?)(?:a[a-z]|x[a-z]{2}|\d{3})()$/i,
  /(\.[zr])\d\d()$/i,
]

/** A pattern whose series is what is before the date. */
const SERIES_FIRST =
  /(?<=^|\/)\{series\}([^/]*\})(?:([-_.]+)[^{}/.][^{}/]*?)?((?:\.[A-Za-z][A-Za-z0-9]{0,4})*)$/

const AFTER_DATE = (_: string, date: string, separator: string | undefined, extensions: string): string =>
  `{part}${date}${separator === undefined ? '' : `${separator}{series}`}${extensions}`

function patternOf(path: string): string | null {
  const found = dateOf(path)
  // A pattern reads no zone: with an offset that changes it would be wrong for half a year.
  if (found === null || (found.offset !== null && found.offset !== 0)) return null
  const suggested = suggestPattern(path)
  if (suggested === null) return null
  // 1795917600_2026_11_29_gitlab_backup.tar: what is before the date is no series, but of this file alone.
  const start = path.slice(path.lastIndexOf('/') + 1, found.spans.at(-1)!.start)
  const own = EPOCH.test(start) || ID.test(start) ? suggested.replace(SERIES_FIRST, AFTER_DATE) : suggested
  const pattern = patternFault(own) === null ? own : suggested
  for (const ending of PART_ENDINGS) {
    const whole: string = pattern.replace(ending, '$1{part}$2')
    if (whole !== pattern && patternFault(whole) === null) return whole
  }
  return pattern
}

/** Of dates that could be read two ways, all of them: by which way they agree with when the files were made. */
function twofoldPattern(paths: readonly string[], files: Times): string | null {
  const votes = { DMY: 0, MDY: 0 }
  for (const path of paths) {
    const made = new Date((files.get(path)?.mtime ?? 0) * 1000)
    const span = dateOf(path)?.spans[0]
    if (span === undefined) continue
    const [one, two] = [...path.slice(span.start, span.dateEnd).matchAll(/\d\d/g)].map(Number)
    const near = (day: number, month: number) => {
      const dated = Date.UTC(made.getUTCFullYear(), month - 1, day)
      return Math.abs(dated - made.getTime()) < 2 * DAY
    }
    if (near(one!, two!)) votes.DMY++
    if (near(two!, one!)) votes.MDY++
  }
  const [path] = paths
  const span = dateOf(path!)?.spans[0]
  if (votes.DMY === votes.MDY || span === undefined) return null
  const [one, two] = votes.DMY > votes.MDY ? ['25', '11'] : ['11', '25']
  const { start, dateEnd, between } = span
  const year = path!.slice(dateEnd - 4, dateEnd)
  return patternOf(`${path!.slice(0, start)}${one}${between}${two}${between}${year}${path!.slice(dateEnd)}`)
}

const EPOCH = /(?<!\d)1\d{9}(?!\d)/
const MONTH = /(?<!\d)(?:199\d|20\d\d)[-_.](?:0[1-9]|1[0-2])(?![-_.]?\d)/
const WEEK = /(?<!\d)(?:199\d|20\d\d)[-_.]?(?:W|KW|CW|week)[-_.]?(?:0[1-9]|[1-4]\d|5[0-3])(?!\d)/i
const WEEK_FIRST = /(?<![a-z\d])(?:W|KW|CW)(?:0[1-9]|[1-4]\d|5[0-3])[-_.]?(?:199\d|20\d\d)(?!\d)/i
const ID =
  /(?<![0-9a-z])(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|(?=[0-9a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,64}|[0-9a-f]{20,64})(?![0-9a-z])/i
const WEEKDAY = /(?<![a-z])(?:mon|tue|wed|thu|fri|sat|sun)(?:day|sday|nesday|rsday|urday)?(?![a-z])/i

function undatedKinds(undated: readonly string[], files: Times, now: Instant): Omit<NameKinds, 'dated'> {
  const loose = new Map<string, { by: Loose['by']; sample: string; count: number }>()
  const counting: Member[] = []
  const rest: string[] = []
  const addLoose = (pattern: string, by: Loose['by'], sample: string): void => {
    const known = loose.get(pattern)
    if (known !== undefined) known.count++
    else loose.set(pattern, { by, sample, count: 1 })
  }
  for (const path of undated) {
    const name = baseName(path)
    const found = looseIn(name, now)
    const pattern = found === null ? null : around(name, found.start, found.end, found.token)
    if (found !== null && pattern !== null) {
      addLoose(pattern, found.by, path)
      continue
    }
    const inFolders = dayInFolders(path, files)
    if (inFolders !== null) {
      addLoose(inFolders, 'month', path)
      continue
    }
    const number = numberIn(path)
    if (number === null) rest.push(path)
    else counting.push({ path, ...number })
  }
  const alone = new Set(rest)
  const numbered: Numbered[] = []
  const byShape = groupBy(counting, ({ path, start, end }) => `${path.slice(0, start)}#${path.slice(end)}`)
  for (const members of byShape.values()) {
    const family = familyOf(members, alone, files)
    if (family === null) rest.push(...members.map(({ path }) => path))
    else {
      numbered.push(family)
      for (const path of family.members) alone.delete(path)
    }
  }
  const taken = new Set(numbered.flatMap(({ members }) => members))
  const others = rest.filter((path) => !taken.has(path))
  for (const [path, { start, end }] of writtenOnce(others, files)) {
    const pattern = around(baseName(path), start, end, '{part}')
    if (pattern === null) continue
    addLoose(pattern, 'id', path)
    taken.add(path)
  }
  return { loose, numbered, fixed: rest.filter((path) => !taken.has(path)) }
}

interface Found {
  readonly by: Loose['by']
  readonly token: string
  readonly start: number
  readonly end: number
}

function looseIn(name: string, now: Instant): Found | null {
  const kinds: readonly (readonly [Loose['by'], RegExp, string])[] = [
    ['epoch', EPOCH, '{epoch}'],
    ['week', WEEK, '{part}'],
    ['week', WEEK_FIRST, '{part}'],
    ['month', MONTH, ''],
    ['id', ID, '{part}'],
  ]
  for (const [by, sign, token] of kinds) {
    const match = sign.exec(name)
    if (match === null || (by === 'epoch' && Number(match[0]) * 1000 > now + 2 * DAY)) continue
    const text = match[0]
    const start = match.index
    return { by, token: token || `{YYYY}${text.charAt(4)}{MM}`, start, end: start + text.length }
  }
  return null
}

/** A pattern with a token in the place of a stretch of a name; null: none can be written. */
export function around(name: string, start: number, end: number, token: string): string | null {
  if (/[{}]/.test(name)) return null
  const [, head = '', separator = ''] = /^(.*?)([-_. ]*)$/s.exec(name.slice(0, start)) ?? []
  // Two tokens of any length could share the name in other ways than it is meant.
  const before = head === '' ? separator : `${token === '{part}' ? head : '{series}'}${separator}`
  const pattern = before + token + name.slice(end)
  return patternFault(pattern) === null && isPlainText(pattern) ? pattern : null
}

interface Member {
  readonly path: string
  readonly start: number
  readonly end: number
  readonly number: number
  /** Whether the number is that of a folder. */
  readonly isFolder: boolean
}

/** The number that tells versions apart: that of a name, after its letters and before its extensions; else of a folder. */
function numberIn(path: string): Omit<Member, 'path'> | null {
  const from = path.lastIndexOf('/') + 1
  const name = path.slice(from)
  const rotated = ROTATED_FOLDER.exec(path)
  if (rotated !== null) return ofFolder(rotated)
  const day = WEEKDAY.exec(name)
  if (day !== null) {
    const number = WEEKDAYS.indexOf(day[0].slice(0, 3).toLowerCase())
    return { ...spot(from + day.index, day[0]), number }
  }
  // Not the digit of an extension such as bz2 or mp4, nor of a version such as 1.2.3.
  const match = /(?<![\d]|\d\.)(?<=[-_.]|^|[A-Za-z)(])\d{1,4}(?=\)?(?:\.[a-z][a-z0-9]{0,4})*$|$)/i.exec(name)
  if (match !== null && !/\.[a-z]+\d$/i.test(name.slice(0, match.index + match[0].length)))
    return spot(from + match.index, match[0])
  const folder = NUMBERED_FOLDER.exec(path)
  return folder === null ? null : ofFolder(folder)
}

/** As rsnapshot and its like have them. */
const ROTATED_FOLDER =
  /(?<=^|\/)(?:hourly|daily|weekly|monthly|yearly|alpha|beta|gamma|snapshot|backup)[._-](\d{1,3})(?=\/)/
const NUMBERED_FOLDER = /(?<=^|\/)[A-Za-z][A-Za-z-]*[._-](\d{1,3})(?=\/)/

const spot = (start: number, digits: string, isFolder = false): Omit<Member, 'path'> => ({
  ...{ start, end: start + digits.length, number: Number(digits), isFolder },
})

const ofFolder = ({ 0: folder, 1: digits = '', index }: RegExpExecArray): Omit<Member, 'path'> =>
  spot(index + folder.length - digits.length, digits, true)

const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

/** Null: one number says nothing. */
function familyOf(all: readonly Member[], alone: ReadonlySet<string>, files: Times): Numbered | null {
  const sorted = all.toSorted((a, b) => a.number - b.number)
  const { path, start, end, isFolder } = sorted[0]!
  const last = sorted.at(-1)!
  const before = path.slice(0, start).replace(/[-_.( ]+$/, '')
  const after = path.slice(end).replace(/^\)/, '')
  // backup.tar, which becomes backup.tar.1.
  const current = before + after
  const members = [...(alone.has(current) && !isFolder ? [current] : []), ...sorted.map((one) => one.path)]
  if (members.length < 2) return null
  const times = members.map((one) => files.get(one)?.mtime ?? 0)
  const gaps = times.slice(1).map((time, i) => time - times[i]!)
  const up = gaps.filter((gap) => gap >= 0).length
  const numbers = sorted.map(({ number }) => number)
  const isFromStart =
    numbers[0]! <= 2 && numbers.every((number, i) => i === 0 || number - numbers[i - 1]! <= 2)
  if (PART_ENDINGS.some((ending) => ending.test(path)) && isOneRun(members, files))
    return { how: 'split', before, after, members, last }
  // web1 and web2 are two hosts, whose dumps come minutes apart.
  const typical = gaps.map(Math.abs).sort((a, b) => a - b)[gaps.length >> 1]!
  const adjoins = /[a-z]/i.test(path.charAt(start - 1))
  if (typical < (adjoins ? 72_000 : 1800) || (adjoins && members.length < 3)) return null
  const isRing = isFromStart && members.length > 2 && up === gaps.length - 1 && times.at(-1)! <= times[0]!
  const how =
    WEEKDAY.test(baseName(path)) || isRing ? 'ring' : up === 0 && isFromStart ? 'rotated' : 'counted'
  return { how, before, after, members, last }
}

/** Parts of one file: all of the same size but the last, and made one after the other. */
function isOneRun(members: readonly string[], files: Times): boolean {
  const all = members.map((path) => files.get(path)!)
  const isSame = all.slice(1, -1).every(({ size }) => size === all[0]!.size)
  const span = Math.max(...all.map(({ mtime }) => mtime)) - Math.min(...all.map(({ mtime }) => mtime))
  return isSame && all.at(-1)!.size <= all[0]!.size && span < (DAY / 1000) * all.length
}
