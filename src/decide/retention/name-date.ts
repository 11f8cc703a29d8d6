import { isPossible } from './point-time.ts'

/** One date in a name, with the time after it. */
export interface DateSpan {
  readonly start: number
  /** Where the date itself ends, and a time begins. */
  readonly dateEnd: number
  readonly end: number
  /** Year, month and day in their order; a folder may be one of them alone. */
  readonly parts: string
  readonly between: string
  readonly isByMonthName: boolean
}

/** The date that a name carries, once or more often. */
export interface NameDate {
  readonly spans: readonly DateSpan[]
  /** YYYY, MM, DD, hh, mm, ss; -1 where it has none. Null: it could be read two ways. */
  readonly date: Int32Array | null
  /** Minutes east of UTC, where the name says so. */
  readonly offset: number | null
}

const YEAR = '(?:199\\d|20\\d\\d)'
const MONTH = '(?:0[1-9]|1[0-2])'
const DAY = '(?:0[1-9]|[12]\\d|3[01])'
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const NAME =
  '(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)'
/** With a month's name a day may have one digit, for nothing else can be meant. */
const SHORT_DAY = `(?:${DAY}|[1-9](?!\\d))`
/** Which of them it was shows in the one separator that is set. Bounded, and with nothing to go back to: names may be hostile. */
const DATE = new RegExp(
  [
    `(?<!\\d)${YEAR}([-_.]?)${MONTH}\\1${DAY}`,
    `(?<!\\d)${DAY}([-_.]?)${DAY}\\2${YEAR}`,
    `(?<!\\d)(?:${DAY}|[1-9])([-_.]?)${NAME}\\3${YEAR}`,
    `(?<![\\da-z])${NAME}([-_.]?)(?:${DAY}|[1-9])\\4${YEAR}`,
    `(?<!\\d)${YEAR}([-_.]?)${NAME}\\5${SHORT_DAY}`,
  ].join('|'),
  'gi',
)

const ANY_YEAR = /199\d|20\d\d/g

/** Without another year there is no other date: to look for that alone takes half the time. */
function hasYear(path: string, from: number): boolean {
  ANY_YEAR.lastIndex = from
  return ANY_YEAR.test(path)
}

interface Found {
  readonly span: DateSpan
  readonly date: Int32Array
  readonly isTwofold: boolean
  readonly offset: number | null
}

/**
 * The date in a path; null: it carries none, or what it carries is in doubt: dates that overlap, or that differ. A date is a year from 1990
 * to 2099 with month and day, in the order Y M D, D M Y or M D Y, with the same `-`, `_`, `.` or nothing between, or with a month's name;
 * no digit adjoins, and a calendar has it. Folders that are its year, its month or its day belong to it.
 */
export function dateOf(path: string): NameDate | null {
  let first: Found | null = null
  let others: Found[] | null = null
  let last: DateSpan | null = null
  DATE.lastIndex = 0
  for (let match = DATE.exec(path); match !== null; match = DATE.exec(path)) {
    const found = read(path, match)
    // Another reading may begin within this one.
    DATE.lastIndex = match.index + 1
    if (found === null) continue
    const isLast = found.span.parts === 'YMD' && !hasYear(path, match.index + 4)
    if (last !== null && found.span.start < last.end) {
      // In 2026-07-01-2030 the last four are a time, and no year.
      if (last.parts === 'YMD' && found.span.end <= last.end) continue
      return null
    }
    last = found.span
    if (first === null) first = found
    else {
      others ??= []
      others.push(found)
    }
    if (isLast) break
  }
  const hasFolders = path.includes('/')
  if (first === null) return hasFolders ? dateOfFolders(path) : null
  if (others === null && !hasFolders)
    return { spans: [first.span], date: first.isTwofold ? null : first.date, offset: first.offset }
  const one = others === null ? first : agreed([first, ...others])
  if (one === null) return null
  const spans = [first, ...(others ?? [])].map(({ span }) => span)
  if (one.isTwofold) return { spans, date: null, offset: null }
  return { spans: withFolders(path, spans, one.date), date: one.date, offset: one.offset }
}

function read(path: string, match: RegExpExecArray): Found | null {
  const { index: start } = match
  const dateEnd = start + match[0].length
  const date = new Int32Array(6).fill(-1)
  let which = 1
  while (match[which] === undefined) which++
  const between = match[which]!
  let parts = 'YMD'
  let isTwofold = false
  if (which === 1) {
    date[0] = yearAt(path, start)
    date[1] = twoDigits(path, start + 4 + between.length)
    date[2] = twoDigits(path, dateEnd - 2)
  } else if (which === 2) {
    const one = twoDigits(path, start)
    const two = twoDigits(path, start + 2 + between.length)
    parts = two <= 12 ? 'DMY' : 'MDY'
    isTwofold = one <= 12 && two <= 12 && one !== two
    date[0] = yearAt(path, dateEnd - 4)
    date[1] = parts === 'DMY' ? two : one
    date[2] = parts === 'DMY' ? one : two
  } else {
    const [name, ...numbers] = [/[a-z]+/i.exec(match[0])![0], ...match[0].matchAll(/\d+/g)].map(String)
    parts = which === 3 ? 'DMY' : which === 4 ? 'MDY' : 'YMD'
    // Without a separator the day and the year after it are one number.
    const digits = numbers.join('')
    date[0] = Number(which === 5 ? digits.slice(0, 4) : digits.slice(-4))
    date[1] = MONTHS.indexOf(name!.slice(0, 3).toLowerCase()) + 1
    date[2] = Number(which === 5 ? digits.slice(4) : digits.slice(0, -4))
  }
  if (!isPossible(date)) return null
  const time = readTime(path, dateEnd, date)
  if (time === null && isDigit(path, dateEnd)) return null
  const end = time?.end ?? dateEnd
  const span = { start, dateEnd, end, parts, between, isByMonthName: which > 2 }
  return { span, date, isTwofold, offset: time?.offset ?? null }
}

const ZONE = /(?:z|utc|gmt)(?![a-z\d])|([+-])(0\d|1[0-4])(?::?(00|15|30|45))?(?!\d)/iy
const FRACTION = /[.,]\d{2,9}(?![a-y\d])/iy

/** Reads hh mm [ss] into the date, with fraction and zone; null: there is no time. */
function readTime(
  path: string,
  at: number,
  date: Int32Array,
): { readonly end: number; readonly offset: number | null } | null {
  const before = isDigit(path, at) ? '' : path.charAt(at)
  if (before !== '' && !'Tt-_.:'.includes(before)) return null
  const start = at + before.length
  const hour = twoDigits(path, start)
  const between = '-_.:'.includes(path.charAt(start + 2)) ? path.charAt(start + 2) : ''
  const minute = twoDigits(path, start + 2 + between.length)
  if (hour === -1 || hour > 23 || minute === -1 || minute > 59) return null
  let end = start + 4 + between.length
  let second = path.startsWith(between, end) ? twoDigits(path, end + between.length) : -1
  if (second > 59 || isDigit(path, end + between.length + 2)) second = -1
  if (second !== -1) end += between.length + 2
  if (isDigit(path, end)) return null
  // What ends a name after a full stop is an extension: `.0001` is the first of many volumes.
  if (before === '.' && between === '' && isEnd(path, end)) return null
  FRACTION.lastIndex = end
  if (second !== -1 && FRACTION.test(path)) {
    const isIso = isZone(path, FRACTION.lastIndex)
    if (isIso || !isEnd(path, FRACTION.lastIndex)) end = FRACTION.lastIndex
  }
  date[3] = hour
  date[4] = minute
  date[5] = second
  ZONE.lastIndex = end
  const zone = ZONE.exec(path)
  const isPlain = between === ':' || before === 'T' || before === 't'
  // After other times `-0200` is as likely a number.
  if (zone === null || (zone[1] === '-' && !isPlain)) return { end, offset: null }
  const minutes = Number(zone[2] ?? 0) * 60 + Number(zone[3] ?? 0)
  return { end: end + zone[0].length, offset: zone[1] === '-' ? -minutes : minutes }
}

function isZone(path: string, at: number): boolean {
  ZONE.lastIndex = at
  return ZONE.test(path)
}

const isEnd = (path: string, at: number): boolean => at === path.length || path.charAt(at) === '/'

function isDigit(path: string, at: number): boolean {
  const code = path.charCodeAt(at)
  return code >= 48 && code <= 57
}

const twoDigits = (path: string, at: number): number =>
  isDigit(path, at) && isDigit(path, at + 1)
    ? (path.charCodeAt(at) - 48) * 10 + path.charCodeAt(at + 1) - 48
    : -1

const yearAt = (path: string, at: number): number => twoDigits(path, at) * 100 + twoDigits(path, at + 2)

/** The most exact of several that are the same; null: they are not. */
function agreed(all: readonly Found[]): Found | null {
  const exact = all.filter(({ isTwofold }) => !isTwofold)
  const one = exact.find(({ date }) => date[3] !== -1) ?? exact[0] ?? all[0]!
  const isSame = all.every(({ date, isTwofold, offset }) => {
    const [year, month, day, hour] = date
    const isReversed = isTwofold && one.date[1] === day && one.date[2] === month
    if (year !== one.date[0] || !(isReversed || (month === one.date[1] && day === one.date[2]))) return false
    return hour === -1 || (date.every((part, i) => i < 3 || part === one.date[i]) && offset === one.offset)
  })
  return isSame ? one : null
}

/** The spans with those folders that are the date's year, its month after that, or its day after that. */
function withFolders(path: string, spans: readonly DateSpan[], date: Int32Array): readonly DateSpan[] {
  const year = String(date[0])
  if (!path.startsWith(year) && !path.includes(`/${year}`)) return spans
  const [month = '', day = ''] = [date[1], date[2]].map((part) => String(part).padStart(2, '0'))
  const found: DateSpan[] = []
  let next = 'Y'
  for (const { text, start } of foldersOf(path)) {
    const between = text.slice(year.length, -month.length)
    if (text === { Y: year, M: month, D: day }[next]) {
      found.push(folderSpan(start, text, next))
      next = next === 'Y' ? 'M' : next === 'M' ? 'D' : 'Y'
    } else if (text === year) {
      found.push(folderSpan(start, text, 'Y'))
      next = 'M'
    } else if (text === year + between + month && /^[-_.]?$/.test(between)) {
      found.push(folderSpan(start, text, 'YM', between))
      next = 'D'
    } else next = 'Y'
  }
  return found.length === 0 ? spans : [...spans, ...found].sort((a, b) => a.start - b.start)
}

/** Folders `YYYY/MM/DD`, one below the other. */
function dateOfFolders(path: string): NameDate | null {
  const match = /(?:^|\/)((?:199\d|20\d\d)\/(?:0[1-9]|1[0-2])\/(?:0[1-9]|[12]\d|3[01]))\//.exec(path)
  if (match === null) return null
  const text = match[1]!
  const start = match.index + match[0].length - 1 - text.length
  const date = new Int32Array(6).fill(-1)
  for (const [i, part] of text.split('/').entries()) date[i] = Number(part)
  const span = folderSpan(start, text, 'YMD', '/')
  return isPossible(date) ? { spans: [span], date, offset: null } : null
}

function foldersOf(path: string): readonly { readonly text: string; readonly start: number }[] {
  const folders: { text: string; start: number }[] = []
  let start = 0
  for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', start)) {
    folders.push({ text: path.slice(start, end), start })
    start = end + 1
  }
  return folders
}

const folderSpan = (start: number, text: string, parts: string, between = ''): DateSpan => {
  const end = start + text.length
  return { start, dateEnd: end, end, parts, between, isByMonthName: false }
}
