/** The value of a text; or what is wrong with it, as the end of a sentence that begins with the text. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly fault: string }

/** What is wrong, as the end of a sentence that begins with the text. */
export const no = (fault: string): { readonly ok: false; readonly fault: string } => ({ ok: false, fault })

/** The same of a quantity that is not below `least`. */
export const atLeast =
  <T extends number | null>(parse: (text: string) => Parsed<T>, least: number, words = 'is below 1s') =>
  (text: string): Parsed<T> => {
    const parsed = parse(text)
    return parsed.ok && parsed.value !== null && parsed.value < least ? no(words) : parsed
  }

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KiB: 2 ** 10,
  MB: 1e6,
  MiB: 2 ** 20,
  GB: 1e9,
  GiB: 2 ** 30,
  TB: 1e12,
  TiB: 2 ** 40,
}

const RATES: Readonly<Record<string, number>> = {
  ...Object.fromEntries(Object.entries(BYTES).map(([unit, factor]) => [`${unit}/s`, factor])),
  'kbit/s': 1e3 / 8,
  'Mbit/s': 1e6 / 8,
}

const QUANTITY = /^([0-9]+(?:\.[0-9]+)?)( ?)([A-Za-z/]*)$/

interface Kind {
  readonly noun: string
  readonly units: Readonly<Record<string, number>>
  readonly listed: string
  readonly example: string
  /** The things that a number without a unit most likely means. */
  meanings(number: string): string
}

const DURATION: Kind = {
  noun: 'a duration',
  units: SECONDS,
  listed: 's, m (minutes), h, d, w',
  example: '90s',
  meanings: (number) => `${number}s, ${number}m (minutes) or ${number}h`,
}

const SIZE: Kind = {
  noun: 'a size',
  units: BYTES,
  listed: Object.keys(BYTES).join(', '),
  example: '10GiB',
  meanings: (number) =>
    Number(number) < 10_000
      ? `${number}GiB or ${number}MiB`
      : `${number}B (bytes) or ${number}KiB (as df counts)`,
}

const RATE: Kind = {
  noun: 'a rate',
  units: RATES,
  listed: `${Object.keys(RATES).join(', ')}, or "unlimited"`,
  example: '25KiB/s',
  // rsync takes 0 for no limit.
  meanings: (number) =>
    Number(number) === 0
      ? 'unlimited if there is to be no limit'
      : `${number}KiB/s (as rsync's --bwlimit) or ${number}Mbit/s (as providers say)`,
}

/** Seconds of a century: what is counted from now still has a date that everybody can write. */
const LONGEST = 100 * 366 * 86_400

/** Seconds, from `90s`, `15m`, `1.5h`, `7d`, `2w`. */
export function parseDuration(text: string): Parsed<number> {
  const parsed = parse(text, DURATION)
  return parsed.ok && parsed.value > LONGEST ? no('is too large') : parsed
}

/** Seconds, from a duration; null from `never`. */
export function parseRhythm(text: string): Parsed<number | null> {
  if (text === 'never') return { ok: true, value: null }
  const word = text.toLowerCase()
  const meant = Object.hasOwn(RHYTHM_WORDS, word) ? RHYTHM_WORDS[word] : undefined
  return meant === undefined ? parseDuration(text) : no(`is no duration: write ${meant}`)
}

const RHYTHM_WORDS: Readonly<Record<string, string>> = {
  hourly: '1h',
  hour: '1h',
  daily: '1d',
  day: '1d',
  nightly: '1d',
  weekly: '1w',
  week: '1w',
  monthly: '31d',
  yearly: '366d',
  none: 'never',
  no: 'never',
}

/**
 * Calendar days, and seconds beside them: a day need not have 24 hours. What a fraction leaves of a day is counted as 24.
 */
export function parsePeriod(text: string): Parsed<{ readonly days: number; readonly seconds: number }> {
  const parsed = parseDuration(text)
  if (!parsed.ok) return parsed
  const days = /[dw]$/.test(text) ? Math.floor(parsed.value / 86_400) : 0
  return { ok: true, value: { days, seconds: parsed.value - days * 86_400 } }
}

/** Whole bytes, from `10GiB`, `500 MB`, `4096B`. */
export const parseSize = (text: string): Parsed<number> => parse(text, SIZE)

/** Whole bytes a second, from `25KiB/s`, `20Mbit/s`; null from `unlimited`. */
export const parseRate = (text: string): Parsed<number | null> =>
  text === 'unlimited'
    ? { ok: true, value: null }
    : text === 'off'
      ? no('is for the entries of a timetable: to stop a backup, suspend it')
      : parse(text, RATE)

/** Bytes a second: the least that rsync can hold. What is below it reaches rsync as 0, which means unlimited there. */
export const MIN_RATE = 1024

/** What is wrong with a cap on all transfers that so many backups share; null: nothing. */
export const bandwidthFault = (bandwidth: number | null, concurrency: number): string | null =>
  bandwidth !== null && bandwidth < MIN_RATE * concurrency
    ? `bandwidth leaves each of ${concurrency} backups at once less than 1KiB/s, the least that rsync can hold${bandwidth === 0 ? '; for no limit write unlimited' : ''}`
    : null

function parse(text: string, kind: Kind): Parsed<number> {
  const [, number = '', space = '', unit = ''] = QUANTITY.exec(text) ?? []
  if (number === '') return no(`is not ${kind.noun} such as ${kind.example}`)
  if (unit === '') {
    return space === '' ? no(`has no unit: write ${kind.meanings(number)}`) : no('ends with a space')
  }
  const factor = Object.hasOwn(kind.units, unit) ? kind.units[unit] : undefined
  if (factor === undefined) return no(unknownUnit(number, unit, kind))
  const value = Math.round(Number(number) * factor)
  return Number.isSafeInteger(value) ? { ok: true, value } : no('is too large')
}

function unknownUnit(number: string, unit: string, kind: Kind): string {
  const close = nearUnits(unit, kind).map((near) => number + near)
  const asked = `has the unknown unit "${unit}"`
  return close.length === 0
    ? `${asked}: the units are ${kind.listed}`
    : `${asked}: write ${close.slice(0, 2).join(' or ')}`
}

const TIME_WORD = /^(?:s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)$/i
const BYTE_WORD = /^([kmgt])(i?)(?:b|bytes?)?(?:\/s|ps)?$/i
const BIT_WORD = /^([km])(?:bits?(?:\/s|ps)?|bps)$/
const EITHER_WORD = /^([km])b(?:\/s)?$/

/** What `G`, `gb`, `hours` or, of a rate, `KiB` and `Mbps` were most likely meant to be, the likelier first. */
function nearUnits(unit: string, kind: Kind): readonly string[] {
  if (kind === DURATION) return TIME_WORD.test(unit) ? [unit.charAt(0).toLowerCase()] : []
  if (kind === RATE) {
    const lower = unit.replace(/^[KM]/, (letter) => letter.toLowerCase())
    const prefix = (letter: string) => (letter === 'k' ? 'k' : 'M')
    const bits = BIT_WORD.exec(lower)?.[1]
    if (bits !== undefined) return [`${prefix(bits)}bit/s`]
    const either = EITHER_WORD.exec(lower)?.[1]
    if (either !== undefined) return [`${prefix(either)}B/s (bytes)`, `${prefix(either)}bit/s (bits)`]
  }
  const [, letter, binary] = BYTE_WORD.exec(unit) ?? []
  if (letter === undefined) return []
  const upper = letter.toUpperCase()
  const near = binary === '' ? [`${upper}iB`, upper === 'K' ? 'kB' : `${upper}B`] : [`${upper}iB`]
  return kind === RATE ? near.map((bytes) => `${bytes}/s`) : near
}
