import { type Instant, isoTime } from '../../model/instant.ts'
import type { Spec } from '../../model/spec.ts'
import { isGuessed } from '../retention/series-pattern.ts'
import { spanText } from '../status/freshness.ts'

/** Why an unwanted point stays for now, though surplus may go. */
export type Stay =
  /** Nothing of its series goes; `hold`: the code of what holds it. */
  | { readonly why: 'held'; readonly hold: string }
  | { readonly why: 'day-limit'; readonly limit: number }
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
    ? 'kept: prune auto removes nothing of a guessed series'
    : `kept (prune: ${mode})`

/** As a step of a plan says it. */
export function stayText(stay: Stay): string {
  switch (stay.why) {
    case 'held':
      return `held: ${stay.hold}`
    case 'day-limit':
      return `waits: at most ${stay.limit} of its series go in a day`
    case 'unread':
      return 'waits: the newest points could not be read again'
    case 'min-age':
      return 'waits: it has not been surplus for prune.minAge yet'
    case 'conflict':
      return 'stays: a file of its point is in conflict'
    case 'floor':
      return `stays: one of the newest ${stay.keepAtLeast} points here`
    case 'order':
      return `stays: without what came out of order it is ${stay.reasons.join(', ')}`
    case 'pace':
      return stay.period === Number.POSITIVE_INFINITY
        ? 'stays: nothing is expected of its series any more, so nothing that comes lets it fall'
        : `stays: at one point in ${spanText(stay.period / 1000)}, ${stay.rule}=${stay.count} has had ${stay.held} since`
    case 'kept-here':
      return `stays: of the copies here alone it is ${stay.reasons.join(', ')}`
  }
}

/** As it is explained. */
export function describeStay(stay: Stay): string {
  if (stay.why === 'held') return `it stays, for nothing of its series goes: ${stay.hold}`
  const text = `it ${stayText(stay)}`
  return stay.why === 'min-age' ? `${text}, which is over at ${isoTime(stay.until)}` : text
}
