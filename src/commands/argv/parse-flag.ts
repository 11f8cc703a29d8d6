import { InvalidArgumentError } from 'commander'
import { type LedgerHead, parseHead } from '../../model/holding.ts'
import { type Instant, instant } from '../../model/instant.ts'
import { type Parsed, parseDuration, parseRate, parseSize } from '../../specs/spec/units.ts'

const TIME = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d)?)?$/

/** Milliseconds of the span that a time names: a day, a minute, a second, or a moment. */
const spanOf = (text: string): number =>
  text.length === 10 ? 24 * 3600_000 : !/:\d\d:/.test(text) ? 60_000 : text.includes('.') ? 1 : 1000

/** RFC 3339, or as screens show it: without a zone it is this machine's time. Its first moment. */
function parseTime(text: string): number {
  const [, year, month, day] = TIME.exec(text) ?? []
  const isDay = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() === Number(day)
  const at = isDay ? Date.parse(text.length === 10 ? `${text}T00:00:00` : text) : Number.NaN
  if (Number.isNaN(at))
    throw new InvalidArgumentError(
      'It takes a time such as 2026-11-24T06:00:00Z, "2026-11-24 06:00" or 2026-11-24.',
    )
  return at
}

const orRefuse = <T>(parsed: Parsed<T>): T => {
  if (parsed.ok) return parsed.value
  throw new InvalidArgumentError(parsed.fault)
}

/** Flags with units, read as in specs; commander reports errors. */
export const parseFlag = {
  duration: (text: string): number => orRefuse(parseDuration(text)),
  /** Infinite: unlimited, as commander takes null for a flag without a value. */
  rate: (text: string): number => orRefuse(parseRate(text)) ?? Number.POSITIVE_INFINITY,
  size: (text: string): number => orRefuse(parseSize(text)),
  /** A date alone is its first moment. */
  instant: (text: string): Instant => instant(parseTime(text)),
  /** For what takes all up to a time: the last moment of that day, minute or second. `now` is allowed. */
  upTo: (text: string): Instant =>
    instant(text === 'now' ? Number.POSITIVE_INFINITY : parseTime(text) + spanOf(text) - 1),
  /** A moment, the end of a day, or so many seconds from now. */
  momentOrDuration: (text: string): { readonly at: Instant } | { readonly seconds: number } => {
    if (/^\d{4}-/.test(text))
      return { at: text.length === 10 ? parseFlag.upTo(text) : parseFlag.instant(text) }
    const span = parseDuration(text)
    if (!span.ok)
      throw new InvalidArgumentError(
        /^\d/.test(text)
          ? span.fault
          : 'It takes a time such as 2026-12-01 or "2026-12-01 06:00", or a duration such as 2d.',
      )
    return { seconds: span.value }
  },
  /** The same, or so long before now. */
  past: (text: string): ((now: Instant) => Instant) => {
    const span = parseDuration(text)
    if (span.ok) return (now) => instant(now - span.value * 1000)
    if (!/^\d{4}-/.test(text))
      throw new InvalidArgumentError('It takes a time such as 7d, 2026-11-24 or 2026-11-24T06:00:00Z.')
    const at = parseFlag.instant(text)
    return () => at
  },
  head: (text: string): LedgerHead => {
    const head = parseHead(text)
    if (head === null)
      throw new InvalidArgumentError('It takes SEQ:HASH, as the heartbeat and reconcile report print it.')
    return head
  },
  month: (text: string): string => {
    if (!/^(?:19|20)\d\d-(?:0[1-9]|1[0-2])$/.test(text))
      throw new InvalidArgumentError('It takes a month such as 2026-11.')
    return text
  },
  concurrency: (text: string): number => {
    const count = /^[1-9]\d?$/.test(text) ? Number(text) : Number.NaN
    if (!(count <= 64)) throw new InvalidArgumentError('It takes a whole number from 1 to 64.')
    return count
  },
}
