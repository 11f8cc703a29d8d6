import { type Instant, isoTime } from '../../model/instant.ts'
import type { Spec } from '../../model/spec.ts'
import { isGuessed } from '../retention/series-pattern.ts'
import { spanText } from '../status/freshness.ts'

/** Why an unwanted point stays for now, though surplus may go. */
export type WhyKept =
  /** Nothing of its series goes; `hold`: the code of what holds it. */
  | { readonly why: 'held'; readonly hold: string }
  | { readonly why: 'day-limit'; readonly limit: number }
  /** Its disk was away when the backup was last looked at. */
  | { readonly why: 'back' }
  /** The points relied on have to be read first, and could not be. */
  | { readonly why: 'unread' }
  | { readonly why: 'min-age'; readonly until: Instant }
  | { readonly why: 'conflict' }
  | { readonly why: 'floor'; readonly keepAtLeast: number }
  /** Over the copies that came in order some rule wants it. */
  | { readonly why: 'order'; readonly reasons: readonly string[] }
  /** It would fall by a rule that counts `count` periods of `period` milliseconds, and only `held` of them have held a point since. */
  | {
      readonly why: 'pace'
      readonly rule: string
      readonly count: number
      readonly held: number
      readonly period: number
    }
  /** Over the copies here alone some rule wants it. */
  | { readonly why: 'kept-here'; readonly reasons: readonly string[] }

/** Why surplus stays of which nothing else is to be said: by the spec nothing goes. */
export const keptText = ({ prune: { mode }, series }: Pick<Spec, 'prune' | 'series'>): string =>
  mode === 'auto' && isGuessed(series)
    ? 'kept: prune auto removes nothing from a guessed series'
    : `kept (prune: ${mode})`

/** As a step of a plan says it. */
export function whyKeptText(why: WhyKept): string {
  switch (why.why) {
    case 'held':
      return `held: ${why.hold}`
    case 'day-limit':
      return `waits: at most ${why.limit} of its series are removed in a day`
    case 'back':
      return 'waits: the first pass over a disk that is back removes nothing'
    case 'unread':
      return 'waits: the newest points could not be read again'
    case 'min-age':
      return `waits: only at ${isoTime(why.until)} has it been surplus for prune.minAge`
    case 'conflict':
      return 'stays: a file of its point is in conflict'
    case 'floor':
      return `stays: one of the newest ${why.keepAtLeast} points here`
    case 'order':
      return `stays: without points that came out of order it is ${why.reasons.join(', ')}`
    case 'pace':
      return why.period === Number.POSITIVE_INFINITY
        ? 'stays: no more points are expected in its series, so new ones do not make it surplus'
        : `stays: at one point per ${spanText(why.period / 1000)}, ${why.rule}=${why.count} has had only ${why.held} since`
    case 'kept-here':
      return `stays: among the copies held here it is ${why.reasons.join(', ')}`
  }
}

/** As it is explained. */
export function describeWhyKept(why: WhyKept): string {
  if (why.why === 'held') return `it stays, because nothing of its series is removed: ${why.hold}`
  return `it ${whyKeptText(why)}`
}
