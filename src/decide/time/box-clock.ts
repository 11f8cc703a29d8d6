import { type ClockSanity, clockSanity, LEAP, OLDEST, SKEW } from '../../model/clock-sanity.ts'
import { DAY, type Instant, instant, isoTime } from '../../model/instant.ts'
import type { Spec } from '../../model/spec.ts'
import type { Hold, Problem } from '../../model/trouble.ts'
import { holdId } from '../documents/fingerprint.ts'
import type { PlanContext } from '../plan/context.ts'
import { longestBeat } from './warnings.ts'

/** What the box's clock is good for in one pass over one backup. */
export interface BoxClock {
  readonly state: ClockSanity
  /** By this time waits and series are late: the last one that was believed, where the clock shows another. */
  readonly at: Instant
  /** What is dated over a day past this is ahead. */
  readonly horizon: Instant
  /** This box's own, and of no file; null: nothing is wrong with its clock. */
  readonly problem: Problem | null
  /** A person has let it count as it is. */
  readonly passed: Hold | null
}

/** Of something that is not about this box's clock: a time that was given, or a backup in which nobody has looked for long. */
export const anyClock = (asOf: Instant): BoxClock => ({
  state: 'sane',
  at: asOf,
  horizon: asOf,
  problem: null,
  passed: null,
})

/**
 * A clock that is behind what was recorded here, or jumped far past it (see leapOf), is one problem of the box. Nothing is removed by it, no
 * grace is over and nothing is late: only what it cannot change goes on.
 */
export function boxClock(
  spec: Spec,
  lastTime: Instant | null,
  { asOf, released }: Pick<PlanContext, 'asOf' | 'released'>,
): BoxClock {
  const leap = leapOf(spec)
  const state = clockSanity(lastTime, asOf, leap)
  if (state === 'sane') return anyClock(asOf)
  const hold = clockHold(state, spec, lastTime)
  const shows = `this box's clock shows ${isoTime(asOf)}`
  // Without any measure nothing is ahead of what might be.
  const known = lastTime === null || lastTime < OLDEST ? null : lastTime
  const message =
    known === null
      ? `${shows}: it is behind`
      : `${shows}, ${state === 'behind' ? 'behind' : `over ${leap / DAY} days past`} ${isoTime(known)}, the last time recorded at ${spec.destination.path}`
  if (released.has(hold.id)) return { ...anyClock(asOf), passed: { ...hold, message } }
  const horizon = state === 'leapt' ? asOf : (known ?? FOREVER)
  const hint =
    state === 'behind'
      ? `Set it. Until it is right nothing is removed and nothing counts as late. If it is right: reconcile release ${hold.id} --reason "…"`
      : 'If it is wrong, set it. If the box was only off, or the disk away, the next pass believes it; if something is due to be removed, a hold asks first.'
  const release = state === 'behind' ? { release: hold.id } : {}
  const problem: Problem = { code: 'box-clock', message, hint, ...release }
  return { state, at: known ?? asOf, horizon, problem, passed: null }
}

/** Milliseconds past the last recorded time that are believed: where passes come once a week, that is not a jump. */
export const leapOf = ({ schedule }: Pick<Spec, 'schedule'>): number =>
  Math.max(LEAP, Math.ceil((3 * longestBeat(schedule) * 1000) / DAY) * DAY)

const FOREVER = instant(8_000_000_000_000_000)

/** Why a removal waits, in words that go on after "and ". */
export const leapWords = (asOf: Instant, lastTime: Instant): string =>
  `the clock jumped: it shows ${isoTime(asOf)}, far past ${isoTime(lastTime)}, the last time recorded here. Set the clock if it is wrong; release if it is right and the box was only off, or the disk away`

/** The question whether the clock is right: the same one for as long as the same time was the last. */
export function clockHold(
  state: Exclude<ClockSanity, 'sane'>,
  { destination }: Spec,
  lastTime: Instant | null,
): Omit<Hold, 'message'> {
  const code = state === 'behind' ? 'prune-clock-back' : 'clock-leap'
  return { id: holdId(code, [destination.path, lastTime]), code }
}

/**
 * The time that later clocks are measured against, once a pass is over. One that is behind moves nothing until a person lets it count. One
 * that jumped moves nothing either, but where two passes in a row find the same time, and nothing was held for it, the second believes it: a
 * box that was off goes on, and one wrong look leaves nothing behind. `passed`: milliseconds that the pass took by a clock that nobody
 * sets, so that a jump during it does not count as its time.
 */
export function nextClock(
  { state, at }: BoxClock,
  pass: { readonly asOf: Instant; readonly now: Instant; readonly passed: number; readonly isHeld: boolean },
): { readonly clock: Instant; readonly leapt: Instant | null } {
  const { asOf, now, passed, isHeld } = pass
  const end = instant(asOf + Math.max(0, Math.min(now - asOf, Math.ceil(passed) + SKEW)))
  if (state === 'sane') return { clock: end, leapt: null }
  return { clock: at, leapt: state === 'leapt' && !isHeld ? end : null }
}
