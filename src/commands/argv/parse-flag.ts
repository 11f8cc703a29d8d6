import { InvalidArgumentError } from 'commander'
import { type LedgerHead, parseHead } from '../../model/holding.ts'
import { type Instant, instant } from '../../model/instant.ts'
import { type Parsed, parseDuration, parseRate, parseSize } from '../../specs/spec/units.ts'

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/

const orRefuse = <T>(parsed: Parsed<T>): T => {
  if (parsed.ok) return parsed.value
  throw new InvalidArgumentError(parsed.fault)
}

/** Flags with units, read as in specs; commander reports errors. */
export const parseFlag = {
  duration: (text: string): number => orRefuse(parseDuration(text)),
  rate: (text: string): number | null => orRefuse(parseRate(text)),
  size: (text: string): number => orRefuse(parseSize(text)),
  /** RFC 3339. */
  instant: (text: string): Instant => {
    const at = RFC_3339.test(text) ? Date.parse(text) : Number.NaN
    if (Number.isNaN(at)) throw new InvalidArgumentError('It takes a time such as 2026-11-24T06:00:00Z.')
    return instant(at)
  },
  /** A moment, or so many seconds from now. */
  momentOrDuration: (text: string): { readonly at: Instant } | { readonly seconds: number } => {
    if (/^\d{4}-/.test(text)) return { at: parseFlag.instant(text) }
    return { seconds: parseFlag.duration(text) }
  },
  /** A moment, a day (its first minute by this machine's clock), or so long before now. */
  past: (text: string): ((now: Instant) => Instant) => {
    const span = parseDuration(text)
    if (span.ok) return (now) => instant(now - span.value * 1000)
    const at = /^\d{4}-\d\d-\d\d$/.test(text)
      ? Date.parse(`${text}T00:00:00`)
      : Date.parse(RFC_3339.test(text) ? text : '')
    if (Number.isNaN(at))
      throw new InvalidArgumentError('It takes a time such as 7d, 2026-11-24 or 2026-11-24T06:00:00Z.')
    return () => instant(at)
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
