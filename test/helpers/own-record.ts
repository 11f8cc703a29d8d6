import { countOf, RULES } from '../../src/decide/retention/retain.ts'
import type { Spec } from '../../src/model/spec.ts'
import { DAY, HOUR } from './simulated-backup.ts'

/** A file as it first came: the time of its point, when that was, and in which pass. */
export interface FirstCome {
  readonly time: number
  readonly at: number
  readonly pass: number
}

/**
 * I9, order, as it is written: each time of a point of which something newer had come in an earlier pass, those over a day ahead aside,
 * with the pass in which it came itself; null for those that came in order. Of a point's files the first counts.
 */
export function cameLate(files: readonly FirstCome[]): ReadonlyMap<number, number | null> {
  const firsts = new Map<number, FirstCome>()
  for (const file of files) {
    const known = firsts.get(file.time)
    if (known === undefined || file.pass < known.pass) firsts.set(file.time, file)
  }
  const isOutdone = (one: FirstCome) =>
    files.some(({ time, at, pass }) => pass < one.pass && time > one.time && time - at <= DAY)
  return new Map([...firsts.values()].map((one) => [one.time, isOutdone(one) ? one.pass : null]))
}

const SHORTEST = { last: 0, hourly: HOUR, daily: DAY, weekly: 7 * DAY, monthly: 28 * DAY, yearly: 365 * DAY }

/** I9, pace, as it is written: fewer periods of `expect.every` have held a point in order since than a rule counts that is faster. */
// Each around a moment at which a point is expected.
export function fallsTooSoon(time: number, inOrder: readonly number[], { retain, expect }: Spec): boolean {
  const rhythm = expect[0]?.rhythm
  if (rhythm?.kind !== 'every') return false
  const period = rhythm.seconds * 1000
  const held = new Set(inOrder.map((one) => Math.ceil((one - time) / period - 0.5)).filter((nth) => nth > 0))
    .size
  return RULES.some((rule) => {
    const count = countOf(rule, retain!)
    return count !== null && SHORTEST[rule] < period && held < count
  })
}
